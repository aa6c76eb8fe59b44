import { partsOf } from '../arguments.js'
import { MINIMUM_VARIANCE } from './noise/sampler.js'
import {
  type NoiseDistribution,
  type NoisySum,
  requireDistribution,
  requireNumber,
  requireProbability,
  requireWhole,
} from './rdp.js'
import { rotationWidth } from './rotation.js'

/**
 * Who takes part in private rounds, how often, and with which noise.
 * @public
 */
export interface PrivateCohort {
  /** n: the number of seats in a round, 2 to 10⁸. */
  readonly clients: number
  /**
   * h, 1 to n: the smallest number of honest clients in any sum that is revealed. This is the minimum cohort minus the corrupt
   * clients. The noise of h clients alone gives ε, so dropouts do not weaken it as long as h honest clients remain.
   */
  readonly minimumHonest: number
  /** δ, above 0 and below 1: an upper bound on the probability that ε does not hold. It should be well below 1/n. */
  readonly delta: number
  /** T: how many rounds one client may take part in, 1 to 10⁹. Default 1. */
  readonly rounds?: number | undefined
  /** The distribution of the noise. Default `skellam`. */
  readonly distribution?: NoiseDistribution | undefined
  /**
   * The probability with which each client, independently of the others, is sampled for a round, 10^−12 to 1. The caller
   * samples the clients. See `PrivacyLoss.amplified` for the conditions.
   */
  readonly samplingRate?: number | undefined
}

/** A {@link PrivateCohort} with defaults filled in. */
export interface CheckedCohort extends Required<Omit<PrivateCohort, 'samplingRate'>> {
  readonly rounds: number
  readonly distribution: NoiseDistribution
  readonly samplingRate: number | undefined
}

/** @throws {SecAggError} `invalid-argument` if a value is out of its range. */
export function checkedCohort(cohort: PrivateCohort): CheckedCohort {
  const { clients, minimumHonest, delta, rounds = 1, distribution = 'skellam', samplingRate } = cohort
  requireWhole('clients', clients, 2, 1e8)
  requireWhole('minimumHonest', minimumHonest, 1, clients)
  requireProbability('delta', delta)
  requireWhole('rounds', rounds, 1, 1e9)
  requireDistribution(distribution)
  if (samplingRate !== undefined) requireNumber('samplingRate', samplingRate, 1e-12, 1)
  return { clients, minimumHonest, delta, rounds, distribution, samplingRate }
}

/** Warnings that concern every private round. */
export function cohortWarnings({ clients, minimumHonest, delta, samplingRate }: CheckedCohort): string[] {
  const warnings: string[] = []
  if (delta * clients >= 1) {
    warnings.push(
      `δ is not below 1/${clients}. Such a δ permits a mechanism that reveals one client of the cohort completely.`,
    )
  }
  if (minimumHonest === clients) {
    warnings.push(
      'No client may drop out or be corrupt: with one fewer honest client, there is too little noise.',
    )
  }
  if (samplingRate !== undefined) {
    warnings.push(
      'The amplified ε does not hold against the server, or against anyone else who learns which clients took part or how many. ' +
        'It also requires noise that does not depend on who was sampled. The library ensures neither: results state how many ' +
        'clients took part, and the participants add the noise. The amplified ε compares a vector with zeros in its place.',
    )
  }
  return warnings
}

/** How many binary digits a variance has. A double has 53; fewer make the sampler's exact arithmetic cheaper. */
const VARIANCE_DIGITS = 32

/**
 * The smallest number with 32 binary digits that is at least `value`, which must be above 0. Because `value` may be too small
 * by a relative rounding error of up to 2^−45, it is increased by that much first.
 */
export function roundUpVariance(value: number): number {
  const safe = value * (1 + 2 ** -45)
  let unit = 1
  while (safe / unit >= 2 ** VARIANCE_DIGITS) unit *= 2
  while (safe / unit < 2 ** (VARIANCE_DIGITS - 1)) unit /= 2
  return Math.ceil(safe / unit) * unit
}

/**
 * The smallest decimal number with six digits that is at least `value`, which must be above 0. The last digits of a number
 * found by bisection depend on how the JavaScript engine rounds logarithms. The rounded number does not.
 */
export function roundUpDecimal(value: number): number {
  const nearest = Number(value.toPrecision(6))
  if (nearest >= value) return nearest
  return Number((value * (1 + 5e-6)).toPrecision(6))
}

/**
 * What server and clients agree on for vectors of floats. All other parameters follow from it.
 * @public
 */
export interface PrivacySetting extends PrivateCohort {
  /** d: the number of elements of a client's vector, 1 to 2^30. */
  readonly length: number
  /** c: the largest L2 norm of a client's vector, 10^−30 to 10^30. A longer vector is scaled down to it. */
  readonly clip: number
  /** b, 1 to 32: sums are computed modulo 2^b. */
  readonly bits: number
  /** z: the standard deviation of the noise of h clients together, in multiples of c; 10^−12 to 10^12. */
  readonly noiseMultiplier: number
  /** k: how many standard deviations of an element of the sum fit the bits on either side of zero, 1 to 32. Default 4. */
  readonly tail?: number | undefined
}

/** A {@link PrivacySetting} with defaults filled in. */
export interface CheckedSetting extends CheckedCohort {
  readonly length: number
  readonly clip: number
  readonly bits: number
  readonly noiseMultiplier: number
  readonly tail: number
}

/**
 * The vectors and the noise of a {@link PrivacySetting} after scaling, on the grid of whole numbers.
 * @public
 */
export interface ScaledSum extends NoisySum {
  /** s: the factor by which a rotated vector is multiplied before it is rounded. */
  readonly scale: number
  /** σ_local = z·c/√h: the standard deviation of one client's noise, in units of the vectors. */
  readonly localStandardDeviation: number
}

/** The smallest and the largest clip. */
export const CLIPS = [1e-30, 1e30] as const

/** @throws {SecAggError} `invalid-argument` if a value is out of its range. */
export function checkedSetting(setting: PrivacySetting): CheckedSetting {
  const parts = partsOf('a privacy setting', setting)
  const { length, clip, bits, noiseMultiplier, tail = 4 } = parts
  const cohort = checkedCohort(parts)
  requireWhole('length', length, 1, 2 ** 30)
  requireNumber('clip', clip, ...CLIPS)
  requireWhole('bits', bits, 1, 32)
  requireNumber('noiseMultiplier', noiseMultiplier, 1e-12, 1e12)
  requireNumber('tail', tail, 1, 32)
  return { ...cohort, length, clip, bits, noiseMultiplier, tail }
}

/** The scaled sum; `undefined` if the bits are too few for the sum, or leave no room for noise. */
export function scaledSum(setting: CheckedSetting): ScaledSum | undefined {
  const { distribution, clients, minimumHonest, length: dimension, clip, noiseMultiplier } = setting
  const localStandardDeviation = (noiseMultiplier * clip) / Math.sqrt(minimumHonest)
  const scale = scaleFor({ ...setting, dimension, localStandardDeviation })
  const scaledDeviation = localStandardDeviation * scale
  const variance = scaledDeviation * scaledDeviation
  if (variance < MINIMUM_VARIANCE) return undefined
  const l2Sensitivity = roundedL2Bound(scale * clip, dimension)
  return {
    distribution,
    clients,
    minimumHonest,
    dimension,
    scale,
    localStandardDeviation,
    localVariance: roundUpVariance(variance),
    l1Sensitivity: roundedL1Bound(l2Sensitivity, dimension),
    l2Sensitivity,
  }
}

/** An upper bound on the standard deviation of an element of the decoded sum of all n clients, from noise and rounding. */
export function sumDeviation({ clients, localStandardDeviation, scale }: ScaledSum): number {
  return Math.sqrt(clients * (localStandardDeviation ** 2 + 1 / (2 * scale) ** 2))
}

const BELOW_ONE = 1 - Number.EPSILON / 2

/**
 * β = e^{−1/2}, for conditional rounding: an upper bound on the probability that a rounded vector is too long and must be
 * rounded again.
 * @public
 */
export const ROUNDING_BETA: number = Math.exp(-0.5)

/**
 * Δ2: an upper bound on the L2 norm of a vector after it has been rounded to whole numbers. Rounding moves an element by less
 * than 1, so norm + √d always holds. With probability at least 1 − β, stochastic rounding also keeps
 * √(norm² + d/4 + √(2 ln(1/β)) (norm + √d/2)). An encoder can enforce this smaller bound by rounding again.
 *
 * Source: Kairouz, Liu and Steinke (2021), theorem 1.
 *
 * @param norm - The largest L2 norm before rounding, at least 0.
 * @param dimension - d, the number of elements.
 * @param beta - β, 0 ≤ β < 1. Default e^{−1/2}; 0 gives the bound that always holds.
 * @returns The smaller of the two bounds.
 * @throws {SecAggError} `invalid-argument` if a value is out of its range.
 * @example
 * ```ts
 * import { roundedL2Bound } from 'secagg/privacy'
 *
 * console.log(roundedL2Bound(1000, 1024).toFixed(2)) // '1000.64'
 * console.log(roundedL2Bound(1000, 1024, 0)) // 1032
 * ```
 * @public
 */
export function roundedL2Bound(norm: number, dimension: number, beta: number = ROUNDING_BETA): number {
  requireNumber('norm', norm, 0, Number.MAX_VALUE)
  requireWhole('dimension', dimension, 0, Number.MAX_SAFE_INTEGER)
  requireNumber('beta', beta, 0, BELOW_ONE)
  const certain = norm + Math.sqrt(dimension)
  if (beta === 0) return certain
  // The default does not go through exp and log, which JavaScript engines round differently.
  const factor = beta === ROUNDING_BETA ? 1 : Math.sqrt(-2 * Math.log(beta))
  const square = norm * norm + dimension / 4 + factor * (norm + Math.sqrt(dimension) / 2)
  return Math.min(certain, Math.sqrt(square))
}

/**
 * Δ1: an upper bound on the L1 norm of a vector of whole numbers. For a whole number, |x| is at most x², so the L1 norm is at
 * most the square of the L2 norm.
 *
 * @param l2 - The largest L2 norm, at least 0.
 * @param dimension - The number of elements.
 * @returns The smaller of `l2` · √`dimension` and `l2`².
 * @throws {SecAggError} `invalid-argument` if a value is out of its range.
 * @example
 * ```ts
 * import { roundedL1Bound } from 'secagg/privacy'
 *
 * console.log(roundedL1Bound(10, 64), roundedL1Bound(3, 64)) // 80 9
 * ```
 * @public
 */
export function roundedL1Bound(l2: number, dimension: number): number {
  requireNumber('l2', l2, 0, Number.MAX_VALUE)
  requireWhole('dimension', dimension, 0, Number.MAX_SAFE_INTEGER)
  return l2 * Math.min(Math.sqrt(dimension), l2)
}

/**
 * What {@link scaleFor} must leave room for in the bits of an element.
 * @public
 */
export interface Headroom {
  /** n: the number of clients. */
  readonly clients: number
  /** d: the number of elements of a vector, at least 1. */
  readonly dimension: number
  /** c: the L2 norm to which a client's vector is clipped. */
  readonly clip: number
  /** σ: the standard deviation of one client's noise, in units of the vectors. */
  readonly localStandardDeviation: number
  /** b: sums are computed modulo 2^b. */
  readonly bits: number
  /** k: how many standard deviations of an element of the sum must fit on either side of zero. */
  readonly tail: number
}

/**
 * s: the factor by which vectors are multiplied before rounding, such that k standard deviations of the sum fit b bits. After
 * the rotation, an element of the sum behaves like a normal variable with variance at most (cn)²/w, where w is the largest power
 * of two that is at most d: see `rotate`. The noise of all n clients adds nσ², and rounding adds n/(4s²).
 *
 * Source: Kairouz, Liu and Steinke (2021), with ρ = 1, the worst case in which all clients hold the same vector.
 *
 * @param headroom - The sizes of the vectors, the noise and the bits.
 * @returns The scale; 0 if the sum does not fit at any scale.
 * @throws {SecAggError} `invalid-argument` if a value is out of its range.
 * @example
 * ```ts
 * import { scaleFor } from 'secagg/privacy'
 *
 * const vectors = { clients: 100, dimension: 1024, clip: 1, localStandardDeviation: 0.1 }
 * console.log(scaleFor({ ...vectors, bits: 16, tail: 4 }).toFixed(1)) // '2496.7'
 * ```
 * @public
 */
export function scaleFor(headroom: Headroom): number {
  const parts = partsOf('the headroom', headroom)
  const { clients, dimension, clip, localStandardDeviation, bits, tail } = parts
  for (const [name, value] of Object.entries({ clients, clip, localStandardDeviation, tail })) {
    requireNumber(name, value, 0, Number.MAX_VALUE)
  }
  requireWhole('dimension', dimension, 1, Number.MAX_SAFE_INTEGER)
  requireWhole('bits', bits, 1, 64)
  const room = 2 ** (2 * bits) - clients * tail * tail
  if (room <= 0) return 0
  const signal = (clip * clip * clients * clients) / rotationWidth(dimension)
  const noise = clients * localStandardDeviation * localStandardDeviation
  return Math.sqrt(room) / (2 * tail * Math.sqrt(signal + noise))
}
