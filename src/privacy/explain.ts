import { checkedPrivacy } from './float-encoder.js'
import type { PrivacyParameters } from './noise-parameters.js'

/**
 * One number of a private round, for people.
 * @public
 */
export interface Explanation {
  readonly name: string
  readonly value: string | number
  /** What it is and where it comes from; one sentence. */
  readonly meaning: string
}

/**
 * Every number of `parameters` with what it means, the promise first.
 * @throws {SecAggError} as `createPrivateEncoder` does for parameters that are none.
 * @public
 */
export function explainPrivacy(given: PrivacyParameters): readonly Explanation[] {
  const parameters = checkedPrivacy(given)
  return [...promise(parameters), ...noise(parameters), ...grid(parameters), ...error(parameters)]
}

function promise(parameters: PrivacyParameters): Explanation[] {
  const { epsilon, delta, rounds, order, amplified, centralEpsilon, minimumHonest } = parameters
  const lines: Explanation[] = [
    {
      name: 'epsilon',
      value: epsilon,
      meaning:
        `over ${rounds} round${rounds === 1 ? '' : 's'}, against the server and everybody else, by Rényi divergence of ` +
        `order ${order}; neighbors: add or remove one client`,
    },
    { name: 'delta', value: delta, meaning: 'the probability with which ε may not hold' },
    {
      name: 'minimumHonest',
      value: minimumHonest,
      meaning:
        'the fewest honest clients in a sum; their noise alone gives ε, and dropouts down to there weaken nothing',
    },
    {
      name: 'centralEpsilon',
      value: centralEpsilon,
      meaning: 'the ε of the same noise, added in one trusted place to sums that are not rounded',
    },
  ]
  if (amplified === undefined) return lines
  const { samplingRate } = amplified
  return [
    ...lines,
    {
      name: 'amplified.epsilon',
      value: amplified.epsilon,
      meaning:
        `where each client is sampled with probability ${samplingRate}, against those who see only results and not ` +
        'who took part; not against the server; neighbors: add or remove one client',
    },
  ]
}

function noise(parameters: PrivacyParameters): Explanation[] {
  const { distribution, noiseMultiplier, clip, totalStandardDeviation, localStandardDeviation } = parameters
  const { localVariance, minimumHonest } = parameters
  return [
    { name: 'distribution', value: distribution, meaning: 'of the noise; sampled exactly, in whole numbers' },
    {
      name: 'clip',
      value: clip,
      meaning: 'the L2 norm that a client’s vector is scaled down to where it is longer',
    },
    {
      name: 'noiseMultiplier',
      value: noiseMultiplier,
      meaning: `standard deviation of the noise of ${minimumHonest} honest clients together, in multiples of the clip`,
    },
    { name: 'totalStandardDeviation', value: totalStandardDeviation, meaning: 'noise multiplier · clip' },
    {
      name: 'localStandardDeviation',
      value: localStandardDeviation,
      meaning: `of one client’s noise: the total divided by √${minimumHonest}`,
    },
    {
      name: 'localVariance',
      value: localVariance,
      meaning: 'its variance on the grid, (local standard deviation · scale)², rounded up',
    },
  ]
}

function grid(parameters: PrivacyParameters): Explanation[] {
  const { length, dimension, bits, tail, scale, l1Sensitivity, l2Sensitivity, clients } = parameters
  return [
    {
      name: 'dimension',
      value: dimension,
      meaning: `${length} elements padded to a power of two, to be rotated`,
    },
    { name: 'bits', value: bits, meaning: 'of an element; sums wrap around' },
    {
      name: 'scale',
      value: scale,
      meaning: `grid points per unit; ${tail} standard deviations of the sum of ${clients} clients fit the bits`,
    },
    {
      name: 'l2Sensitivity',
      value: l2Sensitivity,
      meaning: 'the greatest L2 norm of one client’s vector on the grid; rounding has added to clip · scale',
    },
    { name: 'l1Sensitivity', value: l1Sensitivity, meaning: 'the greatest L1 norm that goes with it' },
  ]
}

function error(parameters: PrivacyParameters): Explanation[] {
  const { sumStandardDeviation, wrapProbability, clients } = parameters
  return [
    {
      name: 'sumStandardDeviation',
      value: sumStandardDeviation,
      meaning: `of an element of the decoded sum of ${clients} clients, from noise and rounding`,
    },
    {
      name: 'wrapProbability',
      value: wrapProbability,
      meaning:
        'that an element is altogether wrong, if all clients hold the same vector of the length of the clip',
    },
  ]
}
