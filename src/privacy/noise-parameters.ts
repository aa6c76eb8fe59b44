import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import { hasCollapsed, type PrivacyLoss, privacyLoss } from './accountant.js'
import { dwarfedMean, infeasible, MOST_BITS, minimumMultiplier, minimumWhole } from './noise-multiplier.js'
import { gaussianRdp, rdpOf, requireNumber } from './rdp.js'
import {
  type CheckedSetting,
  checkedSetting,
  cohortWarnings,
  type PrivacySetting,
  type ScaledSum,
  scaledSum,
  sumDeviation,
} from './scaled-sum.js'

/**
 * A {@link PrivacySetting} with its defaults and all that follows from it.
 * @public
 */
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
 * @public
 */
export function analyzePrivacy(setting: PrivacySetting): PrivacyParameters {
  const checked = checkedSetting(setting)
  const { delta, rounds, samplingRate, noiseMultiplier, clip, bits, tail } = checked
  const sum = scaledSum(checked)
  if (sum === undefined) throw notEnoughBits(checked)
  const loss = privacyLoss(rdpOf(sum), { delta, rounds, samplingRate })
  const central = privacyLoss(gaussianRdp(noiseMultiplier), { delta, rounds, samplingRate: undefined })
  const parameters = {
    ...checked,
    ...sum,
    ...loss,
    segment: Object.freeze({ length: sum.dimension, bits, bound: 'modular' as const }),
    totalStandardDeviation: noiseMultiplier * clip,
    sumStandardDeviation: sumDeviation(sum),
    wrapProbability: Math.min((2 * Math.exp((-tail * tail) / 2)) / (tail * Math.sqrt(2 * Math.PI)), 1),
    centralEpsilon: central.epsilon,
    collapsed: hasCollapsed(sum, loss),
  }
  return Object.freeze({ ...parameters, warnings: Object.freeze(warningsFor(parameters)) })
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
  warnings.push(...dwarfedMean(parameters, parameters, parameters))
  return warnings
}

/**
 * What is to be promised, for {@link choosePrivacy}.
 * @public
 */
export interface PrivacyTarget extends Omit<PrivacySetting, 'bits' | 'noiseMultiplier'> {
  /** ε at most, over all rounds and against the server; 10^−3 to 10^3. */
  readonly epsilon: number
  /** b, 1 to 32; without it, the least with which the noise is at most 5 % above what 32 bits need. */
  readonly bits?: number | undefined
}

/** What fewer bits may cost in noise. */
const TOLERATED_NOISE = 1.05

/**
 * The least noise that keeps a target, and all that follows from it. The noise multiplier is rounded up to six decimal
 * digits, so that every engine finds the same one. Whoever is told the outcome can have it checked by `analyzePrivacy`.
 *
 * A `samplingRate` changes nothing of the choice: the ε that holds against the server is kept, and the one that sampling
 * gives is shown beside.
 *
 * @throws {SecAggError} `invalid-argument` where a value is out of its range; `invalid-configuration` where no noise
 *   reaches ε, with what would do.
 * @public
 */
export function choosePrivacy(given: PrivacyTarget): PrivacyParameters {
  const target = partsOf('a privacy target', given)
  const { epsilon, bits = MOST_BITS } = target
  requireNumber('epsilon', epsilon, 1e-3, 1e3)
  checkedSetting({ ...target, bits, noiseMultiplier: 1 })
  const noiseMultiplier = minimumMultiplier({ ...target, bits })
  if (noiseMultiplier === undefined) throw infeasible({ ...target, bits })
  if (target.bits !== undefined) return analyzePrivacy({ ...target, bits, noiseMultiplier })
  const multiplierAt = (b: number): number =>
    minimumMultiplier({ ...target, bits: b }) ?? Number.POSITIVE_INFINITY
  const enough = minimumWhole((b) => multiplierAt(b) <= noiseMultiplier * TOLERATED_NOISE, 1, MOST_BITS)!
  return analyzePrivacy({ ...target, bits: enough, noiseMultiplier: multiplierAt(enough) })
}
