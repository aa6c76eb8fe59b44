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

/**
 * Creates statistics with exact sums, and lays them out in lanes that no sum can overflow. Exact sums can reveal single
 * answers if cohorts are small, or if two cohorts differ in few clients. In these cases, use
 * {@link createPrivateStatistics}.
 *
 * @param definition - The statistics, by name.
 * @param options - How many clients and records a sum must have room for.
 * @returns The statistics, frozen. They are plain data that can travel as JSON.
 * @throws {SecAggError} `invalid-configuration` if a statistic is invalid, which the message names, or if a value is out of
 *   its range.
 * @example
 * ```ts
 * import { createStatistics } from 'secagg/statistics'
 *
 * const statistics = createStatistics(
 *   {
 *     age: { kind: 'mean', from: 0, to: 120, step: 1 },
 *     ward: { kind: 'frequency', categories: ['surgery', 'medicine'], other: 'count' },
 *   },
 *   { clients: 100 },
 * )
 * console.log(statistics.segments.map(({ length, bits }) => [length, bits])) // [ [ 2, 14 ], [ 3, 7 ] ]
 * ```
 * @public
 */
export function createStatistics<const D extends Definition>(
  definition: D,
  options: StatisticsOptions,
): Statistics<D> {
  return derived(assembleStatistics(definition, options), undefined)
}

/**
 * Creates statistics under one privacy target, with the smallest noise that keeps it.
 *
 * All cells have noise of the same size, which hides a client's whole vector. An answer counts u units. A boolean or a
 * category adds them to one cell, a number spreads them over two or three cells, and a string in a sketch adds them to one
 * cell in each of d rows. So the answer's L1 norm is at most d·u and its L2 norm at most √d·u, where d = 1 except for a
 * sketch. For W records, this gives
 *
 *     Δ1 = W · Σ d·u,  Δ2 = W · √(Σ d·u²).
 *
 * u is proportional to weight / √d. In answers, k statistics of equal weight have √k times the noise of a single one, and a
 * statistic with twice the weight has half the noise of the others. If W > 1, the number of records is one more statistic, as
 * exact as the most exact one.
 *
 * @param definition - The statistics, by name.
 * @param options - The privacy target, the clients, and optionally weights.
 * @returns The statistics with their noise, frozen. They are plain data that can travel as JSON.
 * @throws {SecAggError} `invalid-configuration` as {@link createStatistics} does, or if the noise for ε does not fit 32 bits;
 *   `invalid-argument` if a value of the privacy target is out of its range.
 * @example
 * ```ts
 * import { createPrivateStatistics } from 'secagg/statistics'
 *
 * const statistics = createPrivateStatistics(
 *   { stay: { kind: 'histogram', edges: [0, 1, 3, 7, 14] } },
 *   { clients: 100, minimumHonest: 60, epsilon: 1, delta: 1e-6 },
 * )
 * console.log(statistics.privacy.epsilon <= 1, statistics.privacy.warnings) // true []
 * ```
 * @public
 */
export function createPrivateStatistics<const D extends Definition>(
  definition: D,
  options: PrivateStatisticsOptions<D>,
): PrivateStatistics<D> {
  return derived(choosePrivateStatistics(definition, options), undefined)
}

/** Where statistics come from. */
export interface Origin {
  readonly assembled: Assembled<AnyStatistics>
  /** What a client requires of the rounds; `undefined` for statistics that were made here. */
  readonly required: CheckedRequirements | undefined
}

/** All statistics whose numbers were derived here, and not received from somebody else. */
const origins = new WeakMap<object, Origin>()

/** Remembers statistics that were derived here, and returns them. */
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
    'statistics must come from createStatistics, createPrivateStatistics or checkStatistics; statistics that arrived as ' +
      'data must go through checkStatistics first',
  )
}
