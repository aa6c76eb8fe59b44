import { describe, expect, test } from 'vitest'
import { memoryReleaser } from '../../src/crypto/keystream.js'

describe('freeing memory', () => {
  test('empties an array that owns its buffer', () => {
    const free = memoryReleaser()
    for (let round = 0; round < 3; round++) {
      const bytes = new Uint8Array(1000).fill(7)
      free(bytes)
      expect(bytes.byteLength).toBe(0)
    }
  })

  test('leaves a view on a larger buffer alone', () => {
    const whole = new Uint8Array(1000).fill(7)
    memoryReleaser()(whole.subarray(0, 10))
    expect(whole.byteLength).toBe(1000)
  })
})
