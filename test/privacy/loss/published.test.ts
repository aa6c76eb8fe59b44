import { epsilonOf, gaussianRdp, type NoisySum } from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { repeatedEpsilon, sampledEpsilon } from '../../../src/privacy/loss/composition.js'
import { epsilonOfPair, normalPair, sampledPairs, shiftedPair } from '../../../src/privacy/loss/loss-pair.js'
import { noiseLaw } from '../../../src/privacy/loss/noise-law.js'
import { gaussianDelta, gaussianEpsilon } from '../../../src/privacy/loss/normal.js'

/*
 * Values that the tests of other accountants state. dp_accounting: google/differential-privacy, commit 0c0e3fd, folder
 * python/dp_accounting/dp_accounting/pld, files accountant_test.py, pld_privacy_accountant_test.py and
 * privacy_loss_mechanism_test.py. OpenDP: opendp/opendp, python/test/test_combinators.py, test_gaussian_curve.
 */

describe('dp_accounting: normal noise', () => {
  test('one release and several', () => {
    // Deviation √3, three releases.
    expect(gaussianDelta(Math.sqrt(3) / Math.sqrt(3), 1)).toBeCloseTo(0.126936, 5)
    expect(gaussianDelta(3, 1)).toBeCloseTo(0.78760074, 7)
    // Sensitivity 6, 25 releases, deviation 10.
    expect(gaussianDelta((6 / 10) * 5, 1)).toBeCloseTo(0.78760074, 7)
    expect(gaussianEpsilon(1, 0.12693674)).toBeCloseTo(1, 6)
  })

  test('the discretized distribution agrees with the formula', () => {
    for (const [parameter, rounds, delta] of [
      [1, 1, 1e-5],
      [0.1, 1000, 1e-6],
      [0.01, 50, 1e-3],
      [2, 10, 1e-12],
    ] as const) {
      const epsilon = repeatedEpsilon(normalPair(parameter, 1e-20), rounds, delta)
      const exact = gaussianEpsilon(parameter * Math.sqrt(rounds), delta)
      expect(epsilon).toBeGreaterThanOrEqual(exact * (1 - 1e-9))
      expect(epsilon).toBeLessThan(exact * 1.002)
    }
  })

  test('three releases to a fifth of the clients, deviation ½', () => {
    const epsilon = sampledEpsilon(normalPair(2, 1e-12), 0.2, 3, 0.15594)
    expect(epsilon).toBeCloseTo(1, 3)
    expect(epsilon).toBeGreaterThan(1 - 1e-4)
  })

  test.each([
    [0.67379294682, 1, 0.01, 1],
    [3.20956502598, 25, 0.001, 6],
  ])(
    'deviation %d for ε = 1 and δ = 10⁻⁵ over %d sampled releases',
    (deviation, rounds, rate, sensitivity) => {
      const epsilonWith = (sigma: number): number =>
        sampledEpsilon(normalPair(sensitivity / sigma, 1e-16), rate, rounds, 1e-5)
      expect(epsilonWith(deviation)).toBeCloseTo(1, 2)
      expect(epsilonWith(deviation * 1.002)).toBeLessThan(1)
      expect(epsilonWith(deviation * 0.999)).toBeGreaterThan(1)
    },
  )
})

describe('dp_accounting: discrete Gaussian noise', () => {
  const pairOf = (sigma: number, shift: number) => {
    const sum: NoisySum = {
      ...{ distribution: 'discrete-gaussian', clients: 1, minimumHonest: 1, dimension: 1 },
      ...{ localVariance: sigma * sigma, l1Sensitivity: shift, l2Sensitivity: shift },
    }
    return shiftedPair(noiseLaw(sum, 1e-20)!, shift)
  }

  // The deviations are stated with three decimals.
  test.each([
    [1, 1, 0.12693674, 1.041],
    [2, 1, 0.12693674, 1.972],
    [3, 1, 0.78760074, 0.993],
    [6, 1, 0.78760074, 2.014],
    [1, 2, 0.02092364, 1.038],
    [5, 2, 0.02092364, 5.008],
    [1, 16, 1e-5, 0.306],
    [2, 16, 1e-5, 0.703],
  ])('sensitivity %d, ε = %d, δ = %d', (shift, epsilon, delta, sigma) => {
    expect(epsilonOfPair(pairOf(sigma + 6e-4, shift), delta)).toBeLessThanOrEqual(epsilon)
    expect(epsilonOfPair(pairOf(sigma - 1.6e-3, shift), delta)).toBeGreaterThan(epsilon)
  })

  // The program finds the deviation for the removal of a client, whichever direction its test names.
  test.each([
    [1, 0.8, 1, 0.07850075632001355, 1.041],
    [2, 0.7, 1, 0.06665777574091321, 1.972],
    [3, 0.4, 1, 0.27122238416249084, 0.993],
    [6, 0.5, 1, 0.3604879495041193, 2.014],
    [1, 0.3, 2, 0.0002834863230938751, 1.038],
    [5, 0.1, 2, 2.340272571167144e-6, 5.008],
    [2, 0.9, 16, 4.518347272315105e-6, 0.703],
  ])('sensitivity %d, sampled at %d, ε = %d', (shift, rate, epsilon, delta, sigma) => {
    const epsilonWith = (deviation: number): number =>
      epsilonOfPair(sampledPairs(pairOf(deviation, shift), rate)[0], delta)
    expect(epsilonWith(sigma + 6e-4)).toBeLessThanOrEqual(epsilon)
    expect(epsilonWith(sigma - 1.6e-3)).toBeGreaterThan(epsilon)
  })

  // Its noise is cut off at `bound`, so some outcomes have an infinite loss.
  test.each([
    [1, 1, 2, 1, 1, 0.150574425, 0.150574425],
    [1, 1, 2, 1, 2, 0.054488685, 0.054488685],
    [10, 3, 5, 1, 1, 0.263672394, 0.263672394],
    [1, 1, 2, 0.8, 1, 0.101734157, 0.024865564],
    [5, 3, 5, 0.4, 0.1, 0.104486937, 0.08558498],
    [5, 3, 5, 0.4, 0.2, 0.094851204, 0.063350727],
  ])('deviation %d, sensitivity %d, cut off at %d, sampled at %d, ε = %d', (...row) => {
    const [sigma, shift, reach, rate, epsilon, removed, added] = row
    const weights = Array.from({ length: 2 * reach + 1 }, (_, z) =>
      z <= reach ? Math.exp((-z * z) / (2 * sigma * sigma)) : 0,
    )
    const total = 2 * weights.reduce((sum, weight) => sum + weight) - 1
    const probabilities = Float64Array.from([...weights, 0, 0, 0, 0, 0, 0], (weight) => weight / total)
    const pair = shiftedPair({ reach, probabilities, tail: 0, gap: 0 }, shift)
    const both = rate === 1 ? [pair, pair] : sampledPairs(pair, rate)
    for (const [i, delta] of [removed, added].entries()) {
      expect(epsilonOfPair(both[i]!, delta + 2e-9)).toBeLessThanOrEqual(epsilon + 1e-8)
      expect(epsilonOfPair(both[i]!, delta - 2e-9)).toBeGreaterThan(epsilon - 1e-8)
    }
  })
})

test('OpenDP: normal noise of deviation 4 has ε = 0.6880024554878085 at δ = 10⁻³ by Rényi divergence', () => {
  const published = 0.6880024554878085
  const renyi = epsilonOf(gaussianRdp(4), 1e-3).epsilon
  // OpenDP tries all real orders, this library whole ones.
  expect(renyi).toBeGreaterThanOrEqual(published)
  expect(renyi).toBeLessThan(published * 1.001)
  expect(gaussianEpsilon(1 / 4, 1e-3)).toBeLessThan(published)
})
