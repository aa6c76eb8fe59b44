import { expect, test } from 'vitest'
import { cutPieces, defaultTaskBytes } from '../../src/nats/pieces.js'

test('large jobs have large tasks, but enough of them for many workers', () => {
  const mebibytes = (total: number): number => defaultTaskBytes(total * 2 ** 20) / 2 ** 20
  expect(mebibytes(1)).toBe(256)
  expect(mebibytes(256 * 512)).toBe(512)
  expect(mebibytes(2 ** 30)).toBe(1024)
})

test('pieces cover a vector of several widths without gaps', () => {
  const segments = [
    { length: 1000, bits: 8 },
    { length: 777, bits: 20 },
    { length: 5, bits: 64 },
  ]
  const pieces = [...cutPieces(segments, 640)]
  let at = 0
  for (const { range, bytes, local } of pieces) {
    expect(range.from).toBe(at)
    expect(local.to - local.from).toBe(range.to - range.from)
    expect(bytes).toBeLessThanOrEqual(640)
    at = range.to
  }
  expect(at).toBe(1782)
})
