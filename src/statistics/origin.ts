import { usageError } from '../errors.js'
import type { CheckedRequirements } from '../received/index.js'
import type { PrivateStatistics } from './private-statistics.js'
import type { Assembled, Statistics } from './statistics.js'

/** Statistics with or without a privacy target. */
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
