import { afterEach, describe, expect, test, vi } from 'vitest'
import { stubProcess } from './stub-process.js'

/** In this file, what is loaded on demand cannot be loaded. */
const refuse = (): never => {
  throw new TypeError('import() is disallowed on ServiceWorkerGlobalScope by the HTML specification.')
}
vi.doMock('../../src/crypto/noble-curves.js', refuse)
vi.doMock('../../src/crypto/noble.js', refuse)

// Not all of `secagg/crypto`, which exports `nobleCrypto`.
const { webCryptoWith } = await import('../../src/crypto/webcrypto.js')
const { nobleCurves } = await vi.importActual<typeof import('../../src/crypto/noble-curves.js')>(
  '../../src/crypto/noble-curves.js',
)
const { defaultCrypto, webCrypto } = await import('../../src/crypto/default.js')
const { ClientSession } = await import('../../src/session/client-session.js')
const { createRoundConfig } = await import('../../src/protocol/create-config.js')

const { subtle } = globalThis.crypto
const getRandomValues = globalThis.crypto.getRandomValues.bind(globalThis.crypto)
const KEY = new Uint8Array(32).fill(3)

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A platform without Node's cryptography, whose WebCrypto knows no algorithm with this name. */
function lack(algorithm: RegExp): void {
  stubProcess({})
  const methods = ['importKey', 'exportKey', 'deriveBits', 'sign', 'verify', 'encrypt', 'decrypt'] as const
  const real = Object.fromEntries(methods.map((method) => [method, subtle[method].bind(subtle)]))
  const importKey = (...parameters: unknown[]): Promise<CryptoKey> =>
    algorithm.test((parameters[2] as { readonly name?: string }).name ?? String(parameters[2]))
      ? Promise.reject(new DOMException('Unrecognized name.', 'NotSupportedError'))
      : Reflect.apply(subtle.importKey, subtle, parameters)
  vi.stubGlobal('crypto', { getRandomValues, subtle: { ...real, importKey } })
}

const REFUSED = {
  name: 'SecAggError',
  code: 'unsupported',
  fault: 'crypto',
  message: expect.stringMatching(
    /Import nobleCrypto from 'secagg\/crypto'.* \{ fallback: nobleCrypto\(\) \}/,
  ),
  cause: expect.anything(),
}

describe('if modules cannot be loaded on demand', () => {
  test.each(['aes', 'chacha'] as const)('a platform with both curves needs none for %s', async (suite) => {
    lack(/nothing/)
    const provider = await defaultCrypto(suite)
    expect(provider.suites[suite]).toBeDefined()
    expect(await provider.x25519.publicKey(KEY)).toHaveLength(32)
    expect(await provider.ed25519.sign(KEY, KEY)).toHaveLength(64)
  })

  test.each([
    ['X25519', /X25519/],
    ['both curves', /25519/],
  ])('a platform that lacks %s gets an error that says what to import', async (_what, curve) => {
    lack(curve)
    await expect(webCrypto()).rejects.toMatchObject(REFUSED)
    await expect(defaultCrypto('chacha')).rejects.toMatchObject(REFUSED)
  })

  test.each([
    ['AES', /AES/, ['webcrypto', 'webcrypto+noble']],
    ['HMAC', /HMAC/, [undefined, undefined]],
    ['all algorithms', /./, [undefined, undefined]],
  ])('so does one that lacks %s, as soon as it is needed', async (_what, algorithm, [web, chacha]) => {
    lack(algorithm)
    expect((await webCrypto())?.name).toBe(web)
    await expect(defaultCrypto('aes')).rejects.toMatchObject(REFUSED)
    const choice = defaultCrypto('chacha').then(({ name }) => name)
    if (chacha === undefined) await expect(choice).rejects.toMatchObject(REFUSED)
    else expect(await choice).toBe(chacha)
  })

  test('so does a platform without WebCrypto', async () => {
    stubProcess({})
    vi.stubGlobal('crypto', { getRandomValues })
    await expect(defaultCrypto()).rejects.toMatchObject(REFUSED)
  })

  test('and a session there', async () => {
    lack(/25519/)
    const config = createRoundConfig({
      sessionId: KEY,
      clients: 3,
      adversary: 'honest-but-curious',
      segments: [{ length: 1, bits: 16, bound: 10 }],
    })
    const session = new ClientSession({ config, seat: 0, input: Uint16Array.of(1) })
    await expect(session.start()).rejects.toMatchObject(REFUSED)
  })

  test('a platform that lacks only Ed25519 agrees on keys, and throws the error when it has to sign', async () => {
    lack(/Ed25519/)
    const { name, x25519, ed25519 } = await defaultCrypto()
    expect(name).toBe('webcrypto')
    expect(await x25519.publicKey(KEY)).toHaveLength(32)
    await expect(ed25519.sign(KEY, KEY)).rejects.toMatchObject(REFUSED)
    await expect(ed25519.publicKey(KEY)).rejects.toMatchObject(REFUSED)
    await expect(ed25519.verify(KEY, KEY, KEY)).rejects.toMatchObject(REFUSED)
  })

  test('and signs as soon as the network is back', async () => {
    lack(/Ed25519/)
    let isUp = false
    const curves = async () => {
      if (!isUp) throw new TypeError('the network is down')
      return nobleCurves
    }
    const { ed25519 } = (await webCryptoWith({ curves, provider: refuse }))!
    await expect(ed25519.publicKey(KEY)).rejects.toThrow('the network is down')
    isUp = true
    const key = KEY.slice()
    const signing = ed25519.sign(key, KEY)
    key.fill(0)
    expect(await ed25519.verify(await ed25519.publicKey(KEY), KEY, await signing)).toBe(true)
    await expect(ed25519.sign(32 as never, KEY)).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})
