import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import { shown } from './invalid.js'

/** How results are shown; the sum has told the server all of it already. */
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
