import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createAccumulator,
  createPlainAdder,
  createVector,
  elementCount,
  packedLength,
  packedRange,
  packVector,
  type Segment,
  segmentsInRange,
  unpackVector,
  vectorInRange,
} from '../../src/vector/index.js'
import { segmentsArbitrary, valuesFor, valuesOf, vectorOf } from './support.js'

/** The definition of the format, bit by bit. */
function referencePack(values: readonly (readonly bigint[])[], segments: readonly Segment[]): number[] {
  return segments.flatMap(({ bits }, index) => {
    const all = values[index]!.reduce((sum, value, i) => sum | (value << BigInt(i * bits)), 0n)
    return Array.from({ length: Math.ceil((values[index]!.length * bits) / 8) }, (_, byte) =>
      Number((all >> BigInt(8 * byte)) & 255n),
    )
  })
}

const malformed = expect.objectContaining({ code: 'malformed-message', fault: 'peer' })

describe('packing', () => {
  test('uses exactly k bits per element, low bits first', () => {
    fc.assert(
      fc.property(segmentsArbitrary, fc.nat(), (segments, seed) => {
        const values = valuesFor(segments, seed)
        const packed = packVector(vectorOf(values, segments), segments)
        expect(Array.from(packed)).toEqual(referencePack(values, segments))
        expect(packed.length).toBe(packedLength(segments))
      }),
      { numRuns: 50 },
    )
  })

  test('is undone by unpacking for every k, at any alignment, over several portions', () => {
    for (let bits = 1; bits <= 64; bits++) {
      const segments = [
        { length: 2 * 2048 + bits, bits },
        { length: 3, bits: 65 - bits },
      ]
      const values = valuesFor(segments, bits)
      const packed = packVector(vectorOf(values, segments), segments)
      expect(packed.length).toBe(Math.ceil(((4096 + bits) * bits) / 8) + Math.ceil((3 * (65 - bits)) / 8))
      const shifted = new Uint8Array(packed.length + 8)
      for (const offset of [0, 1, 3]) {
        shifted.set(packed, offset)
        const view = shifted.subarray(offset, offset + packed.length)
        expect(valuesOf(unpackVector(view, segments))).toEqual(values)
      }
    }
  })

  test('reduces elements modulo 2^k', () => {
    expect(packVector([Uint8Array.of(0xff, 0xf1)], [{ length: 2, bits: 3 }])).toEqual(Uint8Array.of(0b1111))
  })

  test('gives the same bytes for parts of a multiple of eight elements as for the whole', () => {
    for (const bits of [1, 7, 20, 33, 63]) {
      const [values] = valuesFor([{ length: 64, bits }], bits) as [bigint[]]
      const pack = (part: bigint[]): number[] => {
        const segments = [{ length: part.length, bits }]
        return Array.from(packVector(vectorOf([part], segments), segments))
      }
      expect([...pack(values.slice(0, 24)), ...pack(values.slice(24))]).toEqual(pack(values))
    }
  })
})

describe('unpacking', () => {
  const segments = [
    { length: 5, bits: 3 },
    { length: 0, bits: 9 },
    { length: 3, bits: 20 },
    { length: 1, bits: 33 },
  ]
  const values = valuesFor(segments, 1)
  const packed = packVector(vectorOf(values, segments), segments)

  test('refuses every truncation and every longer input', () => {
    for (let length = 0; length < packed.length; length++) {
      expect(() => unpackVector(packed.subarray(0, length), segments)).toThrow(malformed)
    }
    expect(() => unpackVector(Uint8Array.of(...packed, 0), segments)).toThrow(malformed)
  })

  test('refuses every padding bit that is set, and accepts every other bit', () => {
    const padding = new Set([15, 76, 77, 78, 79, 113, 114, 115, 116, 117, 118, 119])
    for (let bit = 0; bit < 8 * packed.length; bit++) {
      const changed = packed.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      if (padding.has(bit)) expect(() => unpackVector(changed, segments), `bit ${bit}`).toThrow(malformed)
      else expect(packVector(unpackVector(changed, segments), segments), `bit ${bit}`).toEqual(changed)
    }
  })

  test('refuses too few bytes for a huge vector before it allocates memory', () => {
    expect(() => unpackVector(new Uint8Array(1), [{ length: 2 ** 34, bits: 64 }])).toThrow(malformed)
  })

  test('gives a typed error if the engine has no memory for the vector, as do a new vector, accumulator or adder', () => {
    const error = expect.objectContaining({ code: 'unsupported', fault: 'usage', got: 2 ** 37 })
    const huge = [{ length: 2 ** 34, bits: 64 }]
    expect(() => createVector(huge)).toThrow(error)
    expect(() => createAccumulator(huge)).toThrow(error)
    expect(() => createPlainAdder(2 ** 37)).toThrow(error)
  })

  test.each([null, undefined, 'bytes', [1, 2], new Uint16Array(8), new ArrayBuffer(8)])(
    'refuses %s',
    (bytes) => {
      const unpack = (): unknown => unpackVector(bytes as unknown as Uint8Array, segments)
      expect(unpack).toThrow(expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }))
    },
  )
})

describe('a part of a packed vector', () => {
  /** A position that is a multiple of 8 within a segment, or at the end of a segment. */
  function cutOf(segments: readonly Segment[], choice: number): number {
    const ends = segments.map((_, index) => elementCount(segments.slice(0, index)))
    const cuts = segments.flatMap(({ length }, index) =>
      Array.from(
        { length: Math.ceil(length / 8) + 1 },
        (_, eighth) => ends[index]! + Math.min(8 * eighth, length),
      ),
    )
    return cuts[choice % cuts.length] ?? 0
  }

  test('is the packed form of that part', () => {
    fc.assert(
      fc.property(segmentsArbitrary, fc.nat(), fc.nat(), (segments, a, b) => {
        const cuts = [cutOf(segments, a), cutOf(segments, b)]
        const range = { from: Math.min(...cuts), to: Math.max(...cuts) }
        const vector = vectorOf(valuesFor(segments, a), segments)
        const packed = packVector(vector, segments)
        const { from, to } = packedRange(segments, range)
        const part = packed.subarray(from, to)
        const shape = segmentsInRange(segments, range)
        expect(packVector(vectorInRange(vector, segments, range), shape)).toEqual(part)
        expect(unpackVector(part, shape)).toEqual(vectorInRange(vector, segments, range))
      }),
    )
  })

  test.each([
    [1, 8],
    [0, 17],
    [8, 12],
  ])('cannot begin or end within a byte: %s to %s', (from, to) => {
    expect(() => packedRange([{ length: 20, bits: 5 }], { from, to })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }),
    )
  })

  test('cannot leave the elements', () => {
    expect(() => packedRange([{ length: 8, bits: 5 }], { from: 0, to: 9 })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
