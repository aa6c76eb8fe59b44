import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes as hex } from '@noble/hashes/utils.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { KeyEncapsulation } from 'secagg/crypto'
import { defaultCrypto } from 'secagg/crypto'
import { nobleMlKem768, nodeMlKem768, webMlKem768, withPostQuantum } from 'secagg/post-quantum'
import { describe, expect, test } from 'vitest'
import { dependableEncapsulation } from '../../src/crypto/dependable-encapsulation.js'
import { isEncapsulationKey } from '../../src/crypto/encapsulation.js'
import { hybridFor } from '../../src/protocol/hybrid-steps.js'
import { counting } from '../crypto/providers.js'
import vectors from './wycheproof.json' with { type: 'json' }

const keys = vectors.keys as [seed: string, digest: string][]
const secrets = vectors.secrets as [kind: string, seed: string, ciphertext: string, secret: string][]
const encapsulated = vectors.encapsulated as [
  kind: string,
  seed: string,
  m: string,
  digest: string,
  secret: string,
][]
const noble = await nobleMlKem768()
const found: readonly [name: string, kem: KeyEncapsulation | undefined][] = [
  ['noble', noble],
  ['node', await nodeMlKem768()],
  ['webcrypto', await webMlKem768()],
]
const kems = found.flatMap(([name, kem]) => (kem === undefined ? [] : [{ name, kem }]))

test('a platform that has the functions has a provider', () => {
  const native = globalThis.process?.getBuiltinModule?.('node:crypto') as
    | { encapsulate?: unknown }
    | undefined
  const subtle = globalThis.crypto.subtle as { encapsulateBits?: unknown }
  expect(kems.map(({ name }) => name)).toEqual([
    'noble',
    ...(native?.encapsulate === undefined ? [] : ['node']),
    ...(subtle.encapsulateBits === undefined ? [] : ['webcrypto']),
  ])
})

test('the file has vectors of every kind', () => {
  expect([keys, secrets, encapsulated, vectors.unreduced].map(({ length }) => length)).toEqual([
    100, 33, 20, 22,
  ])
  expect(new Set(secrets.map(([kind]) => kind)).size).toBe(9)
  expect(new Set(encapsulated.map(([kind]) => kind)).size).toBe(4)
})

/** The published ciphertexts: what is encapsulated with their random bytes, which only noble accepts. */
const published = await Promise.all(
  encapsulated.map(async ([kind, seed, m, digest, secret]) => {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(await noble.publicKey(hex(seed)), hex(m))
    return { kind, seed, digest, secret, cipherText, sharedSecret }
  }),
)

test('noble encapsulates as published', () => {
  for (const { kind, digest, secret, cipherText, sharedSecret } of published) {
    expect([bytesToHex(sha256(cipherText)), bytesToHex(sharedSecret)], kind).toEqual([digest, secret])
  }
})

describe.each(kems)('ML-KEM-768 of $name', ({ kem }) => {
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

test('exactly the keys with reduced coefficients are acceptable', async () => {
  for (const key of vectors.unreduced) expect(isEncapsulationKey(hex(key))).toBe(false)
  for (const [seed] of keys) expect(isEncapsulationKey(await noble.publicKey(hex(seed)))).toBe(true)
  // 3328 = 0xd00 and 3329 = 0xd01, in each of the two places of three bytes.
  const place = (...bytes: number[]) => Uint8Array.from({ length: 1184 }, (_, at) => bytes[at - 1149] ?? 0)
  expect(
    [place(0, 0x0d, 0), place(1, 0x0d, 0), place(0, 0, 0xd0), place(0, 0x10, 0xd0)].map(isEncapsulationKey),
  ).toEqual([true, false, true, false])
  expect(isEncapsulationKey(new Uint8Array(1183))).toBe(false)
})

test('withPostQuantum keeps the provider, and adds a native implementation where there is one', async () => {
  const crypto = await defaultCrypto('chacha')
  const hybrid = await withPostQuantum(crypto)
  expect(hybrid.name).toBe(crypto.name)
  expect(Object.keys(hybrid.suites)).toEqual(Object.keys(crypto.suites))
  expect(await hybrid.x25519.publicKey(counting(32))).toEqual(await crypto.x25519.publicKey(counting(32)))
  expect(crypto.mlKem768).toBeUndefined()
  expect(hybrid.mlKem768 === noble).toBe(kems.length === 1)
})

test('what a broken implementation returns is an error of the provider', async () => {
  const broken = dependableEncapsulation({
    publicKey: async () => new Uint8Array(32),
    encapsulate: async () => [{ ciphertext: new Uint8Array(1088), secret: new Uint8Array(31) }],
    decapsulate: async () => [],
  })
  const failure = { code: 'crypto-failure', fault: 'crypto' }
  await expect(broken.publicKey(counting(64))).rejects.toMatchObject(failure)
  await expect(broken.encapsulate([new Uint8Array(1184)])).rejects.toMatchObject(failure)
  await expect(broken.decapsulate(counting(64), [new Uint8Array(1088)])).rejects.toMatchObject(failure)
  const crypto = { ...(await withPostQuantum(await defaultCrypto())), mlKem768: {} as never }
  expect(() => hybridFor({ keyAgreement: 'x25519-ml-kem-768' }, crypto)).toThrow(/mlKem768/)
})
