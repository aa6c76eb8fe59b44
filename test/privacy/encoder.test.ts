import {
  analyzePrivacy,
  createPrivateEncoder,
  decodePrivateSum,
  type PrivacySetting,
  rotate,
} from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { unwrap } from '../../src/privacy/wrapping.js'
import { encodeAll, meanSquare, rotationSeed, sumLanes, sumOfVectors, vectorsOf } from './cohort.js'
import { seededCrypto } from './support.js'

const setting: PrivacySetting = {
  clients: 20,
  minimumHonest: 12,
  length: 3000,
  clip: 2,
  bits: 18,
  noiseMultiplier: 0.8,
  delta: 1e-6,
}

describe('the sum of private vectors', () => {
  test.each([
    ['skellam', 10],
    ['skellam', 18],
    ['skellam', 32],
    ['discrete-gaussian', 18],
  ] as const)('is the true one but for the noise that was stated (%s, %d bits)', (distribution, bits) => {
    const given = { ...setting, distribution, bits }
    const { sumStandardDeviation, scale, localVariance } = analyzePrivacy(given)
    const vectors = vectorsOf(20, 3000, 2, 50)
    const encodings = encodeAll(given, vectors, 51)
    const sum = decodePrivateSum(
      given,
      sumLanes(
        encodings.map(({ vector }) => vector),
        bits,
      ),
      rotationSeed,
    )
    expect(sum).toHaveLength(3000)
    const truth = sumOfVectors(vectors)
    const error = meanSquare(sum, truth)
    // The mean square of 3000 elements is within 2.6 % (one standard deviation) of its expectation.
    expect(error).toBeLessThan(sumStandardDeviation ** 2 * 1.1)
    expect(error).toBeGreaterThan(((20 * localVariance) / scale ** 2) * 0.9)
    const greatest = sum.reduce((most, value, i) => Math.max(most, Math.abs(value - truth[i]!)), 0)
    expect(greatest).toBeLessThan(6 * sumStandardDeviation)
  })

  test('with vectors of zeros, its variance is the one that the accountant assumes', () => {
    const { localVariance, dimension } = analyzePrivacy(setting)
    const zeros = Array.from({ length: 20 }, () => new Float64Array(3000))
    const lanes = sumLanes(
      encodeAll(setting, zeros, 52).map(({ vector }) => vector),
      18,
    )
    const noise = unwrap(lanes, 18, -(2 ** 17))
    const variance = meanSquare(noise, new Float64Array(dimension))
    expect(Math.abs(variance / (20 * localVariance) - 1)).toBeLessThan(4 * Math.sqrt(2 / dimension))
  })

  test('works for 32-bit floats', () => {
    const encoder = createPrivateEncoder({ ...setting, noiseMultiplier: 0.01, bits: 30 }, seededCrypto(53))
    const vector = Float32Array.from({ length: 3000 }, (_, i) => Math.sin(i) / 100)
    const { vector: lanes, clipping } = encoder.encode(vector, rotationSeed)
    const decoded = decodePrivateSum(encoder.parameters, lanes, rotationSeed)
    expect(clipping.clipped).toBe(false)
    expect(meanSquare(decoded, Float64Array.from(vector))).toBeLessThan(
      encoder.parameters.sumStandardDeviation ** 2,
    )
  })

  test('needs no more elements than the vector has', () => {
    for (const length of [1, 3, 1000, 1024, 1025]) {
      const { parameters, encode } = createPrivateEncoder({ ...setting, length, bits: 24 }, seededCrypto(53))
      expect(parameters.segment.length).toBe(length)
      expect(encode(new Float64Array(length), rotationSeed).vector).toHaveLength(length)
    }
  })

  test('works for one element, and for lengths that are not powers of two', () => {
    for (const length of [1, 2, 5, 1023]) {
      const given = { ...setting, length, noiseMultiplier: 0.01, bits: 24 }
      const vectors = vectorsOf(20, length, 1, 54)
      const lanes = encodeAll(given, vectors, 55).map(({ vector }) => vector)
      const sum = decodePrivateSum(given, sumLanes(lanes, 24), rotationSeed)
      expect(sum).toHaveLength(length)
      expect(Math.sqrt(meanSquare(sum, sumOfVectors(vectors)))).toBeLessThan(0.1)
    }
  })

  test('the lanes fit the segment, and the input is not changed', () => {
    const vector = vectorsOf(1, 3000, 9, 56)[0]!
    const before = Float64Array.from(vector)
    for (const [bits, type] of [
      [8, Uint8Array],
      [16, Uint16Array],
      [18, Uint32Array],
    ] as const) {
      const { parameters, encode } = createPrivateEncoder({ ...setting, bits }, seededCrypto(57))
      const lanes = encode(vector, rotationSeed).vector
      expect(lanes).toBeInstanceOf(type)
      expect(lanes).toHaveLength(parameters.segment.length)
      expect(Math.max(...(lanes as Uint32Array))).toBeLessThan(2 ** bits)
    }
    expect(vector).toEqual(before)
  })

  test('wraps around as rarely as stated if all clients hold the same vector', () => {
    const given = { ...setting, tail: 1.5, length: 8192, bits: 12, noiseMultiplier: 0.05 }
    const { scale, wrapProbability } = analyzePrivacy(given)
    const [vector] = vectorsOf(1, 8192, 2, 58)
    const encodings = encodeAll(
      given,
      Array.from({ length: 20 }, () => vector!),
      59,
    )
    const sum = unwrap(
      sumLanes(
        encodings.map(({ vector: lanes }) => lanes),
        12,
      ),
      12,
      -(2 ** 11),
    )
    const truth = Float64Array.from(vector!)
    rotate(truth, rotationSeed)
    const wrapped = sum.filter((value, i) => Math.abs(value - 20 * scale * truth[i]!) > 2 ** 11).length
    // A normal variable is beyond 1.5 standard deviations in 13.4 % of all cases.
    expect(wrapped / 8192).toBeCloseTo(0.134, 1)
    expect(wrapped / 8192).toBeLessThan(wrapProbability)
  })
})

describe('clipping', () => {
  const vector = vectorsOf(1, 3000, 5, 60)[0]!

  test('reports the norm before clipping, and the factor', () => {
    const { encode } = createPrivateEncoder(setting, seededCrypto(61))
    const { clipping } = encode(vector, rotationSeed)
    expect(clipping.clipped).toBe(true)
    expect(clipping.norm).toBeCloseTo(5, 12)
    expect(clipping.factor).toBeCloseTo(2 / 5, 12)
    const short = vector.map((value) => value / 5)
    expect(encode(short, rotationSeed).clipping).toMatchObject({ clipped: false, factor: 1 })
  })

  test('scales the vector and keeps its direction', () => {
    const given = { ...setting, noiseMultiplier: 0.01, bits: 28 }
    const [encoding] = encodeAll(given, [vector], 62)
    const decoded = decodePrivateSum(given, encoding!.vector, rotationSeed)
    const expected = vector.map((value) => value * 0.4)
    expect(Math.sqrt(meanSquare(decoded, expected))).toBeLessThan(0.02)
  })

  test('can be refused; the message does not reveal the vector', () => {
    const { encode } = createPrivateEncoder(setting, seededCrypto(63), { clipping: 'refuse' })
    let refusal: unknown
    try {
      encode(vector, rotationSeed)
    } catch (error) {
      refusal = error
    }
    expect(refusal).toMatchObject({
      code: 'input-out-of-range',
      fault: 'usage',
      expected: 'at most 2',
      got: undefined,
    })
    expect(
      encode(
        vector.map((value) => value / 5),
        rotationSeed,
      ).clipping.factor,
    ).toBe(1)
  })

  test('works if the squares overflow a double', () => {
    const { encode } = createPrivateEncoder(setting, seededCrypto(64))
    const { clipping } = encode(
      vector.map((value) => value * 1e200),
      rotationSeed,
    )
    expect(clipping.norm / 5e200).toBeCloseTo(1, 12)
    expect(clipping.factor * 5e200).toBeCloseTo(2, 12)
  })

  test('works if sums of elements overflow a double', () => {
    const encoder = createPrivateEncoder({ ...setting, noiseMultiplier: 0.01, bits: 28 }, seededCrypto(66))
    const huge = new Float64Array(3000).fill(1e306)
    const decoded = decodePrivateSum(
      encoder.parameters,
      encoder.encode(huge, rotationSeed).vector,
      rotationSeed,
    )
    expect(Math.sqrt(meanSquare(decoded, new Float64Array(3000).fill(2 / Math.sqrt(3000))))).toBeLessThan(
      0.02,
    )
    expect(() => encoder.encode(huge.fill(1e308), rotationSeed)).toThrow(
      expect.objectContaining({ code: 'input-out-of-range' }),
    )
  })
})

describe('what is refused', () => {
  const { encode } = createPrivateEncoder(setting, seededCrypto(65))

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%d, with its index in the message',
    (value) => {
      for (const vector of [new Float32Array(3000), new Float64Array(3000)]) {
        vector[1234] = value
        const act = (): unknown => encode(vector, rotationSeed)
        expect(act).toThrow(expect.objectContaining({ code: 'input-out-of-range' }))
        expect(act).toThrow('element 1234')
      }
    },
  )

  test('vectors of another length or type, and other seeds', () => {
    const vector = new Float64Array(3000)
    for (const [values, seed] of [
      [new Float64Array(2999), rotationSeed],
      [new Int32Array(3000), rotationSeed],
      [Array.from(vector), rotationSeed],
      [undefined, rotationSeed],
      [vector, new Uint8Array(15)],
      [vector, 'seed'],
    ]) {
      expect(() => encode(values as Float64Array, seed as Uint8Array)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }),
      )
    }
  })

  test('sums of another length, type or range', () => {
    const wrong = new Uint32Array(3000)
    wrong[7] = 2 ** 18
    for (const sum of [new Uint32Array(4096), new Uint16Array(3000), wrong, [1]]) {
      expect(() => decodePrivateSum(setting, sum as Uint32Array, rotationSeed)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
  })

  test('an unknown way to clip', () => {
    const clipping = 'ignore' as 'report'
    expect(() => createPrivateEncoder(setting, seededCrypto(1), { clipping })).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
