import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes as hex } from '@noble/hashes/utils.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { KeyEncapsulation } from 'secagg/crypto'
import { nobleMlKem768 } from 'secagg/post-quantum'
import { describe, expect, test } from 'vitest'
import { counting } from '../crypto/providers.js'
import vectors from './wycheproof.json' with { type: 'json' }

export const keys: [seed: string, digest: string][] = vectors.keys as [string, string][]
type Secret = [kind: string, seed: string, ciphertext: string, secret: string]
export const secrets: Secret[] = vectors.secrets as Secret[]
type Published = [kind: string, seed: string, m: string, digest: string, secret: string]
export const encapsulated: Published[] = vectors.encapsulated as Published[]
export const noble: KeyEncapsulation = await nobleMlKem768()

/** The published ciphertexts: what is encapsulated with their random bytes, which only noble accepts. */
export const published: {
  readonly kind: string
  readonly seed: string
  readonly digest: string
  readonly secret: string
  readonly cipherText: Uint8Array
  readonly sharedSecret: Uint8Array
}[] = await Promise.all(
  encapsulated.map(async ([kind, seed, m, digest, secret]) => {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(await noble.publicKey(hex(seed)), hex(m))
    return { kind, seed, digest, secret, cipherText, sharedSecret }
  }),
)

/** The tests that every implementation passes: published answers, and agreement with noble. */
export function testKem(name: string, kem: KeyEncapsulation): void {
  describe(`ML-KEM-768 of '${name}'`, () => {
    test('gives the public keys of the published seeds', async () => {
      for (const [seed, digest] of keys) {
        const publicKey = await kem.publicKey(hex(seed))
        expect(publicKey).toBeInstanceOf(Uint8Array)
        expect(bytesToHex(sha256(publicKey))).toBe(digest)
      }
    })

    test('gives the published secrets, those of rejected ciphertexts included', async () => {
      for (const [kind, seed, ciphertext, secret] of secrets) {
        const [got] = await kem.decapsulate(hex(seed), [hex(ciphertext)])
        expect(bytesToHex(got!), kind).toBe(secret)
      }
    })

    test('gives the secrets of the published encapsulations', async () => {
      for (const { kind, seed, secret, cipherText } of published) {
        const [got] = await kem.decapsulate(hex(seed), [cipherText])
        expect(bytesToHex(got!), kind).toBe(secret)
      }
    })

    test('opens what noble encapsulates, and noble opens what it encapsulates', async () => {
      const seeds = [counting(64), counting(64).fill(9, 32)]
      for (const seed of seeds) {
        const publicKey = await noble.publicKey(seed)
        for (const [from, to] of [
          [noble, kem],
          [kem, noble],
        ] as const) {
          const sent = await from.encapsulate([publicKey, publicKey])
          const ciphertexts = sent.map((one) => one!.ciphertext)
          expect(await to.decapsulate(seed, ciphertexts)).toEqual(sent.map((one) => one!.secret))
          expect(ciphertexts[0]).not.toEqual(ciphertexts[1])
        }
      }
    })

    test('a changed ciphertext gives the same other secret as at noble, and no error', async () => {
      const seed = counting(64)
      const [sent] = await kem.encapsulate([await kem.publicKey(seed)])
      const changed = sent!.ciphertext.slice()
      changed[1087]! ^= 128
      const [secret] = await kem.decapsulate(seed, [changed])
      expect(secret).not.toEqual(sent!.secret)
      expect(await noble.decapsulate(seed, [changed])).toEqual([secret])
    })

    test('gives undefined for keys that fail the modulus check, and the other secrets at their indices', async () => {
      const unreduced = vectors.unreduced.map(hex)
      const good = await kem.publicKey(counting(64))
      const made = await kem.encapsulate([good, ...unreduced, good])
      expect(made.map((one) => one !== undefined)).toEqual([true, ...unreduced.map(() => false), true])
    })

    test('refuses seeds, keys and ciphertexts of other lengths', async () => {
      const wrong = { code: 'invalid-argument', fault: 'usage' }
      await expect(kem.publicKey(new Uint8Array(63))).rejects.toMatchObject(wrong)
      await expect(kem.encapsulate([new Uint8Array(1183)])).rejects.toMatchObject(wrong)
      await expect(kem.decapsulate(new Uint8Array(32), [])).rejects.toMatchObject(wrong)
      await expect(kem.decapsulate(counting(64), [new Uint8Array(1089)])).rejects.toMatchObject(wrong)
    })

    test('neither changes its arguments nor shares memory with them', async () => {
      const seed = counting(64)
      const publicKey = await kem.publicKey(seed)
      const before = publicKey.slice()
      const [sent] = await kem.encapsulate([publicKey])
      const ciphertext = sent!.ciphertext.slice()
      const [secret] = await kem.decapsulate(seed, [sent!.ciphertext])
      expect([seed, publicKey, sent!.ciphertext]).toEqual([counting(64), before, ciphertext])
      secret!.fill(0)
      expect(sent!.secret.some((byte) => byte !== 0)).toBe(true)
    })
  })
}
