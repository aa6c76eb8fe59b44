import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'

/**
 * A curve of Rényi differential privacy (Mironov 2017): the divergence ε(α) of a mechanism for whole orders α ≥ 2. The curves
 * of several mechanisms on the same data add up.
 * @public
 */
export type RdpCurve = (order: number) => number

/**
 * The orders that {@link epsilonOf} tries: 2 to 128, and 256.
 * @public
 */
export const RDP_ORDERS: readonly number[] = Object.freeze([
  ...Array.from({ length: 127 }, (_, index) => index + 2),
  256,
])

/**
 * A sum of vectors of whole numbers to which every client has added noise. The privacy of the sum depends only on the values
 * here. They are in units of the grid, that is, after scaling.
 * @public
 */
export interface NoisySum {
  readonly distribution: NoiseDistribution
  /** n: the number of clients. At most this many add noise. */
  readonly clients: number
  /** h: the smallest number of honest clients whose noise is in the sum, 1 ≤ h ≤ n. */
  readonly minimumHonest: number
  /** d: the number of elements of a vector. */
  readonly dimension: number
  /** The variance of the noise that one client adds to each element. */
  readonly localVariance: number
  /** Δ1: the largest L1 norm of one client's vector, before noise. */
  readonly l1Sensitivity: number
  /** Δ2: the largest L2 norm of one client's vector, before noise. */
  readonly l2Sensitivity: number
}

/**
 * The curve of a noisy sum in the worst case: it contains the noise of only `minimumHonest` honest clients. Neighbors differ
 * in one client, whose vector is in one sum and replaced by zeros in the other.
 *
 * @param sum - The sizes of the vectors and of their noise.
 * @returns The Rényi divergence by order.
 * @throws {SecAggError} `invalid-argument` if a value is out of its range. The curve itself throws it for an order that is not
 *   a whole number from 2 on.
 * @example
 * ```ts
 * import { epsilonOf, rdpOf } from 'secagg/privacy'
 *
 * const curve = rdpOf({
 *   distribution: 'skellam',
 *   clients: 100,
 *   minimumHonest: 75,
 *   dimension: 4,
 *   localVariance: 10,
 *   l1Sensitivity: 1,
 *   l2Sensitivity: 1,
 * })
 * console.log(epsilonOf(curve, 1e-6).epsilon.toFixed(3)) // '0.148'
 * ```
 * @public
 */
export function rdpOf(sum: NoisySum): RdpCurve {
  const checked = checkedSum(sum)
  const curve =
    checked.distribution === 'skellam' ? skellamRdp(checked) : distributedDiscreteGaussianRdp(checked)
  const isUnchanged = checked.l1Sensitivity === 0 && checked.l2Sensitivity === 0
  return (order) => {
    requireOrder(order)
    if (isUnchanged) return 0
    const divergence = curve(order)
    // Extreme numbers do not fit doubles; then no bound is known.
    return Number.isNaN(divergence) ? Number.POSITIVE_INFINITY : divergence
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
 * The curve of normal noise that one trusted party adds to a sum: α/(2z²).
 *
 * @param multiplier - z, above 0: the standard deviation of the noise, divided by the L2 sensitivity.
 * @returns The Rényi divergence by order.
 * @throws {SecAggError} `invalid-argument` unless the multiplier is above 0. The curve itself throws it for an order that is
 *   not a whole number from 2 on.
 * @example
 * ```ts
 * import { gaussianRdp } from 'secagg/privacy'
 *
 * console.log(gaussianRdp(2)(4)) // 0.5
 * ```
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
 * A sum of Skellam variables is a Skellam variable with the sum of their variances, so only that sum matters.
 *
 * Source: Agarwal, Kairouz and Liu (2021), for whole orders and vectors of whole numbers.
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
 * A sum of discrete Gaussians is not exactly a discrete Gaussian; τ bounds the difference. τ grows with the number of
 * summands, so it is computed for n clients. Dropouts lower the variance, so the variance is computed for h clients.
 *
 * Source: Kairouz, Liu and Steinke (2021), proposition 14, which assumes that σ of one client is at least ½.
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

/** How many terms of τ are added one by one. The terms decrease, so the next term is an upper bound for each of the rest. */
const SUMMED_TERMS = 4096

/** τ = 10 Σ exp(−2π²σ² k/(k+1)) for k = 1 … n − 1, where σ² is the variance of one summand. */
export function discreteGaussianGap(summands: number, variance: number): number {
  const exponent = -2 * Math.PI * Math.PI * variance
  const last = Math.min(summands - 1, SUMMED_TERMS)
  let sum = (summands - 1 - last) * Math.exp((exponent * (last + 1)) / (last + 2))
  // From the smallest term to the largest, so that rounding loses none.
  for (let k = last; k >= 1; k--) sum += Math.exp((exponent * k) / (k + 1))
  return 10 * sum
}

/**
 * The distribution of each client's noise. `skellam` works with any variance; `discrete-gaussian` needs enough noise per
 * client.
 * @public
 */
export type NoiseDistribution = 'skellam' | 'discrete-gaussian'

/** @throws {SecAggError} `invalid-argument` unless `value` is a whole number from `minimum` to `maximum`. */
export function requireWhole(name: string, value: number, minimum: number, maximum: number): void {
  if (!Number.isSafeInteger(value) || value < minimum || value > maximum) {
    throw usageError('invalid-argument', `${name} must be a whole number from ${minimum} to ${maximum}`, {
      expected: `${minimum}..${maximum}`,
      got: shown(value),
    })
  }
}

/** @throws {SecAggError} `invalid-argument` unless `value` is a number from `minimum` to `maximum`. */
export function requireNumber(name: string, value: number, minimum: number, maximum: number): void {
  if (typeof value !== 'number' || !(value >= minimum && value <= maximum)) {
    throw usageError('invalid-argument', `${name} must be a number from ${minimum} to ${maximum}`, {
      expected: `${minimum}..${maximum}`,
      got: shown(value),
    })
  }
}

/** @throws {SecAggError} `invalid-argument` unless `order` is a whole number from 2 on. */
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

/** @throws {SecAggError} `invalid-argument` unless `distribution` is the name of a distribution. */
export function requireDistribution(distribution: NoiseDistribution): void {
  if (distribution !== 'skellam' && distribution !== 'discrete-gaussian') {
    throw usageError('invalid-argument', "distribution must be 'skellam' or 'discrete-gaussian'")
  }
}

function shown(value: unknown): string | number {
  return typeof value === 'number' ? value : typeof value
}
