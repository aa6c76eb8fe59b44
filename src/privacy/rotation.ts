import { sha256 } from '@noble/hashes/sha2.js'
import { ascii, concatBytes, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { rotationKernelFor } from '../vector/kernels/kernel-rotation.js'
import { typedArrayName } from '../vector/lanes.js'

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
 *   holds as for one transform: the bounds after rounding (`roundedL2Bound`, `roundedL1Bound`), which depend only
 *   on norm and length, and therefore the sensitivities and ε.
 * - Rotating back is orthogonal, too. So the noise of an element of the decoded sum has the variance of the noise on the grid.
 * - A rotated element is Σ ±xᵢ/√w over the elements of a window, with independent random signs. It is sub-Gaussian with a
 *   variance proxy of ‖x‖²/w. For elements of the second window, this holds for any result of the first transform, because
 *   the second one has its own signs. `scaleFor` uses this bound.
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
  rotateBy(values, seed, 1)
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

/** {@link rotate} of the values times `factor`. */
export function rotateBy(values: Float64Array, seed: Uint8Array, factor: number): void {
  const [first, second] = windowsOf(values)
  if (second !== undefined) multiply(values.subarray(first!.values.length), factor)
  flipSigns(first!, seed, factor)
  hadamard(first!.values)
  if (second === undefined) return
  flipSigns(second, seed)
  hadamard(second.values)
}

/** Multiplies all values by `factor`, in place. */
export function multiply(values: Float64Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i]! *= factor
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
export function rotationWidth(length: number): number {
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

/** How many signs are computed at a time: a few kilobytes of values. */
const SIGNS = 4096

/** Multiplies the values of a window by `factor`, and flips signs. */
function flipSigns({ values, firstSign }: Window, seed: Uint8Array, factor = 1): void {
  const signs = new Uint8Array(Math.ceil(Math.min(SIGNS, values.length) / 8) + 1)
  const hash = signHashes(seed)
  const kernel = rotationKernelFor(values.length)
  for (let from = 0; from < values.length; from += SIGNS) {
    const part = values.subarray(from, from + SIGNS)
    const skipped = writeSigns(signs, firstSign + from, part.length, hash)
    if (kernel !== undefined) kernel.flip(part, signs, factor)
    else flipPlainly(part, signs, skipped, factor)
  }
}

export function flipPlainly(values: Float64Array, signs: Uint8Array, skipped: number, factor: number): void {
  for (let i = 0; i < values.length; i++) {
    const at = skipped + i
    const value = values[i]! * factor
    // A product with ±1 is exact, and without a branch that nobody can predict.
    values[i] = value * (1 - 2 * ((signs[at >>> 3]! >>> (at & 7)) & 1))
  }
}

/** Writes the bytes with the signs from `first` on, and returns how many signs of the first byte are before it. */
function writeSigns(
  signs: Uint8Array,
  first: number,
  count: number,
  hash: (counter: number) => Uint8Array,
): number {
  const firstByte = Math.floor(first / 8)
  const end = Math.ceil((first + count) / 8)
  for (let byte = firstByte; byte < end; ) {
    const skipped = byte % 32
    const block = hash(Math.floor(byte / 32)).subarray(skipped, Math.min(32, skipped + end - byte))
    signs.set(block, byte - firstByte)
    byte += block.length
  }
  return first % 8
}

/** The function that gives SHA-256(label ‖ seed ‖ counter). */
function signHashes(seed: Uint8Array): (counter: number) => Uint8Array {
  const prefix = concatBytes(ascii(LABEL), seed)
  const input = new Uint8Array(prefix.length + 4)
  input.set(prefix)
  const view = new DataView(input.buffer, prefix.length)
  return (counter) => {
    view.setUint32(0, counter, true)
    return sha256(input)
  }
}

function hadamard(values: Float64Array): void {
  const norm = 1 / Math.sqrt(values.length)
  const kernel = rotationKernelFor(values.length)
  if (kernel === undefined) transformPlainly(values, norm)
  else kernel.transform(values, norm)
}

/** The Walsh–Hadamard transform of 2^k values times `factor`, in plain TypeScript. */
export function transformPlainly(values: Float64Array, factor: number): void {
  butterflies(values, 0, values.length)
  multiply(values, factor)
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
