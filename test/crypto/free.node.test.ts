import { nodeCrypto } from 'secagg/crypto'
import { describe, expect, test } from 'vitest'
import { memoryReleaser } from '../../src/crypto/keystream.js'

test('freeing memory leaves shared memory alone', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(64))
  memoryReleaser()(shared)
  expect(shared.byteLength).toBe(64)
})

describe("a keystream of Node's", () => {
  test.each(['aes', 'chacha'] as const)('%s continues after its pieces have been released', (name) => {
    const suite = nodeCrypto()!.suites[name]!
    const seed = new Uint8Array(suite.keyLength).fill(3)
    const whole = Buffer.from(suite.keystream(seed, 0).next(4 * 65536) as Uint8Array)
    const keystream = suite.keystream(seed, 0)
    keystream.release?.()
    for (let position = 0; position < whole.length; position += 65536) {
      const piece = keystream.next(65536) as Uint8Array
      expect(whole.subarray(position, position + 65536).equals(piece)).toBe(true)
      keystream.release?.()
      keystream.release?.()
      expect(piece.byteLength).toBe(0)
    }
  })
})
