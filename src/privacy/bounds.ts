import { partsOf } from '../arguments.js'
import { requireNumber, requireWhole } from './checks.js'

const BELOW_ONE = 1 - Number.EPSILON / 2

/** β of conditional rounding: a vector is rounded again where its norm is larger than it should be with this probability. */
export const ROUNDING_BETA: number = Math.exp(-0.5)

/** The length of a vector padded for the Hadamard transform: the next power of two. */
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

/** Δ1: the L1 norm of `dimension` whole numbers with L2 norm at most `l2`; as they are whole, |x| is at most x². */
export function roundedL1Bound(l2: number, dimension: number): number {
  requireNumber('l2', l2, 0, Number.MAX_VALUE)
  requireWhole('dimension', dimension, 0, Number.MAX_SAFE_INTEGER)
  return l2 * Math.min(Math.sqrt(dimension), l2)
}

/** What the scale has to leave room for. */
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
