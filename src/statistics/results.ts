import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import {
  type Contingency,
  type Count,
  type Frequency,
  type Histogram,
  type Mean,
  type Sketch,
  type StatisticDefinition,
  type Sum,
  shown,
  type Variance,
} from './definition.js'

/**
 * What every result contains. A number that is withheld is `undefined`. Under a privacy target, numbers are estimates: they
 * may be fractions, may be negative, and need not add up.
 * @public
 */
export interface Answered {
  /** The number of answers. */
  readonly answered: number
  /** The number of records without an answer. */
  readonly missing: number
  /** How many numbers of this result are withheld because a count, or the number of answers behind them, is too small. */
  readonly withheld: number
  /**
   * How many numbers of this result have an impossible value because of noise, such as a count below 0 or a mean outside of
   * its range. By default they stay as they are; with the option `clamp`, they are moved to the nearest possible value.
   */
  readonly outOfRange: number
  /**
   * The standard deviation of the noise on one cell, in answers; 0 without privacy. `answered` is the sum of all k cells, so
   * its noise is √k times as large: k is 2 for a count, a sum or a mean, and 3 for a variance. For a sketch, the factor is
   * √(width / depth).
   */
  readonly noise: number
}

/**
 * The result of a {@link Count}.
 * @public
 */
export interface CountResult extends Answered {
  /** How many answers are `true`. */
  readonly count: number | undefined
}

/**
 * The result of a {@link Sum}.
 * @public
 */
export interface SumResult extends Answered {
  readonly sum: number | undefined
  /** The standard deviation of the error of the sum, from noise and random rounding; 0 without privacy. */
  readonly sumNoise: number
}

/**
 * The result of a {@link Mean}. Without answers, the mean is `undefined`.
 * @public
 */
export interface MeanResult extends SumResult {
  readonly mean: number | undefined
  /** The standard deviation of the error of the mean, to first order; `undefined` if there is no mean. */
  readonly meanNoise: number | undefined
}

/**
 * The result of a {@link Variance}. Without answers, mean and variance are `undefined`.
 * @public
 */
export interface VarianceResult extends Answered {
  readonly mean: number | undefined
  /** The standard deviation of the error of the mean, to first order; `undefined` if there is no mean. */
  readonly meanNoise: number | undefined
  /**
   * The mean squared distance from the mean. If the answers are a sample, multiply it by answered / (answered − 1) to estimate
   * the variance of the whole population.
   */
  readonly variance: number | undefined
  /** The standard deviation of the error of the variance, to first order; `undefined` if there is no variance. */
  readonly varianceNoise: number | undefined
  /** The square root of the variance; `undefined` if noise has made the variance negative. */
  readonly standardDeviation: number | undefined
}

/**
 * The bin in which a quantile lies, and its estimated value.
 * @public
 */
export interface Quantile {
  /** The lower edge of the bin; −∞ below the first bin. */
  readonly from: number
  /** The upper edge of the bin; ∞ above the last bin. */
  readonly to: number
  /** Interpolated within the bin, so it is off by at most the bin's width; `undefined` outside of all bins. */
  readonly value: number | undefined
}

/**
 * The result of a {@link Histogram}.
 * @public
 */
export interface HistogramResult extends Answered {
  readonly edges: readonly number[]
  /** The number of answers in each bin. */
  readonly counts: readonly (number | undefined)[]
  /** The number of answers below the first edge; `undefined` if it is withheld or such answers are refused. */
  readonly below: number | undefined
  /** The number of answers above the last edge; `undefined` if it is withheld or such answers are refused. */
  readonly above: number | undefined
  /**
   * The quantile for a probability p: the answer of rank ⌈p · answered⌉, counted from the smallest. All cells are used, even
   * if they are withheld; negative cells count as 0.
   *
   * @param probability - p, from 0 to 1.
   * @returns The bin and the value; `undefined` if there are too few answers.
   * @throws {SecAggError} `invalid-argument` for another p.
   */
  quantile(probability: number): Quantile | undefined
}

/**
 * The result of a {@link Frequency}.
 * @public
 */
export interface FrequencyResult<C extends string = string> extends Answered {
  /** The number of answers by category. The object has no prototype. */
  readonly counts: { readonly [Category in C]: number | undefined }
  /** The number of answers that are not on the list; `undefined` if it is withheld or such answers are refused. */
  readonly other: number | undefined
}

/**
 * The result of a {@link Contingency}.
 * @public
 */
export interface ContingencyResult extends Answered {
  /**
   * The number of answers by row and column, both in the order of the definition. If other strings are counted, the last row
   * and the last column contain them.
   */
  readonly table: readonly (readonly (number | undefined)[])[]
}

/**
 * The result of a {@link Sketch}.
 * @public
 */
export interface SketchResult extends Answered {
  /**
   * The estimated count of a string. Without noise, it is never below the true count. It exceeds the true count by more than
   * `errorBound` with probability at most `failureProbability`, over the random seed. With noise, the estimate is the minimum
   * of `depth` noisy cells. On average, this lowers it by up to √(2 ln depth) · `noise`.
   *
   * @param category - The string, which must be the same UTF-16 code units as in the answers.
   * @returns The estimate; `undefined` if it is withheld.
   * @throws {SecAggError} `invalid-argument` if `category` is not a string.
   */
  estimate(category: string): number | undefined
  /** e / width · answered. */
  readonly errorBound: number
  /** e^−depth. */
  readonly failureProbability: number
}

/**
 * The type of the result of a statistic.
 * @public
 */
export type ResultOf<S extends StatisticDefinition> = S extends Count
  ? CountResult
  : S extends Sum
    ? SumResult
    : S extends Mean
      ? MeanResult
      : S extends Variance
        ? VarianceResult
        : S extends Histogram
          ? HistogramResult
          : S extends Frequency
            ? FrequencyResult<S['categories'][number]>
            : S extends Contingency
              ? ContingencyResult
              : S extends Sketch
                ? SketchResult
                : never

/**
 * How results are presented. The server knows the whole sum anyway.
 * @public
 */
export interface PresentationOptions {
  /**
   * Counts below this number are withheld, including 0, and so are sums, means and quantiles of fewer answers. At least 1;
   * default 5; `show-all` withholds nothing. This keeps small counts out of tables and reports, but it is **not** privacy: the
   * server has the counts, and totals, neighboring cells or another round often reveal what one table withholds.
   */
  readonly minimumCell?: number | 'show-all' | undefined
  /**
   * Whether numbers that noise has moved out of their range are moved to its edge. Each number then looks plausible, but all of
   * them together are biased: counts below 0 are raised, and nothing balances this. Default: false.
   */
  readonly clamp?: boolean | undefined
}

const MINIMUM_CELL = 5

/** Presents the numbers of one result, and counts how many it withheld and how many were out of range. */
export class Presenter {
  readonly #minimum: number
  readonly #clamp: boolean
  #withheld = 0
  #outOfRange = 0

  /**
   * @param minimum - The number of answers below which a number is withheld.
   * @param clamp - Whether numbers out of their range are moved to its edge.
   */
  constructor(minimum: number, clamp: boolean) {
    this.#minimum = minimum
    this.#clamp = clamp
  }

  tally(): { readonly withheld: number; readonly outOfRange: number } {
    return { withheld: this.#withheld, outOfRange: this.#outOfRange }
  }

  /** Whether a number that comes from `answered` answers may be shown. */
  isEnough(answered: number): boolean {
    return answered >= this.#minimum
  }

  /** A count; `undefined` if it is withheld. */
  cell(count: number): number | undefined {
    const number = this.within(count, 0)
    if (this.isEnough(number)) return number
    this.#withheld++
    return undefined
  }

  /** A number that comes from `answered` answers; `undefined` if it does not exist or is withheld. */
  figure(
    value: number | undefined,
    answered: number,
    minimum?: number,
    maximum?: number,
  ): number | undefined {
    if (!this.isEnough(answered)) {
      this.#withheld++
      return undefined
    }
    return value === undefined ? undefined : this.within(value, minimum, maximum)
  }

  /** A number that cannot be below `minimum` or above `maximum` without noise. */
  within(
    value: number,
    minimum: number = Number.NEGATIVE_INFINITY,
    maximum: number = Number.POSITIVE_INFINITY,
  ): number {
    const possible = Math.min(Math.max(value, minimum), maximum)
    if (possible === value) return value
    this.#outOfRange++
    return this.#clamp ? possible : value
  }
}

/**
 * A function that creates a presenter for each result.
 * @throws {SecAggError} `invalid-argument` if an option is invalid.
 */
export function presenters(options: PresentationOptions): () => Presenter {
  const { minimumCell = MINIMUM_CELL, clamp = false } = partsOf('the options of results', options)
  if (minimumCell !== 'show-all' && !(Number.isSafeInteger(minimumCell) && minimumCell >= 1)) {
    throw usageError('invalid-argument', "minimumCell must be a whole number of at least 1, or 'show-all'", {
      got: shown(minimumCell),
    })
  }
  if (typeof clamp !== 'boolean') {
    throw usageError('invalid-argument', 'clamp must be true or false', { got: shown(clamp) })
  }
  const minimum = minimumCell === 'show-all' ? Number.NEGATIVE_INFINITY : minimumCell
  return () => new Presenter(minimum, clamp)
}
