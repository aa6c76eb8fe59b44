import { webCrypto } from 'secagg/crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { counting } from './providers.js'

afterEach(() => {
  vi.restoreAllMocks()
})

const { subtle } = globalThis.crypto
const provider = (await webCrypto())!
const aes = provider.suites.aes!
const none = new Uint8Array(0)

type Method = 'encrypt' | 'sign' | 'importKey'

/** Records all arrays passed to the platform from now on, each with a copy of its contents at that time. */
function given(method: Method): { readonly was: Uint8Array; readonly array: Uint8Array }[] {
  const noted: { was: Uint8Array; array: Uint8Array }[] = []
  const original = subtle[method] as (...values: unknown[]) => Promise<unknown>
  vi.spyOn(subtle, method as 'encrypt').mockImplementation((...values: unknown[]) => {
    for (const value of values) {
      if (value instanceof Uint8Array) noted.push({ was: value.slice(), array: value })
    }
    return original.apply(subtle, values) as Promise<ArrayBuffer>
  })
  return noted
}

const secret = counting(48).map((byte) => byte + 1)

/** Checks that the copy given to the platform was wiped and that the caller's array is unchanged. */
function expectWiped(noted: ReturnType<typeof given>, expected: Uint8Array): void {
  const copies = noted.filter(({ was }) => was.join() === expected.join())
  expect(copies.length).toBeGreaterThan(0)
  for (const { array } of copies) {
    expect(array).not.toBe(expected)
    expect(array.every((byte) => byte === 0)).toBe(true)
  }
  expect(secret).toEqual(counting(48).map((byte) => byte + 1))
}

describe('WebCrypto gets copies, which are wiped afterwards:', () => {
  test('of the plaintext to seal', async () => {
    const noted = given('encrypt')
    await aes.seal(counting(16), none, secret)
    expectWiped(noted, secret)
  })

  test('of the message of an HMAC', async () => {
    const noted = given('sign')
    await provider.sha256.hmac(counting(32), secret)
    expectWiped(noted, secret)
  })

  test('of keys, also if the platform refuses them', async () => {
    const noted = given('importKey')
    const key = secret.slice(0, 16)
    await aes.seal(key, none, none)
    await provider.sha256.hmac(key, none)
    await provider.sha256.hkdf(key, none, none, 32)
    await aes.keystream(key, 0).next(64)
    expect(noted).toHaveLength(4)
    expectWiped(noted, key)
    vi.restoreAllMocks()

    const refused: Uint8Array[] = []
    vi.spyOn(subtle, 'importKey').mockImplementation((_, key) => {
      refused.push(key as Uint8Array)
      return Promise.reject(new Error('refused'))
    })
    const plaintext = given('encrypt')
    await expect(aes.seal(key, none, secret)).rejects.toMatchObject({ cause: { message: 'refused' } })
    expect(refused).toHaveLength(1)
    expect(refused[0]!.every((byte) => byte === 0)).toBe(true)
    expect(plaintext).toHaveLength(0)
  })

  test('of a seed, after its import; the keystream continues', async () => {
    const noted = given('importKey')
    const key = secret.slice(0, 16)
    const stream = aes.keystream(key, 0)
    const pieces = [await stream.next(64), await stream.next(64)].map((piece) => [...piece])
    expectWiped(noted, key)
    const whole = await aes.keystream(key, 0).next(128)
    expect(pieces.flat()).toEqual([...whole])
  })
})
