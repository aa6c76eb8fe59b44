import { partsOf } from '../arguments.js'
import * as P from '../codec/codec.js'
import { ascii, type Bytes, codeUnits, plainBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { integerPrivacyContext } from '../privacy/index.js'
import { createRoundConfig, type RoundConfig, type RoundParameters } from '../protocol/index.js'
import { derivedFromServer } from '../received/index.js'
import { extendedContext } from '../rounds/index.js'
import { requireRound } from './check-statistics.js'
import { type AnyStatistics, type Origin, originOf } from './create-statistics.js'
import type { StatisticDefinition } from './definition.js'
import { assemblePrivateStatistics, type PrivateStatistics } from './private-statistics.js'
import { type Assembled, assembleStatistics, type Statistics } from './statistics.js'

/**
 * One round of statistics, made by {@link openStatistics}.
 * @public
 */
export interface StatisticsRound<S extends AnyStatistics = AnyStatistics> {
  readonly statistics: S
  /** The configuration for the sessions of the round. */
  readonly config: RoundConfig
}

/**
 * The parameters of a round that do not follow from the statistics. Clients and segments do.
 * @public
 */
export type StatisticsOccasion = Omit<RoundParameters, 'clients' | 'segments'>

const opened = new WeakMap<object, Origin>()

/**
 * Creates the configuration of one round. It contains the statistics in addition to `context`, so clients that were told
 * different statistics cannot be summed. Names in the context that begin with "secagg" are reserved.
 *
 * @param statistics - What `createStatistics`, `createPrivateStatistics` or `checkStatistics` has returned.
 * @param given - The session id, the adversary model and the other parameters of the round.
 * @returns The round, for the encoders and decoders, with the configuration for the sessions.
 * @throws {SecAggError} `invalid-argument` for statistics that came as data and did not go through `checkStatistics`;
 *   `invalid-configuration` or `unsupported` as `createRoundConfig` does; `invalid-configuration` if a private round can have
 *   fewer honest clients than the noise assumes. For statistics from `checkStatistics`, the fault is `server`, and a round
 *   that does not meet the client's requirements is refused with `invalid-configuration`.
 * @example
 * ```ts
 * import { createStatistics, openStatistics } from 'secagg/statistics'
 *
 * const statistics = createStatistics({ ill: { kind: 'count' } }, { clients: 100 })
 * const sessionId = crypto.getRandomValues(new Uint8Array(32))
 * const round = openStatistics(statistics, { sessionId, adversary: 'active', minimumCohort: 80 })
 * console.log(round.config.clients, round.config.minimumCohort) // 100 80
 * ```
 * @public
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

/** @throws {SecAggError} `invalid-argument` unless `round` is a round of statistics without a privacy target. */
export function requireExact<S extends Statistics>(round: StatisticsRound<S>): Assembled<S> {
  const { assembled } = openedBy(round)
  if (assembled.statistics.privacy === undefined) return assembled as Assembled<S>
  throw usageError(
    'invalid-argument',
    'these statistics have a privacy target; use encodePrivateRecords and decodePrivateStatistics',
  )
}

/** @throws {SecAggError} `invalid-argument` unless `round` is a round of statistics with a privacy target. */
export function requirePrivate<S extends PrivateStatistics>(round: StatisticsRound<S>): Assembled<S> {
  const { assembled } = openedBy(round)
  if (assembled.statistics.privacy !== undefined) return assembled as Assembled<S>
  throw usageError(
    'invalid-argument',
    'these statistics have no privacy target; use encodeRecords and decodeStatistics',
  )
}

function openedBy(round: StatisticsRound): Origin {
  const origin = opened.get(round)
  if (origin !== undefined) return origin
  throw usageError('invalid-argument', 'a round of statistics must come from openStatistics')
}

const LABEL = 'secagg statistics'
const VERSION = 1

const text = P.bytes(P.U32LE)
const texts = P.array(P.U32LE, text)
const choice = P.oneOf(P.U8, { count: 1, refuse: 2 })
const range = P.struct({ from: P.F64LE, to: P.F64LE })

const kind = P.tagged(P.U8, {
  count: [1, P.struct({})],
  sum: [2, range],
  mean: [3, range],
  variance: [4, range],
  histogram: [5, P.struct({ edges: P.array(P.U32LE, P.F64LE), outside: choice })],
  frequency: [6, P.struct({ categories: texts, other: choice })],
  contingency: [7, P.struct({ rows: texts, columns: texts, other: choice })],
  sketch: [8, P.struct({ depth: P.U32LE, width: P.U32LE, seed: text })],
})

const context = P.struct({
  label: P.bytes(LABEL.length),
  version: P.U16LE,
  maximumRecords: P.U64LE,
  statistics: P.array(P.U32LE, P.struct({ name: text, kind, unitsPerAnswer: P.U64LE })),
  /** Empty if there is no privacy target. */
  privacy: P.bytes(P.U32LE),
})

/**
 * The canonical bytes of statistics that `openStatistics` puts into the round's `context`. Clients that were told different
 * statistics, or a different privacy target, then cannot be summed. The bytes do not contain the number of clients, which is
 * in the configuration itself.
 *
 * @param statistics - Statistics, which may have come as data. Only the numbers from which all others follow are used.
 * @returns The bytes.
 * @throws {SecAggError} `invalid-configuration` or `invalid-argument` if the statistics are invalid.
 * @example
 * ```ts
 * import { createStatistics, statisticsContext } from 'secagg/statistics'
 *
 * const statistics = createStatistics({ ill: { kind: 'count' } }, { clients: 100 })
 * const received = JSON.parse(JSON.stringify(statistics))
 * console.log(String(statisticsContext(received)) === String(statisticsContext(statistics))) // true
 * ```
 * @public
 */
export function statisticsContext(statistics: Statistics | PrivateStatistics): Bytes {
  const own = partsOf('statistics', statistics, 'invalid-configuration')
  return contextOf(
    own.privacy === undefined
      ? assembleStatistics(own.definition, own)
      : assemblePrivateStatistics(own as PrivateStatistics),
  )
}

/** The bytes for {@link statisticsContext}. The statistics were derived here, so all their defaults are filled in. */
export function contextOf({ statistics, parts }: Assembled<Statistics | PrivateStatistics>): Bytes {
  const privacy =
    statistics.privacy === undefined ? new Uint8Array(0) : integerPrivacyContext(statistics.privacy)
  return plainBytes(
    context.encode({
      label: ascii(LABEL),
      version: VERSION,
      maximumRecords: BigInt(statistics.maximumRecords),
      statistics: parts.map(({ name, statistic, unitsPerAnswer }) => ({
        name: codeUnits(name),
        kind: encodable(statistic),
        unitsPerAnswer: BigInt(unitsPerAnswer),
      })),
      privacy,
    }),
  )
}

function encodable(statistic: StatisticDefinition): P.ValueOf<typeof kind> {
  switch (statistic.kind) {
    case 'count':
      return { kind: 'count', data: {} }
    case 'sum':
    case 'mean':
    case 'variance':
      return { kind: statistic.kind, data: statistic }
    case 'histogram': {
      const { kind, edges, outside = 'count' } = statistic
      return { kind, data: { edges: [...edges], outside } }
    }
    case 'frequency': {
      const { kind, categories, other = 'refuse' } = statistic
      return { kind, data: { categories: categories.map(codeUnits), other } }
    }
    case 'contingency': {
      const { kind, rows, columns, other = 'refuse' } = statistic
      return { kind, data: { rows: rows.map(codeUnits), columns: columns.map(codeUnits), other } }
    }
    case 'sketch': {
      const { kind, depth, width, seed } = statistic
      return { kind, data: { depth, width, seed: ascii(seed as string) } }
    }
  }
}
