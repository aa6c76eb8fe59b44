import type { RandomWords } from '../crypto/random.js'
import { SecAggError, usageError } from '../errors.js'
import { firstOutOfRange } from '../vector/arithmetic.js'
import { type RotationKernel, rotationKernelFor } from '../vector/kernels/kernel-rotation.js'
import { bytesOf, createLanes, laneArrayName, plainLanes, typedArrayName } from '../vector/lanes.js'
import type { Lanes } from '../vector/segments.js'
import type { NoiseSampler } from './noise/sampler.js'

/** How many draws of noise are made at a time. */
const BATCH = 4096

/**
 * Adds noise to whole numbers whose absolute values are below 2^51, modulo 2^`bits` for bits ≤ 32. The result is in `into` if that
 * is given.
 */
export function wrapWithNoise(
  values: Float64Array,
  sampler: NoiseSampler,
  bits: number,
  into?: Lanes,
): Lanes {
  const result = into ?? createLanes(bits, values.length)
  try {
    addNoise(values, sampler, bits, plainLanes(result) as Uint32Array)
  } catch (error) {
    bytesOf(result).fill(0)
    throw error
  }
  return result
}

function addNoise(values: Float64Array, sampler: NoiseSampler, bits: number, lanes: Uint32Array): void {
  const noise = new Int32Array(Math.min(BATCH, values.length))
  const kernel = rotationKernelFor(values.length)
  for (let from = 0; from < values.length; from += BATCH) {
    const to = Math.min(from + BATCH, values.length)
    sampler.fill(noise)
    const [part, target] = [values.subarray(from, to), lanes.subarray(from, to)]
    if (kernel === undefined) wrapPlainly(part, noise, target, bits)
    else kernel.wrap(part, noise, target, bits)
  }
  noise.fill(0)
  sampler.wipe()
}

/** Adds noise to the values, modulo 2^`bits`, in plain TypeScript. */
export function wrapPlainly(values: Float64Array, noise: Int32Array, lanes: Uint32Array, bits: number): void {
  const mask = bits === 32 ? 0xffffffff : 2 ** bits - 1
  for (let i = 0; i < values.length; i++) lanes[i] = (values[i]! + noise[i]!) & mask
}

/**
 * The whole numbers from `minimum` to `minimum` + 2^`bits` − 1 that are congruent to `lanes` modulo 2^`bits`, each times
 * `factor`.
 */
export function unwrap(
  lanes: Lanes,
  bits: number,
  minimum: number,
  factor = 1,
  kernel: RotationKernel | null = rotationKernelFor(lanes.length) ?? null,
): Float64Array {
  const values = new Float64Array(lanes.length)
  unwrapInto(values, lanes, bits, minimum, factor, kernel)
  return values
}

/** Writes what {@link unwrap} returns to `values`. */
export function unwrapInto(
  values: Float64Array,
  lanes: Lanes,
  bits: number,
  minimum: number,
  factor = 1,
  kernel: RotationKernel | null = rotationKernelFor(lanes.length) ?? null,
): void {
  const modulus = 2 ** bits
  const first = minimum - modulus * Math.floor(minimum / modulus)
  if (kernel !== null) {
    kernel.unwrap(lanes, { minimum, modulus, first, factor }, values)
    return
  }
  for (let i = 0; i < lanes.length; i++) {
    const offset = (lanes[i] as number) - first
    values[i] = (minimum + (offset < 0 ? offset + modulus : offset)) * factor
  }
}

/** @throws {SecAggError} `invalid-argument` unless `sum` has `length` elements of Z_2^`bits`, bits ≤ 32. */
export function requireSum(sum: Lanes, length: number, bits: number): void {
  const name = laneArrayName(bits)
  if (typedArrayName(sum) !== name || sum.length !== length) {
    throw usageError('invalid-argument', `a sum must be a ${name} of ${length} elements`, {
      expected: length,
      got: typedArrayName(sum) === name ? sum.length : (typedArrayName(sum) ?? typeof sum),
    })
  }
  const index = firstOutOfRange(sum, 1n << BigInt(bits))
  if (index < 0) return
  const remedy = 'if you added the inputs with addInto, call reduceInto before decoding'
  throw usageError('invalid-argument', `element ${index} of the sum is not below 2^${bits}; ${remedy}`)
}

/** How many squares are added before they are added to the total. Summing in blocks keeps the rounding error small. */
const BLOCK = 1024

/** Σ x², with a relative error below 2^−32 for up to 2^30 elements. */
export function sumOfSquares(values: Float64Array): number {
  return rotationKernelFor(values.length)?.sumOfSquares(values) ?? plainSumOfSquares(values)
}

/** {@link sumOfSquares} in plain TypeScript. Each block has eight sums, as in the kernel. */
export function plainSumOfSquares(values: Float64Array): number {
  const s = new Float64Array(8)
  let sum = 0
  for (let from = 0; from < values.length; from += BLOCK) {
    const to = Math.min(from + BLOCK, values.length)
    s.fill(0)
    for (let i = from; i < to; i++) s[i & 7]! += values[i]! * values[i]!
    sum += s[0]! + s[2]! + (s[4]! + s[6]!) + (s[1]! + s[3]! + (s[5]! + s[7]!))
  }
  return sum
}

/** ‖x‖. It is right even if the squares are outside of the range of a double. */
export function l2Norm(values: Float64Array): number {
  const sum = sumOfSquares(values)
  if (sum > 1e-200 && sum < Number.POSITIVE_INFINITY) return Math.sqrt(sum)
  const maximum = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  if (maximum === 0) return 0
  return maximum * Math.sqrt(sumOfSquares(values.map((value) => value / maximum)))
}

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
