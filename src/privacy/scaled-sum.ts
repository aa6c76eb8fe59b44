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
import { paddedLength, roundedL1Bound, roundedL2Bound, scaleFor } from './rotation.js'

/**
 * Who takes part in a private round, how often, and how its noise is spread.
 * @public
 */
export interface PrivateCohort {
  /** n: the seats of the round, 2 to 10⁸. */
  readonly clients: number
  /**
   * h: how many honest clients are in any sum that is revealed, 1 to n; the minimum cohort less the corrupt clients. Their
   * noise alone gives ε, so dropouts down to there weaken nothing.
   */
  readonly minimumHonest: number
  /** δ: the probability with which ε may not hold; well below 1/n. */
  readonly delta: number
  /** T: how many rounds one client may take part in, 1 to 10⁹; default 1. */
  readonly rounds?: number | undefined
  /** Default `skellam`. */
  readonly distribution?: NoiseDistribution | undefined
  /** The probability with which each client, on its own, is sampled for a round; see `PrivacyLoss.amplified`. */
  readonly samplingRate?: number | undefined
}

/** A {@link PrivateCohort} with its defaults. */
export interface CheckedCohort extends Required<PrivateCohort> {
  readonly rounds: number
  readonly distribution: NoiseDistribution
  readonly samplingRate: number | undefined
}

/** @throws {SecAggError} `invalid-argument` where a value is out of its range. */
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

/** What to know of any private round before relying on it. */
export function cohortWarnings({ clients, minimumHonest, delta, samplingRate }: CheckedCohort): string[] {
  const warnings: string[] = []
  if (delta * clients >= 1) {
    warnings.push(`δ is not below 1/${clients}: it allows to give away one client of the cohort altogether.`)
  }
  if (minimumHonest === clients) {
    warnings.push('No client may drop out or be corrupt: with a single one less the noise is too small.')
  }
  if (samplingRate !== undefined) {
    warnings.push(
      'The amplified ε is no promise against the server, nor against anybody else who can tell who took part.',
    )
  }
  return warnings
}

/** Digits that a variance keeps; the sampler computes with them, and a double has 53. */
const VARIANCE_DIGITS = 32

/**
 * The least rational with 32 binary digits that is not below `value` > 0, which is taken to be up to 2^−45 of itself too
 * small.
 */
export function roundUpVariance(value: number): number {
  const safe = value * (1 + 2 ** -45)
  let unit = 1
  while (safe / unit >= 2 ** VARIANCE_DIGITS) unit *= 2
  while (safe / unit < 2 ** (VARIANCE_DIGITS - 1)) unit /= 2
  return Math.ceil(safe / unit) * unit
}

/**
 * The least decimal with six digits that is not below `value` > 0. A number found by bisection differs in its last digits
 * from engine to engine, as their logarithms do; this one does not.
 */
export function roundUpDecimal(value: number): number {
  const nearest = Number(value.toPrecision(6))
  if (nearest >= value) return nearest
  return Number((value * (1 + 5e-6)).toPrecision(6))
}

/**
 * What server and clients agree on for vectors of floats; all else follows from it.
 * @public
 */
export interface PrivacySetting extends PrivateCohort {
  /** d: the elements of a client's vector, 1 to 2^30. */
  readonly length: number
  /** c: a vector whose L2 norm is above is scaled down to it; 10^−30 to 10^30. */
  readonly clip: number
  /** b: sums are taken modulo 2^b, 1 to 32. */
  readonly bits: number
  /** z: the standard deviation of the noise of h clients together, in multiples of c; 10^−12 to 10^12. */
  readonly noiseMultiplier: number
  /** k: how many standard deviations of an element of the sum fit the bits on either side, 1 to 32; default 4. */
  readonly tail?: number | undefined
}

/** A {@link PrivacySetting} with its defaults. */
export interface CheckedSetting extends CheckedCohort {
  readonly length: number
  readonly clip: number
  readonly bits: number
  readonly noiseMultiplier: number
  readonly tail: number
}

/**
 * The vectors and the noise of a {@link PrivacySetting}, on the grid of whole numbers.
 * @public
 */
export interface ScaledSum extends NoisySum {
  /** s: what a rotated vector is multiplied by before it is rounded. */
  readonly scale: number
  /** σ_local = z·c/√h: of the noise of one client, in the units of the vectors. */
  readonly localStandardDeviation: number
}

/** @throws {SecAggError} `invalid-argument` where a value is out of its range. */
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

/** `undefined` where the sum fits the bits at no scale, or at one only that leaves no noise. */
export function scaledSum(setting: CheckedSetting): ScaledSum | undefined {
  const { distribution, clients, minimumHonest, length, clip, noiseMultiplier } = setting
  const dimension = paddedLength(length)
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

/** Of an element of the decoded sum of all n clients, from noise and rounding together, at most. */
export function sumDeviation({ clients, localStandardDeviation, scale }: ScaledSum): number {
  return Math.sqrt(clients * (localStandardDeviation ** 2 + 1 / (2 * scale) ** 2))
}
