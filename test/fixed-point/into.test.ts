import {
  createFixedPoint,
  createWeightedMean,
  decodeMean,
  decodeWeighted,
  encodeValues,
  encodeWeighted,
} from 'secagg/fixed-point'
import { createVector, type Vector } from 'secagg/vector'
import { describe, expect, test } from 'vitest'
import { encodeWith } from '../../src/fixed-point/encode-range.js'
import { decodeWith, readerOf } from '../../src/fixed-point/real-values.js'
import { createFloatKernel } from '../../src/vector/kernels/kernel-floats.js'
import { bytesOf, createLanes } from '../../src/vector/lanes.js'
import { thrownBy } from '../support/refusals.js'
import { randomOf } from '../support/seeded.js'

const kernel = createFloatKernel()!

/** Encodings with lanes of 1, 2, 4 and 8 bytes. */
const ENCODINGS = [
  { clip: 1, bitsPerValue: 4, clients: 2 },
  { clip: 2, bitsPerValue: 8, clients: 100 },
  { clip: 1 / 3, bitsPerValue: 16, clients: 1000 },
  { clip: 1, bitsPerValue: 24, clients: 1000, maximumWeight: 1000 },
].map(createFixedPoint)

const LENGTH = 16384 + 2048 + 3

const valuesOf = (clip: number, seed: number): Float64Array => {
  const random = randomOf(seed)
  return Float64Array.from({ length: LENGTH }, () => 1.02 * clip * (random.word() / 2 ** 31 - 1))
}

const refused = (message: string) => ({
  code: 'invalid-argument',
  fault: 'usage',
  message: expect.stringContaining(message),
})

describe.each(ENCODINGS.map((encoding) => [encoding.bits, encoding] as const))(
  'a loop with elements of %d bits',
  (_, encoding) => {
    test('encodes and decodes in the same memory, with the same bits, in the kernel and in plain TypeScript', () => {
      const lanes = createLanes(encoding.bits, LENGTH)
      const mean = new Float64Array(LENGTH)
      for (const seed of [1, 2, 3]) {
        const values = valuesOf(encoding.clip, seed)
        for (const kernelOrNone of [kernel, undefined]) {
          const encode = (into?: typeof lanes) =>
            encodeWith(kernelOrNone, readerOf(values), { from: 0, to: LENGTH }, encoding, {
              ...{ weight: 1, onClip: 'report', into },
              randomBytes: randomOf(seed).bytes,
            })
          const [fresh, reused] = [encode(), encode(lanes)]
          expect(reused.lanes).toBe(lanes)
          expect(reused).toEqual(fresh)
          const decoded = decodeWith(kernelOrNone, lanes, encoding, 1)
          expect(decodeWith(kernelOrNone, lanes, encoding, 1, mean)).toBe(mean)
          expect(mean).toEqual(decoded)
        }
      }
    })

    test('has zeros, not a part of a result, after a value or an element that is refused', () => {
      const values = valuesOf(encoding.clip, 4)
      values[LENGTH - 2] = Number.NaN
      const sum = encodeValues(valuesOf(encoding.clip, 5), encoding).lanes
      bytesOf(sum).fill(0xff, -8)
      for (const kernelOrNone of [kernel, undefined]) {
        const lanes = createLanes(encoding.bits, LENGTH)
        bytesOf(lanes).fill(7)
        const options = { weight: 1, onClip: 'report', randomBytes: randomOf(6).bytes, into: lanes } as const
        const encode = () =>
          encodeWith(kernelOrNone, readerOf(values), { from: 0, to: LENGTH }, encoding, options)
        expect(thrownBy(encode)).toMatchObject({ code: 'input-out-of-range' })
        expect(lanes).toEqual(createLanes(encoding.bits, LENGTH))
        const mean = new Float64Array(LENGTH).fill(7)
        expect(thrownBy(() => decodeWith(kernelOrNone, sum, encoding, 1, mean))).toMatchObject({
          code: 'input-out-of-range',
          fault: 'peer',
        })
        // In plain TypeScript, all elements are checked before anything is written.
        expect(new Set(mean)).toEqual(new Set([kernelOrNone === undefined ? 7 : 0]))
      }
    })
  },
)

describe('memory for values', () => {
  const encoding = createFixedPoint({ clip: 1, bitsPerValue: 16, clients: 4, maximumWeight: 9 })
  const task = createWeightedMean(5, encoding)
  const values = Float64Array.of(-1, -0.5, 0, 0.5, 2)
  const randomBytes = (length: number): Uint8Array => randomOf(1).bytes(length)

  test('serves weighted means, which also return it', () => {
    const into: Vector = createVector(task.segments)
    const mean = new Float64Array(5)
    for (const weight of [9, 0, 4]) {
      const fresh = encodeWeighted(values, weight, task, { randomBytes })
      const reused = encodeWeighted(values, weight, task, { randomBytes, into })
      expect(reused.input).toBe(into)
      expect(reused).toEqual(fresh)
      if (weight === 0) continue
      const result = decodeWeighted(into, 2, task, { into: mean })
      expect(result.mean).toBe(mean)
      expect(result).toEqual(decodeWeighted(into, 2, task))
    }
  })

  test('is refused and unchanged if it does not fit, or is the memory of the input', () => {
    const { lanes } = encodeValues(values, encoding)
    const sum = encodeWeighted(values, 2, task).input
    const own = new ArrayBuffer(64)
    const inOwn = new Float64Array(own, 0, 5)
    inOwn.set(values)
    const cases: [() => unknown, string][] = [
      [
        () => encodeValues(values, encoding, { into: new Uint16Array(5) }),
        'into must be a Uint32Array, not Uint16Array',
      ],
      [
        () => encodeValues(values, encoding, { into: new Uint32Array(6) }),
        'into must have 5 elements, not 6',
      ],
      [() => encodeValues(inOwn, encoding, { into: new Uint32Array(own, 36, 5) }), 'must not overlap'],
      [() => encodeValues([...values], encoding, { into: values as never }), 'not Float64Array'],
      [
        () => encodeWeighted(values, 1, task, { into: sum.slice(1) }),
        'into must be a list of 2 arrays of lanes, not 1',
      ],
      [
        () => encodeWeighted(values, 1, task, { into: [sum[1]!, sum[0]!] }),
        'segment 0 of into must be a Uint32Array',
      ],
      [
        () => decodeMean(lanes, encoding, 1, { into: new Float32Array(5) as never }),
        'into must be a Float64Array',
      ],
      [
        () => decodeMean(lanes, encoding, 1, { into: new Float64Array(4) }),
        'into must have 5 elements, not 4',
      ],
      [
        () => decodeMean(new Uint32Array(own, 40, 5), encoding, 1, { into: new Float64Array(own, 8, 5) }),
        'must not overlap',
      ],
      [
        () => decodeWeighted([sum[0]!, new Uint8Array(own, 0, 1)], 1, task, { into: inOwn }),
        'must not overlap',
      ],
    ]
    const before = structuredClone([values, lanes, sum, inOwn])
    for (const [work, message] of cases) expect(thrownBy(work)).toMatchObject(refused(message))
    expect([values, lanes, sum, inOwn]).toEqual(before)
  })
})
