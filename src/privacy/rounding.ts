import { SecAggError } from '../errors.js'
import type { RandomWords } from './noise/words.js'
import { sumOfSquares } from './norm.js'

/** Each attempt fails with probability β = e^{−1/2} at most, all of them with one below 10⁻¹³. */
export const ROUNDING_ATTEMPTS = 64

/** By how much of itself a vector to be rounded must at least be shorter than its bound allows without rounding. */
export const NORM_MARGIN: number = 2 ** -26

/** Room for the error of a sum of squares; a quarter of what {@link NORM_MARGIN} leaves. */
const SQUARE_MARGIN = 2 ** -28

/**
 * Rounds every element up or down at random, so that its mean stays, and all of them again while the L2 norm exceeds
 * `bound`. After the last attempt they are rounded toward zero, which is biased but never makes a vector longer. The bound
 * holds in every case, and it alone is what privacy needs: how the dice fall does not matter to it.
 *
 * @param values - Real numbers below 2^52 whose norm is below (1 − {@link NORM_MARGIN}) `bound`; replaced by whole ones.
 * @returns How many attempts it took; `undefined` where none did.
 * @throws {SecAggError} `internal` where the norm was not below.
 */
export function roundConditionally(
  values: Float64Array,
  bound: number,
  words: RandomWords,
  attempts: number = ROUNDING_ATTEMPTS,
): number | undefined {
  const limit = bound * bound * (1 - SQUARE_MARGIN)
  const rounded = new Float64Array(values.length)
  for (let attempt = 1; attempt <= attempts; attempt++) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      const whole = Math.floor(value)
      // A fraction is exact, and so is this product; its mean is kept to one part in 2^32.
      rounded[i] = words.next() < (value - whole) * 2 ** 32 ? whole + 1 : whole
    }
    if (sumOfSquares(rounded) <= limit) {
      values.set(rounded)
      return attempt
    }
  }
  for (let i = 0; i < values.length; i++) values[i] = Math.trunc(values[i]!)
  if (!(sumOfSquares(values) <= limit)) {
    throw new SecAggError('internal', 'internal', 'a vector to be rounded was longer than its bound')
  }
  return undefined
}
