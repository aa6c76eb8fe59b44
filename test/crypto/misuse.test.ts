import { defaultCrypto, nobleCrypto } from 'secagg/crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { counting, providers, suites } from './providers.js'
import { stubProcess } from './stub-process.js'

afterEach(() => {
  vi.unstubAllGlobals()
})

const usage = expect.objectContaining({ name: 'SecAggError', code: 'invalid-argument', fault: 'usage' })
const none = new Uint8Array(0)

describe.each(providers)('$name refuses', ({ x25519, ed25519, sha256, randomBytes }) => {
  test.each([0, 31, 33, 64])('keys of %d bytes', async (length) => {
    const key = counting(length)
    await expect(x25519.publicKey(key)).rejects.toThrow(usage)
    await expect(x25519.sharedSecrets(key, [])).rejects.toThrow(usage)
    await expect(x25519.sharedSecrets(counting(32), [counting(32), key])).rejects.toThrow(usage)
    await expect(ed25519.publicKey(key)).rejects.toThrow(usage)
    await expect(ed25519.sign(key, none)).rejects.toThrow(usage)
  })

  test('the length of a key instead of a key', async () => {
    const key = 32 as never
    await expect(x25519.publicKey(key)).rejects.toThrow(usage)
    await expect(x25519.sharedSecrets(key, [])).rejects.toThrow(usage)
    await expect(x25519.sharedSecrets(counting(32), [key])).rejects.toThrow(usage)
    await expect(ed25519.publicKey(key)).rejects.toThrow(usage)
    await expect(ed25519.sign(key, none)).rejects.toThrow(usage)
  })

  test.each([0, -1, 65, 1.5, Number.NaN])('to derive %d bytes', async (length) => {
    await expect(sha256.hkdf(none, none, none, length)).rejects.toThrow(usage)
  })

  test.each([-1, 0.5, Number.NaN])('%d random bytes', (length) => {
    expect(() => randomBytes(length)).toThrow(usage)
  })
})

describe.each(suites)('$title refuses', ({ suite }) => {
  test.each([0, 15, 17, 24, 31, 33])('keys of %d bytes', async (length) => {
    const key = counting(length)
    await expect(suite.seal(key, none, none)).rejects.toThrow(usage)
    await expect(suite.open(key, none, counting(40))).rejects.toThrow(usage)
    expect(() => suite.keystream(key, 0)).toThrow(usage)
  })

  test('the length of a key instead of a key', async () => {
    const key = suite.keyLength as never
    await expect(suite.seal(key, none, none)).rejects.toThrow(usage)
    await expect(suite.open(key, none, counting(40))).rejects.toThrow(usage)
    expect(() => suite.keystream(key, 0)).toThrow(usage)
  })
})

describe.each(providers)('randomness of $name', ({ randomBytes }) => {
  test.each([0, 1, 32, 65_536, 65_537, 200_000])('has exactly %d bytes', (length) => {
    const bytes = randomBytes(length)
    expect(bytes.constructor).toBe(Uint8Array)
    expect(bytes.length).toBe(length)
  })

  test('differs from call to call and fills a long array to its end', () => {
    expect(randomBytes(32)).not.toEqual(randomBytes(32))
    const tail = randomBytes(70_000).subarray(-64)
    expect(tail.some((byte) => byte !== 0)).toBe(true)
  })
})

describe('without randomness', () => {
  const error = expect.objectContaining({ name: 'SecAggError', code: 'no-randomness', fault: 'crypto' })

  test.each([
    ['no crypto', undefined],
    ['no getRandomValues', {}],
    [
      'a getRandomValues that fails',
      {
        getRandomValues() {
          throw new Error('no entropy')
        },
      },
    ],
  ])('noble throws a typed error where there is %s', (_, crypto) => {
    const { randomBytes } = nobleCrypto()
    vi.stubGlobal('crypto', crypto)
    expect(() => randomBytes(32)).toThrow(error)
  })
})

describe('the default', () => {
  test.each(['aes', 'chacha'] as const)('has the suite %s', async (name) => {
    const { suites: available } = await defaultCrypto(name)
    expect(available[name]).toBeDefined()
  })

  test('is the fastest available provider', async () => {
    const isNode = globalThis.process?.versions?.node !== undefined
    expect((await defaultCrypto()).name).toBe(isNode ? 'node' : 'webcrypto')
    expect((await defaultCrypto('chacha')).name).toBe(isNode ? 'node' : 'webcrypto+noble')
  })

  test('is noble without Node and outside a secure context', async () => {
    stubProcess({})
    vi.stubGlobal('crypto', { getRandomValues: () => undefined })
    expect((await defaultCrypto()).name).toBe('noble')
    expect((await defaultCrypto('chacha')).name).toBe('noble')
  })
})

test('a primitive that processes its input in one call refuses input that is too long', async () => {
  // Memory that is never touched is not really allocated.
  const long = new Uint8Array(2 ** 30 + 1)
  const [short, key] = [counting(3), counting(16)]
  for (const { ed25519, sha256 } of providers) {
    await expect(ed25519.sign(counting(32), long)).rejects.toThrow(usage)
    await expect(ed25519.verify(counting(32), long, counting(64))).rejects.toThrow(usage)
    await expect(sha256.hmac(long, short)).rejects.toThrow(usage)
    await expect(sha256.hkdf(long, short, short, 32)).rejects.toThrow(usage)
    await expect(sha256.hkdf(short, short, long, 32)).rejects.toThrow(usage)
  }
  for (const { suite } of suites) {
    const suiteKey = suite.keyLength === 16 ? key : counting(32)
    await expect(suite.seal(suiteKey, short, long)).rejects.toThrow(usage)
    await expect(suite.seal(suiteKey, long, short)).rejects.toThrow(usage)
    await expect(suite.open(suiteKey, short, long)).rejects.toThrow(usage)
    expect(() => suite.keystream(suiteKey, 0).next(2 ** 30 + 64)).toThrow(usage)
  }
})
