import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import { hasCollapsed, type PrivacyLoss, privacyLoss, requireUncollapsed } from './accountant.js'
import { MINIMUM_VARIANCE } from './noise/sampler.js'
import { dwarfedSum, minimumNumber } from './noise-multiplier.js'
import { type NoisySum, type RdpCurve, rdpOf, requireNumber, requireWhole } from './rdp.js'
import {
  type CheckedCohort,
  checkedCohort,
  cohortWarnings,
  type PrivateCohort,
  roundUpDecimal,
  roundUpVariance,
} from './scaled-sum.js'

/**
 * What one client may put into a sum of whole numbers, such as a histogram, which needs no rotation and no rounding.
 * @public
 */
export interface IntegerQuery extends PrivateCohort {
  /** The elements of a client's vector, 1 to 2^30. */
  readonly length: number
  /** Δ1: the greatest L1 norm of one client's vector; 1 for a histogram. An encoder refuses a longer one. */
  readonly l1Sensitivity: number
  /** Δ2: the greatest L2 norm; 1 for a histogram. At most Δ1, and at least its square root, as the numbers are whole. */
  readonly l2Sensitivity: number
  /** The least value that an element of the sum has without noise; default 0. */
  readonly minimumSum?: number | undefined
  /** The greatest; the number of clients for a histogram. */
  readonly maximumSum: number
  /** b, up to 32; by default the least with which nothing wraps around but with probability 2^−40. */
  readonly bits?: number | undefined
}

/**
 * An {@link IntegerQuery} with its noise.
 * @public
 */
export interface IntegerPrivacySetting extends IntegerQuery {
  /** σ_total: the standard deviation of the noise of h clients in an element of the sum; 10^−6 to 10^9. */
  readonly noiseStandardDeviation: number
}

/**
 * An {@link IntegerQuery} with what is to be promised.
 * @public
 */
export interface IntegerPrivacyTarget extends IntegerQuery {
  /** ε at most, over all rounds and against the server; 10^−3 to 10^3. */
  readonly epsilon: number
}

/** An {@link IntegerQuery} with its defaults, but for the bits. */
interface CheckedQuery extends CheckedCohort {
  readonly length: number
  readonly l1Sensitivity: number
  readonly l2Sensitivity: number
  readonly minimumSum: number
  readonly maximumSum: number
}

/**
 * An {@link IntegerPrivacySetting} with its defaults and all that follows from it.
 * @public
 */
export interface IntegerPrivacyParameters extends NoisySum, PrivacyLoss, CheckedQuery {
  readonly bits: number
  readonly noiseStandardDeviation: number
  /** Of one client's noise. */
  readonly localStandardDeviation: number
  /** Of an element of the sum of all n clients. */
  readonly sumStandardDeviation: number
  /** The segment of the round's configuration that takes such a vector. */
  readonly segment: { readonly length: number; readonly bits: number; readonly bound: 'modular' }
  /** Whether discrete Gaussians are too coarse for so many clients; no encoder takes such parameters. */
  readonly collapsed: boolean
  /** What to know before relying on this; one sentence each. */
  readonly warnings: readonly string[]
}

const MINIMUM_DEVIATION = 1e-6
const MAXIMUM_DEVIATION = 1e9

/** That anything in a sum wraps around has a probability of at most 2^−40. */
const LOG_WRAP = -40 * Math.LN2

/**
 * What noise of a given size gives for whole numbers, whose sensitivities are handed in.
 *
 * @throws {SecAggError} `invalid-argument` where a value is out of its range; `invalid-configuration` where the sum takes
 *   more bits than there are.
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
      `sums from ${minimumSum} to ${maximumSum} and their noise take ${needed} bits, more than ${Math.min(bits, 32)}`,
      { expected: needed, got: bits },
    )
  }
  const loss = privacyLoss(rdpOf(sum), { delta, rounds, samplingRate })
  const collapsed = hasCollapsed(sum, loss)
  const sumStandardDeviation = Math.sqrt(clients * sum.localVariance)
  const warnings = cohortWarnings(query)
  if (collapsed) warnings.push('Discrete Gaussians are too coarse for so many clients; take skellam.')
  const curveWith = (factor: number): RdpCurve => rdpOf(noisySum(query, noiseStandardDeviation * factor))
  warnings.push(...dwarfedSum(sumStandardDeviation, maximumSum - minimumSum, curveWith, loss))
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
 * The least noise that keeps a target for whole numbers.
 *
 * @throws {SecAggError} as {@link analyzeIntegerPrivacy} does; `invalid-configuration` where discrete Gaussians collapse.
 * @public
 */
export function chooseIntegerPrivacy(given: IntegerPrivacyTarget): IntegerPrivacyParameters {
  const target = partsOf('a privacy target', given)
  const { epsilon } = target
  requireNumber('epsilon', epsilon, 1e-3, 1e3)
  const query = checkedQuery(target)
  const lossAt = (deviation: number): PrivacyLoss =>
    privacyLoss(rdpOf(noisySum(query, deviation)), { ...query, samplingRate: undefined })
  const least = minimumNumber((deviation) => lossAt(deviation).epsilon <= epsilon)
  if (least === undefined || least > MAXIMUM_DEVIATION / 2) {
    throw usageError(
      'invalid-configuration',
      `the noise for ε = ${epsilon} does not fit 32 bits; a larger ε, smaller sensitivities or fewer rounds would do`,
      { got: epsilon },
    )
  }
  const rounded = roundUpDecimal(Math.max(least, MINIMUM_DEVIATION))
  // The variance is rounded up, so that slightly more noise can have a slightly larger ε.
  const deviation = lossAt(rounded).epsilon <= epsilon ? rounded : roundUpDecimal(rounded * (1 + 1e-6))
  const parameters = analyzeIntegerPrivacy({ ...target, noiseStandardDeviation: deviation })
  requireUncollapsed(parameters)
  return parameters
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
 * b for sums that span `range` and noise of this variance on each of `length` elements. With L the logarithm of what may
 * go wrong, noise exceeds a with probability at most e^−L where a² = 2L (variance + a/3): Bernstein's inequality, as the
 * cumulants of a Skellam variable, and all the more those of a discrete Gaussian, are at most those of Poisson's law.
 */
function bitsFor(range: number, variance: number, length: number): number {
  const log = Math.log(2 * length) - LOG_WRAP
  const reach = Math.ceil(log / 3 + Math.sqrt((log / 3) ** 2 + 2 * log * variance))
  let bits = 1
  while (2 ** bits <= range + 2 * reach) bits++
  return bits
}
