import type { ProvenEpsilon } from './accountant.js'
import { checkedPrivacy } from './float-encoder.js'
import type { PrivacyParameters } from './noise-parameters.js'

/**
 * One number of a private round, explained for people.
 * @public
 */
export interface Explanation {
  /** The name of the number in the parameters, such as `noiseMultiplier`. */
  readonly name: string
  readonly value: string | number
  /** What the number is and where it comes from. */
  readonly meaning: string
}

/**
 * Explains every number of `parameters`. The privacy promise comes first, then the noise, the grid and the error of the sum.
 *
 * @param given - What {@link choosePrivacy} or {@link analyzePrivacy} has returned.
 * @returns The name, the value and the meaning of each number.
 * @throws {SecAggError} Invalid parameters cause the same errors as in {@link createPrivateEncoder}, except that a
 *   distribution that is too coarse is accepted.
 * @example
 * ```ts
 * import { choosePrivacy, explainPrivacy } from 'secagg/privacy'
 *
 * const cohort = { clients: 100, minimumHonest: 75, length: 1000, clip: 1 }
 * const explanations = explainPrivacy(choosePrivacy({ ...cohort, epsilon: 8, delta: 1e-5 }))
 * const lines = explanations.map(({ name, value, meaning }) => `${name} = ${value}: ${meaning}`)
 * console.log(lines[1]) // 'delta = 0.00001: an upper bound on the probability that ε does not hold'
 * ```
 * @public
 */
export function explainPrivacy(given: PrivacyParameters): readonly Explanation[] {
  const parameters = checkedPrivacy(given)
  return [...promise(parameters), ...noise(parameters), ...grid(parameters), ...error(parameters)]
}

/** The neighbor relation of every ε, in words. */
export const RELATION = 'neighbors: add or remove one client, that is, replace its vector by zeros'

function promise(parameters: PrivacyParameters): Explanation[] {
  const { epsilon, delta, rounds, amplified, centralEpsilon, minimumHonest } = parameters
  const lines: Explanation[] = [
    {
      name: 'epsilon',
      value: epsilon,
      meaning:
        `over ${rounds} round${rounds === 1 ? '' : 's'}, against the server and everybody else, by ` +
        `${provedBy(parameters)}; ${RELATION}`,
    },
    { name: 'delta', value: delta, meaning: 'an upper bound on the probability that ε does not hold' },
    {
      name: 'minimumHonest',
      value: minimumHonest,
      meaning:
        'the smallest number of honest clients in a sum; their noise alone gives ε, so dropouts do not weaken ε as long ' +
        'as this many honest clients remain',
    },
    {
      name: 'centralEpsilon',
      value: centralEpsilon,
      meaning: 'for comparison: the ε if a trusted party added the same noise to a sum that is not rounded',
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
        `if each client is sampled independently with probability ${samplingRate}: the ε against parties that do not learn ` +
        'the number or the identity of the participants, provided that the noise does not depend on who was sampled; it does ' +
        'not hold against the server, which sees who took part, or against anyone who sees the number of participants that a ' +
        `result states; ${RELATION}`,
    },
  ]
}

function provedBy({ accountant, order }: ProvenEpsilon): string {
  if (accountant === 'renyi') return `Rényi divergence of order ${order}`
  return accountant === 'gaussian'
    ? 'comparison with normal noise'
    : 'the distribution of the privacy loss of the worst vector'
}

function noise(parameters: PrivacyParameters): Explanation[] {
  const { distribution, noiseMultiplier, clip, totalStandardDeviation, localStandardDeviation } = parameters
  const { localVariance, minimumHonest } = parameters
  return [
    {
      name: 'distribution',
      value: distribution,
      meaning: 'the distribution of the noise, which is whole numbers and sampled exactly',
    },
    {
      name: 'clip',
      value: clip,
      meaning: 'the largest L2 norm of a client’s vector; a longer vector is scaled down to it',
    },
    {
      name: 'noiseMultiplier',
      value: noiseMultiplier,
      meaning: `the standard deviation of the noise of ${minimumHonest} honest clients together, in multiples of the clip`,
    },
    {
      name: 'totalStandardDeviation',
      value: totalStandardDeviation,
      meaning: `the standard deviation of the noise of ${minimumHonest} honest clients together: noise multiplier · clip`,
    },
    {
      name: 'localStandardDeviation',
      value: localStandardDeviation,
      meaning: `the standard deviation of one client’s noise: the total divided by √${minimumHonest}`,
    },
    {
      name: 'localVariance',
      value: localVariance,
      meaning:
        'the variance of one client’s noise on the grid: (local standard deviation · scale)², rounded up',
    },
  ]
}

function grid(parameters: PrivacyParameters): Explanation[] {
  const { dimension, bits, tail, scale, l1Sensitivity, l2Sensitivity, clients } = parameters
  return [
    {
      name: 'dimension',
      value: dimension,
      meaning: 'the elements of the rotated vector, as many as before the rotation',
    },
    { name: 'bits', value: bits, meaning: `the bits of an element; sums are computed modulo 2^${bits}` },
    {
      name: 'scale',
      value: scale,
      meaning:
        `grid points per unit, chosen so that ${tail} standard deviations of the sum of ${clients} clients fit into ` +
        `${bits} bits`,
    },
    {
      name: 'l2Sensitivity',
      value: l2Sensitivity,
      meaning:
        'the largest L2 norm of one client’s vector on the grid: clip · scale, plus what rounding may add',
    },
    {
      name: 'l1Sensitivity',
      value: l1Sensitivity,
      meaning: 'the largest L1 norm of one client’s vector on the grid, which follows from the L2 norm',
    },
  ]
}

function error(parameters: PrivacyParameters): Explanation[] {
  const { sumStandardDeviation, wrapProbability, clients } = parameters
  return [
    {
      name: 'sumStandardDeviation',
      value: sumStandardDeviation,
      meaning: `the standard deviation of an element of the decoded sum of ${clients} clients, from noise and rounding`,
    },
    {
      name: 'wrapProbability',
      value: wrapProbability,
      meaning:
        'the probability that an element of the sum wraps around and is completely wrong, if all clients hold the same ' +
        'vector with the norm of the clip',
    },
  ]
}
