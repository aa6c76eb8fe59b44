import { webCrypto } from 'secagg/crypto'
import { executeMaskPlan } from 'secagg/vector'
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

/** For each buffer that is given away to be freed from now on, whether it was wiped before. */
function freed(): boolean[] {
  const noted: boolean[] = []
  const note = (buffer: ArrayBuffer): number =>
    noted.push(new Uint8Array(buffer).every((byte) => byte === 0) && buffer.byteLength > 0)
  const { postMessage } = MessagePort.prototype
  vi.spyOn(MessagePort.prototype, 'postMessage').mockImplementation(function (this: MessagePort, ...given) {
    for (const buffer of (given[1] ?? []) as ArrayBuffer[]) note(buffer)
    postMessage.apply(this, given as [unknown])
  })
  const own = ArrayBuffer.prototype as unknown as { transfer?: (length: number) => ArrayBuffer }
  const { transfer } = own
  if (transfer !== undefined) {
    vi.spyOn(own as Required<typeof own>, 'transfer').mockImplementation(function (
      this: ArrayBuffer,
      length,
    ) {
      note(this)
      return transfer.call(this, length)
    })
  }
  return noted
}

describe('keystream is wiped once it is not needed anymore:', () => {
  const length = 500_000
  const plan = [1, 2].map((byte) => ({ seed: new Uint8Array(16).fill(byte), sign: 1 }) as const)
  const execute = (signal?: AbortSignal): Promise<void> =>
    executeMaskPlan([new Uint32Array(length)], [{ length, bits: 32 }], plan, aes, { signal })

  test('after a whole execution', async () => {
    const wiped = freed()
    const made = given('encrypt')
    await execute()
    expect(made.length).toBe(16)
    expect(wiped).toEqual(Array.from({ length: made.length }, () => true))
  })

  test('after one that was aborted while the platform makes pieces ahead', async () => {
    const stop = new AbortController()
    const wiped = freed()
    const arrived: Promise<unknown>[] = []
    const original = subtle.encrypt
    vi.spyOn(subtle, 'encrypt').mockImplementation((...values) => {
      const piece = original.apply(subtle, values)
      if (arrived.push(piece) === 5) stop.abort()
      return piece
    })
    await expect(execute(stop.signal)).rejects.toMatchObject({ name: 'AbortError' })
    await Promise.all(arrived)
    await new Promise((resolve) => setTimeout(resolve))
    expect(arrived.length).toBeGreaterThanOrEqual(5)
    expect(wiped).toEqual(arrived.map(() => true))
  })

  test('the parts of a piece that is too long for one call', async () => {
    const wiped = freed()
    await aes.keystream(counting(16), 0).next(600_000)
    expect(wiped).toEqual([true, true, true])
  })
})
