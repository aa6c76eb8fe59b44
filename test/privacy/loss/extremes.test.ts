import {
  analyzePrivacy,
  composedRdp,
  epsilonOf,
  gaussianRdp,
  type NoisySum,
  rdpOf,
  subsampledRdp,
} from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { gaussianBound, sampledGaussianBound } from '../../../src/privacy/loss/gaussian-bound.js'
import { epsilonOfPair } from '../../../src/privacy/loss/loss-pair.js'
import { gaussianDelta, gaussianEpsilon } from '../../../src/privacy/loss/normal.js'
import { distributionBound } from '../../../src/privacy/loss/round-pair.js'
import { randomOf } from '../../support/seeded.js'

describe('losses of more than 700, whose exponential does not fit a double', () => {
  const losses = [-3, -1, 0.5, 2, 5, 9, 14]
  const masses = Float64Array.of(0.1, 0.2, 0.3, 0.2, 0.1, 0.05, 0.05)
  const pairAt = (shift: number) => ({
    losses: Float64Array.from(losses, (loss) => loss + shift),
    masses,
    infinite: 1e-9,
  })

  // δ at ε + s of losses that are larger by s is δ at ε, so ε grows by exactly s.
  test.each([0.2, 0.01, 1e-4, 2e-9])('at δ = %s, ε follows the losses', (delta) => {
    const expected = epsilonOfPair(pairAt(20), delta) - 20
    expect(expected).toBeLessThanOrEqual(14)
    for (const shift of [300, 586, 590, 690, 705, 712, 730, 745, 760, 3000, 1e6]) {
      expect(epsilonOfPair(pairAt(shift), delta) - shift, `shifted by ${shift}`).toBeCloseTo(expected, 7)
    }
  })

  test('losses that are far apart count with the right weight', () => {
    const pair = {
      losses: Float64Array.of(1, 650, 2000, 9000),
      masses: Float64Array.of(0.5, 0.3, 0.15, 0.05),
      infinite: 0,
    }
    // Below 2000, e^ε times what is above it vanishes: δ is the mass above ε, until ε comes close to a loss.
    expect(epsilonOfPair(pair, 0.01)).toBeCloseTo(9000 + Math.log(0.8), 7)
    expect(epsilonOfPair(pair, 0.1)).toBeCloseTo(2000 + Math.log(0.1 / 0.15), 7)
    expect(epsilonOfPair(pair, 0.4)).toBeCloseTo(650 + Math.log(0.1 / 0.3), 7)
    expect(epsilonOfPair(pair, 0.7)).toBeCloseTo(1 + Math.log(0.3 / 0.5), 7)
    expect(epsilonOfPair(pair, 0.9)).toBe(0)
  })
})

describe('no bound is NaN', () => {
  const values = {
    variance: [Number.MIN_VALUE, 1e-200, 1e-9, 0.01, 0.3, 5, 1000, 1e6, 1e18, 1e160, 1e308],
    shift: [0, Number.MIN_VALUE, 1e-200, 1e-3, 0.5, 1, 3, 100, 1e5, 1e12, 1e160, 1e308],
    dimension: [1, 2, 7, 1e6, Number.MAX_SAFE_INTEGER],
    honest: [1, 3, 5000, Number.MAX_SAFE_INTEGER],
    delta: [Number.MIN_VALUE, 1e-300, 1e-40, 1e-6, 0.5, 0.999, 1 - 2 ** -53],
    rounds: [1, 2, 17, 1e4, 1e6, 1e9],
    samplingRate: [Number.MIN_VALUE, 1e-12, 1e-3, 0.9, 1 - 2 ** -53, 1],
  }

  test('random extremes: a number of at least 0, or infinite', () => {
    const { word } = randomOf(20)
    const one = <T>(of: readonly T[]): T => of[word() % of.length]!
    for (let turn = 0; turn < 400; turn++) {
      const l2Sensitivity = one(values.shift)
      const honest = one(values.honest)
      const sum: NoisySum = {
        distribution: one(['skellam', 'discrete-gaussian']),
        clients: honest,
        minimumHonest: honest,
        dimension: one(values.dimension),
        localVariance: one(values.variance),
        l1Sensitivity: Math.min(l2Sensitivity * (1 + (word() % 3)), Number.MAX_VALUE),
        l2Sensitivity,
      }
      const [delta, rounds, rate] = [one(values.delta), one(values.rounds), one(values.samplingRate)]
      const curve = rdpOf(sum)
      const multiplier = one(values.variance)
      // Few of them are tabulated, and those take the most time.
      const tabulated = turn % 8 === 0
      const bounds = {
        rdp: curve(2),
        steep: curve(256),
        sampledRdp: subsampledRdp(curve, rate)(17),
        renyi: epsilonOf(composedRdp([{ curve, times: rounds }]), delta).epsilon,
        normalRenyi: epsilonOf(gaussianRdp(multiplier), delta).epsilon,
        gaussian: gaussianBound(sum, rounds, delta),
        sampledGaussian: tabulated ? sampledGaussianBound(sum, rounds, delta, rate) : 0,
        exact: distributionBound(sum, { delta, rounds, samplingRate: undefined }),
        sampled: tabulated ? distributionBound(sum, { delta, rounds, samplingRate: rate }) : 0,
        normal: gaussianEpsilon(multiplier, delta),
        delta: gaussianDelta(multiplier, l2Sensitivity),
      }
      for (const [name, bound] of Object.entries(bounds)) {
        expect(
          bound,
          `${name} of ${JSON.stringify({ turn, sum, delta, rounds, rate })}`,
        ).toBeGreaterThanOrEqual(0)
      }
    }
  })

  test('parameters at the ends of their ranges', () => {
    const ends = {
      noiseMultiplier: [1e-3, 1, 1e12],
      clip: [1e-30, 1, 1e30],
      delta: [Number.MIN_VALUE, 1e-300, 0.999],
      rounds: [1, 1e6, 1e9],
      tail: [1, 32],
    }
    const { word } = randomOf(21)
    const one = <T>(of: readonly T[]): T => of[word() % of.length]!
    for (let turn = 0; turn < 60; turn++) {
      const setting = {
        ...{ clients: 100, minimumHonest: 75, length: one([1, 1000]), bits: 32 },
        ...{ noiseMultiplier: one(ends.noiseMultiplier), clip: one(ends.clip), tail: one(ends.tail) },
        ...{ delta: one(ends.delta), rounds: one(ends.rounds) },
      }
      const label = JSON.stringify({ turn, setting })
      const numbers = Object.entries(analyzePrivacy(setting)).filter(([, value]) => typeof value === 'number')
      for (const [name, value] of numbers) expect(value, `${name} of ${label}`).not.toBeNaN()
    }
  })

  test('a sum that no client changes', () => {
    for (const distribution of ['skellam', 'discrete-gaussian'] as const) {
      const sum = {
        distribution,
        clients: 3,
        minimumHonest: 2,
        dimension: 4,
        l1Sensitivity: 0,
        l2Sensitivity: 0,
      }
      const curve = rdpOf({ ...sum, localVariance: 1e-200 })
      expect([curve(2), curve(256)]).toEqual([0, 0])
    }
  })
})
