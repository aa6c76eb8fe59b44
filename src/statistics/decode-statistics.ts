import { usageError } from '../errors.js'
import { decodeIntegerSum, type PrivacyLoss } from '../privacy/index.js'
import { type FinishedRound, readOutcome } from '../rounds/index.js'
import { checkVector } from '../vector/arithmetic.js'
import type { Lanes, Vector } from '../vector/segments.js'
import type { AnyStatistics } from './create-statistics.js'
import { type Definition, shown } from './definition.js'
import { impossible } from './kinds/kind.js'
import type { PrivateStatistics } from './private-statistics.js'
import { type Answered, type PresentationOptions, presenters, type ResultOf } from './results.js'
import type { Assembled, Statistics } from './statistics.js'
import { requireExact, requirePrivate, type StatisticsRound } from './statistics-round.js'

/**
 * The statistics of a round.
 * @public
 */
export interface StatisticsOutcome<D extends Definition> {
  /** The number of clients in the sums. */
  readonly survivors: number
  /** The number of their records. If W is 1, this is the number of survivors. */
  readonly records: number
  /** The results by the names of the statistics. The object has no prototype. */
  readonly results: { readonly [Name in keyof D]: ResultOf<D[Name]> }
  /** How many numbers are withheld, in all results together. */
  readonly withheld: number
}

/**
 * The statistics of a round with a privacy target.
 * @public
 */
export interface PrivateStatisticsOutcome<D extends Definition> extends StatisticsOutcome<D> {
  /** The standard deviation of the noise on `records`. If W is 1, it is 0, because the number of survivors is known. */
  readonly recordsNoise: number
  /** ε, δ and the neighbor relation. They hold for all results of all `rounds` together. */
  readonly privacy: PrivacyLoss
}

/**
 * Decodes the outcome of a round into exact statistics.
 *
 * @param outcome - What the last `closePhase` of the server's session has returned.
 * @param round - What `openStatistics` has returned, for statistics without a privacy target.
 * @param options - How results are presented.
 * @returns The results by statistic, and how many clients and records they come from.
 * @throws {SecAggError} `configuration-mismatch` if the outcome belongs to another round, and thus to other statistics;
 *   `invalid-argument` if the round is not over, the outcome does not fit it, or an option is invalid; `input-out-of-range`
 *   with fault `peer` if the inputs of that many honest clients cannot have this sum. The message names the statistic. This
 *   check finds mistakes, but not every lie: a client can give any answer, and a client that breaks the protocol can count
 *   more than once.
 * @example
 * ```ts
 * import { createStatistics, decodeStatistics, encodeRecords, openStatistics } from 'secagg/statistics'
 * import { addInto, createVector } from 'secagg/vector'
 *
 * const statistics = createStatistics({ ill: { kind: 'count' } }, { clients: 3 })
 * const sessionId = new Uint8Array(32)
 * const round = openStatistics(statistics, { sessionId, adversary: 'honest-but-curious' })
 * // In a program, sessions compute the sum, and the last `closePhase` returns the outcome.
 * const sum = createVector(statistics.segments)
 * for (const ill of [true, false, true]) {
 *   addInto(sum, encodeRecords({ ill }, round).input.vector, statistics.segments)
 * }
 * const outcome = { sum, configHash: round.config.hash, report: { survivors: [0, 1, 2] } }
 * const { results } = decodeStatistics(outcome, round, { minimumCell: 'show-all' })
 * console.log(results.ill.count, results.ill.answered) // 2 3
 * ```
 * @public
 */
export function decodeStatistics<D extends Definition>(
  outcome: FinishedRound,
  round: StatisticsRound<Statistics<D>>,
  options: PresentationOptions = {},
): StatisticsOutcome<D> {
  const assembled = requireExact(round)
  const { sum, survivors } = readOutcome(outcome, round.config)
  return readExactly(sum, survivors.length, assembled, options)
}

/** The same as {@link decodeStatistics}, for a sum that is known to belong to the statistics. */
export function readExactly<D extends Definition>(
  sum: Vector,
  survivors: number,
  assembled: Assembled<Statistics<D>>,
  options: PresentationOptions,
): StatisticsOutcome<D> {
  const { clients, maximumRecords, segments } = assembled.statistics
  requireSurvivors(survivors, 1, clients)
  checkVector(sum, segments)
  const columns = sum.map(numbersOf)
  const records = maximumRecords > 1 ? columns.at(-1)![0]! : survivors
  if (records > survivors * maximumRecords) {
    throw impossible('the number of records', `${records} records from ${survivors} clients`)
  }
  return { survivors, records, ...read(assembled, columns, { records, deviation: undefined }, options) }
}

/**
 * Decodes the outcome of a round into statistics under a privacy target. All results are estimates, each with the standard
 * deviation of its noise.
 *
 * @param outcome - What the last `closePhase` of the server's session has returned.
 * @param round - What `openStatistics` has returned, for statistics with a privacy target.
 * @param options - How results are presented.
 * @returns The results by statistic, and the privacy that they have.
 * @throws {SecAggError} `configuration-mismatch` if the outcome belongs to another round, and thus to other statistics;
 *   `invalid-argument` if the round is not over, the outcome does not fit it, or an option is invalid.
 * @example
 * ```ts
 * import { createPrivateStatistics, decodePrivateStatistics, openStatistics } from 'secagg/statistics'
 * import { createVector } from 'secagg/vector'
 *
 * const statistics = createPrivateStatistics(
 *   { ill: { kind: 'count' } },
 *   { clients: 100, minimumHonest: 75, epsilon: 1, delta: 1e-6 },
 * )
 * const sessionId = new Uint8Array(32)
 * const cohort = { corruptClients: 5, minimumCohort: 80 }
 * const round = openStatistics(statistics, { sessionId, adversary: 'active', ...cohort })
 * // In a program, sessions compute the sum, and the last `closePhase` returns the outcome.
 * const sum = createVector(statistics.segments)
 * const survivors = Array.from({ length: 90 }, (_, seat) => seat)
 * const outcome = { sum, configHash: round.config.hash, report: { survivors } }
 * const { results, privacy } = decodePrivateStatistics(outcome, round)
 * console.log(results.ill.noise.toFixed(1), privacy.epsilon <= 1) // '4.6' true
 * ```
 * @public
 */
export function decodePrivateStatistics<D extends Definition>(
  outcome: FinishedRound,
  round: StatisticsRound<PrivateStatistics<D>>,
  options: PresentationOptions = {},
): PrivateStatisticsOutcome<D> {
  const assembled = requirePrivate(round)
  const { sum, survivors } = readOutcome(outcome, round.config)
  return readPrivately(sum, survivors.length, assembled, options)
}

/** The same as {@link decodePrivateStatistics}, for a sum that is known to belong to the statistics. */
export function readPrivately<D extends Definition>(
  sum: Vector,
  survivors: number,
  assembled: Assembled<PrivateStatistics<D>>,
  options: PresentationOptions,
): PrivateStatisticsOutcome<D> {
  const { unitsPerRecord } = assembled
  const { clients, privacy, segments } = assembled.statistics
  requireSurvivors(survivors, privacy.minimumHonest, clients)
  checkVector(sum, segments)
  const cells = decodeIntegerSum(privacy, sum[0]!)
  const deviation = Math.sqrt(survivors * privacy.localVariance)
  const records = unitsPerRecord === undefined ? survivors : cells.at(-1)! / unitsPerRecord
  let from = 0
  const columns = assembled.parts.map(({ cells: count }) => {
    from += count
    return cells.subarray(from - count, from)
  })
  const { epsilon, accountant, order, delta, rounds, neighbors, amplified } = privacy
  return {
    survivors,
    records,
    recordsNoise: unitsPerRecord === undefined ? 0 : deviation / unitsPerRecord,
    ...read(assembled, columns, { records, deviation }, options),
    privacy: { epsilon, accountant, order, delta, rounds, neighbors, amplified },
  }
}

/** @param columns - The cells of each part. */
function read<D extends Definition>(
  { parts }: Assembled<AnyStatistics>,
  columns: readonly Float64Array[],
  { records, deviation }: { readonly records: number; readonly deviation: number | undefined },
  options: PresentationOptions,
): Pick<StatisticsOutcome<D>, 'results' | 'withheld'> {
  const newPresenter = presenters(options)
  const results: Record<string, Answered> = Object.create(null)
  parts.forEach(({ name, subject, statistic, codec, unitsPerAnswer }, index) => {
    results[name] = codec.read(statistic, {
      subject,
      cells: columns[index]!,
      unitsPerAnswer,
      deviation,
      records,
      presenter: newPresenter(),
      newPresenter,
    })
  })
  const withheld = Object.values(results).reduce((sum, result) => sum + result.withheld, 0)
  return { results: results as StatisticsOutcome<D>['results'], withheld }
}

function requireSurvivors(survivors: number, minimum: number, maximum: number): void {
  if (Number.isSafeInteger(survivors) && survivors >= minimum && survivors <= maximum) return
  throw usageError(
    'invalid-argument',
    `the number of survivors must be a whole number from ${minimum} to ${maximum}`,
    {
      expected: `${minimum} to ${maximum}`,
      got: shown(survivors),
    },
  )
}

function numbersOf(lanes: Lanes): Float64Array {
  return lanes.BYTES_PER_ELEMENT < 8
    ? Float64Array.from(lanes as Uint32Array)
    : Float64Array.from(lanes as BigUint64Array, Number)
}
