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
 * The randomized Hadamard transform x → H D x in place: signs drawn from `seed`, then the orthonormal Walsh–Hadamard
 * matrix. It keeps the L2 norm and spreads it over all elements, so that none needs more bits than the others.
 *
 * Sign i is bit i mod 8 of byte ⌊i/8⌋ of SHA-256(label ‖ seed ‖ 0) ‖ SHA-256(label ‖ seed ‖ 1) ‖ …, with a counter of
 * four little-endian bytes; a one is a minus. The seed is public: privacy does not depend on it, but a server that knows
 * it beforehand may be offered vectors whose sums wrap around, so draw it afresh for each round.
 *
 * @param values - A power of two of them.
 * @param seed - 16 to 64 bytes.
 * @throws {SecAggError} `invalid-argument` for other values or another seed.
 * @public
 */
export function rotate(values: Float64Array, seed: Uint8Array): void {
  requireRotatable(values, seed)
  flipSigns(values, seed)
  hadamard(values)
}

/**
 * The inverse of {@link rotate}.
 * @public
 */
export function rotateBack(values: Float64Array, seed: Uint8Array): void {
  requireRotatable(values, seed)
  hadamard(values)
  flipSigns(values, seed)
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
  if (typedArrayName(values) !== 'Float64Array' || values.length !== paddedLength(values.length)) {
    throw usageError('invalid-argument', 'a vector to be rotated is a Float64Array of 2^k elements', {
      got: typedArrayName(values) === 'Float64Array' ? values.length : typeof values,
    })
  }
}

function flipSigns(values: Float64Array, seed: Uint8Array): void {
  const prefix = concatBytes(ascii(LABEL), seed)
  const input = new Uint8Array(prefix.length + 4)
  input.set(prefix)
  const counter = new DataView(input.buffer, prefix.length)
  for (let from = 0; from < values.length; from += 256) {
    counter.setUint32(0, from / 256, true)
    const signs = sha256(input)
    const to = Math.min(from + 256, values.length)
    for (let i = from; i < to; i++) {
      if (((signs[(i - from) >>> 3]! >>> (i & 7)) & 1) === 1) values[i] = -values[i]!
    }
  }
}

function hadamard(values: Float64Array): void {
  butterflies(values, 0, values.length)
  const norm = 1 / Math.sqrt(values.length)
  for (let i = 0; i < values.length; i++) values[i]! *= norm
}

/** The transform of `length` elements, first across halves that do not fit the cache, then within them. */
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
 * β of conditional rounding: a vector is rounded again where its norm is larger than it should be with this probability.
 * @public
 */
export const ROUNDING_BETA: number = Math.exp(-0.5)

/**
 * The length of a vector padded for the Hadamard transform: the next power of two.
 * @public
 */
export function paddedLength(length: number): number {
  requireWhole('length', length, 0, Number.MAX_SAFE_INTEGER)
  let padded = 1
  while (padded < length) padded *= 2
  return padded
}

/**
 * Δ2: the L2 norm that a vector of `dimension` elements and norm at most `norm` may have after it has been rounded to
 * whole numbers. Rounding moves an element by less than 1, so norm + √d always holds; with probability at least 1 − β
 * stochastic rounding keeps √(norm² + d/4 + √(2 ln(1/β)) (norm + √d/2)), and an encoder can insist on it by trying again.
 *
 * Source: Kairouz, Liu and Steinke (2021), theorem 1.
 *
 * @param beta - 0 ≤ β < 1, default e^{−1/2}; 0 gives the bound that always holds.
 * @public
 */
export function roundedL2Bound(norm: number, dimension: number, beta: number = ROUNDING_BETA): number {
  requireNumber('norm', norm, 0, Number.MAX_VALUE)
  requireWhole('dimension', dimension, 0, Number.MAX_SAFE_INTEGER)
  requireNumber('beta', beta, 0, BELOW_ONE)
  const certain = norm + Math.sqrt(dimension)
  if (beta === 0) return certain
  // The default is written out, so that all engines get the same number whatever their exp and log round to.
  const factor = beta === ROUNDING_BETA ? 1 : Math.sqrt(-2 * Math.log(beta))
  const square = norm * norm + dimension / 4 + factor * (norm + Math.sqrt(dimension) / 2)
  return Math.min(certain, Math.sqrt(square))
}

/**
 * Δ1: the L1 norm of `dimension` whole numbers with L2 norm at most `l2`; as they are whole, |x| is at most x².
 * @public
 */
export function roundedL1Bound(l2: number, dimension: number): number {
  requireNumber('l2', l2, 0, Number.MAX_VALUE)
  requireWhole('dimension', dimension, 0, Number.MAX_SAFE_INTEGER)
  return l2 * Math.min(Math.sqrt(dimension), l2)
}

/**
 * What the scale has to leave room for.
 * @public
 */
export interface Headroom {
  /** n. */
  readonly clients: number
  /** d, padded. */
  readonly dimension: number
  /** c, the L2 norm that a client's vector is clipped to. */
  readonly clip: number
  /** σ of one client's noise, in the units of the vectors. */
  readonly localStandardDeviation: number
  /** b: sums are taken modulo 2^b. */
  readonly bits: number
  /** k: how many standard deviations of an element of the sum fit on either side of zero. */
  readonly tail: number
}

/**
 * s: by how much vectors are multiplied before they are rounded, so that k standard deviations of the sum fit b bits; 0
 * where they do not for any scale. After the rotation an element of the sum is like a draw from a normal distribution
 * with variance at most (cn)²/d, the noise of all n clients adds nσ² and rounding n/(4s²).
 *
 * Source: Kairouz, Liu and Steinke (2021), with ρ = 1: all clients may hold the same vector.
 * @public
 */
export function scaleFor(headroom: Headroom): number {
  const parts = partsOf('what a scale has to leave room for', headroom)
  const { clients, dimension, clip, localStandardDeviation, bits, tail } = parts
  for (const [name, value] of Object.entries({ clients, dimension, clip, localStandardDeviation, tail })) {
    requireNumber(name, value, 0, Number.MAX_VALUE)
  }
  requireWhole('bits', bits, 1, 64)
  const room = 2 ** (2 * bits) - clients * tail * tail
  if (room <= 0) return 0
  const signal = (clip * clip * clients * clients) / dimension
  const noise = clients * localStandardDeviation * localStandardDeviation
  return Math.sqrt(room) / (2 * tail * Math.sqrt(signal + noise))
}
