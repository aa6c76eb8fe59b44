import { type CryptoProvider, defaultCrypto, nobleCrypto, nodeCrypto } from 'secagg/crypto'
import { afterEach, expect, test, vi } from 'vitest'
import { counting } from './providers.js'
import { stubProcess } from './stub-process.js'

const noble = nobleCrypto()

afterEach(() => {
  vi.unstubAllGlobals()
})

test('Node’s provider verifies as false if the module throws', async () => {
  const native = process.getBuiltinModule('node:crypto')
  const verify = (): never => {
    throw new TypeError('the key is not on the curve')
  }
  stubProcess({ getBuiltinModule: () => ({ ...native, verify }) })
  const provider = nodeCrypto()!
  const key = await noble.ed25519.publicKey(counting(32))
  const signature = await noble.ed25519.sign(counting(32), key)
  expect(await provider.ed25519.verify(key, key, signature)).toBe(false)
})

/**
 * The default provider if a piece of keystream takes Node's module and WebCrypto this long, and how many pieces of each it has
 * timed. `interrupted` is how long the first four pieces of WebCrypto take.
 */
async function defaultWhere(
  ofNode: number,
  ofWeb: number,
  interrupted = ofWeb,
): Promise<{ readonly provider: CryptoProvider; readonly samples: number }> {
  let [now, reading] = [0, 0]
  // Every piece is between two readings, and the two take turns.
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
    const piece = reading >> 1
    if (reading % 2 === 1) now += piece % 2 === 0 ? ofNode : piece < 8 ? interrupted : ofWeb
    reading++
    return now
  })
  const provider = await defaultCrypto()
  clock.mockRestore()
  return { provider, samples: reading / 4 }
}

test('the default provider takes the keystream of WebCrypto if that is faster than that of Node’s module', async () => {
  const nameWhere = async (...times: Parameters<typeof defaultWhere>): Promise<string> =>
    (await defaultWhere(...times)).provider.name
  expect(await nameWhere(9, 9)).toBe('node')
  expect(await nameWhere(9, 8)).toBe('node')
  expect(await nameWhere(9, 30)).toBe('node')
  // A clock that stands still during work.
  expect(await nameWhere(0, 0)).toBe('node+webcrypto')
  // A busy machine, on which the first samples are interrupted.
  expect(await nameWhere(9, 4, 12)).toBe('node+webcrypto')
  // Only if the difference is not clear, there are more samples.
  expect((await defaultWhere(9, 30)).samples).toBe(4)
  expect((await defaultWhere(9, 8)).samples).toBe(16)
  const { provider: mixed, samples } = await defaultWhere(9, 4)
  expect(samples).toBe(4)
  expect(mixed.name).toBe('node+webcrypto')
  const [seed, key] = [counting(16), counting(32)]
  const expected = await nodeCrypto()!.suites.aes!.keystream(seed, 64).next(100)
  expect(Uint8Array.from(await mixed.suites.aes!.keystream(seed, 64).next(100))).toEqual(
    Uint8Array.from(expected),
  )
  expect(mixed.suites.aes!.keystream(seed, 0).next(64)).toBeInstanceOf(Promise)
  expect(await mixed.suites.aes!.open(seed, key, await noble.suites.aes!.seal(seed, key, key))).toEqual(key)
  expect(mixed.suites.chacha).toBeDefined()
})

/** The name of the default provider of a runtime that imitates Node, and whose module differs from Node's by `changes`. */
async function nameWith(changes: object): Promise<string> {
  vi.unstubAllGlobals()
  const native = process.getBuiltinModule('node:crypto')
  stubProcess({ getBuiltinModule: () => ({ ...native, ...changes }) })
  return (await defaultCrypto()).name
}

const refuse = (): never => {
  throw new Error('not implemented')
}

test('a runtime whose module has functions that only throw gets the provider of WebCrypto', async () => {
  expect(await nameWith({})).toBe('node')
  expect(await nameWith({ createCipheriv: refuse })).toBe('webcrypto')
  expect(await nameWith({ createCipheriv: undefined })).toBe('webcrypto')
  expect(await nameWith({ createHmac: refuse, createSecretKey: refuse, hkdfSync: refuse })).toBe('webcrypto')
  // The module has curves and hashes. It does not say which ciphers it has.
  expect(await nameWith({ getCiphers: refuse })).toBe('node+noble')
  expect(await nameWith({ getCiphers: undefined })).toBe('node+noble')
})

test('the keystreams are not timed without a clock, or if that of WebCrypto is another one', async () => {
  for (const performance of [undefined, null, {}, { now: refuse }, { now: () => 10n }]) {
    vi.stubGlobal('performance', performance)
    expect((await defaultCrypto()).name).toBe('node')
  }
  // One that would be chosen.
  vi.stubGlobal('performance', { now: () => 0 })
  expect((await defaultCrypto()).name).toBe('node+webcrypto')
  const { subtle } = globalThis.crypto
  const encrypt = async (): Promise<ArrayBuffer> => new ArrayBuffer(64)
  vi.spyOn(subtle, 'encrypt').mockImplementation(encrypt)
  expect((await defaultCrypto()).name).toBe('node')
  vi.restoreAllMocks()
})
