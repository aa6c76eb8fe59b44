import { SecAggError, usageError } from '../../errors.js'
import type { Answered, Presenter } from '../results.js'

/** Where the answers of one client to one statistic are counted. */
export interface Slot {
  /** Which statistic, and whose record, for messages. */
  readonly subject: string
  /** Whole numbers; an answer adds `unitsPerAnswer` to them in all, or to each row of them. */
  readonly cells: Float64Array
  readonly unitsPerAnswer: number
  /** ½, or uniform between 0 and 1 where rounding is to be random. */
  draw(): number
  /** Takes note of a number that is beyond its range by `excess`. */
  clip(excess: number): void
}

/** The cells of a sum, to be read. */
export interface Reading {
  /** Which statistic, for messages. */
  readonly subject: string
  /** Whole numbers; without noise, sums of what clients counted. */
  readonly cells: Float64Array
  readonly unitsPerAnswer: number
  /** The standard deviation of the noise on a cell, in the cell's units; `undefined` where sums are exact. */
  readonly deviation: number | undefined
  /** How many records there are. */
  readonly records: number
  readonly presenter: Presenter
  /** For numbers that are asked for later. */
  newPresenter(): Presenter
}

/** How answers to one kind of statistic become cells, and their sums its result. */
export interface Codec<S> {
  /**
   * A copy of what is a statistic, for messages about `subject`.
   * @throws {SecAggError} `invalid-configuration` where it is none.
   */
  check(statistic: S, subject: string): S
  cellCount(statistic: S): number
  /** Rows of cells: each counts every answer in full. */
  rows(statistic: S): number
  /**
   * As what an answer counts without privacy; `maximumAnswers` times that is below 2^53.
   * @throws {SecAggError} `invalid-configuration` where the statistic asks for more.
   */
  exactUnits(statistic: S, maximumAnswers: number, subject: string): number
  /**
   * What counts an answer.
   * @throws {SecAggError} `invalid-argument` or `input-out-of-range` where it is none, and then nothing is counted.
   */
  placer(statistic: S): (answer: unknown, slot: Slot) => void
  /** @throws {SecAggError} `input-out-of-range`, fault `peer`, where no answers have this sum. */
  read(statistic: S, reading: Reading): Answered
}

/** That no inputs of honest clients have this sum. */
export function impossible(subject: string, reason: string): SecAggError {
  return new SecAggError('input-out-of-range', 'peer', `the sum for ${subject} is impossible: ${reason}`)
}

/** How many answers `rows` rows of cells hold. */
export function answeredIn(
  { cells, unitsPerAnswer, deviation, records, subject }: Reading,
  rows: number = 1,
): number {
  const width = cells.length / rows
  const totals = Array.from({ length: rows }, (_, row) =>
    totalOf(cells.subarray(row * width, (row + 1) * width)),
  )
  if (deviation !== undefined) return totalOf(totals) / rows / unitsPerAnswer
  const answered = totals[0]! / unitsPerAnswer
  if (totals.some((total) => total !== totals[0]))
    throw impossible(subject, 'its rows differ in their totals')
  if (!Number.isInteger(answered)) throw impossible(subject, `it is of ${answered} answers`)
  if (answered > records) throw impossible(subject, `${answered} answers in ${records} records`)
  return answered
}

/** What every result has; after all its numbers have gone through the presenter. */
export function answeredOf(
  { records, unitsPerAnswer, deviation = 0, presenter }: Reading,
  answered: number,
): Answered {
  const numbers = {
    answered: presenter.within(answered, 0),
    missing: presenter.within(records - answered, 0),
  }
  return { ...numbers, ...presenter.tally(), noise: deviation / unitsPerAnswer }
}

function totalOf(numbers: Float64Array | readonly number[]): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}

// What a client answers is its secret: these errors name the statistic and never the answer.

/** @throws {SecAggError} `invalid-argument` for anything but a number, `input-out-of-range` unless it is finite. */
export function requireFinite(answer: unknown, subject: string): number {
  if (typeof answer !== 'number') throw wrongType('a number', answer, subject)
  if (!Number.isFinite(answer)) throw outOfRange('is not finite', subject)
  return answer
}

/** @throws {SecAggError} `invalid-argument` for anything but a string. */
export function requireString(answer: unknown, subject: string): string {
  if (typeof answer !== 'string') throw wrongType('a string', answer, subject)
  return answer
}

export function wrongType(expected: string, answer: unknown, subject: string): SecAggError {
  return usageError('invalid-argument', `the answer to ${subject} must be ${expected}`, {
    expected,
    got: typeof answer,
  })
}

export function outOfRange(reason: string, subject: string): SecAggError {
  return usageError('input-out-of-range', `the answer to ${subject} ${reason}`)
}
