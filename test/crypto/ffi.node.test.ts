import { type Cipher, createCipheriv } from 'node:crypto'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { nodeCrypto, webCrypto, withNodeFfi } from '../../src/crypto/index.js'
import { executeMaskPlan } from '../../src/vector/mask.js'

const plain = nodeCrypto()!

afterEach(() => vi.restoreAllMocks())

/** What can go wrong in OpenSSL, or in a module that will still change. */
interface Fault {
  /** Changes what a call to EVP_EncryptUpdate wrote; its results. */
  readonly update?: (out: Uint8Array, call: number) => { readonly result: number; readonly written: number }
}

/** A stand-in for `node:ffi`: OpenSSL's functions on memory that pointers name, for a Node that does not have it. */
function standIn({ update }: Fault = {}): object {
  const memory: { readonly start: bigint; readonly bytes: Uint8Array }[] = []
  let free = 0x10000n
  const pointerTo = (source: ArrayBufferView): bigint => {
    const whole = new Uint8Array(source.buffer)
    let found = memory.find(({ bytes }) => bytes.buffer === whole.buffer)
    if (found === undefined) {
      found = { start: free, bytes: whole }
      memory.push(found)
      free += BigInt(whole.length + 64)
    }
    return found.start + BigInt(source.byteOffset)
  }
  const at = (pointer: bigint, length: number): Uint8Array => {
    const { start, bytes } = memory.find(
      ({ start, bytes }) => pointer >= start && pointer < start + BigInt(bytes.length),
    )!
    const from = Number(pointer - start)
    return bytes.subarray(from, from + length)
  }
  let cipher: Cipher | undefined
  let calls = 0
  const functions = {
    EVP_CIPHER_CTX_new: () => 1n,
    EVP_aes_128_ctr: () => 16n,
    EVP_chacha20: () => 32n,
    EVP_EncryptInit_ex: (_context: bigint, kind: bigint, _engine: bigint, key: bigint, iv: bigint) => {
      const name = kind === 16n ? 'aes-128-ctr' : 'chacha20'
      cipher = createCipheriv(name, at(key, Number(kind)), at(iv, 16))
      return 1
    },
    EVP_EncryptUpdate: (_context: bigint, out: bigint, written: bigint, input: bigint, length: number) => {
      const target = at(out, length)
      target.set(cipher!.update(at(input, length)))
      const told = update?.(target, calls++) ?? { result: 1, written: length }
      const view = at(written, 4)
      new DataView(view.buffer, view.byteOffset).setInt32(0, told.written, true)
      return told.result
    },
  }
  return { dlopen: () => ({ functions }), getRawPointer: pointerTo }
}

function stub(ffi: () => unknown): void {
  const load = process.getBuiltinModule
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) =>
    name === 'node:ffi' ? ffi() : load(name)) as typeof load)
}

describe('where Node has node:ffi', () => {
  test.each([
    ['aes', 0],
    ['aes', 64 * 3],
    ['aes', 64 * (2 ** 34 + 5)],
    ['chacha', 0],
    ['chacha', 64 * (2 ** 32 - 6000)],
  ] as const)('%s keystreams from byte %i on are the same, returned or filled', async (name, offset) => {
    stub(standIn)
    const suite = withNodeFfi(plain).suites[name]!
    const seed = Uint8Array.from({ length: suite.keyLength }, (_, index) => 5 * index + 1)
    const expected = await plain.suites[name]!.keystream(seed, offset).next(300_032)

    const returned = suite.keystream(seed, offset)
    expect(await returned.next(192)).toEqual(expected.slice(0, 192))
    expect(await returned.next(299_840)).toEqual(expected.slice(192))

    const stream = suite.keystream(seed, offset)
    const memory = new Uint8Array(300_050).fill(9)
    stream.fill!(memory.subarray(3, 3 + 192))
    stream.fill!(memory.subarray(3 + 192, 3 + 300_032))
    expect(memory.subarray(3, 3 + 300_032)).toEqual(expected)
    expect([...memory.subarray(0, 3), ...memory.subarray(3 + 300_032)]).toEqual(new Array(18).fill(9))
  })

  test('providers share one context of OpenSSL, and their keystreams do not mix', async () => {
    const ffi = standIn() as { dlopen(): { functions: { EVP_CIPHER_CTX_new(): bigint } } }
    const { functions } = ffi.dlopen()
    const created = vi.spyOn(functions, 'EVP_CIPHER_CTX_new')
    stub(() => ffi)
    const streams = Array.from({ length: 20 }, (_, index) =>
      withNodeFfi(plain).suites.aes!.keystream(new Uint8Array(16).fill(index), 64 * index),
    )
    expect(created).toHaveBeenCalledTimes(1)
    for (const part of [0, 1]) {
      for (const [index, stream] of streams.entries()) {
        const offset = 64 * (index + part)
        const expected = await plain.suites.aes!.keystream(new Uint8Array(16).fill(index), offset).next(64)
        expect(await stream.next(64)).toEqual(Uint8Array.from(expected))
      }
    }
  })

  test('masks are the same', async () => {
    stub(standIn)
    const filling = withNodeFfi(plain)
    expect(filling).not.toBe(plain)
    const segments = [
      { length: 100_003, bits: 20 },
      { length: 5, bits: 64 },
      { length: 70_001, bits: 8 },
    ]
    const sums = await Promise.all(
      [plain, filling].map(async ({ suites }) => {
        const target = [new Uint32Array(100_003), new BigUint64Array(5), new Uint8Array(70_001)]
        const plan = [1, -1, 1].map((sign, index) => ({
          seed: new Uint8Array(16).fill(index),
          sign: sign as 1 | -1,
        }))
        await executeMaskPlan(target, segments, plan, suites.aes!)
        return target
      }),
    )
    expect(sums[1]).toEqual(sums[0])
  })

  test.each([
    ['fails', { result: 0, written: 64 }],
    ['writes too little', { result: 1, written: 48 }],
  ])('a call that later %s is a failure of the cryptography', async (_, told) => {
    let broken = false
    stub(() => standIn({ update: (out) => (broken ? told : { result: 1, written: out.length }) }))
    const suite = withNodeFfi(plain).suites.aes!
    broken = true
    const target = [new Uint32Array(100_000)]
    const plan = [{ seed: new Uint8Array(16), sign: 1 }] as const
    await expect(executeMaskPlan(target, [{ length: 100_000, bits: 32 }], plan, suite)).rejects.toMatchObject(
      {
        code: 'crypto-failure',
        fault: 'crypto',
      },
    )
  })

  test('a call after a refused one does not write to the memory of the refused one', async () => {
    stub(standIn)
    const seed = new Uint8Array(32)
    const stream = withNodeFfi(plain).suites.chacha!.keystream(seed, 64 * (2 ** 32 - 3))
    const refused = new Uint8Array(64 * 10)
    expect(() => stream.fill!(refused)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    const expected = await plain.suites.chacha!.keystream(seed, 64 * (2 ** 32 - 3)).next(64)
    expect(await stream.next(64)).toEqual(Uint8Array.from(expected))
    expect(refused).toEqual(new Uint8Array(64 * 10))
  })

  test('the last block of ChaCha20 is refused, as by the other providers', () => {
    stub(standIn)
    const stream = withNodeFfi(plain).suites.chacha!.keystream(new Uint8Array(32), 64 * (2 ** 32 - 2))
    expect(() => stream.fill!(new Uint8Array(128))).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

describe('the provider stays as it is', () => {
  test('if Node does not have the module', () => {
    stub(() => undefined)
    expect(withNodeFfi(plain)).toBe(plain)
  })

  test('if the process may not use the module', () => {
    stub(() => {
      throw new Error('Access to this API has been restricted')
    })
    expect(withNodeFfi(plain)).toBe(plain)
  })

  test('if OpenSSL lacks a function', () => {
    stub(() => ({
      ...standIn(),
      dlopen: () => {
        throw new Error('dlsym failed')
      },
    }))
    expect(withNodeFfi(plain)).toBe(plain)
  })

  test('if the keystream is another', () => {
    stub(() =>
      standIn({
        update: (out) => {
          out[out.length - 1]! ^= 1
          return { result: 1, written: out.length }
        },
      }),
    )
    expect(withNodeFfi(plain).suites).toEqual(plain.suites)
  })

  test('if its keystreams are promises', async () => {
    stub(standIn)
    const web = (await webCrypto())!
    expect(withNodeFfi(web).suites).toEqual(web.suites)
  })
})
