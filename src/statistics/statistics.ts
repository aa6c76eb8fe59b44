import { partsOf as optionsOf } from '../arguments.js'
import type { EncodedSegment } from '../fixed-point/index.js'
import { LIBRARY_VERSION } from '../received/index.js'
import { type Definition, requireWhole } from './definition.js'
import { definitionOf, layoutOf, type PlacedPart, partsOf, type StatisticLayout } from './layout.js'

/**
 * How many clients and records a sum must have room for.
 * @public
 */
export interface StatisticsOptions {
  /** n, 1 to 65535: the largest number of clients in a sum. */
  readonly clients: number
  /**
   * W, 1 to 2^32: the largest number of records of one client. Default 1, which means exactly one record per client. If W is
   * above 1, a client adds its own records up, and one more cell counts them.
   */
  readonly maximumRecords?: number | undefined
}

/**
 * Several statistics in the vector of a round, made by `createStatistics`. They are plain data that can travel as JSON. A
 * client that receives them passes them to `checkStatistics`, which derives every number again.
 * @public
 */
export interface Statistics<D extends Definition = Definition> {
  /** The version of the library that made them. */
  readonly version: string
  /** The definition with defaults filled in. The object has no prototype. */
  readonly definition: D
  readonly clients: number
  readonly maximumRecords: number
  readonly layout: readonly StatisticLayout[]
  /** The segments of the round's configuration: one for each statistic and, if W > 1, a last one for the number of records. */
  readonly segments: readonly EncodedSegment[]
  readonly privacy?: undefined
}

/** Statistics that were derived here, with the parts that encoders and decoders need. */
export interface Assembled<S> {
  readonly statistics: S
  readonly parts: readonly PlacedPart[]
  /** How much a record adds to the last cell; `undefined` if W is 1, since there is no such cell then. */
  readonly unitsPerRecord: number | undefined
}

const MAXIMUM_CLIENTS = 65535
const MAXIMUM_RECORDS = 2 ** 32

/**
 * Derives statistics, also again from statistics that came as JSON.
 * @throws {SecAggError} as `createStatistics` does.
 */
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

/** @throws {SecAggError} `invalid-configuration` if a value is out of its range. */
export function checkedOptions(options: StatisticsOptions): { clients: number; maximumRecords: number } {
  const { clients, maximumRecords = 1 } = optionsOf(
    'the options of statistics',
    options,
    'invalid-configuration',
  )
  requireWhole('clients', clients, 1, MAXIMUM_CLIENTS)
  requireWhole('maximumRecords', maximumRecords, 1, MAXIMUM_RECORDS)
  return { clients, maximumRecords }
}
