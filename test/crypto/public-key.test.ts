import { nobleCrypto } from 'secagg/crypto'
import { describe, expect, test } from 'vitest'
import { isAcceptablePublicKey } from '../../src/crypto/encodings.js'
import { counting, hex, LOW_ORDER_POINTS, withTopBit } from './providers.js'

const ones = 'ff'.repeat(30)

describe('an X25519 public key is', () => {
  test('acceptable if it was generated honestly', async () => {
    const { x25519 } = nobleCrypto()
    for (let first = 0; first < 8; first++) {
      const key = await x25519.publicKey(counting(32).fill(first, 0, 1))
      expect(isAcceptablePublicKey(key)).toBe(true)
      expect(isAcceptablePublicKey(withTopBit(key))).toBe(false)
    }
  })

  test('unacceptable if it is one of the seven low-order encodings, with or without the top bit', () => {
    for (const key of LOW_ORDER_POINTS) {
      expect(isAcceptablePublicKey(key)).toBe(false)
      expect(isAcceptablePublicKey(withTopBit(key))).toBe(false)
    }
  })

  test('acceptable up to p − 2 and from 2 on, unacceptable from p on', () => {
    expect(isAcceptablePublicKey(hex(`02${'00'.repeat(31)}`))).toBe(true)
    expect(isAcceptablePublicKey(hex(`eb${ones}7f`))).toBe(true)
    for (let low = 0xec; low <= 0xff; low++) {
      expect(isAcceptablePublicKey(hex(`${low.toString(16)}${ones}7f`))).toBe(false)
    }
    expect(isAcceptablePublicKey(hex(`ff${'ff'.repeat(29)}fe7f`))).toBe(true)
    expect(isAcceptablePublicKey(hex(`ff${ones}7e`))).toBe(true)
    expect(isAcceptablePublicKey(hex(`ff${ones}ff`))).toBe(false)
  })

  test.each([0, 31, 33, 64])('unacceptable with %d bytes', (length) => {
    expect(isAcceptablePublicKey(counting(length))).toBe(false)
  })

  test('not changed by the check, and can be a view', () => {
    const buffer = new Uint8Array(40).fill(0xff)
    expect(isAcceptablePublicKey(buffer.subarray(5, 37))).toBe(false)
    expect(buffer).toEqual(new Uint8Array(40).fill(0xff))
  })
})
