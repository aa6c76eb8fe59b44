import { partsOf as optionsOf } from '../arguments.js'
import type { EncodedSegment } from '../fixed-point/index.js'
import { LIBRARY_VERSION } from '../received/index.js'
import { type Definition, requireWhole } from './definition.js'
import { definitionOf, layoutOf, type PlacedPart, partsOf, type StatisticLayout } from './layout.js'

/**
 * How many answers a sum has to hold.
 * @public
 */
export interface StatisticsOptions {
  /** n, 1 to 65535: the most clients of a sum. */
  readonly clients: number
  /**
   * W, 1 to 2^32: the most records of one client. Default 1: a client is one record. Where it may have more, it adds its
   * own up, and one more cell counts them.
   */
  readonly maximumRecords?: number | undefined
}

/**
 * Several statistics in the vector of a round; made by `createStatistics`. Plain data that survives JSON; whoever
 * receives them has them checked by `checkStatistics`, which derives all numbers anew.
 * @public
 */
export interface Statistics<D extends Definition = Definition> {
  /** Of the library that made them. */
  readonly version: string
  /** With all defaults; it has no prototype. */
  readonly definition: D
  readonly clients: number
  readonly maximumRecords: number
  readonly layout: readonly StatisticLayout[]
  /** For the round's configuration: one for each statistic, and a last one for the number of records where W > 1. */
  readonly segments: readonly EncodedSegment[]
  readonly privacy?: undefined
}

/** Statistics made anew, with what belongs to each. */
export interface Assembled<S> {
  readonly statistics: S
  readonly parts: readonly PlacedPart[]
  /** As what a record counts in the last cell; `undefined` where W is 1 and there is no such cell. */
  readonly unitsPerRecord: number | undefined
}

const MOST_CLIENTS = 65535
const MOST_RECORDS = 2 ** 32

/** @throws {SecAggError} as `createStatistics` does; it makes anew what came as JSON from somebody else. */
export function assembleStatistics<D extends Definition>(
  definition: D,
  options: StatisticsOptions,
): Assembled<Statistics<D>> {
  const { clients, maximumRecords } = checkedOptions(options)
  const recordLimit = clients * maximumRecords
  const parts = partsOf(definition).map((part): PlacedPart => {
    const { codec, statistic, subject } = part
    return { ...part, unitsPerAnswer: codec.exactUnits(statistic, recordLimit, subject) }
  })
  const segmentOf = (length: number, units: number): EncodedSegment =>
    Object.freeze({
      length,
      bits: (recordLimit * units).toString(2).length,
      bound: maximumRecords * units + 1,
    })
  const segments = parts.map(({ cells, unitsPerAnswer }) => segmentOf(cells, unitsPerAnswer))
  if (maximumRecords > 1) segments.push(segmentOf(1, 1))
  const statistics = Object.freeze({
    version: LIBRARY_VERSION,
    definition: definitionOf<D>(parts),
    clients,
    maximumRecords,
    layout: layoutOf(parts),
    segments: Object.freeze(segments),
  })
  return { statistics, parts, unitsPerRecord: maximumRecords > 1 ? 1 : undefined }
}

/** @throws {SecAggError} `invalid-configuration` where a value is out of its range. */
export function checkedOptions(options: StatisticsOptions): { clients: number; maximumRecords: number } {
  const { clients, maximumRecords = 1 } = optionsOf(
    'the options of statistics',
    options,
    'invalid-configuration',
  )
  requireWhole('clients', clients, 1, MOST_CLIENTS)
  requireWhole('maximumRecords', maximumRecords, 1, MOST_RECORDS)
  return { clients, maximumRecords }
}
