import { ed25519 as noble25519, x25519 as nobleX25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { ed25519 as own25519, x25519 as ownX25519 } from '../../src/crypto/noble-curves.js'
import { hex, providers } from './providers.js'
import vectors from './wycheproof.json' with { type: 'json' }

const signatures = vectors.ed25519 as [
  publicKey: string,
  message: string,
  signature: string,
  valid: boolean,
][]
const secrets = vectors.x25519 as [privateKey: string, publicKey: string, secret: string][]
const ZERO = '00'.repeat(32)

test('the file has all vectors', () => {
  expect([signatures.length, secrets.length]).toEqual([151, 518])
})

describe.each(providers)('$name agrees with the vectors of Wycheproof', ({ ed25519, x25519 }) => {
  test('for Ed25519', async () => {
    for (const [index, [publicKey, message, signature, valid]] of signatures.entries()) {
      const verdict = await ed25519.verify(hex(publicKey), hex(message), hex(signature))
      expect(verdict, `signature ${index}`).toBe(valid)
    }
  })

  test('for X25519, with undefined instead of an all-zero secret', async () => {
    for (const [index, [privateKey, publicKey, secret]] of secrets.entries()) {
      const [got] = await x25519.sharedSecrets(hex(privateKey), [hex(publicKey)])
      expect(got, `secret ${index}`).toEqual(secret === ZERO ? undefined : hex(secret))
    }
  })
})

test("the curves defined in this library give the same results as noble's module", () => {
  for (const [privateKey] of secrets.slice(0, 40)) {
    const key = hex(privateKey)
    expect(ownX25519.getPublicKey(key)).toEqual(nobleX25519.getPublicKey(key))
    expect(own25519.getPublicKey(key)).toEqual(noble25519.getPublicKey(key))
    expect(own25519.sign(key.subarray(0, 9), key)).toEqual(noble25519.sign(key.subarray(0, 9), key))
  }
  for (const [index, [publicKey, message, signature]] of signatures.entries()) {
    // By both sets of rules. For a wrong length, both throw the same error.
    for (const zip215 of [true, false]) {
      const [own, theirs] = [own25519, noble25519].map(({ verify }) => {
        try {
          return verify(hex(signature), hex(message), hex(publicKey), { zip215 })
        } catch (error) {
          return String(error)
        }
      })
      expect(own, `signature ${index}`).toBe(theirs)
    }
  }
})
