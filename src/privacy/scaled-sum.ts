import { partsOf } from '../arguments.js'
import { paddedLength, roundedL1Bound, roundedL2Bound, scaleFor } from './bounds.js'
import { requireNumber, requireWhole } from './checks.js'
import { type CheckedCohort, checkedCohort, type PrivateCohort } from './cohort.js'
import { MINIMUM_VARIANCE } from './noise/sampler.js'
import type { NoisySum } from './rdp.js'
import { roundUpVariance } from './round-up.js'

/** What server and clients agree on for vectors of floats; all else follows from it. */
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

/** The vectors and the noise of a {@link PrivacySetting}, on the grid of whole numbers. */
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
