import { expect, test } from 'vitest'
import { Copies } from '../../src/protocol/server/accepted.js'

test('copies of short arrays share memory, and each keeps its own bytes', () => {
  const copies = new Copies()
  const lengths = Array.from({ length: 400 }, (_, index) => (index * 37) % 700)
  const made = lengths.map((length, index) => {
    const given = new Uint8Array(length).fill(index)
    const copy = copies.copyOf(given)
    given.fill(0xee)
    return copy
  })
  for (const [index, copy] of made.entries()) {
    expect(copy.length).toBe(lengths[index])
    expect(copy.every((byte) => byte === (index & 0xff))).toBe(true)
    expect(copy.byteOffset % 8).toBe(0)
  }
  expect(new Set(made.map(({ buffer }) => buffer)).size).toBeLessThan(20)
  const long = new Uint8Array(2 ** 14)
  expect(copies.copyOf(long).buffer.byteLength).toBe(long.length)
})
