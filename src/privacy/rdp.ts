import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'

/**
 * Rényi differential privacy (Mironov 2017) of one round: the divergence ε(α) for a whole order α ≥ 2. Curves of
 * mechanisms that see the same data add up.
 * @public
 */
export type RdpCurve = (order: number) => number

/**
 * The orders that are tried: 2 to 128, and 256.
 * @public
 */
export const RDP_ORDERS: readonly number[] = Object.freeze([
  ...Array.from({ length: 127 }, (_, index) => index + 2),
  256,
])

/**
 * A sum of whole vectors to which every client has added noise: all that its privacy depends on. In whole units, that is
 * after scaling.
 * @public
 */
export interface NoisySum {
  readonly distribution: NoiseDistribution
  /** n: the number of clients; no more than these add noise. */
  readonly clients: number
  /** h: honest clients whose noise is in the sum at the very least, 1 ≤ h ≤ n. */
  readonly minimumHonest: number
  /** d: the elements of a vector. */
  readonly dimension: number
  /** Variance of the noise that one client adds to each element. */
  readonly localVariance: number
  /** Δ1: the greatest L1 norm of one client's vector before its noise. */
  readonly l1Sensitivity: number
  /** Δ2: the same for L2. */
  readonly l2Sensitivity: number
}

/**
 * The curve of a sum that has lost all noise but that of its least honest survivors. Neighbors differ in one client,
 * whose vector is in the sum or the zero vector in its place.
 *
 * @throws {SecAggError} `invalid-argument` where a value is out of its range.
 * @public
 */
export function rdpOf(sum: NoisySum): RdpCurve {
  const checked = checkedSum(sum)
  const curve =
    checked.distribution === 'skellam' ? skellamRdp(checked) : distributedDiscreteGaussianRdp(checked)
  return (order) => {
    requireOrder(order)
    return curve(order)
  }
}

function checkedSum(given: NoisySum): NoisySum {
  const sum = partsOf('a noisy sum', given)
  requireDistribution(sum.distribution)
  requireWhole('clients', sum.clients, 1, Number.MAX_SAFE_INTEGER)
  requireWhole('minimumHonest', sum.minimumHonest, 1, sum.clients)
  requireWhole('dimension', sum.dimension, 1, Number.MAX_SAFE_INTEGER)
  requireNumber('localVariance', sum.localVariance, Number.MIN_VALUE, Number.MAX_VALUE)
  requireNumber('l1Sensitivity', sum.l1Sensitivity, 0, Number.MAX_VALUE)
  requireNumber('l2Sensitivity', sum.l2Sensitivity, 0, Number.MAX_VALUE)
  return sum
}

/**
 * Normal noise of standard deviation `multiplier` times the L2 sensitivity, added in one place: α/(2z²).
 * @throws {SecAggError} `invalid-argument` unless the multiplier is above 0.
 * @public
 */
export function gaussianRdp(multiplier: number): RdpCurve {
  requireNumber('the noise multiplier', multiplier, Number.MIN_VALUE, Number.MAX_VALUE)
  return (order) => {
    requireOrder(order)
    return order / (2 * multiplier * multiplier)
  }
}

/**
 * A sum of Skellam variables is one with the sum of their variances, so no more than that matters.
 *
 * Source: Agarwal, Kairouz and Liu (2021), for whole orders and whole vectors.
 */
function skellamRdp({ minimumHonest, localVariance, l1Sensitivity, l2Sensitivity }: NoisySum): RdpCurve {
  const variance = minimumHonest * localVariance
  const square = l2Sensitivity * l2Sensitivity
  const coarse = (3 * l1Sensitivity) / (2 * variance)
  return (order) => {
    const fine = ((2 * order - 1) * square + 6 * l1Sensitivity) / (4 * variance * variance)
    return (order * square) / (2 * variance) + Math.min(fine, coarse)
  }
}

/**
 * A sum of discrete Gaussians is not quite one, and τ bounds by how much it is not. That grows with the number of
 * summands, so it is taken at n, and the variance, which the dropouts lower, at h.
 *
 * Source: Kairouz, Liu and Steinke (2021), proposition 14; it supposes that σ of one client is at least ½.
 */
function distributedDiscreteGaussianRdp(sum: NoisySum): RdpCurve {
  const { dimension, l1Sensitivity, l2Sensitivity } = sum
  const sigma = Math.sqrt(sum.minimumHonest * sum.localVariance)
  const l2 = l2Sensitivity / sigma
  const l1 = l1Sensitivity / sigma
  const tau = discreteGaussianGap(sum.clients, sum.localVariance)
  return (order) =>
    Math.min(
      (order / 2) * l2 * l2 + tau * dimension,
      (order / 2) * (l2 * l2 + 2 * l1 * tau + tau * tau * dimension),
      (order / 2) * (l2 + Math.sqrt(dimension) * tau) ** 2,
    )
}

/** Terms of τ that are added up one by one; they fall, and each of the rest is taken to be as large as the next one. */
const SUMMED_TERMS = 4096

/** τ = 10 Σ exp(−2π²σ² k/(k+1)) for k = 1 … n − 1, σ² the variance of one summand. */
export function discreteGaussianGap(summands: number, variance: number): number {
  const exponent = -2 * Math.PI * Math.PI * variance
  const last = Math.min(summands - 1, SUMMED_TERMS)
  let sum = (summands - 1 - last) * Math.exp((exponent * (last + 1)) / (last + 2))
  // From the least on, so that none is lost.
  for (let k = last; k >= 1; k--) sum += Math.exp((exponent * k) / (k + 1))
  return 10 * sum
}

/** @public */
export type NoiseDistribution = 'skellam' | 'discrete-gaussian'

/** @throws {SecAggError} `invalid-argument` unless `value` is whole and from `least` to `greatest`. */
export function requireWhole(name: string, value: number, least: number, greatest: number): void {
  if (!Number.isSafeInteger(value) || value < least || value > greatest) {
    throw usageError('invalid-argument', `${name} must be a whole number from ${least} to ${greatest}`, {
      expected: `${least}..${greatest}`,
      got: shown(value),
    })
  }
}

/** @throws {SecAggError} `invalid-argument` unless `value` is a number from `least` to `greatest`. */
export function requireNumber(name: string, value: number, least: number, greatest: number): void {
  if (typeof value !== 'number' || !(value >= least && value <= greatest)) {
    throw usageError('invalid-argument', `${name} must be a number from ${least} to ${greatest}`, {
      expected: `${least}..${greatest}`,
      got: shown(value),
    })
  }
}

/** @throws {SecAggError} `invalid-argument` unless `order` is one of the orders of a curve, whole and from 2 on. */
export function requireOrder(order: number): void {
  requireWhole('the order of a divergence', order, 2, Number.MAX_SAFE_INTEGER)
}

/** @throws {SecAggError} `invalid-argument` unless 0 < `value` < 1. */
export function requireProbability(name: string, value: number): void {
  if (typeof value !== 'number' || !(value > 0 && value < 1)) {
    throw usageError('invalid-argument', `${name} must be a number above 0 and below 1`, {
      got: shown(value),
    })
  }
}

/** @throws {SecAggError} `invalid-argument` for anything but the name of a distribution. */
export function requireDistribution(distribution: NoiseDistribution): void {
  if (distribution !== 'skellam' && distribution !== 'discrete-gaussian') {
    throw usageError('invalid-argument', "distribution must be 'skellam' or 'discrete-gaussian'")
  }
}

function shown(value: unknown): string | number {
  return typeof value === 'number' ? value : typeof value
}
