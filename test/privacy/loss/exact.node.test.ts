import { epsilonOf, type NoiseDistribution, type NoisySum, rdpOf } from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { privacyLoss, provenEpsilon } from '../../../src/privacy/accountant.js'
import {
  gaussianBound,
  gaussianParameter,
  sampledGaussianBound,
} from '../../../src/privacy/loss/gaussian-bound.js'
import { distributionBound, maximalShifts } from '../../../src/privacy/loss/round-pair.js'
import { randomOf } from '../../support/seeded.js'
import { exactDelta, lawOf, type Outcomes, outcomesOf, product, sampled, swapped } from './direct.js'

/*
 * ε against δ that is computed by summing over all outcomes. ε is valid if the δ at ε is at most the δ of the promise, and tight
 * if the δ at a slightly smaller ε is above it.
 */

const base: NoisySum = {
  distribution: 'skellam',
  clients: 4,
  minimumHonest: 1,
  dimension: 1,
  localVariance: 1,
  l1Sensitivity: 1,
  l2Sensitivity: 1,
}

function sumOf(
  distribution: NoiseDistribution,
  variance: number,
  shift: readonly number[],
  honest = 1,
): NoisySum {
  return {
    ...base,
    distribution,
    minimumHonest: honest,
    clients: honest,
    localVariance: variance / honest,
    dimension: shift.length,
    l1Sensitivity: shift.reduce((sum, k) => sum + k, 0),
    l2Sensitivity: Math.hypot(...shift),
  }
}

function outcomes(sum: NoisySum, shift: readonly number[], rounds: number): Outcomes {
  const law = lawOf(sum.distribution, sum.minimumHonest, sum.localVariance)
  const elements = Array.from({ length: rounds }, () => shift.map((k) => outcomesOf(law, k))).flat()
  return elements.reduce(product)
}

const noRate = { samplingRate: undefined }

describe.each(['skellam', 'discrete-gaussian'] as const)('%s: one element, few rounds', (distribution) => {
  const grid: readonly (readonly [variance: number, shift: number, rounds: number, delta: number])[] = [
    [0.3, 1, 1, 1e-5],
    [1, 1, 1, 1e-6],
    [1, 1, 2, 1e-5],
    [1, 2, 1, 1e-9],
    [2, 3, 1, 1e-3],
    [4, 1, 2, 1e-7],
    [9, 1, 1, 1e-12],
    [9, 4, 2, 1e-5],
    [25, 2, 1, 1e-6],
    [30, 3, 2, 1e-8],
    [200, 5, 1, 1e-6],
    [900, 40, 1, 1e-5],
  ]

  test.each(grid)('variance %d, shift %d, %d rounds, δ = %d', (variance, shift, rounds, delta) => {
    const sum = sumOf(distribution, variance, [shift])
    const { epsilon, accountant } = provenEpsilon(sum, { delta, rounds }, distributionBound)
    const all = outcomes(sum, [shift], rounds)
    expect(exactDelta(all, epsilon)).toBeLessThanOrEqual(delta)
    expect(exactDelta(all, epsilon * (rounds === 1 ? 1 - 1e-6 : 0.998))).toBeGreaterThan(delta)
    expect(accountant).toBe('loss-distribution')
    expect(exactDelta(all, gaussianBound(sum, rounds, delta))).toBeLessThanOrEqual(delta)
  })

  test('noise that is usually 0', () => {
    if (distribution === 'discrete-gaussian') return
    for (const [variance, shift, rounds, delta] of [
      [0.002, 1, 1, 1e-6],
      [0.1, 2, 2, 1e-4],
    ] as const) {
      const sum = sumOf(distribution, variance, [shift])
      const all = outcomes(sum, [shift], rounds)
      const epsilon = distributionBound(sum, { delta, rounds, ...noRate })
      expect(exactDelta(all, epsilon)).toBeLessThanOrEqual(delta)
      expect(exactDelta(all, epsilon * 0.99)).toBeGreaterThan(delta)
    }
  })

  test('the noise of several clients', () => {
    for (const [variance, honest, rounds] of [
      [3, 3, 1],
      [3, 3, 2],
      [12, 5, 1],
    ] as const) {
      const sum = sumOf(distribution, variance, [1], honest)
      const epsilon = distributionBound(sum, { delta: 1e-6, rounds, ...noRate })
      const all = outcomes(sum, [1], rounds)
      expect(exactDelta(all, epsilon)).toBeLessThanOrEqual(1e-6)
      expect(exactDelta(all, epsilon * 0.998)).toBeGreaterThan(1e-6)
    }
  })

  test('sampled clients, removed and added', () => {
    for (const [variance, shift, rate, rounds] of [
      [1, 1, 0.1, 1],
      [1, 1, 0.5, 2],
      [4, 2, 0.01, 2],
      [9, 1, 0.9, 2],
      [4, 1, 1e-4, 2],
    ] as const) {
      const sum = sumOf(distribution, variance, [shift])
      const removed = sampled(outcomes(sum, [shift], 1), rate)
      const repeated = rounds === 1 ? removed : product(removed, removed)
      const delta = 1e-7
      const worst = (epsilon: number): number =>
        Math.max(exactDelta(repeated, epsilon), exactDelta(swapped(repeated), epsilon))
      const epsilon = Math.min(
        distributionBound(sum, { delta, rounds, samplingRate: rate }),
        sampledGaussianBound(sum, rounds, delta, rate),
      )
      expect(worst(epsilon)).toBeLessThanOrEqual(delta)
      expect(worst(epsilon * 0.99)).toBeGreaterThan(delta)
      expect(worst(sampledGaussianBound(sum, rounds, delta, rate))).toBeLessThanOrEqual(delta)
    }
  })
})

test('a δ close to the probability of taking part at all, where ε is far below its Chernoff bound', () => {
  const sum = sumOf('discrete-gaussian', 0.9, [3])
  const once = sampled(outcomes(sum, [3], 1), 0.0024)
  const twice = product(once, once)
  for (const delta of [0.0043, 0.0046, 0.001]) {
    const epsilon = distributionBound(sum, { delta, rounds: 2, samplingRate: 0.0024 })
    const worst = (at: number): number => Math.max(exactDelta(twice, at), exactDelta(swapped(twice), at))
    expect(worst(epsilon)).toBeLessThanOrEqual(delta)
    const below = epsilon * 0.96 - 0.01
    if (below > 0) expect(worst(below)).toBeGreaterThan(delta)
  }
})

describe('several elements', () => {
  test('vectors that could be the worst case are enumerated', () => {
    const shapes = (dimension: number, l1Sensitivity: number, square: number) =>
      maximalShifts({ ...base, dimension, l1Sensitivity, l2Sensitivity: Math.sqrt(square) })
    expect(shapes(1, 7, 30)).toEqual([[5]])
    expect(shapes(9, 1, 1)).toEqual([[1]])
    expect(shapes(9, 3, 3)).toEqual([[1, 1, 1]])
    expect(shapes(2, 3, 3)).toEqual([[1, 1]])
    expect(shapes(9, 4, 4)).toEqual([[2], [1, 1, 1, 1]])
    expect(shapes(9, 5, 5)).toEqual([
      [2, 1],
      [1, 1, 1, 1, 1],
    ])
    expect(shapes(9, 2, 100)).toBeUndefined()
    expect(shapes(9, 2, 4)).toEqual([[2], [1, 1]])
    expect(shapes(1e6, 60, 60)).toBeUndefined()
  })

  test('no vector within the sensitivities has a larger δ, in one round', () => {
    const shifts = [[2], [1, 1], [1, 1, 1], [1, 1, 1, 1]]
    for (const [distribution, variance] of [
      ['skellam', 0.5],
      ['skellam', 0.9],
      ['discrete-gaussian', 0.5],
    ] as const) {
      const sum = { ...sumOf(distribution, variance, [1]), dimension: 4, l1Sensitivity: 4, l2Sensitivity: 2 }
      const epsilon = distributionBound(sum, { delta: 1e-4, rounds: 1, ...noRate })
      const deltas = shifts.map((shift) => exactDelta(outcomes(sum, shift, 1), epsilon))
      expect(Math.max(...deltas)).toBeLessThanOrEqual(1e-4)
      const below = shifts.map((shift) => exactDelta(outcomes(sum, shift, 1), epsilon * 0.99))
      expect(Math.max(...below)).toBeGreaterThan(1e-4)
    }
  })

  test('nor if the client changes its vector between rounds', () => {
    const sum = { ...base, localVariance: 2, dimension: 2, l1Sensitivity: 2, l2Sensitivity: 2 }
    const epsilon = distributionBound(sum, { delta: 1e-3, rounds: 2, ...noRate })
    const [pair, single] = [outcomes(sum, [1, 1], 1), outcomes(sum, [2], 1)]
    for (const [first, second] of [
      [single, single],
      [single, pair],
    ] as const) {
      expect(exactDelta(product(first, second), epsilon)).toBeLessThanOrEqual(1e-3)
    }
  })
})

test('random search: no bound is below the exact ε', () => {
  const { word } = randomOf(20_261)
  const next = (): number => word() / 2 ** 32
  const between = (low: number, high: number): number => low * (high / low) ** next()
  for (let turn = 0; turn < 150; turn++) {
    const distribution = next() < 0.5 ? 'skellam' : 'discrete-gaussian'
    const variance = between(0.3, 30)
    const size = 1 + Math.floor(next() * 2)
    const shift = Array.from({ length: size }, () => 1 + Math.floor(next() * 4))
    const rounds = size === 1 && next() < 0.4 ? 2 : 1
    const delta = between(1e-12, 0.1)
    const sum = sumOf(distribution, variance, shift)
    const all = outcomes(sum, shift, rounds)
    const label = `${distribution}, ${variance}, ${shift}, ${rounds}, ${delta}`
    for (const epsilon of [
      gaussianBound(sum, rounds, delta),
      distributionBound(sum, { delta, rounds, ...noRate }),
    ]) {
      if (epsilon === Number.POSITIVE_INFINITY) continue
      expect(exactDelta(all, epsilon), label).toBeLessThanOrEqual(delta)
    }
  }
})

describe('the comparison with normal noise is rounded up for large Skellam variances', () => {
  /** ln(I₀(x)/I₁(x)) by the expansions of Hankel, without a logarithm of a ratio close to 1. */
  function logBesselRatio(x: number): number {
    const seriesOf = (order: number): number => {
      const terms: number[] = []
      for (let k = 1, term = 1; k <= 6; k++) {
        term *= -(4 * order * order - (2 * k - 1) ** 2) / (8 * k * x)
        terms.unshift(term)
      }
      return terms.reduce((sum, term) => sum + term, 0)
    }
    return Math.log1p(seriesOf(0)) - Math.log1p(seriesOf(1))
  }

  const variances = [2 ** 12, 2 ** 16, 300_007, 795_062, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 2 ** 22]

  test.each(variances)('variance %d', (variance) => {
    const bend = 2 * logBesselRatio(variance)
    const expected = Math.sqrt((2 * bend) / (1 + Math.sqrt(1 - (4 * bend) / Math.PI ** 2)))
    const stated = gaussianParameter({ ...base, localVariance: variance })!
    expect(stated).toBeGreaterThanOrEqual(expected)
    expect(stated).toBeLessThanOrEqual(expected * (1 + 1.5e-6))
  })

  test('more noise never has a larger parameter around the variance from which it is only bounded', () => {
    const stated = [-2, -1, 0, 1, 2].map(
      (step) => gaussianParameter({ ...base, localVariance: 2 ** 20 + 16 * step })!,
    )
    expect(stated).toEqual([...stated].sort((a, b) => b - a))
  })
})

test('extreme values give a bound that is not worse than Rényi divergence, or none', () => {
  const values = {
    variance: [1e-9, 0.3, 5, 1000, 1e6, 1e18],
    shift: [0.5, 1, 3, 1e5, 1e12],
    dimension: [1, 7, 1e6],
    delta: [1e-300, 1e-40, 1e-6, 0.5, 0.999],
    rounds: [1, 2, 1e4, 1e9],
    samplingRate: [undefined, 1e-12, 1e-3, 0.9, 1],
  }
  const { word } = randomOf(8)
  const one = <T>(of: readonly T[]): T => of[word() % of.length]!
  for (let turn = 0; turn < 80; turn++) {
    const shift = one(values.shift)
    const sum: NoisySum = {
      ...base,
      distribution: one(['skellam', 'discrete-gaussian']),
      ...{ dimension: one(values.dimension), localVariance: one(values.variance) },
      ...{ l1Sensitivity: shift * (1 + (word() % 3)), l2Sensitivity: shift },
    }
    const releases = {
      delta: one(values.delta),
      rounds: one(values.rounds),
      samplingRate: one(values.samplingRate),
    }
    const label = JSON.stringify({ sum, releases })
    const { epsilon, amplified } = privacyLoss(sum, releases, distributionBound)
    const renyi = epsilonOf((order) => releases.rounds * rdpOf(sum)(order), releases.delta).epsilon
    expect(epsilon, label).toBeGreaterThanOrEqual(0)
    expect(epsilon, label).toBeLessThanOrEqual(renyi)
    if (amplified !== undefined) expect(amplified.epsilon, label).toBeLessThanOrEqual(epsilon)
    if (amplified !== undefined) expect(amplified.epsilon, label).toBeGreaterThanOrEqual(0)
  }
})
