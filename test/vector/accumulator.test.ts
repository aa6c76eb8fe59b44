import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  type Accumulator,
  createAccumulator,
  type ElementRange,
  elementCount,
  fingerprint,
  laneBytes,
  packedRange,
  packVector,
  type Segment,
} from '../../src/vector/index.js'
import { createKernelSum } from '../../src/vector/kernels/kernel-sum.js'
import { combine, segmentsArbitrary, valuesFor, valuesOf, vectorOf } from './support.js'

afterEach(() => vi.unstubAllGlobals())

/** The module, loaded as on a host without WebAssembly. */
async function withoutWebAssembly(): Promise<typeof import('../../src/vector/accumulator.js')> {
  vi.resetModules()
  vi.stubGlobal('WebAssembly', undefined)
  return import('../../src/vector/accumulator.js')
}

const whole = (segments: readonly Segment[]): ElementRange => ({ from: 0, to: elementCount(segments) })

function packed(values: readonly (readonly bigint[])[], segments: readonly Segment[]): Uint8Array {
  return packVector(vectorOf(values, segments), segments)
}

/** A view of the same bytes at an odd offset, between other bytes. */
function shifted(bytes: Uint8Array): Uint8Array {
  const memory = new Uint8Array(bytes.length + 16).fill(255)
  memory.set(bytes, 3)
  return memory.subarray(3, 3 + bytes.length)
}

const add = (a: bigint, b: bigint): bigint => a + b

describe('the sum is that of big integers', () => {
  test.each(Array.from({ length: 64 }, (_, index) => index + 1))('with elements of %s bits', (bits) => {
    // Lengths around multiples of 64 bytes of lanes and of 4032 packed bytes.
    const turn = 64 / laneBytes(bits)
    const piece = Math.floor((8 * 4032) / bits)
    for (const length of [1, 8, turn - 1, turn, turn + 1, piece - 1, piece, piece + 1, piece + turn + 3]) {
      const segments = [{ length, bits }]
      const sum = createKernelSum(segments)!
      let expected = [new Array<bigint>(length).fill(0n)]
      for (const seed of [1, 2, 3]) {
        // All ones from time to time, so that sums wrap around and carries propagate far.
        const values = valuesFor(segments, seed).map((lanes) =>
          lanes.map((value, i) => (i % 5 === seed ? 2n ** BigInt(bits) - 1n : value)),
        )
        const bytes = packed(values, segments)
        expect(sum.add(shifted(bytes), whole(segments))).toEqual(fingerprint(bytes))
        expected = combine(expected, values, segments, add)
      }
      expect(valuesOf(sum.toVector())).toEqual(expected)
    }
  })

  test('with segments of all kinds', () => {
    fc.assert(
      fc.property(segmentsArbitrary, fc.nat(), fc.nat(), (segments, seed, other) => {
        const values = [valuesFor(segments, seed), valuesFor(segments, other)]
        const expected = combine(values[0]!, values[1]!, segments, add)
        for (const sum of [createKernelSum(segments)!, createAccumulator(segments)]) {
          for (const each of values) {
            const bytes = packed(each, segments)
            expect(sum.add(bytes, whole(segments))).toEqual(fingerprint(bytes))
          }
          expect(valuesOf(sum.toVector())).toEqual(expected)
        }
      }),
      { numRuns: 50 },
    )
  })

  test('with many segments, some shorter and some longer than a piece', () => {
    const segments = Array.from({ length: 200 }, (_, i) => ({
      length: i % 23 === 0 ? 5000 + i : (i * 7) % 90,
      bits: 1 + ((i * 11) % 64),
    }))
    const values = valuesFor(segments, 1)
    const bytes = packed(values, segments)
    const sum = createAccumulator(segments)
    expect(sum.add(bytes)).toEqual(fingerprint(bytes))
    expect(sum.add(shifted(bytes))).toEqual(fingerprint(bytes))
    expect(valuesOf(sum.toVector())).toEqual(combine(values, values, segments, add))
  })
})

describe('parts', () => {
  const segments = [
    { length: 5001, bits: 20 },
    { length: 7, bits: 3 },
    { length: 300, bits: 61 },
    { length: 4096, bits: 8 },
    { length: 2000, bits: 32 },
    { length: 77, bits: 4 },
    { length: 1000, bits: 13 },
  ]
  const values = valuesFor(segments, 1)
  const bytes = packed(values, segments)
  const part = (range: ElementRange): Uint8Array => {
    const { from, to } = packedRange(segments, range)
    return bytes.subarray(from, to)
  }

  test('add up to the whole in any order and change nothing else', async () => {
    const plain = await withoutWebAssembly()
    for (const create of [createAccumulator, plain.createAccumulator]) {
      const sum = create(segments)
      sum.add(bytes)
      // Cuts at the ends of segments, and within segments between two bytes.
      const cuts = [
        0, 8, 2504, 4998, 5001, 5008, 5024, 5308, 5309, 9404, 9405, 11_403, 11_406, 11_481, 12_481,
      ]
      const ranges = cuts.slice(1).map((to, index) => ({ from: cuts[index]!, to }))
      for (const range of [...ranges].reverse())
        expect(sum.add(part(range), range)).toEqual(fingerprint(part(range)))
      expect(valuesOf(sum.toVector())).toEqual(combine(values, values, segments, add))
    }
  })

  test('at any position leave all other elements at zero', () => {
    for (let bits = 1; bits <= 64; bits++) {
      const single = [{ length: 400, bits }]
      const ones = packed([new Array<bigint>(400).fill(2n ** BigInt(bits) - 1n)], single)
      const sum = createKernelSum(single)!
      const range = { from: 8 * (bits % 7), to: 8 * (20 + (bits % 13)) }
      const { from, to } = packedRange(single, range)
      sum.add(ones.subarray(from, to), range)
      const expected = Array.from({ length: 400 }, (_, i) =>
        i >= range.from && i < range.to ? 2n ** BigInt(bits) - 1n : 0n,
      )
      expect(valuesOf(sum.toVector())).toEqual([expected])
    }
  })

  test('over several segments stay within each segment, also if lanes fill their memory to the end', () => {
    const full = [8, 5, 12, 16, 20, 32, 40, 64].map((bits) => ({ length: 1024 / laneBytes(bits), bits }))
    const ones = packed(
      full.map(({ length, bits }) => new Array<bigint>(length).fill(2n ** BigInt(bits) - 1n)),
      full,
    )
    for (const from of [0, 8, 1000]) {
      const sum = createKernelSum(full)!
      const range = { from, to: elementCount(full) - 8 }
      const bytes = packedRange(full, range)
      sum.add(ones.subarray(bytes.from, bytes.to), range)
      let element = 0
      const expected = full.map(({ length, bits }) =>
        Array.from({ length }, () => {
          const isIn = element >= range.from && element < range.to
          element++
          return isIn ? 2n ** BigInt(bits) - 1n : 0n
        }),
      )
      expect(valuesOf(sum.toVector())).toEqual(expected)
    }
  })

  test('can be empty', () => {
    const sum = createAccumulator(segments)
    expect(sum.add(new Uint8Array(0), { from: 5001, to: 5001 })).toEqual(fingerprint(new Uint8Array(0)))
    expect(createAccumulator([]).add(new Uint8Array(0))).toEqual(fingerprint(new Uint8Array(0)))
    expect(createAccumulator([]).toVector()).toEqual([])
  })
})

describe('a wrong argument is refused, and the sum does not change:', () => {
  const segments = [
    { length: 1003, bits: 13 },
    { length: 1005, bits: 35 },
  ]
  const values = valuesFor(segments, 2)
  const bytes = packed(values, segments)
  const malformed = { code: 'malformed-message', fault: 'peer' }
  const invalid = { code: 'invalid-argument', fault: 'usage' }
  const spoiled = (at: number): Uint8Array => bytes.with(at, 255)
  const cases: [string, (sum: Accumulator) => unknown, object][] = [
    ['a byte too few', (sum) => sum.add(bytes.subarray(1)), malformed],
    ['a byte too many', (sum) => sum.add(Uint8Array.of(...bytes, 0)), malformed],
    ['padding of the first segment', (sum) => sum.add(spoiled(Math.ceil((1003 * 13) / 8) - 1)), malformed],
    ['padding at the end', (sum) => sum.add(spoiled(bytes.length - 1)), malformed],
    ['a part of another length', (sum) => sum.add(bytes, { from: 0, to: 1003 }), malformed],
    ['a range within a byte', (sum) => sum.add(bytes, { from: 4, to: 2008 }), invalid],
    ['a range beyond', (sum) => sum.add(bytes, { from: 0, to: 2009 }), invalid],
    ['no bytes', (sum) => sum.add(Array.from(bytes) as unknown as Uint8Array), invalid],
  ]

  test.each(cases)('%s', async (_, refused, error) => {
    const plain = await withoutWebAssembly()
    for (const create of [createAccumulator, plain.createAccumulator]) {
      const sum = create(segments)
      sum.add(bytes)
      expect(() => refused(sum)).toThrow(expect.objectContaining(error))
      expect(valuesOf(sum.toVector())).toEqual(values)
    }
  })

  test('invalid segments', () => {
    expect(() => createAccumulator([{ length: -1, bits: 8 }])).toThrow(expect.objectContaining(invalid))
  })
})

describe('a copy of the sum', () => {
  test('shares no memory with the sum', () => {
    const segments = [{ length: 3000, bits: 30 }]
    const values = valuesFor(segments, 1)
    const bytes = packed(values, segments)
    const sum = createAccumulator(segments)
    sum.add(bytes)
    const copy = sum.toVector()
    expect(copy[0]!.buffer).toBeInstanceOf(ArrayBuffer)
    expect(copy[0]!.buffer.byteLength).toBe(12_000)
    sum.add(bytes)
    expect(valuesOf(copy)).toEqual(values)
    ;(copy[0] as Uint32Array).fill(0)
    expect(valuesOf(sum.toVector())).toEqual(combine(values, values, segments, add))
  })

  test.each([30, 3000])('has the %s elements that the sum was created with', (length) => {
    const segments = [{ length, bits: 30 }]
    const sum = createAccumulator(segments)
    segments[0]!.length = 5
    sum.add(new Uint8Array(Math.ceil((length * 30) / 8)))
    expect(sum.toVector()[0]!.length).toBe(length)
  })
})

describe('the sum is kept in plain arrays', () => {
  const segments = [
    { length: 3000, bits: 11 },
    { length: 900, bits: 32 },
  ]
  const values = valuesFor(segments, 3)
  const bytes = packed(values, segments)

  test('if the host has no WebAssembly', async () => {
    const fresh = await withoutWebAssembly()
    const sum = fresh.createAccumulator(segments)
    expect(sum.add(bytes)).toEqual(fingerprint(bytes))
    sum.add(bytes)
    expect(valuesOf(sum.toVector())).toEqual(combine(values, values, segments, add))
  })

  test('if the memory cannot be allocated', () => {
    let asked = 0
    vi.stubGlobal('WebAssembly', {
      ...WebAssembly,
      Memory: class {
        constructor() {
          asked++
          throw new RangeError('no memory')
        }
      },
    })
    const sum = createAccumulator(segments)
    expect(asked).toBe(1)
    expect(sum.add(bytes)).toEqual(fingerprint(bytes))
    expect(valuesOf(sum.toVector())).toEqual(values)
  })

  test('if the vector is too large for any WebAssembly memory', () => {
    expect(createKernelSum([{ length: 2 ** 29, bits: 64 }])).toBeUndefined()
  })

  test('if the vector is short', () => {
    let asked = 0
    vi.stubGlobal('WebAssembly', {
      ...WebAssembly,
      Memory: class {
        constructor() {
          asked++
        }
      },
    })
    const sum = createAccumulator([{ length: 100, bits: 32 }])
    sum.add(new Uint8Array(400).fill(1))
    expect(asked).toBe(0)
    expect((sum.toVector()[0] as Uint32Array).every((element) => element === 0x01010101)).toBe(true)
  })
})
