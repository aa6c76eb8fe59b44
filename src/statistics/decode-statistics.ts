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
 * What a round tells.
 * @public
 */
export interface StatisticsOutcome<D extends Definition> {
  /** How many clients are in the sums. */
  readonly survivors: number
  /** How many records they have: as many as there are survivors where W is 1. */
  readonly records: number
  /** By the name of the statistic; it has no prototype. */
  readonly results: { readonly [Name in keyof D]: ResultOf<D[Name]> }
  /** How many numbers of all results are withheld. */
  readonly withheld: number
}

/**
 * What a round tells under a privacy target.
 * @public
 */
export interface PrivateStatisticsOutcome<D extends Definition> extends StatisticsOutcome<D> {
  /** Standard deviation of the noise on `records`; 0 where W is 1, as the survivors are known. */
  readonly recordsNoise: number
  /** ε, δ, and between which neighbors they hold; for all results of all its rounds together. */
  readonly privacy: PrivacyLoss
}

/**
 * The statistics, from the outcome of their round.
 *
 * @param outcome - What the last `closePhase` of the server's session has returned.
 * @param round - What `openStatistics` has returned, of statistics without a privacy target.
 * @throws {SecAggError} `configuration-mismatch` where the outcome is that of another round, and so of other statistics;
 *   `invalid-argument` where the round is not over or the outcome does not fit it; `input-out-of-range`, fault `peer`, where no inputs of that many honest clients have this sum, naming the statistic. That finds mistakes, and not
 *   every lie: a client can answer what it likes, and one that breaks the protocol more often than once.
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

/** What {@link decodeStatistics} makes of a sum that is known to be that of its round. */
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
    throw impossible('the number of records', `${records} of ${survivors} clients`)
  }
  return { survivors, records, ...read(assembled, columns, { records, deviation: undefined }, options) }
}

/**
 * The same under a privacy target.
 *
 * @throws {SecAggError} `configuration-mismatch` where the outcome is that of another round, and so of other statistics;
 *   `invalid-argument` where the round is not over or the outcome does not fit it.
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

/** What {@link decodePrivateStatistics} makes of a sum that is known to be that of its round. */
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
  const { epsilon, order, delta, rounds, neighbors, amplified } = privacy
  return {
    survivors,
    records,
    recordsNoise: unitsPerRecord === undefined ? 0 : deviation / unitsPerRecord,
    ...read(assembled, columns, { records, deviation }, options),
    privacy: { epsilon, order, delta, rounds, neighbors, amplified },
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

function requireSurvivors(survivors: number, least: number, most: number): void {
  if (Number.isSafeInteger(survivors) && survivors >= least && survivors <= most) return
  throw usageError(
    'invalid-argument',
    `the number of survivors must be a whole number from ${least} to ${most}`,
    {
      expected: `${least} to ${most}`,
      got: shown(survivors),
    },
  )
}

function numbersOf(lanes: Lanes): Float64Array {
  return lanes.BYTES_PER_ELEMENT < 8
    ? Float64Array.from(lanes as Uint32Array)
    : Float64Array.from(lanes as BigUint64Array, Number)
}
