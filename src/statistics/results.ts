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
 * What every result has. Under a privacy target numbers are estimates: they need not be whole, nor add up, and may be
 * negative.
 * @public
 */
export interface Answered {
  readonly answered: number
  /** Records without an answer. */
  readonly missing: number
  /** How many numbers of this result are withheld, hence `undefined`, for being counts or made of counts too small. */
  readonly withheld: number
  /**
   * How many numbers of this result noise has put where no answers could: counts below 0, a mean outside of its range.
   * They stay there, or are moved to the nearest possible value where that was asked for.
   */
  readonly outOfRange: number
  /**
   * Standard deviation of the noise on one cell, in answers; 0 without privacy. `answered` is the sum of all k cells and has
   * √k times that: two of them for a count, a sum or a mean, three for a variance. For a sketch it is √(width / depth).
   */
  readonly noise: number
}

/** @public */
export interface CountResult extends Answered {
  readonly count: number | undefined
}

/** @public */
export interface SumResult extends Answered {
  readonly sum: number | undefined
  /** Standard deviation of the noise on the sum, that of random rounding included; 0 without privacy. */
  readonly sumNoise: number
}

/**
 * Without answers there is no mean.
 * @public
 */
export interface MeanResult extends SumResult {
  readonly mean: number | undefined
  /** The same for the mean, to first order; `undefined` where there is none. */
  readonly meanNoise: number | undefined
}

/** @public */
export interface VarianceResult extends Answered {
  readonly mean: number | undefined
  readonly meanNoise: number | undefined
  /** The mean square distance from the mean: times answered / (answered − 1), an estimate for those not asked. */
  readonly variance: number | undefined
  readonly varianceNoise: number | undefined
  /** The square root of the variance; `undefined` where noise has made that negative. */
  readonly standardDeviation: number | undefined
}

/**
 * Where a quantile lies.
 * @public
 */
export interface Quantile {
  /** The edges of its bin; infinite beyond the bins. */
  readonly from: number
  readonly to: number
  /** Interpolated within the bin, so off by its width at most; `undefined` beyond the bins. */
  readonly value: number | undefined
}

/** @public */
export interface HistogramResult extends Answered {
  readonly edges: readonly number[]
  /** By bin. */
  readonly counts: readonly (number | undefined)[]
  /** Answers below the first edge; `undefined` where they are withheld or were refused. */
  readonly below: number | undefined
  /** Answers above the last edge. */
  readonly above: number | undefined
  /**
   * The quantile of a probability p from 0 to 1: the answer of rank ⌈p · answered⌉ from below. It is read from all cells,
   * also from those withheld, negative ones as 0; `undefined` where too few answered.
   *
   * @throws {SecAggError} `invalid-argument` for another p.
   */
  quantile(probability: number): Quantile | undefined
}

/** @public */
export interface FrequencyResult<C extends string = string> extends Answered {
  /** By category; it has no prototype. */
  readonly counts: { readonly [Category in C]: number | undefined }
  /** Answers that are not on the list; `undefined` where they are withheld or were refused. */
  readonly other: number | undefined
}

/** @public */
export interface ContingencyResult extends Answered {
  /**
   * By row and column, both in the order of the definition; the last row and the last column are those of other strings,
   * where they are counted.
   */
  readonly table: readonly (readonly (number | undefined)[])[]
}

/** @public */
export interface SketchResult extends Answered {
  /**
   * The estimated count of a string; `undefined` where it is withheld. Without noise it is never below the count, and above
   * by more than `errorBound` with at most `failureProbability`, over the draw of the seed. Noise comes on top: the least
   * of `depth` noisy cells is lower by up to √(2 ln depth) · `noise` on average.
   *
   * @throws {SecAggError} `invalid-argument` where `category` is no string.
   */
  estimate(category: string): number | undefined
  /** e / width · answered. */
  readonly errorBound: number
  /** e^−depth. */
  readonly failureProbability: number
}

/**
 * What a statistic results in.
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
 * How results are shown; the sum has told the server all of it already.
 * @public
 */
export interface PresentationOptions {
  /**
   * Counts below this are withheld, those of 0 with them, and so are sums, means and quantiles of fewer answers; from 1
   * on, default 5, or `show-all`. This keeps small counts out of tables and reports; it is **not** privacy: the server has
   * them, and totals, neighboring cells or another round often give away what one table withholds.
   */
  readonly minimumCell?: number | 'show-all' | undefined
  /**
   * Whether numbers that noise has put out of their range are moved to its edge. It makes each look better and all of them
   * together worse: what is moved up has no counterpart. Default: false.
   */
  readonly clamp?: boolean | undefined
}

const MINIMUM_CELL = 5

/** Shows the numbers of one result, and keeps count of what it did to them. */
export class Presenter {
  readonly #minimum: number
  readonly #clamp: boolean
  #withheld = 0
  #outOfRange = 0

  /** @param clamp - Whether numbers out of their range are moved to its edge. */
  constructor(minimum: number, clamp: boolean) {
    this.#minimum = minimum
    this.#clamp = clamp
  }

  tally(): { readonly withheld: number; readonly outOfRange: number } {
    return { withheld: this.#withheld, outOfRange: this.#outOfRange }
  }

  /** Whether a number made of so many answers may be shown. */
  isEnough(answered: number): boolean {
    return answered >= this.#minimum
  }

  /** A cell; `undefined` where it is below the minimum. */
  cell(count: number): number | undefined {
    const number = this.within(count, 0)
    if (this.isEnough(number)) return number
    this.#withheld++
    return undefined
  }

  /** A number made of `answered` answers, where there is one; they are enough for it, or it is withheld. */
  figure(value: number | undefined, answered: number, least?: number, greatest?: number): number | undefined {
    if (!this.isEnough(answered)) {
      this.#withheld++
      return undefined
    }
    return value === undefined ? undefined : this.within(value, least, greatest)
  }

  /** A number that no answers put below `least` or above `greatest`. */
  within(
    value: number,
    least: number = Number.NEGATIVE_INFINITY,
    greatest: number = Number.POSITIVE_INFINITY,
  ): number {
    const possible = Math.min(Math.max(value, least), greatest)
    if (possible === value) return value
    this.#outOfRange++
    return this.#clamp ? possible : value
  }
}

/**
 * What makes a presenter for each result.
 * @throws {SecAggError} `invalid-argument` for other options.
 */
export function presenters(options: PresentationOptions): () => Presenter {
  const { minimumCell = MINIMUM_CELL, clamp = false } = partsOf('the options of results', options)
  if (minimumCell !== 'show-all' && !(Number.isSafeInteger(minimumCell) && minimumCell >= 1)) {
    throw usageError('invalid-argument', "minimumCell must be a whole number from 1 on, or 'show-all'", {
      got: shown(minimumCell),
    })
  }
  if (typeof clamp !== 'boolean') {
    throw usageError('invalid-argument', 'clamp must be true or false', { got: shown(clamp) })
  }
  const minimum = minimumCell === 'show-all' ? Number.NEGATIVE_INFINITY : minimumCell
  return () => new Presenter(minimum, clamp)
}
