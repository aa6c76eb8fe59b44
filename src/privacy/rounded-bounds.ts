import { partsOf } from '../arguments.js'
import { requireNumber, requireWhole } from './rdp.js'
import { rotationWidth } from './rotation.js'

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
 * of two that is at most d: see `rotate`. The noise of all n clients adds nσ², and rounding adds n/(4s²).
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
