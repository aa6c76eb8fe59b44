import { ed25519 as curve } from '@noble/curves/ed25519.js'
import { defaultCrypto, nobleCrypto, nodeCrypto, webCrypto } from 'secagg/crypto'
import { createMaskPool } from 'secagg/workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { counting, hex } from './providers.js'
import { stubProcess } from './stub-process.js'

const { subtle } = globalThis.crypto
const noble = nobleCrypto()

afterEach(() => {
  vi.unstubAllGlobals()
})

/** A platform whose `crypto.subtle` differs from the real one by `changes`. */
function stubSubtle(changes: Partial<SubtleCrypto>): void {
  const methods = ['importKey', 'exportKey', 'deriveBits', 'sign', 'verify', 'encrypt', 'decrypt'] as const
  const real = Object.fromEntries(methods.map((method) => [method, subtle[method].bind(subtle)]))
  vi.stubGlobal('crypto', {
    getRandomValues: <View extends ArrayBufferView>(view: View): View => view,
    subtle: { ...real, ...changes },
  })
}

function refusing(curve: string): Partial<SubtleCrypto> {
  const importKey = (...parameters: unknown[]): Promise<CryptoKey> =>
    parameters[2] === curve
      ? Promise.reject(new DOMException('Unrecognized name.', 'NotSupportedError'))
      : Reflect.apply(subtle.importKey, subtle, parameters)
  return { importKey: importKey as SubtleCrypto['importKey'] }
}

describe('WebCrypto', () => {
  test('is undefined without crypto.subtle', async () => {
    vi.stubGlobal('crypto', { getRandomValues: () => undefined })
    expect(await webCrypto()).toBeUndefined()
    vi.stubGlobal('crypto', undefined)
    expect(await webCrypto()).toBeUndefined()
  })

  test('uses the platform’s curves if it has them', async () => {
    const provider = (await webCrypto())!
    const [deriveBits, sign] = [vi.spyOn(subtle, 'deriveBits'), vi.spyOn(subtle, 'sign')]
    await provider.x25519.publicKey(counting(32))
    await provider.ed25519.sign(counting(32), counting(5))
    expect(deriveBits).toHaveBeenCalledOnce()
    expect(sign).toHaveBeenCalledOnce()
    deriveBits.mockRestore()
    sign.mockRestore()
  })

  test('imports the private key once for a batch of shared secrets', async () => {
    const provider = (await webCrypto())!
    const publicKey = await noble.x25519.publicKey(counting(32))
    const importKey = vi.spyOn(subtle, 'importKey')
    await provider.x25519.sharedSecrets(counting(32), [publicKey, publicKey, publicKey])
    expect(importKey.mock.calls.map(([format]) => format)).toEqual(['pkcs8', 'raw', 'raw', 'raw'])
    importKey.mockRestore()
  })

  test.each(['X25519', 'Ed25519'])('falls back to noble’s %s if the platform has none', async (curve) => {
    stubSubtle(refusing(curve))
    const provider = (await webCrypto())!
    const key = counting(32)
    expect(await provider.x25519.publicKey(key)).toEqual(await noble.x25519.publicKey(key))
    expect(await provider.ed25519.sign(key, key)).toEqual(await noble.ed25519.sign(key, key))
  })

  test.each([null, 3, {}, { importKey: () => undefined }])(
    'is undefined if crypto.subtle is %o, and noble does the work',
    async (broken) => {
      const getRandomValues = globalThis.crypto.getRandomValues.bind(globalThis.crypto)
      stubProcess({})
      vi.stubGlobal('crypto', { getRandomValues, subtle: broken })
      expect(await webCrypto()).toBeUndefined()
      const provider = await defaultCrypto()
      expect(provider.name).toBe('noble')
      const [key, none] = [counting(16), new Uint8Array(0)]
      const sealed = await provider.suites.aes!.seal(key, none, key)
      expect(await noble.suites.aes!.open(key, none, sealed)).toEqual(key)
    },
  )

  test('has AES of noble if that of the platform is missing or wrong', async () => {
    stubProcess({})
    const [key, none] = [counting(16), new Uint8Array(0)]
    const expected = await noble.suites.aes!.seal(key, none, key)
    for (const encrypt of [() => Promise.reject(new Error('AES')), async () => new ArrayBuffer(16)]) {
      stubSubtle({ encrypt: encrypt as SubtleCrypto['encrypt'] })
      expect((await webCrypto())!.suites).toEqual({})
      const { name, suites } = await defaultCrypto()
      expect(name).toBe('webcrypto+noble')
      expect(await suites.aes!.seal(key, none, key)).toEqual(expected)
    }
  })

  test('takes the curves that the platform lacks from the fallback that it is given', async () => {
    stubSubtle(refusing('X25519'))
    const provider = (await webCrypto({ fallback: { ...noble, x25519: { ...noble.x25519 } } }))!
    expect(provider.name).toBe('webcrypto+noble')
    const { ed25519, x25519 } = (await webCrypto({ fallback: noble }))!
    expect(x25519).toBe(noble.x25519)
    expect(ed25519).not.toBe(noble.ed25519)
    vi.stubGlobal('crypto', { getRandomValues: () => undefined })
    stubProcess({})
    expect(await defaultCrypto('chacha', { fallback: noble })).toBe(noble)
    expect((await defaultCrypto()).name).toBe('noble')
  })

  test('falls back to noble’s Ed25519 if the platform adds randomness to signatures', async () => {
    const sign = async (...parameters: unknown[]): Promise<ArrayBuffer> => {
      const signature: ArrayBuffer = await Reflect.apply(subtle.sign, subtle, parameters)
      if (parameters[0] === 'Ed25519') new Uint8Array(signature).fill(7, 0, 16)
      return signature
    }
    stubSubtle({ sign: sign as SubtleCrypto['sign'] })
    const provider = (await webCrypto())!
    const key = counting(32)
    expect(await provider.ed25519.sign(key, key)).toEqual(await noble.ed25519.sign(key, key))
  })

  test.each(['X25519', 'Ed25519'])(
    'falls back to noble’s %s if the platform refuses private keys that begin with a zero byte',
    async (curve) => {
      const importKey = (...parameters: unknown[]): Promise<CryptoKey> =>
        parameters[0] === 'pkcs8' && parameters[2] === curve && (parameters[1] as Uint8Array)[16] === 0
          ? Promise.reject(new DOMException('does not meet requirements', 'DataError'))
          : Reflect.apply(subtle.importKey, subtle, parameters)
      stubSubtle({ importKey: importKey as SubtleCrypto['importKey'] })
      const provider = (await webCrypto())!
      const key = counting(32)
      expect(await provider.x25519.publicKey(key)).toEqual(await noble.x25519.publicKey(key))
      expect(await provider.ed25519.sign(key, key)).toEqual(await noble.ed25519.sign(key, key))
    },
  )

  test('falls back to noble’s Ed25519 if the platform multiplies by the cofactor', async () => {
    const keys = new WeakMap<CryptoKey, Uint8Array>()
    const importKey = async (...parameters: unknown[]): Promise<CryptoKey> => {
      const key: CryptoKey = await Reflect.apply(subtle.importKey, subtle, parameters)
      keys.set(key, Uint8Array.from(parameters[1] as Uint8Array))
      return key
    }
    const verify = async (...[, key, signature, message]: unknown[]): Promise<boolean> =>
      curve.verify(signature as Uint8Array, message as Uint8Array, keys.get(key as CryptoKey)!, {
        zip215: true,
      })
    stubSubtle({
      importKey: importKey as SubtleCrypto['importKey'],
      verify: verify as SubtleCrypto['verify'],
    })
    const provider = (await webCrypto())!
    const { publicKey, message, signature } = cofactored()
    expect(
      await verify(
        'Ed25519',
        await importKey('raw', publicKey, 'Ed25519', false, ['verify']),
        signature,
        message,
      ),
    ).toBe(true)
    expect(await provider.ed25519.verify(publicKey, message, signature)).toBe(false)
  })

  test('reports what the platform refuses as an error of the library', async () => {
    const provider = (await webCrypto())!
    const cause = new DOMException('does not meet requirements', 'DataError')
    const spy = vi.spyOn(subtle, 'importKey').mockRejectedValue(cause)
    const key = counting(32)
    for (const call of [
      provider.x25519.publicKey(key),
      provider.x25519.sharedSecrets(key, [key]),
      provider.ed25519.sign(key, key),
      provider.sha256.hmac(key, key),
      provider.suites.aes!.seal(key.subarray(16), key, key),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'crypto-failure', fault: 'crypto', cause })
    }
    spy.mockRestore()
  })

  test('verifies as false if the platform refuses to import a key', async () => {
    const provider = (await webCrypto())!
    const key = await noble.ed25519.publicKey(counting(32))
    const signature = await noble.ed25519.sign(counting(32), key)
    const spy = vi
      .spyOn(subtle, 'importKey')
      .mockRejectedValue(new DOMException('off the curve', 'DataError'))
    expect(await provider.ed25519.verify(key, key, signature)).toBe(false)
    spy.mockRestore()
  })
})

describe('Node’s cryptography', () => {
  test('is undefined without a process', () => {
    vi.stubGlobal('process', undefined)
    const withoutProcess = nodeCrypto()
    // In the same turn: the test runner must not miss it (see stubProcess).
    vi.unstubAllGlobals()
    expect(withoutProcess).toBeUndefined()
    stubProcess({})
    expect(nodeCrypto()).toBeUndefined()
  })

  test('is undefined where asking for a module throws, as in the edge runtime of Next.js', async () => {
    const getBuiltinModule = (): never => {
      throw new Error('process.getBuiltinModule is not supported in the Edge Runtime')
    }
    stubProcess({ getBuiltinModule })
    expect(nodeCrypto()).toBeUndefined()
    expect((await defaultCrypto()).name).toBe('webcrypto')
    const pool = await createMaskPool({ workers: 1 })
    // A page has workers of its own.
    expect(pool.threads).toBe('Worker' in globalThis ? 1 : 0)
    await pool.close()
  })
})

/** A signature that holds only if both sides are multiplied by the cofactor. */
function cofactored(): {
  readonly publicKey: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
} {
  // The public key has a component of order 8.
  const publicKey = hex('1dd960b291c53514fece1341fc0dcd8a648b3934c2c533666f737a654ff1e1bf')
  const commitment = '7db0dc9222f3c183457ddde4c708de8e5ea6bf3d5c4404cca14b32729a05c32a'
  const response = '996d0dc4d316bfc22a89fa200cf50cbad1ed548e1e6b35dbbe0d76071e23400c'
  return { publicKey, message: Uint8Array.of(7), signature: hex(commitment + response) }
}
