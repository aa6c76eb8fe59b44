import { afterEach, describe, expect, test, vi } from 'vitest'
import { equalBytes } from '../../src/crypto/bytes.js'
import { type Lanes, laneBytes } from '../../src/vector/index.js'
import { createKernelPacker, packerFor, plainPacker } from '../../src/vector/kernels/packers.js'
import { bytesOf, createLanes } from '../../src/vector/lanes.js'
import { watchMemories } from './memories.js'
import { valuesFor, vectorOf } from './support.js'

/** Lengths around groups of 8 elements, turns of 64 bytes, and portions of 2048 elements. */
const LENGTHS = [1, 7, 8, 9, 31, 64, 65, 2047, 2048, 2049, 2 * 2048 + 13]

const kernel = createKernelPacker()!

afterEach(() => vi.unstubAllGlobals())

/** Lanes in which also the bits that are not packed can be set. Some lanes are all ones. */
function fullLanes(length: number, bits: number, seed: number): Lanes {
  const width = 8 * laneBytes(bits)
  const segments = [{ length, bits: width }]
  const [values] = valuesFor(segments, seed)
  return vectorOf([values!.map((value, i) => (i % 5 === 0 ? 2n ** BigInt(width) - 1n : value))], segments)[0]!
}

/** Compared as bytes, which is a hundred times faster than an assertion on the arrays. */
function expectSame(lanes: Lanes, expected: Lanes): void {
  expect(equalBytes(bytesOf(lanes), bytesOf(expected))).toBe(true)
}

describe('the kernel and the plain packer give the same bytes', () => {
  test.each(Array.from({ length: 64 }, (_, index) => index + 1))('elements of %s bits', (bits) => {
    for (const length of LENGTHS) {
      const source = fullLanes(length, bits, bits)
      const bytes = Math.ceil((length * bits) / 8)
      const packed = new Uint8Array(bytes + 3).subarray(3)
      const expected = new Uint8Array(bytes)
      if (bits === 8 * laneBytes(bits)) {
        packed.set(bytesOf(source))
        expected.set(bytesOf(source))
      } else {
        kernel.pack(source, bits, packed)
        plainPacker.pack(source, bits, expected)
      }
      expectSame(packed, expected)

      const [sum, expectedSum] = [fullLanes(length, bits, 99), fullLanes(length, bits, 99)]
      kernel.add(sum, bits, packed)
      plainPacker.add(expectedSum, bits, expected)
      expectSame(sum, expectedSum)

      const [back, expectedBack] = [createLanes(bits, length), createLanes(bits, length)]
      kernel.unpack(back, bits, packed)
      plainPacker.unpack(expectedBack, bits, expected)
      expectSame(back, expectedBack)
    }
  })
})

test('the kernel wipes the elements that it packed', () => {
  const memories = watchMemories()
  const watched = createKernelPacker()!
  const lanes = fullLanes(3000, 29, 1)
  const packed = new Uint8Array(Math.ceil((3000 * 29) / 8))
  const isBlank = (): boolean => new Uint8Array(memories[0]!.buffer).every((byte) => byte === 0)
  watched.pack(lanes, 29, packed)
  expect(isBlank()).toBe(true)
  watched.add(lanes, 29, packed)
  expect(isBlank()).toBe(true)
})

test('without WebAssembly there is no kernel', () => {
  vi.stubGlobal('WebAssembly', undefined)
  expect(createKernelPacker()).toBeUndefined()
})

test('one kernel is used for all long segments, and none for short ones', () => {
  expect(packerFor(8)).toBe(plainPacker)
  expect(packerFor(2 ** 20)).not.toBe(plainPacker)
  expect(packerFor(2 ** 20)).toBe(packerFor(2 ** 16))
})
