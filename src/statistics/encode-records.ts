import { partsOf, reading, requireMethods } from '../arguments.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { drawSecret } from '../crypto/random.js'
import { usageError } from '../errors.js'
import { createIntegerEncoder } from '../privacy/index.js'
import { type RoundInput, roundInput } from '../rounds/index.js'
import { createLanes } from '../vector/lanes.js'
import type { Lanes, Vector } from '../vector/segments.js'
import type { AnyStatistics } from './create-statistics.js'
import { type Definition, quoted, type StatisticsRecord, shown } from './definition.js'
import { outOfRange, type Slot } from './kinds/kind.js'
import type { PrivateStatistics } from './private-statistics.js'
import type { Assembled, Statistics } from './statistics.js'
import { requireExact, requirePrivate, type StatisticsRound } from './statistics-round.js'

/** @public */
export interface EncodeRecordsOptions {
  /** Whether numbers beyond the range of a statistic are clipped, and reported, or refused. Default `report`. */
  readonly onClip?: 'report' | 'refuse' | undefined
}

/**
 * What clipping did to the answers to one statistic.
 * @public
 */
export interface ClippedAnswers {
  /** How many were beyond the range. */
  readonly count: number
  /** By how much, in all. */
  readonly excess: number
}

/**
 * One client's input to the round, and what is not in it as it was.
 * @public
 */
export interface PreparedRecords<D extends Definition, Input = RoundInput> {
  /** For `ClientSession`, of this round only. */
  readonly input: Input
  /** For the client itself: the statistics of which answers were clipped. */
  readonly clipped: { readonly [Name in keyof D]?: ClippedAnswers }
}

/**
 * One record, or several where the statistics allow it; then also none.
 * @public
 */
export type Records<D extends Definition> = StatisticsRecord<D> | readonly StatisticsRecord<D>[]

/**
 * A client's input to the round. An answer that is absent, `undefined` or `null` is missing, and counted as such.
 *
 * @param round - What `openStatistics` has returned, of statistics without a privacy target.
 * @throws {SecAggError} `invalid-argument` where the round is another one, a record has a name that is no statistic's, or an answer of a wrong type,
 *   or there are too many records; `input-out-of-range` where a number is not finite, or an answer lies outside of range,
 *   bins or categories and that is refused. The message names record and statistic, never the answer. Nothing is encoded
 *   then.
 * @public
 */
export function encodeRecords<D extends Definition>(
  records: Records<D>,
  round: StatisticsRound<Statistics<D>>,
  options: EncodeRecordsOptions = {},
): PreparedRecords<D> {
  const { input, clipped } = encodeExactly(records, requireExact(round), options)
  return { input: roundInput(round.config, input), clipped }
}

/** The numbers of {@link encodeRecords}, which belong to no round yet. */
export function encodeExactly<D extends Definition>(
  records: Records<D>,
  assembled: Assembled<Statistics<D>>,
  options: EncodeRecordsOptions,
): PreparedRecords<D, Vector> {
  const { cells, clipped } = countRecords(records, assembled, options, () => 1 / 2)
  let from = 0
  const input = assembled.statistics.segments.map(({ bits, length }) => {
    const lanes = lanesOf(cells.subarray(from, from + length), bits)
    from += length
    return lanes
  })
  return { input, clipped }
}

/**
 * The same with this client's part of the noise. The promise is kept by the noise of the others as well, and by the
 * protocol that hides each part; `openStatistics` sees to it that any sum has as many honest clients as that takes. Takes
 * some tens of milliseconds to prepare the noise.
 *
 * @throws {SecAggError} as {@link encodeRecords} does; `no-randomness` where the generator is broken.
 * @public
 */
export function encodePrivateRecords<D extends Definition>(
  records: Records<D>,
  round: StatisticsRound<PrivateStatistics<D>>,
  crypto: CryptoProvider,
  options: EncodeRecordsOptions = {},
): PreparedRecords<D> {
  const { input, clipped } = encodePrivately(records, requirePrivate(round), crypto, options)
  return { input: roundInput(round.config, input), clipped }
}

/** The numbers of {@link encodePrivateRecords}, which belong to no round yet. */
export function encodePrivately<D extends Definition>(
  records: Records<D>,
  assembled: Assembled<PrivateStatistics<D>>,
  crypto: CryptoProvider,
  options: EncodeRecordsOptions,
): PreparedRecords<D, Vector> {
  requireMethods('a crypto provider', crypto, 'randomBytes')
  const { cells, clipped } = countRecords(records, assembled, options, () => uniform(crypto))
  const input = [createIntegerEncoder(assembled.statistics.privacy, crypto).encode(cells)]
  cells.fill(0)
  return { input, clipped }
}

/** All cells in a row, and last the number of records where that has a cell. */
function countRecords<D extends Definition>(
  given: Records<D>,
  { statistics, parts, unitsPerRecord }: Assembled<AnyStatistics>,
  options: EncodeRecordsOptions,
  draw: () => number,
): { cells: Float64Array; clipped: PreparedRecords<D>['clipped'] } {
  const { onClip = 'report' } = partsOf('the options of records', options)
  if (onClip !== 'report' && onClip !== 'refuse') {
    throw usageError('invalid-argument', "onClip is 'report' or 'refuse'", { got: shown(onClip) })
  }
  const records = checkedRecords(given, statistics)
  const length = parts.reduce((sum, { cells }) => sum + cells, 0)
  const cells = new Float64Array(length + (unitsPerRecord === undefined ? 0 : 1))
  if (unitsPerRecord !== undefined) cells[length] = records.length * unitsPerRecord
  const clipped: { [Name in keyof D]?: ClippedAnswers } = Object.create(null)
  let from = 0
  for (const { name, subject, statistic, codec, cells: count, unitsPerAnswer } of parts) {
    const place = codec.placer(statistic)
    const own = cells.subarray(from, from + count)
    records.forEach((record, index) => {
      const answer = Object.hasOwn(record, name) ? record[name] : undefined
      if (answer === undefined || answer === null) return
      const slot: Slot = {
        subject: statistics.maximumRecords > 1 ? `${subject} in record ${index}` : subject,
        cells: own,
        unitsPerAnswer,
        draw,
        clip: (excess) => {
          if (onClip === 'refuse') throw outOfRange('is beyond its range', slot.subject)
          const before = clipped[name] ?? { count: 0, excess: 0 }
          clipped[name as keyof D] = { count: before.count + 1, excess: before.excess + excess }
        },
      }
      place(answer, slot)
    })
    from += count
  }
  return { cells, clipped }
}

function checkedRecords<D extends Definition>(
  given: Records<D>,
  { definition, maximumRecords }: AnyStatistics,
): readonly Readonly<Record<string, unknown>>[] {
  const records: readonly unknown[] = Array.isArray(given) ? given : [given]
  const least = maximumRecords > 1 ? 0 : 1
  if (records.length < least || records.length > maximumRecords) {
    throw usageError('invalid-argument', `a client must have ${least} to ${maximumRecords} records`, {
      expected: `${least} to ${maximumRecords}`,
      got: records.length,
    })
  }
  // `Array.from`, so that a hole is seen.
  return Array.from(records, (record, index) => {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw usageError('invalid-argument', `record ${index} is not an object of answers`, {
        got: typeof record,
      })
    }
    const own: Readonly<Record<string, unknown>> = reading(`record ${index}`, () => ({ ...record }))
    const unknown = Object.keys(own).find((name) => !Object.hasOwn(definition, name))
    if (unknown !== undefined) {
      throw usageError(
        'invalid-argument',
        `record ${index} has an answer to an unknown statistic: ${quoted(unknown)}`,
      )
    }
    return own
  })
}

function lanesOf(cells: Float64Array, bits: number): Lanes {
  const lanes = createLanes(bits, cells.length)
  if (lanes.BYTES_PER_ELEMENT < 8) (lanes as Uint32Array).set(cells)
  else for (const [index, cell] of cells.entries()) lanes[index] = BigInt(cell)
  return lanes
}

/** Above 0 and below 1, by 32 random bits; drawn as 16 bytes, so that a generator that gives zeros is noticed. */
function uniform(crypto: CryptoProvider): number {
  const bytes = drawSecret(crypto, 16)
  return (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) + 1 / 2) / 2 ** 32
}
