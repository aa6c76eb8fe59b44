import { afterEach, describe, expect, test, vi } from 'vitest'
import { seeded } from '../support/seeded.js'

/** In this file, a native call accepts at most 1 KiB instead of 1 GiB. */
const LIMIT = 1024

vi.mock('../../src/crypto/bytes.js', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  LONGEST_AT_ONCE: 1024,
}))

const { nobleCrypto, nodeCrypto, webCrypto } = await import('../../src/crypto/index.js')

afterEach(() => {
  vi.restoreAllMocks()
})

function refuseLong(length: number): void {
  if (length > LIMIT) throw new RangeError('data is too long')
}

/** Makes native primitives refuse longer input, as they really do from 2^31 bytes on. */
function limitNative(): void {
  const { subtle } = globalThis.crypto
  const sign = subtle.sign.bind(subtle)
  vi.spyOn(subtle, 'sign').mockImplementation(async (algorithm, key, data) => {
    refuseLong(data.byteLength)
    return sign(algorithm, key, data)
  })
  const native = globalThis.process?.getBuiltinModule?.('node:crypto')
  if (native === undefined) return
  const { update } = native.Hmac.prototype
  vi.spyOn(native.Hmac.prototype, 'update').mockImplementation(function (this: unknown, data: unknown) {
    refuseLong((data as Uint8Array).length)
    return Reflect.apply(update, this, [data])
  })
}

describe('a message around the maximum length of a native call', () => {
  test.each([0, 1, LIMIT - 1, LIMIT, LIMIT + 1, 2 * LIMIT, 5000])(
    'of %d bytes has the right HMAC',
    async (length) => {
      await seeded(length, async (random) => {
        const [key, message] = [random.bytes(16), random.bytes(length)]
        const expected = await nobleCrypto().sha256.hmac(key, message)
        limitNative()
        for (const provider of [nodeCrypto(), await webCrypto()]) {
          if (provider !== undefined) {
            expect(await provider.sha256.hmac(key, message), provider.name).toEqual(expected)
          }
        }
      })
    },
  )
})
