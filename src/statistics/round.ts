import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import { createRoundConfig, type RoundConfig, type RoundParameters } from '../protocol/index.js'
import { derivedFromServer } from '../received/index.js'
import { extendedContext } from '../rounds/index.js'
import { contextOf } from './context.js'
import { type AnyStatistics, type Origin, originOf } from './origin.js'
import type { PrivateStatistics } from './private-statistics.js'
import { requireRound } from './requirements.js'
import type { Assembled, Statistics } from './statistics.js'

/** One round of statistics, made by {@link openStatistics}. */
export interface StatisticsRound<S extends AnyStatistics = AnyStatistics> {
  readonly statistics: S
  /** For the sessions of the round. */
  readonly config: RoundConfig
}

/** What a host states of a round of statistics; clients and segments follow from the statistics. */
export type StatisticsOccasion = Omit<RoundParameters, 'clients' | 'segments'>

const opened = new WeakMap<object, Origin>()

/**
 * The configuration of one round. The statistics are bound into it besides `context`: clients of which one was told anything
 * else form no sum. Names of a context that begin with "secagg" are taken.
 *
 * @throws {SecAggError} `invalid-argument` for statistics that came as data and did not go through `checkStatistics`;
 *   `invalid-configuration` or `unsupported` as `createRoundConfig`, and where a private round has fewer honest clients than
 *   the noise counts on. For statistics of `checkStatistics` the fault is that of the server, and a round that does not
 *   meet the client's requirements is refused as well.
 */
export function openStatistics<S extends AnyStatistics>(
  statistics: S,
  given: StatisticsOccasion,
): StatisticsRound<S> {
  const origin = originOf(statistics)
  const occasion = partsOf('the occasion of a round', given)
  const create = (): RoundConfig => configOf(origin, occasion)
  const config = origin.required === undefined ? create() : derivedFromServer(create)
  requireRound(config, statistics, origin.required)
  const round = Object.freeze({ statistics, config })
  opened.set(round, origin)
  return round
}

function configOf({ assembled }: Origin, occasion: StatisticsOccasion): RoundConfig {
  const { clients, segments } = assembled.statistics
  const context = extendedContext(occasion.context ?? {}, { 'secagg statistics': contextOf(assembled) })
  return createRoundConfig({ ...occasion, clients, segments, context })
}

/** @throws {SecAggError} `invalid-argument` for anything but a round of statistics without a privacy target. */
export function requireExact<S extends Statistics>(round: StatisticsRound<S>): Assembled<S> {
  const { assembled } = openedBy(round)
  if (assembled.statistics.privacy === undefined) return assembled as Assembled<S>
  throw usageError(
    'invalid-argument',
    'these statistics have a privacy target, for which there are other functions',
  )
}

/** @throws {SecAggError} `invalid-argument` for anything but a round of statistics with a privacy target. */
export function requirePrivate<S extends PrivateStatistics>(round: StatisticsRound<S>): Assembled<S> {
  const { assembled } = openedBy(round)
  if (assembled.statistics.privacy !== undefined) return assembled as Assembled<S>
  throw usageError('invalid-argument', 'these statistics have no privacy target')
}

function openedBy(round: StatisticsRound): Origin {
  const origin = opened.get(round)
  if (origin !== undefined) return origin
  throw usageError('invalid-argument', 'a round of statistics is what openStatistics has returned')
}
