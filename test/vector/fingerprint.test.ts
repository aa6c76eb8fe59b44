import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createKernelFingerprint, plainFingerprint } from '../../src/vector/fingerprint.js'
import { fingerprint } from '../../src/vector/index.js'
import { watchMemories } from './memories.js'
import { valuesFor } from './support.js'

/** Lengths around words, blocks of 64 bytes, and pieces of 4032 bytes. */
const LENGTHS = [
  0, 1, 3, 4, 5, 31, 32, 33, 63, 64, 65, 127, 128, 129, 511, 512, 513, 4031, 4032, 4033, 4096, 8063, 8064,
  8065, 12_345,
]

afterEach(() => vi.unstubAllGlobals())

function bytesFor(length: number, seed: number): Uint8Array {
  return Uint8Array.from(valuesFor([{ length, bits: 8 }], seed)[0]!, Number)
}

/** The definition of the fingerprint. */
function reference(bytes: Uint8Array): number[] {
  const padded = new Uint8Array(Math.ceil(bytes.length / 64) * 64)
  padded.set(bytes)
  const view = new DataView(padded.buffer)
  const first = new Array<bigint>(8).fill(0n)
  const second = new Array<bigint>(8).fill(0n)
  for (let word = 0; word < padded.length / 4; word++) {
    const lane = word % 8
    first[lane] = BigInt.asUintN(32, first[lane]! + BigInt(view.getUint32(4 * word, true)))
    second[lane] = BigInt.asUintN(32, second[lane]! + first[lane])
  }
  const little = (value: bigint, length: number): number[] =>
    Array.from({ length }, (_, byte) => Number((value >> BigInt(8 * byte)) & 255n))
  return [...first, ...second].flatMap((sum) => little(sum, 4)).concat(little(BigInt(bytes.length), 8))
}

describe('a fingerprint', () => {
  const kernel = createKernelFingerprint()!

  test.each(LENGTHS)('of %s bytes follows the definition, in WebAssembly and in JavaScript', (length) => {
    const bytes = bytesFor(length, length)
    const expected = Uint8Array.from(reference(bytes))
    expect(expected.length).toBe(72)
    expect(fingerprint(bytes)).toEqual(expected)
    expect(plainFingerprint(bytes)).toEqual(expected)
    expect(kernel(bytes)).toEqual(expected)
  })

  test('does not depend on the alignment of the bytes', () => {
    const bytes = bytesFor(9000, 1)
    const memory = new Uint8Array(bytes.length + 9)
    for (const offset of [1, 2, 3, 7]) {
      memory.set(bytes, offset)
      const view = memory.subarray(offset, offset + bytes.length)
      for (const of of [fingerprint, plainFingerprint, kernel]) expect(of(view)).toEqual(of(bytes))
    }
  })

  test.each([60, 8256])('of %s bytes changes if any byte changes', (length) => {
    const bytes = bytesFor(length, 2)
    const before = fingerprint(bytes)
    for (let at = 0; at < length; at += length > 100 ? 7 : 1) {
      const kept = bytes[at]!
      bytes[at] = kept ^ (1 << (at % 8))
      expect(fingerprint(bytes), `byte ${at}`).not.toEqual(before)
      bytes[at] = kept
    }
    expect(fingerprint(bytes)).toEqual(before)
  })

  test('changes if two different words are swapped', () => {
    const bytes = bytesFor(4096, 3)
    const before = fingerprint(bytes)
    const swap = (a: number, b: number): void => {
      const words = new Uint32Array(bytes.buffer)
      const word = words[a]!
      words[a] = words[b]!
      words[b] = word
    }
    fc.assert(
      fc.property(fc.nat(1023), fc.nat(1023), (a, b) => {
        fc.pre(a !== b)
        swap(a, b)
        const after = fingerprint(bytes)
        swap(a, b)
        expect(after).not.toEqual(before)
      }),
    )
  })

  test('changes if zeros are appended', () => {
    expect(fingerprint(new Uint8Array(8))).not.toEqual(fingerprint(new Uint8Array(9)))
    expect(fingerprint(new Uint8Array(0))).toEqual(new Uint8Array(72))
  })

  test('is not a view of memory that is reused', () => {
    const first = fingerprint(bytesFor(5000, 4))
    const copy = first.slice()
    fingerprint(bytesFor(5000, 5))
    expect(first).toEqual(copy)
  })

  test.each([null, undefined, 'bytes', [1, 2], new Uint16Array(8), new ArrayBuffer(8)])(
    'of %s is refused',
    (bytes) => {
      expect(() => fingerprint(bytes as unknown as Uint8Array)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }),
      )
    },
  )
})

test('the kernel wipes the bytes that it fingerprinted', () => {
  const memories = watchMemories()
  const watched = createKernelFingerprint()!
  for (const length of [600, 5000]) {
    watched(bytesFor(length, 6))
    expect(new Uint8Array(memories[0]!.buffer).every((byte) => byte === 0)).toBe(true)
  }
})

test('without WebAssembly the fingerprint is the same', async () => {
  vi.resetModules()
  vi.stubGlobal('WebAssembly', undefined)
  const fresh = await import('../../src/vector/fingerprint.js')
  expect(fresh.createKernelFingerprint()).toBeUndefined()
  const bytes = bytesFor(10_000, 7)
  expect(fresh.fingerprint(bytes)).toEqual(fingerprint(bytes))
})
