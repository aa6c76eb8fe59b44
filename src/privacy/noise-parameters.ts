import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import { hasCollapsed, type PrivacyLoss, privacyLoss } from './accountant.js'
import { gaussianEpsilon } from './loss/normal.js'
import { dwarfedMean, infeasible, MAXIMUM_BITS, minimumMultiplier, minimumWhole } from './noise-multiplier.js'
import { requireNumber } from './rdp.js'
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
 * A {@link PrivacySetting} with defaults filled in, and every number that follows from it.
 * @public
 */
export interface PrivacyParameters extends ScaledSum, PrivacyLoss, CheckedSetting {
  /** The segment for such vectors in the round's configuration. */
  readonly segment: { readonly length: number; readonly bits: number; readonly bound: 'modular' }
  /** σ_total = z·c: the standard deviation of the noise of h clients in an element of the sum, in units of the vectors. */
  readonly totalStandardDeviation: number
  /**
   * An upper bound on the standard deviation of an element of the decoded sum of all n clients, from noise and rounding
   * together, in units of the vectors.
   */
  readonly sumStandardDeviation: number
  /**
   * The approximate probability that an element of the sum wraps around and is completely wrong, in the worst case: all n
   * clients hold the same vector of norm c.
   */
  readonly wrapProbability: number
  /** For comparison: the ε if a trusted party added normal noise of σ_total to a sum that is not rounded. */
  readonly centralEpsilon: number
  /** Whether discrete Gaussians are too coarse at this scale. Encoders refuse such parameters. */
  readonly collapsed: boolean
  /** Limits of these parameters that the caller should know, in whole sentences. */
  readonly warnings: readonly string[]
}

/**
 * Computes scale, noise, ε and all other parameters from a given noise multiplier.
 *
 * @param setting - Clients, vectors, bits and the noise multiplier.
 * @returns The setting with defaults and every number that follows from it.
 * @throws {SecAggError} `invalid-argument` if a value is out of its range; `invalid-configuration` if the bits are too few for
 *   the sum, or leave no room for noise.
 * @example
 * ```ts
 * import { analyzePrivacy } from 'secagg/privacy'
 *
 * const cohort = { clients: 100, minimumHonest: 75, length: 1000, clip: 1, delta: 1e-5 }
 * const parameters = analyzePrivacy({ ...cohort, bits: 16, noiseMultiplier: 2 })
 * console.log(parameters.epsilon.toFixed(2), parameters.dimension) // '1.99' 1000
 * ```
 * @public
 */
export function analyzePrivacy(setting: PrivacySetting): PrivacyParameters {
  const checked = checkedSetting(setting)
  const { delta, rounds, samplingRate, noiseMultiplier, clip, bits, tail } = checked
  const sum = scaledSum(checked)
  if (sum === undefined) throw notEnoughBits(checked)
  const loss = privacyLoss(sum, { delta, rounds, samplingRate })
  const parameters = {
    ...checked,
    ...sum,
    ...loss,
    segment: Object.freeze({ length: sum.dimension, bits, bound: 'modular' as const }),
    totalStandardDeviation: noiseMultiplier * clip,
    sumStandardDeviation: sumDeviation(sum),
    wrapProbability: Math.min((2 * Math.exp((-tail * tail) / 2)) / (tail * Math.sqrt(2 * Math.PI)), 1),
    centralEpsilon: gaussianEpsilon(Math.sqrt(rounds) / noiseMultiplier, delta),
    collapsed: hasCollapsed(sum, loss),
  }
  return Object.freeze({ ...parameters, warnings: Object.freeze(warningsFor(parameters)) })
}

function notEnoughBits({ clients, bits, tail }: CheckedSetting): Error {
  const minimum = Math.floor(Math.log2(clients * tail * tail) / 2) + 1
  return usageError(
    'invalid-configuration',
    bits < minimum
      ? `${bits} bits cannot hold ${tail} standard deviations of the rounding of ${clients} clients; use at least ${minimum}`
      : `${bits} bits leave no room for the noise of ${clients} clients; use more bits or a larger noise multiplier`,
    { expected: minimum, got: bits },
  )
}

function warningsFor(parameters: Omit<PrivacyParameters, 'warnings'>): string[] {
  const { epsilon, centralEpsilon, collapsed } = parameters
  const warnings = cohortWarnings(parameters)
  if (collapsed) {
    warnings.push(
      'Discrete Gaussians are too coarse at this scale for their sum to be analyzed. Use skellam or more bits.',
    )
  } else if (epsilon > 1.1 * centralEpsilon) {
    warnings.push(
      `Rounding to ${parameters.bits} bits increases ε. Without rounding it would be ${Number(centralEpsilon.toPrecision(4))}.`,
    )
  }
  warnings.push(...dwarfedMean(parameters, parameters, parameters))
  return warnings
}

/**
 * The ε to be promised and what it depends on, for {@link choosePrivacy}.
 * @public
 */
export interface PrivacyTarget extends Omit<PrivacySetting, 'bits' | 'noiseMultiplier'> {
  /** The largest acceptable ε, over all rounds and against the server; 10^−3 to 10^3. */
  readonly epsilon: number
  /** b, 1 to 32. By default, the smallest number of bits that needs at most 5 % more noise than 32 bits do. */
  readonly bits?: number | undefined
}

/** The factor by which noise may grow in exchange for fewer bits. */
const TOLERATED_NOISE = 1.05

/**
 * Chooses the smallest noise that keeps ε. The noise multiplier is rounded up to six decimal digits, so that every JavaScript
 * engine finds the same number. A client that receives the result can check it with {@link analyzePrivacy}.
 *
 * A `samplingRate` does not change the choice. The target is for the ε that holds against the server; the lower ε from
 * sampling is stated in `amplified`.
 *
 * @param given - Clients, vectors, and the largest acceptable ε.
 * @returns All parameters, as {@link analyzePrivacy} returns them for that noise multiplier.
 * @throws {SecAggError} `invalid-argument` if a value is out of its range; `invalid-configuration` if no amount of noise
 *   reaches ε. The message then says which changes would work.
 * @example
 * ```ts
 * import { choosePrivacy } from 'secagg/privacy'
 *
 * const parameters = choosePrivacy({
 *   clients: 100,
 *   minimumHonest: 75, // the minimum cohort minus the corrupt clients
 *   length: 1000,
 *   clip: 1,
 *   epsilon: 8,
 *   delta: 1e-5,
 *   rounds: 20,
 * })
 * console.log(parameters.noiseMultiplier, parameters.bits) // 2.73823 12
 * ```
 * @public
 */
export function choosePrivacy(given: PrivacyTarget): PrivacyParameters {
  const target = partsOf('a privacy target', given)
  const { epsilon, bits = MAXIMUM_BITS } = target
  requireNumber('epsilon', epsilon, 1e-3, 1e3)
  checkedSetting({ ...target, bits, noiseMultiplier: 1 })
  const noiseMultiplier = minimumMultiplier({ ...target, bits })
  if (noiseMultiplier === undefined) throw infeasible({ ...target, bits })
  if (target.bits !== undefined) return analyzePrivacy({ ...target, bits, noiseMultiplier })
  const multiplierAt = (b: number): number =>
    minimumMultiplier({ ...target, bits: b }) ?? Number.POSITIVE_INFINITY
  const enough = minimumWhole((b) => multiplierAt(b) <= noiseMultiplier * TOLERATED_NOISE, 1, MAXIMUM_BITS)!
  return analyzePrivacy({ ...target, bits: enough, noiseMultiplier: multiplierAt(enough) })
}
