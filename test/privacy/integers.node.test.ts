import {
  analyzeIntegerPrivacy,
  chooseIntegerPrivacy,
  createIntegerEncoder,
  decodeIntegerSum,
  type IntegerPrivacySetting,
  type IntegerPrivacyTarget,
} from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { sumLanes } from './cohort.js'
import { seededCrypto } from './support.js'

/** A histogram of 10 cells: every client is in one of them. */
const histogram: IntegerPrivacyTarget = {
  clients: 1000,
  minimumHonest: 700,
  length: 10,
  l1Sensitivity: 1,
  l2Sensitivity: 1,
  maximumSum: 1000,
  epsilon: 1,
  delta: 1e-6,
}

describe('a histogram under a privacy target', () => {
  const parameters = chooseIntegerPrivacy(histogram)

  test('uses the smallest noise, and no rotation', () => {
    expect(parameters.epsilon).toBeLessThanOrEqual(1)
    expect(parameters.epsilon).toBeGreaterThan(0.999)
    expect(parameters.dimension).toBe(10)
    // Less than the 4.22 of normal noise: a Skellam distribution has heavier tails, where ε is lost. By Rényi divergence, 4.65.
    expect(parameters.noiseStandardDeviation).toBe(3.77371)
    expect(parameters.accountant).toBe('loss-distribution')
    const less = { ...parameters, noiseStandardDeviation: parameters.noiseStandardDeviation * 0.999 }
    expect(analyzeIntegerPrivacy(less).epsilon).toBeGreaterThan(1)
  })

  test('the bits have room for all counts and their noise', () => {
    expect(parameters.segment).toEqual({ length: 10, bits: parameters.bits, bound: 'modular' })
    expect(parameters.bits).toBe(11)
    expect(2 ** 11).toBeGreaterThan(1000 + 2 * 7 * parameters.sumStandardDeviation)
  })

  test('decoded counts have the stated noise', () => {
    const encoder = createIntegerEncoder(parameters, seededCrypto(70))
    const counts = [0, 1, 2, 3, 500, 494, 0, 0, 0, 0]
    const errors: number[] = []
    for (let turn = 0; turn < 20; turn++) {
      const lanes = counts.flatMap((count, cell) =>
        Array.from({ length: count }, () => encoder.encode(counts.map((_, index) => Number(index === cell)))),
      )
      expect(lanes).toHaveLength(1000)
      const sums = decodeIntegerSum(parameters, sumLanes(lanes, parameters.bits))
      expect(sums.every(Number.isInteger)).toBe(true)
      for (const [cell, sum] of sums.entries()) errors.push(sum - counts[cell]!)
    }
    const variance = errors.reduce((sum, error) => sum + error * error, 0) / errors.length
    expect(errors.every((error) => Math.abs(error) < 6 * parameters.sumStandardDeviation)).toBe(true)
    expect(Math.abs(variance / (1000 * parameters.localVariance) - 1)).toBeLessThan(
      5 * Math.sqrt(2 / errors.length),
    )
  })

  test('sums below zero or above all counts are not clamped', () => {
    const { bits } = parameters
    const sum = Uint16Array.of(0, 2 ** bits - 5, 1007, 1000, 1, 2, 3, 4, 5, 6)
    expect([...decodeIntegerSum(parameters, sum)]).toEqual([0, -5, 1007, 1000, 1, 2, 3, 4, 5, 6])
  })

  test('a client cannot be in two cells, nor twice in one', () => {
    const { encode } = createIntegerEncoder(parameters, seededCrypto(71))
    for (const values of [
      [1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
      [0, 0, 2, 0, 0, 0, 0, 0, 0, 0],
      [1, 0, 0, -1, 0, 0, 0, 0, 0, 0],
      [0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      [Number.NaN, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]) {
      expect(() => encode(values)).toThrow(expect.objectContaining({ code: 'input-out-of-range' }))
    }
    for (const values of [[1], undefined, 'histogram!']) {
      expect(() => encode(values as number[])).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    }
  })
})

describe('stated sensitivities', () => {
  test('need noise in proportion', () => {
    const one = chooseIntegerPrivacy(histogram).noiseStandardDeviation
    const five = chooseIntegerPrivacy({
      ...histogram,
      l1Sensitivity: 25,
      l2Sensitivity: 5,
      maximumSum: 5000,
    })
    expect(five.noiseStandardDeviation / one).toBeGreaterThan(4.8)
    expect(five.noiseStandardDeviation / one).toBeLessThan(5.7)
  })

  test('allow a norm of √3 in floating point', () => {
    const three = { ...histogram, l1Sensitivity: 3, l2Sensitivity: Math.sqrt(3) }
    const { encode } = createIntegerEncoder(chooseIntegerPrivacy(three), seededCrypto(72))
    expect(encode([1, 1, -1, 0, 0, 0, 0, 0, 0, 0])).toHaveLength(10)
    expect(() => encode([2, 1, 0, 0, 0, 0, 0, 0, 0, 0])).toThrow('L2')
    expect(() => encode([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])).toThrow('L1')
  })

  test('sums may be negative without noise', () => {
    const { epsilon: _target, ...query } = histogram
    const setting: IntegerPrivacySetting = {
      ...query,
      length: 2,
      l1Sensitivity: 100,
      l2Sensitivity: 100,
      minimumSum: -100_000,
      maximumSum: 0,
      noiseStandardDeviation: 10,
    }
    const { encode, parameters } = createIntegerEncoder(setting, seededCrypto(73))
    const lanes = Array.from({ length: 1000 }, () => encode([-100, 0]))
    const [low, high] = decodeIntegerSum(setting, sumLanes(lanes, parameters.bits))
    expect(Math.abs(low! + 100_000)).toBeLessThan(100)
    expect(Math.abs(high!)).toBeLessThan(100)
  })

  test('stated bits are kept, or refused with the number that is needed', () => {
    const setting = { ...histogram, noiseStandardDeviation: 5 }
    expect(analyzeIntegerPrivacy({ ...setting, bits: 16 }).segment.bits).toBe(16)
    const act = (): unknown => analyzeIntegerPrivacy({ ...setting, bits: 10 })
    expect(act).toThrow(expect.objectContaining({ code: 'invalid-configuration', expected: 11, got: 10 }))
    expect(() => analyzeIntegerPrivacy({ ...setting, maximumSum: 2 ** 32 })).toThrow('33 bits')
  })

  test('discrete Gaussians too coarse for their sum are refused', () => {
    const coarse = { ...histogram, distribution: 'discrete-gaussian' as const }
    expect(() => chooseIntegerPrivacy(coarse)).toThrow(
      expect.objectContaining({ code: 'invalid-configuration' }),
    )
    const few = chooseIntegerPrivacy({ ...coarse, clients: 12, minimumHonest: 10, maximumSum: 12 })
    expect(few.collapsed).toBe(false)
    expect(few.localVariance).toBeGreaterThan(1)
  })

  test('a huge ε needs hardly any noise', () => {
    const parameters = chooseIntegerPrivacy({ ...histogram, epsilon: 1000 })
    expect(parameters.epsilon).toBeLessThanOrEqual(1000)
    expect(parameters.noiseStandardDeviation).toBeLessThan(0.1)
    expect(
      createIntegerEncoder(parameters, seededCrypto(74)).encode([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ).toHaveLength(10)
  })

  test('noise that does not fit 32 bits is refused, with advice', () => {
    for (const changes of [{ l2Sensitivity: 2 ** 40 }, { l1Sensitivity: 2 ** 30, l2Sensitivity: 2 ** 30 }]) {
      const act = (): unknown => chooseIntegerPrivacy({ ...histogram, ...changes })
      expect(act).toThrow(expect.objectContaining({ code: 'invalid-configuration' }))
    }
    expect(() => chooseIntegerPrivacy({ ...histogram, l2Sensitivity: 2 ** 40 })).toThrow(
      'smaller sensitivities',
    )
  })

  test.each([
    ['l1Sensitivity', 0],
    ['l2Sensitivity', Number.NaN],
    ['maximumSum', -1],
    ['maximumSum', 0.5],
    ['minimumSum', -(2 ** 40)],
    ['length', 0],
    ['bits', 40],
    ['epsilon', -1],
    ['clients', 1],
  ])('%s = %s is refused by name', (name, value) => {
    const act = (): unknown => chooseIntegerPrivacy({ ...histogram, [name]: value })
    expect(act).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(act).toThrow(name)
  })
})
