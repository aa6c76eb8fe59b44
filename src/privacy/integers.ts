import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import {
  hasCollapsed,
  type PrivacyLoss,
  privacyLoss,
  provenEpsilon,
  requireUncollapsed,
} from './accountant.js'
import { distributionBound } from './loss/round-pair.js'
import { MINIMUM_VARIANCE } from './noise/sampler.js'
import { dwarfedSum, minimumNumber } from './noise-multiplier.js'
import { type NoisySum, requireNumber, requireWhole } from './rdp.js'
import {
  type CheckedCohort,
  checkedCohort,
  cohortWarnings,
  type PrivateCohort,
  roundUpDecimal,
  roundUpVariance,
} from './scaled-sum.js'

/**
 * The limits on one client's contribution to a sum of whole numbers, such as a histogram. Whole numbers need no rotation and
 * no rounding.
 * @public
 */
export interface IntegerQuery extends PrivateCohort {
  /** The number of elements of a client's vector, 1 to 2^30. */
  readonly length: number
  /** Δ1: the largest L1 norm of one client's vector; 1 for a histogram. Encoders refuse a vector with a larger norm. */
  readonly l1Sensitivity: number
  /**
   * Δ2: the largest L2 norm of one client's vector; 1 for a histogram. Encoders refuse a vector with a larger norm. A vector of
   * whole numbers whose L1 norm is Δ1 has an L2 norm between √Δ1 and Δ1.
   */
  readonly l2Sensitivity: number
  /** The smallest value that an element of the sum can have without noise, −2^32 to 2^32. Default 0. */
  readonly minimumSum?: number | undefined
  /** The largest value that an element of the sum can have without noise, up to 2^32; for a histogram, the clients. */
  readonly maximumSum: number
  /** b, 1 to 32. By default, the smallest number of bits with which a sum wraps around with probability at most 2^−40. */
  readonly bits?: number | undefined
}

/**
 * An {@link IntegerQuery} with its noise.
 * @public
 */
export interface IntegerPrivacySetting extends IntegerQuery {
  /** σ_total: the standard deviation of the noise of h clients together in an element of the sum, 10^−6 to 10^9. */
  readonly noiseStandardDeviation: number
}

/**
 * An {@link IntegerQuery} with the ε to be promised.
 * @public
 */
export interface IntegerPrivacyTarget extends IntegerQuery {
  /** The largest acceptable ε, over all rounds and against the server; 10^−3 to 10^3. */
  readonly epsilon: number
}

/** An {@link IntegerQuery} with defaults filled in, except for the bits. */
interface CheckedQuery extends CheckedCohort {
  readonly length: number
  readonly l1Sensitivity: number
  readonly l2Sensitivity: number
  readonly minimumSum: number
  readonly maximumSum: number
}

/**
 * An {@link IntegerPrivacySetting} with defaults filled in, and every number that follows from it.
 * @public
 */
export interface IntegerPrivacyParameters extends NoisySum, PrivacyLoss, CheckedQuery {
  readonly bits: number
  readonly noiseStandardDeviation: number
  /** The standard deviation of one client's noise. */
  readonly localStandardDeviation: number
  /** The standard deviation of the noise in an element of the sum of all n clients. */
  readonly sumStandardDeviation: number
  /** The segment for such vectors in the round's configuration. */
  readonly segment: { readonly length: number; readonly bits: number; readonly bound: 'modular' }
  /** Whether discrete Gaussians are too coarse for this many clients. Encoders refuse such parameters. */
  readonly collapsed: boolean
  /** What to know before you rely on these parameters, for people. */
  readonly warnings: readonly string[]
}

const MINIMUM_DEVIATION = 1e-6
const MAXIMUM_DEVIATION = 1e9
/** The relative precision to which the smallest deviation is searched, below the sixth decimal digit. */
const SEARCHED = 2 ** -22

/** The logarithm of the probability with which any element of a sum may wrap around, 2^−40. */
const LOG_WRAP = -40 * Math.LN2

/**
 * Computes ε and all other parameters for whole numbers from a given amount of noise.
 *
 * @param given - Clients, sensitivities, the range of sums, and the noise.
 * @returns The setting with defaults and every number that follows from it.
 * @throws {SecAggError} `invalid-argument` if a value is out of its range; `invalid-configuration` if the sum does not fit
 *   `bits`, or 32 bits.
 * @example
 * ```ts
 * import { analyzeIntegerPrivacy } from 'secagg/privacy'
 *
 * const histogram = { clients: 100, minimumHonest: 75, length: 5, maximumSum: 100 }
 * const sensitivity = { l1Sensitivity: 1, l2Sensitivity: 1 }
 * const cohort = { ...histogram, ...sensitivity, delta: 1e-6 }
 * const { epsilon, bits } = analyzeIntegerPrivacy({ ...cohort, noiseStandardDeviation: 5 })
 * console.log(epsilon.toFixed(2), bits) // '0.78' 8
 * ```
 * @public
 */
export function analyzeIntegerPrivacy(given: IntegerPrivacySetting): IntegerPrivacyParameters {
  const setting = partsOf('a privacy setting', given)
  const query = checkedQuery(setting)
  const { clients, minimumHonest, length, minimumSum, maximumSum, delta, rounds, samplingRate } = query
  const { noiseStandardDeviation } = setting
  requireNumber('noiseStandardDeviation', noiseStandardDeviation, MINIMUM_DEVIATION, MAXIMUM_DEVIATION)
  const sum = noisySum(query, noiseStandardDeviation)
  const needed = bitsFor(maximumSum - minimumSum, clients * sum.localVariance, length)
  const bits = setting.bits ?? needed
  if (needed > Math.min(bits, 32)) {
    throw usageError(
      'invalid-configuration',
      `sums from ${minimumSum} to ${maximumSum} and their noise need ${needed} bits, more than ${Math.min(bits, 32)}`,
      { expected: needed, got: bits },
    )
  }
  const loss = privacyLoss(sum, { delta, rounds, samplingRate }, distributionBound)
  const collapsed = hasCollapsed(sum, loss)
  const sumStandardDeviation = Math.sqrt(clients * sum.localVariance)
  const warnings = cohortWarnings(query)
  if (collapsed) warnings.push('Discrete Gaussians are too coarse for this many clients. Use skellam.')
  const sumWith = (factor: number): NoisySum => noisySum(query, noiseStandardDeviation * factor)
  warnings.push(...dwarfedSum(sumStandardDeviation, maximumSum - minimumSum, sumWith, loss))
  return Object.freeze({
    ...query,
    ...sum,
    ...loss,
    bits,
    noiseStandardDeviation,
    localStandardDeviation: noiseStandardDeviation / Math.sqrt(minimumHonest),
    sumStandardDeviation,
    segment: Object.freeze({ length, bits, bound: 'modular' as const }),
    collapsed,
    warnings: Object.freeze(warnings),
  })
}

/**
 * Chooses the smallest noise that keeps ε for whole numbers. The standard deviation is rounded up to six decimal digits, so
 * that every JavaScript engine finds the same number.
 *
 * @param given - Clients, sensitivities, the range of sums, and the largest acceptable ε.
 * @returns All parameters, as {@link analyzeIntegerPrivacy} returns them for that noise.
 * @throws {SecAggError} `invalid-argument` if a value is out of its range; `invalid-configuration` if the noise for ε does not
 *   fit the bits, or if discrete Gaussians are too coarse.
 * @example
 * ```ts
 * import { chooseIntegerPrivacy } from 'secagg/privacy'
 *
 * const histogram = { clients: 100, minimumHonest: 75, length: 5, maximumSum: 100 }
 * const sensitivity = { l1Sensitivity: 1, l2Sensitivity: 1 }
 * const target = { ...histogram, ...sensitivity, epsilon: 1, delta: 1e-6 }
 * const { noiseStandardDeviation, bits } = chooseIntegerPrivacy(target)
 * console.log(noiseStandardDeviation, bits) // 3.77371 8
 * ```
 * @public
 */
export function chooseIntegerPrivacy(given: IntegerPrivacyTarget): IntegerPrivacyParameters {
  const target = partsOf('a privacy target', given)
  const { epsilon } = target
  requireNumber('epsilon', epsilon, 1e-3, 1e3)
  const query = checkedQuery(target)
  const epsilonAt = (deviation: number, exact?: typeof distributionBound): number =>
    provenEpsilon(noisySum(query, deviation), query, exact).epsilon
  const enough = minimumNumber((deviation) => epsilonAt(deviation) <= epsilon)
  if (enough === undefined || enough > MAXIMUM_DEVIATION / 2) {
    throw usageError(
      'invalid-configuration',
      `the noise for ε = ${epsilon} does not fit 32 bits; use a larger ε, smaller sensitivities or fewer rounds`,
      { got: epsilon },
    )
  }
  const deviation = tightDeviation(enough, (deviation) => epsilonAt(deviation, distributionBound) <= epsilon)
  const parameters = analyzeIntegerPrivacy({ ...target, noiseStandardDeviation: deviation })
  requireUncollapsed(parameters)
  return parameters
}

/**
 * The smallest deviation that keeps ε, at most `enough`, by the accountant that is exact but slow, and rounded up to six
 * decimal digits. The variance is rounded up, and the accountant rounds ε up by an amount that changes with the noise, so a
 * slightly larger deviation can give a slightly larger ε: then the next numbers with six digits are tried.
 */
function tightDeviation(enough: number, holds: (deviation: number) => boolean): number {
  let [low, high] = [Math.max(enough / 2 ** 10, MINIMUM_DEVIATION / 2), Math.max(enough, MINIMUM_DEVIATION)]
  while (high - low > high * SEARCHED) {
    const middle = Math.sqrt(low * high)
    if (holds(middle)) high = middle
    else low = middle
  }
  const rounded = roundUpDecimal(Math.max(high, MINIMUM_DEVIATION))
  const steps = Array.from({ length: 8 }, (_, i) => (i === 0 ? 0 : 1e-6 * 2 ** (i - 1)))
  const candidates = steps.map((step) => roundUpDecimal(rounded * (1 + step)))
  return candidates.find(holds) ?? roundUpDecimal(enough)
}

function checkedQuery(query: IntegerQuery): CheckedQuery {
  const { length, l1Sensitivity, l2Sensitivity, minimumSum = 0, maximumSum, bits } = query
  const cohort = checkedCohort(query)
  requireWhole('length', length, 1, 2 ** 30)
  requireNumber('l1Sensitivity', l1Sensitivity, 1e-6, 2 ** 40)
  requireNumber('l2Sensitivity', l2Sensitivity, 1e-6, 2 ** 40)
  requireWhole('minimumSum', minimumSum, -(2 ** 32), 2 ** 32)
  requireWhole('maximumSum', maximumSum, minimumSum, 2 ** 32)
  if (bits !== undefined) requireWhole('bits', bits, 1, 32)
  return { ...cohort, length, l1Sensitivity, l2Sensitivity, minimumSum, maximumSum }
}

function noisySum(query: CheckedQuery, deviation: number): NoisySum {
  const { distribution, clients, minimumHonest, length, l1Sensitivity, l2Sensitivity } = query
  const localVariance = Math.max(roundUpVariance((deviation * deviation) / minimumHonest), MINIMUM_VARIANCE)
  return {
    distribution,
    clients,
    minimumHonest,
    dimension: length,
    localVariance,
    l1Sensitivity,
    l2Sensitivity,
  }
}

/**
 * The bits for sums in an interval of width `range`, with noise of this variance on each of `length` elements. By Bernstein's
 * inequality, the noise exceeds a with probability at most e^−L if a² = 2L (variance + a/3). The inequality applies because
 * the cumulants of a Skellam variable are at most those of a Poisson variable, and those of a discrete Gaussian are smaller.
 */
function bitsFor(range: number, variance: number, length: number): number {
  const log = Math.log(2 * length) - LOG_WRAP
  const reach = Math.ceil(log / 3 + Math.sqrt((log / 3) ** 2 + 2 * log * variance))
  let bits = 1
  while (2 ** bits <= range + 2 * reach) bits++
  return bits
}
