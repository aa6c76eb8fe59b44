import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes as hex } from '@noble/hashes/utils.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { KeyEncapsulation } from 'secagg/crypto'
import { defaultCrypto } from 'secagg/crypto'
import {
  customMlKem768,
  type MlKemEncapsulated,
  type MlKemFunctions,
  nodeMlKem768,
  webMlKem768,
  withPostQuantum,
} from 'secagg/post-quantum'
import { expect, test } from 'vitest'
import { dependableEncapsulation } from '../../src/crypto/dependable-encapsulation.js'
import { isEncapsulationKey } from '../../src/crypto/encapsulation.js'
import { hybridFor } from '../../src/protocol/hybrid-steps.js'
import { counting } from '../crypto/providers.js'
import { encapsulated, keys, noble, published, secrets, testKem } from './kem-suite.js'
import vectors from './wycheproof.json' with { type: 'json' }

function sentWith(publicKey: Uint8Array, random?: Uint8Array): MlKemEncapsulated {
  const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, random)
  return { ciphertext: cipherText, sharedSecret }
}

/** A package with other names for the parts of its results. */
const functions: MlKemFunctions = {
  keygen: ml_kem768.keygen,
  encapsulate: async (publicKey) => sentWith(publicKey),
  decapsulate: ml_kem768.decapsulate,
}
const found: readonly [name: string, kem: KeyEncapsulation | undefined][] = [
  ['noble', noble],
  ['functions of a package', await customMlKem768(functions)],
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
    'functions of a package',
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

test('noble encapsulates as published', () => {
  for (const { kind, digest, secret, cipherText, sharedSecret } of published) {
    expect([bytesToHex(sha256(cipherText)), bytesToHex(sharedSecret)], kind).toEqual([digest, secret])
  }
})

for (const { name, kem } of kems) testKem(name, kem)

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
  expect(hybrid.mlKem768 === noble).toBe(kems.length === 2)
})

test('withPostQuantum takes the implementation that it is given, whatever the platform has', async () => {
  const mlKem768 = await customMlKem768(functions)
  const hybrid = await withPostQuantum(await defaultCrypto(), { mlKem768 })
  expect(hybrid.mlKem768).toBe(mlKem768)
  // Also if there is one already.
  expect((await withPostQuantum(hybrid, { mlKem768: noble })).mlKem768).toBe(noble)
  expect((await withPostQuantum(hybrid)).mlKem768).toBe(mlKem768)
})

test('functions of a package that are missing, throw or give wrong answers are refused', async () => {
  const zeros = (length: number) => new Uint8Array(length)
  const memory = { ciphertext: zeros(1088), sharedSecret: zeros(32) }
  const refused: [wrong: Partial<MlKemFunctions>, code: string][] = [
    [{ keygen: undefined as never }, 'invalid-argument'],
    [{ keygen: () => ({ publicKey: zeros(1184), secretKey: zeros(2400) }) }, 'crypto-failure'],
    [{ keygen: () => ({ publicKey: zeros(1183), secretKey: zeros(2400) }) }, 'crypto-failure'],
    [{ encapsulate: () => ({ ciphertext: zeros(1088), sharedSecret: zeros(32) }) }, 'crypto-failure'],
    [{ encapsulate: () => Promise.reject(new Error('no memory')) }, 'crypto-failure'],
    [{ decapsulate: () => zeros(32) }, 'crypto-failure'],
    // No randomness.
    [{ encapsulate: (key) => sentWith(key, zeros(32)) }, 'crypto-failure'],
    // A promise for memory that the next call uses again.
    [
      {
        encapsulate: async (key) => {
          const made = sentWith(key)
          memory.ciphertext.set(made.ciphertext)
          memory.sharedSecret.set(made.sharedSecret)
          return memory
        },
      },
      'crypto-failure',
    ],
    // No implicit rejection.
    [
      {
        decapsulate: (ciphertext, key) => {
          if (ciphertext.every((byte) => byte === 0)) throw new Error('the ciphertext is wrong')
          return ml_kem768.decapsulate(ciphertext, key)
        },
      },
      'crypto-failure',
    ],
  ]
  for (const [wrong, code] of refused) {
    await expect(customMlKem768({ ...functions, ...wrong })).rejects.toMatchObject({ code })
  }
})

test('functions of a package may return promises of another kind', async () => {
  // biome-ignore lint/suspicious/noThenProperty: it is what a promise has.
  const later = <T>(value: T) => ({ then: (take: (value: T) => void) => take(value) }) as Promise<T>
  const kem = await customMlKem768({
    keygen: (seed) => later(ml_kem768.keygen(seed)),
    encapsulate: (key) => later(sentWith(key)),
    decapsulate: (ciphertext, key) => later(ml_kem768.decapsulate(ciphertext, key)),
  })
  const [sent] = await kem.encapsulate([await kem.publicKey(counting(64))])
  expect(await kem.decapsulate(counting(64), [sent!.ciphertext])).toEqual([sent!.secret])
})

test('functions of a package neither keep nor change what the caller has', async () => {
  const kept: Uint8Array[] = []
  const memory = new Uint8Array(32)
  const kem = await customMlKem768({
    keygen: (seed) => {
      kept.push(seed)
      const keys = ml_kem768.keygen(seed)
      kept.push(keys.secretKey)
      return keys
    },
    encapsulate: functions.encapsulate,
    // A package may return its memory, which it uses again.
    decapsulate: (ciphertext, key) => {
      memory.set(ml_kem768.decapsulate(ciphertext, key))
      return memory
    },
  })
  const seed = counting(64)
  const [sent] = await kem.encapsulate([await kem.publicKey(seed)])
  const [first] = await kem.decapsulate(seed, [sent!.ciphertext])
  await kem.decapsulate(seed, [new Uint8Array(1088)])
  expect(first).toEqual(sent!.secret)
  // Expanded private keys are wiped.
  for (const one of kept.filter(({ length }) => length === 2400)) expect(one).toEqual(new Uint8Array(2400))
  expect(kept.length).toBeGreaterThan(4)
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
