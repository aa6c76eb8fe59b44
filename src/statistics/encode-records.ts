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

/**
 * Options of {@link encodeRecords} and {@link encodePrivateRecords}.
 * @public
 */
export interface EncodeRecordsOptions {
  /** `report` clips numbers outside of a statistic's range and reports them (the default); `refuse` throws. */
  readonly onClip?: 'report' | 'refuse' | undefined
}

/**
 * The clipped answers to one statistic.
 * @public
 */
export interface ClippedAnswers {
  /** How many answers were outside of the range. */
  readonly count: number
  /** The sum of their distances from the range. */
  readonly excess: number
}

/**
 * One client's input to the round, and which answers were clipped.
 * @public
 */
export interface PreparedRecords<D extends Definition, Input = RoundInput> {
  /** The input for a `ClientSession` of this round. */
  readonly input: Input
  /** Which answers were clipped, by statistic. It depends on the answers, so only the client may see it. */
  readonly clipped: { readonly [Name in keyof D]?: ClippedAnswers }
}

/**
 * The records of one client. If `maximumRecords` is 1, a client has exactly one record; otherwise it may have none or several.
 * @public
 */
export type Records<D extends Definition> = StatisticsRecord<D> | readonly StatisticsRecord<D>[]

/**
 * Encodes a client's records as its input to the round. An answer that is absent, `undefined` or `null` counts as missing.
 *
 * @param records - The client's record, or a list of records if the statistics allow several.
 * @param round - What `openStatistics` has returned, for statistics without a privacy target.
 * @param options - Whether numbers outside of their range are clipped or refused.
 * @returns The input for the client's session, and which answers were clipped.
 * @throws {SecAggError} `invalid-argument` if the round did not come from `openStatistics` or has a privacy target, if there
 *   are too many records, if a record has an unknown name, or if an answer has the wrong type; `input-out-of-range` if a
 *   number is not finite, or if an answer is outside of the range, bins or categories and is to be refused. The message names
 *   the record and the statistic, but never contains the answer.
 * @example
 * ```ts
 * import { createStatistics, encodeRecords, openStatistics } from 'secagg/statistics'
 *
 * const statistics = createStatistics(
 *   {
 *     age: { kind: 'mean', from: 0, to: 120, step: 1 },
 *     ward: { kind: 'frequency', categories: ['surgery', 'medicine'] },
 *   },
 *   { clients: 100 },
 * )
 * const round = openStatistics(statistics, { sessionId: new Uint8Array(32), adversary: 'active' })
 * const { input, clipped } = encodeRecords({ age: 130, ward: 'surgery' }, round)
 * console.log(input.vector) // [ Uint16Array(2) [ 0, 120 ], Uint8Array(2) [ 1, 0 ] ]
 * console.log(clipped.age) // { count: 1, excess: 10 }
 * ```
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

/** The same as {@link encodeRecords}, but the result is not marked as the input of a round. */
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
 * Encodes a client's records for statistics with a privacy target, and adds the client's part of the noise. ε holds for the
 * sum, which contains the noise of all clients, and not for this input alone. `openStatistics` makes sure that every sum has
 * enough honest clients. Preparing the noise takes some tens of milliseconds.
 *
 * @param records - The client's record, or a list of records if the statistics allow several.
 * @param round - What `openStatistics` has returned, for statistics with a privacy target.
 * @param crypto - Where the randomness comes from.
 * @param options - Whether numbers outside of their range are clipped or refused.
 * @returns The input for the client's session, and which answers were clipped.
 * @throws {SecAggError} as {@link encodeRecords} does, for a round without a privacy target; `no-randomness` if the generator
 *   is broken.
 * @example
 * ```ts
 * import { defaultCrypto } from 'secagg'
 * import { createPrivateStatistics, encodePrivateRecords, openStatistics } from 'secagg/statistics'
 *
 * const statistics = createPrivateStatistics(
 *   { ill: { kind: 'count' } },
 *   { clients: 100, minimumHonest: 75, epsilon: 1, delta: 1e-6 },
 * )
 * const sessionId = new Uint8Array(32)
 * const cohort = { corruptClients: 5, minimumCohort: 80 }
 * const round = openStatistics(statistics, { sessionId, adversary: 'active', ...cohort })
 * const { input } = encodePrivateRecords({ ill: true }, round, await defaultCrypto())
 * console.log(input.vector[0]!.length) // 2
 * ```
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

/** The same as {@link encodePrivateRecords}, but the result is not marked as the input of a round. */
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

/** The cells of all statistics one after the other, and a last cell with the number of records if W > 1. */
function countRecords<D extends Definition>(
  given: Records<D>,
  { statistics, parts, unitsPerRecord }: Assembled<AnyStatistics>,
  options: EncodeRecordsOptions,
  draw: () => number,
): { cells: Float64Array; clipped: PreparedRecords<D>['clipped'] } {
  const { onClip = 'report' } = partsOf('the options of records', options)
  if (onClip !== 'report' && onClip !== 'refuse') {
    throw usageError('invalid-argument', "onClip must be 'report' or 'refuse'", { got: shown(onClip) })
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
          if (onClip === 'refuse') throw outOfRange('is outside of its range', slot.subject)
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
  const minimum = maximumRecords > 1 ? 0 : 1
  if (records.length < minimum || records.length > maximumRecords) {
    throw usageError('invalid-argument', `a client must have ${minimum} to ${maximumRecords} records`, {
      expected: `${minimum} to ${maximumRecords}`,
      got: records.length,
    })
  }
  // `Array.from` turns the holes of a sparse array into `undefined`, which is then refused.
  return Array.from(records, (record, index) => {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw usageError('invalid-argument', `record ${index} must be an object of answers`, {
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

/** A random number above 0 and below 1, of 32 bits. It draws 16 bytes, so that a generator that returns zeros is noticed. */
function uniform(crypto: CryptoProvider): number {
  const bytes = drawSecret(crypto, 16)
  return (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) + 1 / 2) / 2 ** 32
}
