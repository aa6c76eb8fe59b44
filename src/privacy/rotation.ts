import { sha256 } from '@noble/hashes/sha2.js'
import { partsOf } from '../arguments.js'
import { ascii, concatBytes, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { typedArrayName } from '../vector/lanes.js'
import { requireNumber, requireWhole } from './rdp.js'

const LABEL = 'secagg rotation'

/** Transforms up to this length stay in the fastest cache. */
const CACHED_LENGTH = 4096

/**
 * Rotates a vector in place by randomized Hadamard transforms x → H D x: D flips signs according to `seed`, and H is the
 * orthonormal Walsh–Hadamard matrix. The rotation keeps the L2 norm and spreads it over all elements, so that all of them
 * need about the same number of bits.
 *
 * A transform has a power of two of elements. Let w be the largest power of two that is at most the length d. The first
 * transform rotates the elements 0 to w − 1. If d is not a power of two, a second one then rotates the elements d − w to d − 1.
 * The two windows overlap, because w is more than d/2. So no element is added: the vector keeps its length.
 *
 * Why this is enough for privacy and for the size of elements:
 * - Each transform is an orthogonal matrix on its window and the identity elsewhere, so it is orthogonal as a whole, and so is
 *   the product of both. The L2 norm of the whole vector does not change, whatever the seed. What follows from the norm alone
 *   holds as for one transform: the bounds after rounding ({@link roundedL2Bound}, {@link roundedL1Bound}), which depend only
 *   on norm and length, and therefore the sensitivities and ε.
 * - Rotating back is orthogonal, too. So the noise of an element of the decoded sum has the variance of the noise on the grid.
 * - A rotated element is Σ ±xᵢ/√w over the elements of a window, with independent random signs. It is sub-Gaussian with a
 *   variance proxy of ‖x‖²/w. For elements of the second window, this holds for any result of the first transform, because
 *   the second one has its own signs. {@link scaleFor} uses this bound.
 *
 * Sign i is bit i mod 8 of byte ⌊i/8⌋ of SHA-256(label ‖ seed ‖ 0) ‖ SHA-256(label ‖ seed ‖ 1) ‖ …, where the counter has
 * four little-endian bytes and a 1 means minus. The first window uses the signs 0 to w − 1, and the second one the signs w to
 * 2w − 1, in the order of its elements. The seed is public, and privacy does not depend on it. Draw a new one for each round:
 * clients that know the seed before they choose their vectors can choose vectors whose sum wraps around.
 *
 * @param values - The vector, which is changed; it has at least one element.
 * @param seed - 16 to 64 bytes.
 * @throws {SecAggError} `invalid-argument` if the vector or the seed has the wrong type or length.
 * @example
 * ```ts
 * import { rotate } from 'secagg/privacy'
 *
 * const values = Float64Array.of(3, 0, 4, 0)
 * rotate(values, new Uint8Array(16))
 * console.log(values) // Float64Array(4) [ -3.5, -3.5, 0.5, 0.5 ]
 * ```
 * @public
 */
export function rotate(values: Float64Array, seed: Uint8Array): void {
  requireRotatable(values, seed)
  for (const window of windowsOf(values)) {
    flipSigns(window, seed)
    hadamard(window.values)
  }
}

/**
 * Undoes {@link rotate}, in place.
 *
 * @param values - The rotated vector, which is changed; it has at least one element.
 * @param seed - The seed of the rotation, 16 to 64 bytes.
 * @throws {SecAggError} `invalid-argument` if the vector or the seed has the wrong type or length.
 * @example
 * ```ts
 * import { rotate, rotateBack } from 'secagg/privacy'
 *
 * const seed = new Uint8Array(16)
 * const values = Float64Array.of(3, 1, 4, 2)
 * rotate(values, seed)
 * rotateBack(values, seed)
 * console.log(values) // Float64Array(4) [ 3, 1, 4, 2 ]
 * ```
 * @public
 */
export function rotateBack(values: Float64Array, seed: Uint8Array): void {
  requireRotatable(values, seed)
  for (const window of windowsOf(values).reverse()) {
    hadamard(window.values)
    flipSigns(window, seed)
  }
}

/** Elements that are rotated together, and the index of the first sign for them. */
interface Window {
  readonly values: Float64Array
  readonly firstSign: number
}

function windowsOf(values: Float64Array): Window[] {
  const width = rotationWidth(values.length)
  const first = { values: values.subarray(0, width), firstSign: 0 }
  if (width === values.length) return [first]
  return [first, { values: values.subarray(values.length - width), firstSign: width }]
}

/** w: the largest power of two that is at most `length`, which is at least 1. */
function rotationWidth(length: number): number {
  let width = 1
  while (2 * width <= length) width *= 2
  return width
}

/** @throws {SecAggError} `invalid-argument` unless `seed` is 16 to 64 bytes. */
export function requireRotationSeed(seed: Uint8Array): void {
  if (!isBytes(seed) || seed.length < 16 || seed.length > 64) {
    throw usageError('invalid-argument', 'a rotation seed must be 16 to 64 bytes', {
      expected: '16..64',
      got: isBytes(seed) ? seed.length : typeof seed,
    })
  }
}

function requireRotatable(values: Float64Array, seed: Uint8Array): void {
  requireRotationSeed(seed)
  if (typedArrayName(values) !== 'Float64Array' || values.length === 0) {
    throw usageError('invalid-argument', 'a vector to be rotated must be a Float64Array that is not empty', {
      got: typedArrayName(values) === 'Float64Array' ? values.length : typeof values,
    })
  }
}

function flipSigns({ values, firstSign }: Window, seed: Uint8Array): void {
  const prefix = concatBytes(ascii(LABEL), seed)
  const input = new Uint8Array(prefix.length + 4)
  input.set(prefix)
  const counter = new DataView(input.buffer, prefix.length)
  for (let from = 0; from < values.length; ) {
    const sign = firstSign + from
    counter.setUint32(0, Math.floor(sign / 256), true)
    const signs = sha256(input)
    const skipped = sign % 256
    const to = Math.min(from + 256 - skipped, values.length)
    for (let i = from; i < to; i++) {
      const at = skipped + i - from
      // A product with ±1 is exact, and without a branch that nobody can predict.
      values[i]! *= 1 - 2 * ((signs[at >>> 3]! >>> (at & 7)) & 1)
    }
    from = to
  }
}

function hadamard(values: Float64Array): void {
  butterflies(values, 0, values.length)
  const norm = 1 / Math.sqrt(values.length)
  for (let i = 0; i < values.length; i++) values[i]! *= norm
}

/** The transform of `length` elements: first across halves that do not fit the cache, then within each half. */
function butterflies(values: Float64Array, from: number, length: number): void {
  for (let half = length / 2; half >= 1; half /= 2) {
    if (half * 2 > CACHED_LENGTH) {
      combine(values, from, half)
      butterflies(values, from, half)
      butterflies(values, from + half, half)
      return
    }
    for (let start = from; start < from + length; start += 2 * half) combine(values, start, half)
  }
}

function combine(values: Float64Array, from: number, half: number): void {
  for (let i = from; i < from + half; i++) {
    const a = values[i]!
    const b = values[i + half]!
    values[i] = a + b
    values[i + half] = a - b
  }
}

const BELOW_ONE = 1 - Number.EPSILON / 2

/**
 * β = e^{−1/2}, for conditional rounding: an upper bound on the probability that a rounded vector is too long and must be
 * rounded again.
 * @public
 */
export const ROUNDING_BETA: number = Math.exp(-0.5)

/**
 * Δ2: an upper bound on the L2 norm of a vector after it has been rounded to whole numbers. Rounding moves an element by less
 * than 1, so norm + √d always holds. With probability at least 1 − β, stochastic rounding also keeps
 * √(norm² + d/4 + √(2 ln(1/β)) (norm + √d/2)). An encoder can enforce this smaller bound by rounding again.
 *
 * Source: Kairouz, Liu and Steinke (2021), theorem 1.
 *
 * @param norm - The largest L2 norm before rounding, at least 0.
 * @param dimension - d, the number of elements.
 * @param beta - β, 0 ≤ β < 1. Default e^{−1/2}; 0 gives the bound that always holds.
 * @returns The smaller of the two bounds.
 * @throws {SecAggError} `invalid-argument` if a value is out of its range.
 * @example
 * ```ts
 * import { roundedL2Bound } from 'secagg/privacy'
 *
 * console.log(roundedL2Bound(1000, 1024).toFixed(2)) // '1000.64'
 * console.log(roundedL2Bound(1000, 1024, 0)) // 1032
 * ```
 * @public
 */
export function roundedL2Bound(norm: number, dimension: number, beta: number = ROUNDING_BETA): number {
  requireNumber('norm', norm, 0, Number.MAX_VALUE)
  requireWhole('dimension', dimension, 0, Number.MAX_SAFE_INTEGER)
  requireNumber('beta', beta, 0, BELOW_ONE)
  const certain = norm + Math.sqrt(dimension)
  if (beta === 0) return certain
  // The default does not go through exp and log, which JavaScript engines round differently.
  const factor = beta === ROUNDING_BETA ? 1 : Math.sqrt(-2 * Math.log(beta))
  const square = norm * norm + dimension / 4 + factor * (norm + Math.sqrt(dimension) / 2)
  return Math.min(certain, Math.sqrt(square))
}

/**
 * Δ1: an upper bound on the L1 norm of a vector of whole numbers. For a whole number, |x| is at most x², so the L1 norm is at
 * most the square of the L2 norm.
 *
 * @param l2 - The largest L2 norm, at least 0.
 * @param dimension - The number of elements.
 * @returns The smaller of `l2` · √`dimension` and `l2`².
 * @throws {SecAggError} `invalid-argument` if a value is out of its range.
 * @example
 * ```ts
 * import { roundedL1Bound } from 'secagg/privacy'
 *
 * console.log(roundedL1Bound(10, 64), roundedL1Bound(3, 64)) // 80 9
 * ```
 * @public
 */
export function roundedL1Bound(l2: number, dimension: number): number {
  requireNumber('l2', l2, 0, Number.MAX_VALUE)
  requireWhole('dimension', dimension, 0, Number.MAX_SAFE_INTEGER)
  return l2 * Math.min(Math.sqrt(dimension), l2)
}

/**
 * What {@link scaleFor} must leave room for in the bits of an element.
 * @public
 */
export interface Headroom {
  /** n: the number of clients. */
  readonly clients: number
  /** d: the number of elements of a vector, at least 1. */
  readonly dimension: number
  /** c: the L2 norm to which a client's vector is clipped. */
  readonly clip: number
  /** σ: the standard deviation of one client's noise, in units of the vectors. */
  readonly localStandardDeviation: number
  /** b: sums are computed modulo 2^b. */
  readonly bits: number
  /** k: how many standard deviations of an element of the sum must fit on either side of zero. */
  readonly tail: number
}

/**
 * s: the factor by which vectors are multiplied before rounding, such that k standard deviations of the sum fit b bits. After
 * the rotation, an element of the sum behaves like a normal variable with variance at most (cn)²/w, where w is the largest power
 * of two that is at most d: see {@link rotate}. The noise of all n clients adds nσ², and rounding adds n/(4s²).
 *
 * Source: Kairouz, Liu and Steinke (2021), with ρ = 1, the worst case in which all clients hold the same vector.
 *
 * @param headroom - The sizes of the vectors, the noise and the bits.
 * @returns The scale; 0 if the sum does not fit at any scale.
 * @throws {SecAggError} `invalid-argument` if a value is out of its range.
 * @example
 * ```ts
 * import { scaleFor } from 'secagg/privacy'
 *
 * const vectors = { clients: 100, dimension: 1024, clip: 1, localStandardDeviation: 0.1 }
 * console.log(scaleFor({ ...vectors, bits: 16, tail: 4 }).toFixed(1)) // '2496.7'
 * ```
 * @public
 */
export function scaleFor(headroom: Headroom): number {
  const parts = partsOf('the headroom', headroom)
  const { clients, dimension, clip, localStandardDeviation, bits, tail } = parts
  for (const [name, value] of Object.entries({ clients, clip, localStandardDeviation, tail })) {
    requireNumber(name, value, 0, Number.MAX_VALUE)
  }
  requireWhole('dimension', dimension, 1, Number.MAX_SAFE_INTEGER)
  requireWhole('bits', bits, 1, 64)
  const room = 2 ** (2 * bits) - clients * tail * tail
  if (room <= 0) return 0
  const signal = (clip * clip * clients * clients) / rotationWidth(dimension)
  const noise = clients * localStandardDeviation * localStandardDeviation
  return Math.sqrt(room) / (2 * tail * Math.sqrt(signal + noise))
}
