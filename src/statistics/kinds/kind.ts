import { SecAggError, usageError } from '../../errors.js'
import type { Answered, Presenter } from '../results.js'

/** The cells in which one client counts its answer to one statistic. */
export interface Slot {
  /** The statistic and the record as error messages name them. */
  readonly subject: string
  /** Whole numbers. An answer adds `unitsPerAnswer` to them in total, or for a sketch, to each row of them. */
  readonly cells: Float64Array
  readonly unitsPerAnswer: number
  /** Returns ½ or, for random rounding, a uniform number between 0 and 1. */
  draw(): number
  /** Reports a number that is outside of its range by `excess`. */
  clip(excess: number): void
}

/** The cells of a sum, from which a result is computed. */
export interface Reading {
  /** The statistic as error messages name it. */
  readonly subject: string
  /** Whole numbers: the sums of the clients' cells, and noise if there is a privacy target. */
  readonly cells: Float64Array
  readonly unitsPerAnswer: number
  /** The standard deviation of the noise on a cell, in the cell's units; `undefined` if sums are exact. */
  readonly deviation: number | undefined
  /** The number of records. */
  readonly records: number
  readonly presenter: Presenter
  /** Creates a presenter for numbers that are computed later, such as quantiles. */
  newPresenter(): Presenter
}

/** One kind of statistic: how an answer becomes cells, and how the sums of cells become a result. */
export interface Codec<S> {
  /**
   * A checked copy of a statistic, with defaults filled in.
   * @throws {SecAggError} `invalid-configuration` if the statistic is invalid; the message names `subject`.
   */
  check(statistic: S, subject: string): S
  cellCount(statistic: S): number
  /** The number of rows of cells. Each row counts every answer in full. Only a sketch has more than one. */
  rows(statistic: S): number
  /**
   * The units of an answer without privacy. `maximumAnswers` times as many are below 2^53.
   * @throws {SecAggError} `invalid-configuration` if the statistic needs more units than that.
   */
  exactUnits(statistic: S, maximumAnswers: number, subject: string): number
  /**
   * Returns a function that counts an answer.
   * @throws {SecAggError} The function throws `invalid-argument` or `input-out-of-range` if the answer is invalid. It has
   *   counted nothing then.
   */
  placer(statistic: S): (answer: unknown, slot: Slot) => void
  /** @throws {SecAggError} `input-out-of-range`, fault `peer`, if no answers can have this sum. */
  read(statistic: S, reading: Reading): Answered
}

/** The error for a sum that no inputs of honest clients can have. */
export function impossible(subject: string, reason: string): SecAggError {
  return new SecAggError('input-out-of-range', 'peer', `the sum for ${subject} is impossible: ${reason}`)
}

/** The number of answers in `rows` rows of cells. */
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
  if (totals.some((total) => total !== totals[0])) throw impossible(subject, 'the totals of its rows differ')
  if (!Number.isInteger(answered)) throw impossible(subject, `it has ${answered} answers`)
  if (answered > records) throw impossible(subject, `${answered} answers in ${records} records`)
  return answered
}

/** The part that every result has. Call it last, because it contains the presenter's counts for all numbers of the result. */
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

// A client's answers are secret. These errors name the statistic, but never contain the answer.

/** @throws {SecAggError} `invalid-argument` if the answer is not a number, `input-out-of-range` if it is not finite. */
export function requireFinite(answer: unknown, subject: string): number {
  if (typeof answer !== 'number') throw wrongType('a number', answer, subject)
  if (!Number.isFinite(answer)) throw outOfRange('is not finite', subject)
  return answer
}

/** @throws {SecAggError} `invalid-argument` if the answer is not a string. */
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
