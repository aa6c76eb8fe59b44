import { usageError } from '../errors.js'
import type { CheckedRequirements } from '../received/index.js'
import type { Definition } from './definition.js'
import {
  choosePrivateStatistics,
  type PrivateStatistics,
  type PrivateStatisticsOptions,
} from './private-statistics.js'
import { type Assembled, assembleStatistics, type Statistics, type StatisticsOptions } from './statistics.js'

/**
 * Statistics with or without a privacy target.
 * @public
 */
export type AnyStatistics = Statistics | PrivateStatistics

/** Where statistics come from. */
export interface Origin {
  readonly assembled: Assembled<AnyStatistics>
  /** What a client asks of the rounds; `undefined` for statistics that were made here. */
  readonly required: CheckedRequirements | undefined
}

/** The statistics whose numbers were all derived here, and not told by somebody else. */
const origins = new WeakMap<object, Origin>()

/** Takes note of statistics that were derived here, and returns them. */
export function derived<S extends AnyStatistics>(
  assembled: Assembled<S>,
  required: CheckedRequirements | undefined,
): S {
  origins.set(assembled.statistics, { assembled, required })
  return assembled.statistics
}

/** @throws {SecAggError} `invalid-argument` for statistics that came as data and were not checked. */
export function originOf(statistics: AnyStatistics): Origin {
  const origin = origins.get(statistics)
  if (origin !== undefined) return origin
  throw usageError(
    'invalid-argument',
    'statistics are what createStatistics, createPrivateStatistics or checkStatistics has returned; those that came as ' +
      'data must go through checkStatistics first',
  )
}

/**
 * Lays statistics out in lanes that no sum overflows. Their sums are exact, and tell what exact sums do: where cohorts are
 * small, or the next one differs by few, `createPrivateStatistics` is the one to take.
 *
 * @throws {SecAggError} `invalid-configuration` where a statistic is none, by its name, or a value is out of its range.
 * @public
 */
export function createStatistics<const D extends Definition>(
  definition: D,
  options: StatisticsOptions,
): Statistics<D> {
  return derived(assembleStatistics(definition, options), undefined)
}

/**
 * Lays statistics out under one privacy target, with the least noise that keeps it.
 *
 * All cells have noise of the same size, which hides the whole vector of a client. An answer counts u units: in one cell;
 * spread over two or three that make u in all, where it is a number; or in one cell of each of the d rows of a sketch. So
 * that is what it has at most in L1 and in L2 norm, d·u and √d·u for a sketch. With d = 1 for all others, W records have
 *
 *     Δ1 = W · Σ d·u,  Δ2 = W · √(Σ d·u²).
 *
 * u is proportional to weight / √d: k statistics of the same weight each have √k times the noise of one alone, in answers,
 * and one of twice the weight has half the noise of the others. Where W > 1 the number of records is one more statistic, as
 * exact as the most exact one.
 *
 * @throws {SecAggError} as `createStatistics` and `chooseIntegerPrivacy` do.
 * @public
 */
export function createPrivateStatistics<const D extends Definition>(
  definition: D,
  options: PrivateStatisticsOptions<D>,
): PrivateStatistics<D> {
  return derived(choosePrivateStatistics(definition, options), undefined)
}
