import type {
  Contingency,
  Count,
  Frequency,
  Histogram,
  Mean,
  Sketch,
  Statistic,
  Sum,
  Variance,
} from './definition.js'

/**
 * What every result has. Under a privacy target numbers are estimates: they need not be whole, nor add up, and may be
 * negative.
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

export interface CountResult extends Answered {
  readonly count: number | undefined
}

export interface SumResult extends Answered {
  readonly sum: number | undefined
  /** Standard deviation of the noise on the sum, that of random rounding included; 0 without privacy. */
  readonly sumNoise: number
}

/** Without answers there is no mean. */
export interface MeanResult extends SumResult {
  readonly mean: number | undefined
  /** The same for the mean, to first order; `undefined` where there is none. */
  readonly meanNoise: number | undefined
}

export interface VarianceResult extends Answered {
  readonly mean: number | undefined
  readonly meanNoise: number | undefined
  /** The mean square distance from the mean: times answered / (answered − 1), an estimate for those not asked. */
  readonly variance: number | undefined
  readonly varianceNoise: number | undefined
  /** The square root of the variance; `undefined` where noise has made that negative. */
  readonly standardDeviation: number | undefined
}

/** Where a quantile lies. */
export interface Quantile {
  /** The edges of its bin; infinite beyond the bins. */
  readonly from: number
  readonly to: number
  /** Interpolated within the bin, so off by its width at most; `undefined` beyond the bins. */
  readonly value: number | undefined
}

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

export interface FrequencyResult<C extends string = string> extends Answered {
  /** By category; it has no prototype. */
  readonly counts: { readonly [Category in C]: number | undefined }
  /** Answers that are not on the list; `undefined` where they are withheld or were refused. */
  readonly other: number | undefined
}

export interface ContingencyResult extends Answered {
  /**
   * By row and column, both in the order of the definition; the last row and the last column are those of other strings,
   * where they are counted.
   */
  readonly table: readonly (readonly (number | undefined)[])[]
}

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

/** What a statistic results in. */
export type ResultOf<S extends Statistic> = S extends Count
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
