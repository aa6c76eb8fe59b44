import type { RandomWords } from '../crypto/random.js'
import { SecAggError } from '../errors.js'
import { type RotationKernel, rotationKernelFor } from '../vector/kernels/kernel-rotation.js'
import { plainSumOfSquares, sumOfSquares } from './wrapping.js'

/** Each attempt fails with probability at most β = e^{−1/2}, so all of them fail with probability below 10⁻¹³. */
export const ROUNDING_ATTEMPTS = 64

/** The relative margin by which the norm of a vector must be below its bound before rounding. */
export const NORM_MARGIN: number = 2 ** -26

/** Room for the error of a sum of squares: a quarter of {@link NORM_MARGIN}. */
const SQUARE_MARGIN = 2 ** -28

/**
 * Rounds every element up or down at random, such that its expected value does not change. While the L2 norm exceeds `bound`,
 * it rounds the whole vector again. If the last attempt fails too, it rounds toward zero, which is biased but never makes a
 * vector longer. Privacy depends only on the bound, which always holds, and not on the random choices.
 *
 * @param values - Real numbers below 2^52 whose norm is below (1 − {@link NORM_MARGIN}) `bound`. They are replaced by whole
 *   numbers.
 * @returns The number of attempts; `undefined` if none succeeded.
 * @throws {SecAggError} `internal` if the norm was too large before rounding.
 */
export function roundConditionally(
  values: Float64Array,
  bound: number,
  words: RandomWords,
  attempts: number = ROUNDING_ATTEMPTS,
  kernel: RotationKernel | null = rotationKernelFor(values.length) ?? null,
): number | undefined {
  const limit = bound * bound * (1 - SQUARE_MARGIN)
  // One bit per value: whether it is rounded up. The values are still needed if another attempt has to be made.
  const ups = new Uint8Array(Math.ceil(values.length / 8))
  const draw = (target: Uint32Array): void => words.fill(target)
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const squares = kernel === null ? decidePlainly(values, ups, draw) : kernel.round(values, ups, draw)
    if (squares <= limit) {
      if (kernel === null) settlePlainly(values, ups)
      else kernel.settle(values, ups)
      ups.fill(0)
      return attempt
    }
  }
  for (let i = 0; i < values.length; i++) values[i] = Math.trunc(values[i]!)
  if (!(sumOfSquares(values) <= limit)) {
    throw new SecAggError('internal', 'internal', 'a vector to be rounded was longer than its bound')
  }
  return undefined
}

/** Decides which values are rounded up, and returns the sum of the squares of the rounded values. */
function decidePlainly(values: Float64Array, ups: Uint8Array, draw: (words: Uint32Array) => void): number {
  const words = new Uint32Array(values.length)
  const rounded = new Float64Array(values.length)
  draw(words)
  ups.fill(0)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const whole = Math.floor(value)
    // The fraction and this product are exact. The expected value is right to one part in 2^32.
    const up = words[i]! < (value - whole) * 2 ** 32 ? 1 : 0
    rounded[i] = whole + up
    ups[i >>> 3]! |= up << (i & 7)
  }
  return plainSumOfSquares(rounded)
}

function settlePlainly(values: Float64Array, ups: Uint8Array): void {
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.floor(values[i]!) + ((ups[i >>> 3]! >>> (i & 7)) & 1)
  }
}
