import { usageError } from '../errors.js'

/**
 * How many answers are `true`.
 * @public
 */
export interface Count {
  readonly kind: 'count'
}

/**
 * The range of the numbers of a statistic. Numbers outside of it are clipped and reported, or refused.
 * @public
 */
export interface NumberRange {
  /** The lower end, −10^100 to 10^100. */
  readonly from: number
  /** The upper end, up to 10^100, and above `from` by at least 10^−100. */
  readonly to: number
  /**
   * The step to which numbers are rounded; the range must be a multiple of it. Numbers that are `from` plus a multiple of the
   * step are summed exactly. Default: 2^−20 of the range, or coarser if a sum of squares would be too large.
   * Under a privacy target it has no effect: numbers are then rounded at random, finely in comparison with the noise.
   */
  readonly step?: number | undefined
}

/**
 * The sum of the answers.
 * @public
 */
export interface Sum extends NumberRange {
  readonly kind: 'sum'
}

/**
 * The mean and the sum of the answers.
 * @public
 */
export interface Mean extends NumberRange {
  readonly kind: 'mean'
}

/**
 * Mean, variance and standard deviation of the answers.
 * @public
 */
export interface Variance extends NumberRange {
  readonly kind: 'variance'
}

/**
 * How many answers lie in each bin, and the quantiles that follow from these counts.
 * @public
 */
export interface Histogram {
  readonly kind: 'histogram'
  /** 2 to 2^20 + 1 ascending numbers. Bin i is [edges[i], edges[i + 1]); the last bin also contains its upper edge. */
  readonly edges: readonly number[]
  /** Numbers outside of all bins are counted as below or above (the default), or refused. */
  readonly outside?: 'count' | 'refuse' | undefined
}

/**
 * How many answers name each category of a list.
 * @public
 */
export interface Frequency {
  readonly kind: 'frequency'
  /** 1 to 2^20 different strings. */
  readonly categories: readonly string[]
  /** Strings that are not on the list are refused (the default), or counted together as one more category. */
  readonly other?: 'count' | 'refuse' | undefined
}

/**
 * How many answers name each pair of a row and a column.
 * @public
 */
export interface Contingency {
  readonly kind: 'contingency'
  /** The categories of the rows: 1 to 2^20 different strings. */
  readonly rows: readonly string[]
  /** The categories of the columns: 1 to 2^20 different strings. */
  readonly columns: readonly string[]
  /** Strings that are not on the lists are refused (the default), or counted together in one more row and column. */
  readonly other?: 'count' | 'refuse' | undefined
}

/**
 * A count-min sketch (Cormode and Muthukrishnan 2005): it estimates how many answers are a given string, without a list of all
 * strings. `sketchSize` chooses depth and width for a given error. Two strings are the same if their UTF-16 code units are
 * the same, so clients must agree on case, spaces and Unicode normalization.
 * @public
 */
export interface Sketch {
  readonly kind: 'sketch'
  /** The number of rows, 1 to 32. */
  readonly depth: number
  /** The number of cells in a row, 2 to 2^22. */
  readonly width: number
  /**
   * The seed of the hash functions, which is public: 16 to 64 bytes, or their hexadecimal digits. Draw it at random after the
   * answers are fixed. A client that knows it earlier can choose strings that collide.
   */
  readonly seed: string | Uint8Array
}

/**
 * The definition of one statistic.
 * @public
 */
export type StatisticDefinition = Count | Sum | Mean | Variance | Histogram | Frequency | Contingency | Sketch

/**
 * The definitions of several statistics, by name. It is plain data.
 * @public
 */
export type Definition = Readonly<Record<string, StatisticDefinition>>

/**
 * A category of the list; any string if others are counted.
 * @public
 */
export type Listed<S, C> = S extends { readonly other: 'count' } ? string : C

/**
 * The type of an answer to one statistic.
 * @public
 */
export type AnswerTo<S extends StatisticDefinition> = S extends Count
  ? boolean
  : S extends Sum | Mean | Variance | Histogram
    ? number
    : S extends Frequency
      ? Listed<S, S['categories'][number]>
      : S extends Contingency
        ? readonly [row: Listed<S, S['rows'][number]>, column: Listed<S, S['columns'][number]>]
        : S extends Sketch
          ? string
          : never

/**
 * One record: answers by the names of the statistics. An answer that is absent, `undefined` or `null` counts as missing.
 * @public
 */
export type StatisticsRecord<D extends Definition> = {
  readonly [Name in keyof D]?: AnswerTo<D[Name]> | null | undefined
}

/** The error for an invalid definition. A definition is public, so the error may show the wrong value. */
export function invalid(message: string, got?: unknown): Error {
  return usageError('invalid-configuration', message, { got: shown(got) })
}

/** @throws {SecAggError} `invalid-configuration` unless `value` is a whole number from `minimum` to `maximum`. */
export function requireWhole(name: string, value: unknown, minimum: number, maximum: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < minimum || (value as number) > maximum) {
    throw invalid(`${name} must be a whole number from ${minimum} to ${maximum}`, value)
  }
}

/** @throws {SecAggError} `invalid-configuration` unless `value` is one of `choices`. */
export function requireChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string)) {
    throw invalid(`${name} must be ${choices.map((choice) => `'${choice}'`).join(' or ')}`, value)
  }
}

/** How an error shows a wrong value. */
export function shown(value: unknown): string | number | undefined {
  if (typeof value === 'number' || value === undefined) return value
  return typeof value === 'string' ? quoted(value) : typeof value
}

/** A name as it appears in a message. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
}
