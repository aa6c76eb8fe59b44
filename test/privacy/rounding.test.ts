import * as fc from 'fast-check'
import { roundedL1Bound, roundedL2Bound, scaleFor } from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { RandomWords } from '../../src/crypto/random.js'
import { l2Norm, NORM_MARGIN, roundConditionally, sumOfSquares } from '../../src/privacy/wrapping.js'
import { randomOf } from '../support/seeded.js'
import { seededCrypto } from './support.js'

/** A vector of this norm, each element drawn at random. */
function vectorOf(length: number, norm: number, seed: number): Float64Array {
  const random = randomOf(seed)
  const vector = Float64Array.from({ length }, () => random.word() / 2 ** 31 - 1)
  const factor = (norm * (1 - NORM_MARGIN)) / l2Norm(vector)
  return vector.map((value) => value * factor)
}

describe('the bounds of norms', () => {
  test('reference values for d = 256 and s·c = 10', () => {
    expect(roundedL2Bound(10, 256, 0)).toBe(26)
    expect(roundedL2Bound(10, 256)).toBeCloseTo(13.490737563, 9)
    expect(roundedL2Bound(10, 256, Math.exp(-0.5))).toBeCloseTo(13.490737563, 9)
    expect(roundedL1Bound(3, 256)).toBe(9)
    expect(roundedL1Bound(20, 256)).toBe(320)
  })

  test('a smaller β gives a larger bound, up to the one that always holds', () => {
    const bounds = [0.9, 0.5, 0.1, 1e-6, 1e-300].map((beta) => roundedL2Bound(10, 256, beta))
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b))
    expect(bounds.at(-1)).toBeLessThanOrEqual(26)
  })

  test('reference values of the scale', () => {
    const headroom = { dimension: 256, clip: 10, tail: 4 }
    expect(scaleFor({ ...headroom, clients: 100, localStandardDeviation: 1, bits: 16 })).toBeCloseTo(
      129.425794,
      6,
    )
    const many = { ...headroom, clients: 1000, localStandardDeviation: 10 / Math.sqrt(1000), bits: 12 }
    expect(scaleFor(many)).toBeCloseTo(0.818704494, 9)
    expect(scaleFor({ ...many, bits: 6 })).toBe(0)
  })
})

describe('conditional stochastic rounding', () => {
  test('never exceeds its bound, for any vector', () => {
    const words = new RandomWords(seededCrypto(30))
    const one = fc.record({
      length: fc.integer({ min: 1, max: 300 }),
      norm: fc.double({ min: 1e-3, max: 1e9, noNaN: true }),
      seed: fc.nat(),
    })
    fc.assert(
      fc.property(one, ({ length, norm, seed }) => {
        const vector = vectorOf(length, norm, seed)
        const before = Float64Array.from(vector)
        const bound = roundedL2Bound(norm, length)
        roundConditionally(vector, bound, words)
        expect(vector.every(Number.isInteger)).toBe(true)
        expect(l2Norm(vector)).toBeLessThanOrEqual(bound)
        expect(vector.reduce((sum, x) => sum + Math.abs(x), 0)).toBeLessThanOrEqual(
          roundedL1Bound(bound, length),
        )
        expect(vector.every((x, i) => Math.abs(x - before[i]!) < 1)).toBe(true)
      }),
      { seed: 31, numRuns: 300 },
    )
  })

  test('keeps the expected value of every element', () => {
    const words = new RandomWords(seededCrypto(32))
    const vector = Float64Array.of(0.5, -0.25, 3.9, -7.001, 2, 0)
    const sums = new Float64Array(6)
    const turns = 40_000
    for (let turn = 0; turn < turns; turn++) {
      const rounded = Float64Array.from(vector)
      roundConditionally(rounded, 100, words)
      for (let i = 0; i < 6; i++) sums[i]! += rounded[i]!
    }
    for (let i = 0; i < 6; i++) {
      const fraction = vector[i]! - Math.floor(vector[i]!)
      const error = Math.abs(sums[i]! / turns - vector[i]!)
      expect(error).toBeLessThanOrEqual(5 * Math.sqrt((fraction * (1 - fraction)) / turns))
    }
  })

  test('an attempt fails with probability at most β', () => {
    // All fractions are ½, which is the worst case.
    const words = new RandomWords(seededCrypto(33))
    const turns = 2000
    let first = 0
    for (let turn = 0; turn < turns; turn++) {
      const vector = new Float64Array(64).fill(0.5)
      if (roundConditionally(vector, roundedL2Bound(4.0001, 64), words) === 1) first++
    }
    expect(first / turns).toBeGreaterThan(1 - Math.exp(-0.5))
  })

  test('after the last attempt, elements are rounded toward zero, which never makes a vector longer', () => {
    const words = new RandomWords(seededCrypto(34))
    const vector = new Float64Array(1000).fill(-1.5)
    vector[0] = 2.75
    const norm = l2Norm(vector)
    expect(roundConditionally(vector, norm * (1 + 1e-6), words, 5)).toBeUndefined()
    expect(vector[0]).toBe(2)
    expect(vector.subarray(1).every((value) => value === -1)).toBe(true)
    expect(l2Norm(vector)).toBeLessThan(norm)
  })

  test('a vector that is too long before rounding is an internal error', () => {
    const words = new RandomWords(seededCrypto(35))
    expect(() => roundConditionally(Float64Array.of(3, 4), 4.9, words)).toThrow(
      expect.objectContaining({ code: 'internal', fault: 'internal' }),
    )
  })
})

describe('norms', () => {
  test('are right if the squares overflow a double', () => {
    expect(l2Norm(Float64Array.of(3, 4))).toBe(5)
    expect(l2Norm(Float64Array.of(3e200, 4e200))).toBeCloseTo(5e200, -190)
    expect(l2Norm(Float64Array.of(3e-200, 4e-200)) / 5e-200).toBeCloseTo(1, 14)
    expect(l2Norm(new Float64Array(3))).toBe(0)
  })

  test('squares of many elements add up without drift', () => {
    expect(sumOfSquares(new Float64Array(2 ** 20).fill(0.1)) / (2 ** 20 * 0.1 * 0.1)).toBeCloseTo(1, 12)
  })
})
