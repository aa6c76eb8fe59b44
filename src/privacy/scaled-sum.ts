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
import { roundedL1Bound, roundedL2Bound, scaleFor } from './rounded-bounds.js'

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
   * The probability with which each client, independently of the others, is sampled for a round, 10^−12 to 1. See
   * `PrivacyLoss.amplified`.
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
      'The amplified ε does not hold against the server, or against anyone else who can tell which clients took part.',
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

/** @throws {SecAggError} `invalid-argument` if a value is out of its range. */
export function checkedSetting(setting: PrivacySetting): CheckedSetting {
  const parts = partsOf('a privacy setting', setting)
  const { length, clip, bits, noiseMultiplier, tail = 4 } = parts
  const cohort = checkedCohort(parts)
  requireWhole('length', length, 1, 2 ** 30)
  requireNumber('clip', clip, 1e-30, 1e30)
  requireWhole('bits', bits, 1, 32)
  requireNumber('noiseMultiplier', noiseMultiplier, 1e-12, 1e12)
  requireNumber('tail', tail, 1, 32)
  return { ...cohort, length, clip, bits, noiseMultiplier, tail }
}

/** The scaled sum; `undefined` if the bits are too few for the sum, or leave no room for noise. */
export function scaledSum(setting: CheckedSetting): ScaledSum | undefined {
  const { distribution, clients, minimumHonest, length, clip, noiseMultiplier } = setting
  const dimension = length
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
