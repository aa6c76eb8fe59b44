import { usageError } from '../errors.js'
import { type PrivacyLoss, privacyLoss } from './accountant.js'
import { paddedLength, roundedL1Bound, roundedL2Bound, scaleFor } from './bounds.js'
import { requireNumber, requireWhole } from './checks.js'
import { type CheckedCohort, checkedCohort, cohortWarnings, type PrivateCohort } from './cohort.js'
import { hasCollapsed } from './collapse.js'
import { LEAST_VARIANCE } from './noise/sampler.js'
import { gaussianRdp, type NoisySum, rdpOf } from './rdp.js'
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
interface CheckedSetting extends CheckedCohort {
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

/** A {@link PrivacySetting} with its defaults and all that follows from it. */
export interface PrivacyParameters extends ScaledSum, PrivacyLoss, CheckedSetting {
  /** The segment of the round's configuration that takes such a vector. */
  readonly segment: { readonly length: number; readonly bits: number; readonly bound: 'modular' }
  /** σ_total = z·c: of the noise of h clients in an element of the sum, in the units of the vectors. */
  readonly totalStandardDeviation: number
  /** Of an element of the decoded sum of all n clients, from noise and rounding together, at most. */
  readonly sumStandardDeviation: number
  /**
   * That an element of the sum wraps around and is altogether wrong: at most this, about, where all n clients hold the
   * same vector of norm c.
   */
  readonly wrapProbability: number
  /** The ε of normal noise of σ_total that somebody trusted adds to sums that have not been rounded. */
  readonly centralEpsilon: number
  /** Whether discrete Gaussians are too coarse at this scale; no encoder takes such parameters. */
  readonly collapsed: boolean
  /** What to know before relying on this; one sentence each. */
  readonly warnings: readonly string[]
}

/**
 * What a noise multiplier gives: scale, noise and ε.
 *
 * @throws {SecAggError} `invalid-argument` where a value is out of its range; `invalid-configuration` where the sum fits the
 *   bits at no scale, or at one only that leaves no noise.
 */
export function analyzePrivacy(setting: PrivacySetting): PrivacyParameters {
  const checked = checkedSetting(setting)
  const { clients, delta, rounds, samplingRate, noiseMultiplier, clip, bits, tail } = checked
  const sum = scaledSum(checked)
  if (sum === undefined) throw notEnoughBits(checked)
  const loss = privacyLoss(rdpOf(sum), { delta, rounds, samplingRate })
  const central = privacyLoss(gaussianRdp(noiseMultiplier), { delta, rounds, samplingRate: undefined })
  const perClient = sum.localStandardDeviation ** 2 + 1 / (2 * sum.scale) ** 2
  const parameters = {
    ...checked,
    ...sum,
    ...loss,
    segment: Object.freeze({ length: sum.dimension, bits, bound: 'modular' as const }),
    totalStandardDeviation: noiseMultiplier * clip,
    sumStandardDeviation: Math.sqrt(clients * perClient),
    wrapProbability: Math.min((2 * Math.exp((-tail * tail) / 2)) / (tail * Math.sqrt(2 * Math.PI)), 1),
    centralEpsilon: central.epsilon,
    collapsed: hasCollapsed(sum, loss),
  }
  return Object.freeze({ ...parameters, warnings: Object.freeze(warningsFor(parameters)) })
}

/** @throws {SecAggError} `invalid-argument` where a value is out of its range. */
export function checkedSetting(setting: PrivacySetting): CheckedSetting {
  const { length, clip, bits, noiseMultiplier, tail = 4 } = setting
  const cohort = checkedCohort(setting)
  requireWhole('length', length, 1, 2 ** 30)
  requireNumber('clip', clip, 1e-30, 1e30)
  requireWhole('bits', bits, 1, 32)
  requireNumber('noiseMultiplier', noiseMultiplier, 1e-12, 1e12)
  requireNumber('tail', tail, 1, 32)
  return { ...cohort, length, clip, bits, noiseMultiplier, tail }
}

/** `undefined` where the sum fits the bits at no scale, or at one only that leaves no noise. */
export function scaledSum(setting: CheckedSetting): ScaledSum | undefined {
  const { distribution, clients, leastHonest, length, clip, noiseMultiplier } = setting
  const dimension = paddedLength(length)
  const localStandardDeviation = (noiseMultiplier * clip) / Math.sqrt(leastHonest)
  const scale = scaleFor({ ...setting, dimension, localStandardDeviation })
  const scaledDeviation = localStandardDeviation * scale
  const variance = scaledDeviation * scaledDeviation
  if (variance < LEAST_VARIANCE) return undefined
  const l2Sensitivity = roundedL2Bound(scale * clip, dimension)
  return {
    distribution,
    clients,
    leastHonest,
    dimension,
    scale,
    localStandardDeviation,
    localVariance: roundUpVariance(variance),
    l1Sensitivity: roundedL1Bound(l2Sensitivity, dimension),
    l2Sensitivity,
  }
}

function notEnoughBits({ clients, bits, tail }: CheckedSetting): Error {
  const least = Math.floor(Math.log2(clients * tail * tail) / 2) + 1
  return usageError(
    'invalid-configuration',
    bits < least
      ? `${bits} bits do not hold ${tail} standard deviations of the rounding of ${clients} clients; it takes ${least}`
      : `${bits} bits leave no room for the noise of ${clients} clients; more bits or a larger noise multiplier would do`,
    { expected: least, got: bits },
  )
}

function warningsFor(parameters: Omit<PrivacyParameters, 'warnings'>): string[] {
  const { epsilon, centralEpsilon, collapsed } = parameters
  const warnings = cohortWarnings(parameters)
  if (collapsed) {
    warnings.push(
      'Discrete Gaussians are too coarse at this scale for their sum to be known; take skellam, or more bits.',
    )
  } else if (epsilon > 1.1 * centralEpsilon) {
    warnings.push(
      `Rounding to ${parameters.bits} bits costs ε: it would be ${Number(centralEpsilon.toPrecision(4))} without.`,
    )
  }
  return warnings
}
