import { usageError } from '../errors.js'

/**
 * How many answer `true`.
 * @public
 */
export interface Count {
  readonly kind: 'count'
}

/**
 * Numbers within a range; what is beyond it is clipped, which is reported, or refused.
 * @public
 */
export interface NumberRange {
  /** −10^100 to 10^100. */
  readonly from: number
  /** Above `from` by 10^−100 at least. */
  readonly to: number
  /**
   * A whole fraction of the range: multiples of it, counted from `from`, are summed exactly, and what lies between two is
   * rounded to the nearest. Default: 2^−20 of the range, or less fine where a sum of squares needs it. Under a privacy
   * target it has no effect: numbers are rounded there at random, and finely beside the noise.
   */
  readonly step?: number | undefined
}

/** @public */
export interface Sum extends NumberRange {
  readonly kind: 'sum'
}

/**
 * Mean and sum.
 * @public
 */
export interface Mean extends NumberRange {
  readonly kind: 'mean'
}

/**
 * Mean, variance and standard deviation of those who answered.
 * @public
 */
export interface Variance extends NumberRange {
  readonly kind: 'variance'
}

/**
 * How many answers lie in each bin, and the quantiles read from it.
 * @public
 */
export interface Histogram {
  readonly kind: 'histogram'
  /** 2 to 2^20 ascending numbers: bin i is [edges[i], edges[i + 1]), the last one with its upper edge. */
  readonly edges: readonly number[]
  /** Numbers outside of all bins are counted as being below or above (the default), or refused. */
  readonly outside?: 'count' | 'refuse' | undefined
}

/**
 * How many answers name each of a list of categories.
 * @public
 */
export interface Frequency {
  readonly kind: 'frequency'
  /** 1 to 2^20 different strings. */
  readonly categories: readonly string[]
  /** Strings that are not on the list are refused (the default), or counted together. */
  readonly other?: 'count' | 'refuse' | undefined
}

/**
 * How many answers there are for each pair of categories.
 * @public
 */
export interface Contingency {
  readonly kind: 'contingency'
  readonly rows: readonly string[]
  readonly columns: readonly string[]
  /** Strings that are not on the lists are refused (the default), or counted together, in one more row and column. */
  readonly other?: 'count' | 'refuse' | undefined
}

/**
 * A count-min sketch (Cormode and Muthukrishnan 2005): about how many answers name a string, without a list of strings.
 * `sketchSize` gives depth and width for an error. Strings count as one where their UTF-16 code units are the same, so
 * clients have to agree on case, spaces and Unicode normalization beforehand.
 * @public
 */
export interface Sketch {
  readonly kind: 'sketch'
  /** Rows, 1 to 32. */
  readonly depth: number
  /** Cells in a row, 2 to 2^22. */
  readonly width: number
  /**
   * What the hash functions are keyed with, 16 to 64 bytes or their hexadecimal digits; drawn at random once the answers
   * stand. It is public: whoever knew it before could choose strings that collide.
   */
  readonly seed: string | Uint8Array
}

/** @public */
export type StatisticDefinition = Count | Sum | Mean | Variance | Histogram | Frequency | Contingency | Sketch

/**
 * Statistics by name; plain data.
 * @public
 */
export type Definition = Readonly<Record<string, StatisticDefinition>>

/**
 * One of the categories; any string, where others are counted.
 * @public
 */
export type Listed<S, C> = S extends { readonly other: 'count' } ? string : C

/**
 * What answers one statistic.
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
 * The answers of one person, or whatever is counted, by the names of the statistics; an absent one is missing.
 * @public
 */
export type StatisticsRecord<D extends Definition> = {
  readonly [Name in keyof D]?: AnswerTo<D[Name]> | null | undefined
}

/** A definition that is none; its values are public, so the error shows the one that is at fault. */
export function invalid(message: string, got?: unknown): Error {
  return usageError('invalid-configuration', message, { got: shown(got) })
}

/** @throws {SecAggError} `invalid-configuration` unless `value` is whole and from `least` to `greatest`. */
export function requireWhole(name: string, value: unknown, least: number, greatest: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > greatest) {
    throw invalid(`${name} must be a whole number from ${least} to ${greatest}`, value)
  }
}

/** @throws {SecAggError} `invalid-configuration` unless `value` is one of `choices`. */
export function requireChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (!choices.includes(value as string)) {
    throw invalid(`${name} must be ${choices.map((choice) => `'${choice}'`).join(' or ')}`, value)
  }
}

/** What a message shows of something that should have been something else. */
export function shown(value: unknown): string | number | undefined {
  if (typeof value === 'number' || value === undefined) return value
  return typeof value === 'string' ? quoted(value) : typeof value
}

/** A name as it stands in a message. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
}
