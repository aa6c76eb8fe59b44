import { partsOf, requireArray, requireFunction } from '../arguments.js'
import { usageError } from '../errors.js'
import { gaussianBound, sampledGaussianBound } from './loss/gaussian-bound.js'
import { MINIMUM_GAUSSIAN_VARIANCE } from './noise/sampler.js'
import {
  gaussianRdp,
  type NoisySum,
  RDP_ORDERS,
  type RdpCurve,
  rdpOf,
  requireNumber,
  requireOrder,
  requireProbability,
} from './rdp.js'

/**
 * The neighbor relation of every (ε, δ) in this library: two data sets are neighbors if they differ in one client, whose
 * vector is in one sum and replaced by zeros in the other. If one client's vector may instead be replaced by *any* other
 * vector, both sensitivities double.
 * @public
 */
export const NEIGHBORS = 'add-or-remove-one-client'

/**
 * ε, and the Rényi order that proves it.
 * @public
 */
export interface Epsilon {
  readonly epsilon: number
  /** The order α with which ε was computed, one of `RDP_ORDERS`. */
  readonly order: number
}

/**
 * What proves an ε. `loss-distribution`: the distribution of the privacy loss of the worst vector, which is exact up to a small
 * rounding error. `gaussian`: the noise is at least as private as normal noise of nearly the same variance. `renyi`: Rényi
 * divergence.
 * @public
 */
export type Accountant = 'loss-distribution' | 'gaussian' | 'renyi'

/**
 * An upper bound on ε, and what proves it.
 * @public
 */
export interface ProvenEpsilon {
  readonly epsilon: number
  readonly accountant: Accountant
  /** The order of the Rényi divergence with which ε was computed; `undefined` for the other accountants. */
  readonly order: number | undefined
}

/**
 * An upper bound on what a number of rounds reveals about one client, together with the δ and the neighbor relation without
 * which ε means nothing. It is the smallest bound of all accountants that apply.
 * @public
 */
export interface PrivacyLoss extends ProvenEpsilon {
  readonly delta: number
  /** T: the number of rounds that ε covers, which is how many one client may take part in. */
  readonly rounds: number
  readonly neighbors: typeof NEIGHBORS
  /**
   * With a sampling rate: a lower ε. It holds only if each client is sampled independently of the others, if the number and
   * the identity of the participants stay secret, and if the noise does not depend on who was sampled. The library ensures
   * none of this: it does not sample clients, the server sees who took part, results state how many did, and participants add
   * the noise. Against the server, only `epsilon` holds. Neighbors: one client's vector is replaced by zeros.
   */
  readonly amplified: (ProvenEpsilon & { readonly samplingRate: number }) | undefined
}

/**
 * The smallest ε that `curve` proves at `delta`, over the orders in `RDP_ORDERS`.
 *
 * Source: Canonne, Kamath and Steinke (2020), proposition 12. If the divergence is small enough for δ, ε is 0, because the
 * total variation is at most √(1 − e^{−ε(α)}) (Bretagnolle and Huber).
 *
 * @param curve - The Rényi divergence of everything that was released, for example from {@link composedRdp}.
 * @param delta - δ, above 0 and below 1.
 * @returns ε, at least 0, and the order that proves it.
 * @throws {SecAggError} `invalid-argument` unless `curve` is a function and 0 < δ < 1.
 * @example
 * ```ts
 * import { composedRdp, epsilonOf, gaussianRdp } from 'secagg/privacy'
 *
 * const curve = composedRdp([{ curve: gaussianRdp(2), times: 10 }])
 * const { epsilon, order } = epsilonOf(curve, 1e-5)
 * console.log(epsilon.toFixed(3), order) // '8.088' 4
 * ```
 * @public
 */
export function epsilonOf(curve: RdpCurve, delta: number): Epsilon {
  requireFunction('a curve', curve)
  requireProbability('delta', delta)
  let best: Epsilon = { epsilon: Number.POSITIVE_INFINITY, order: RDP_ORDERS[0]! }
  for (const order of RDP_ORDERS) {
    const epsilon = converted(curve(order), order, delta)
    if (epsilon < best.epsilon) best = { epsilon, order }
  }
  return best
}

function converted(divergence: number, order: number, delta: number): number {
  if (delta * delta + Math.expm1(-divergence) > 0) return 0
  return Math.max(divergence + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1), 0)
}

/**
 * The curve of several mechanisms that are applied to the same clients. Each may be chosen with knowledge of the results of
 * the others (adaptive composition).
 *
 * @param parts - The curve of each mechanism, and how often it is applied: `times`, at least 0. Default 1.
 * @returns The sum of the curves, each multiplied by its `times`.
 * @throws {SecAggError} `invalid-argument` if `parts` is not an array, or a part has no curve or a `times` below 0. The curve
 *   itself throws it for an order that is not a whole number from 2 on.
 * @example
 * ```ts
 * import { composedRdp, gaussianRdp } from 'secagg/privacy'
 *
 * // Twenty rounds of training, and one histogram.
 * const curve = composedRdp([{ curve: gaussianRdp(2), times: 20 }, { curve: gaussianRdp(4) }])
 * console.log(curve(8)) // 20.25
 * ```
 * @public
 */
export function composedRdp(
  parts: readonly { readonly curve: RdpCurve; readonly times?: number | undefined }[],
): RdpCurve {
  requireArray('the parts of a curve', parts)
  const own = Array.from(parts, (part) => {
    const { curve, times = 1 } = partsOf('a part of a curve', part)
    requireFunction('a curve', curve)
    requireNumber('times', times, 0, Number.MAX_VALUE)
    return { curve, times }
  })
  return (order) => {
    requireOrder(order)
    return own.reduce((sum, { curve, times }) => sum + times * curve(order), 0)
  }
}

/** How many rounds are accounted for, and how the clients of each are sampled. */
export interface Releases {
  readonly delta: number
  readonly rounds: number
  readonly samplingRate: number | undefined
}

/** ε by the privacy loss distribution of a sum: see `distributionBound`. */
export type DistributionBound = (sum: NoisySum, releases: Releases) => number

/**
 * The privacy loss of releases of one sum. With a sampling rate, it also contains the amplified loss.
 *
 * @param exact - The bound by the privacy loss distribution, for sums of whole numbers.
 */
export function privacyLoss(sum: NoisySum, releases: Releases, exact?: DistributionBound): PrivacyLoss {
  const { delta, rounds, samplingRate } = releases
  const { distribution, clients, minimumHonest, dimension, localVariance, l1Sensitivity, l2Sensitivity } = sum
  // Encoders and decoders derive ε again in each round, which takes some tens of milliseconds for sampled clients.
  const key = [
    ...[distribution, clients, minimumHonest, dimension, localVariance, l1Sensitivity, l2Sensitivity],
    ...[delta, rounds, samplingRate, exact === undefined],
  ].join()
  const known = computed.get(key)
  if (known !== undefined) return known
  const proven = provenEpsilon(sum, releases, exact)
  const amplified = amplifiedLoss(sum, releases, proven, exact)
  const loss = Object.freeze({ ...proven, delta, rounds, neighbors: NEIGHBORS, amplified })
  if (computed.size >= REMEMBERED) computed.clear()
  computed.set(key, loss)
  return loss
}

const REMEMBERED = 64
const computed = new Map<string, PrivacyLoss>()

/** The smallest ε that is proven for releases to parties that know who took part. */
export function provenEpsilon(
  sum: NoisySum,
  { delta, rounds }: Omit<Releases, 'samplingRate'>,
  exact?: DistributionBound,
): ProvenEpsilon {
  return smallest([
    renyi(epsilonOf(composedRdp([{ curve: rdpOf(sum), times: rounds }]), delta)),
    by('gaussian', gaussianBound(sum, rounds, delta)),
    by('loss-distribution', exact?.(sum, { delta, rounds, samplingRate: undefined })),
  ])
}

function amplifiedLoss(
  sum: NoisySum,
  releases: Releases,
  whole: ProvenEpsilon,
  exact: DistributionBound | undefined,
): PrivacyLoss['amplified'] {
  const { delta, rounds, samplingRate } = releases
  if (samplingRate === undefined) return undefined
  const curve = subsampledRdp(rdpOf(sum), samplingRate)
  const loss = smallest([
    whole,
    renyi(epsilonOf(composedRdp([{ curve, times: rounds }]), delta)),
    by('gaussian', sampledGaussianBound(sum, rounds, delta, samplingRate)),
    by('loss-distribution', exact?.(sum, releases)),
  ])
  return Object.freeze({ samplingRate, ...loss })
}

function renyi({ epsilon, order }: Epsilon): ProvenEpsilon {
  return { epsilon, accountant: 'renyi', order }
}

function by(accountant: Accountant, epsilon = Number.POSITIVE_INFINITY): ProvenEpsilon {
  return { epsilon, accountant, order: undefined }
}

function smallest(bounds: readonly ProvenEpsilon[]): ProvenEpsilon {
  return bounds.reduce((best, bound) => (bound.epsilon < best.epsilon ? bound : best))
}

/**
 * The curve of a round in which every client takes part with probability `rate`, independently of the others (Poisson
 * sampling). It is valid for any mechanism and for whole orders from 2 on. Neighbors: one client's vector is replaced by zeros.
 *
 * Two conditions: the number and the identity of the participants stay secret, and the noise does not depend on who was sampled.
 * Against the server, and clients that know who is in the round, only `curve` holds. A mean with a variable divisor reveals the
 * number. Source: Zhu and Wang (2019), theorem 5. The result is never above `curve`, because the divergence is quasi-convex.
 *
 * @param curve - The curve of the same round without sampling.
 * @param rate - The probability, above 0 and at most 1.
 * @returns The curve of the sampled round; `curve` itself if the rate is 1.
 * @throws {SecAggError} `invalid-argument` if `curve` is not a function or the rate is out of range. The returned curve throws
 *   it for an order that is not a whole number from 2 on.
 * @example
 * ```ts
 * import { epsilonOf, gaussianRdp, subsampledRdp } from 'secagg/privacy'
 *
 * const curve = gaussianRdp(1)
 * console.log(epsilonOf(curve, 1e-5).epsilon.toFixed(2)) // '4.75'
 * console.log(epsilonOf(subsampledRdp(curve, 0.01), 1e-5).epsilon.toFixed(2)) // '1.01'
 * ```
 * @public
 */
export function subsampledRdp(curve: RdpCurve, rate: number): RdpCurve {
  requireFunction('a curve', curve)
  requireNumber('the sampling rate', rate, Number.MIN_VALUE, 1)
  if (rate === 1) return curve
  const known: number[] = []
  const at = (order: number): number => {
    known[order] ??= curve(order)
    return known[order]
  }
  const logIn = Math.log(rate)
  const logOut = Math.log1p(-rate)
  return (order) => {
    requireOrder(order)
    const terms = [(order - 1) * logOut + Math.log1p((order - 1) * rate)]
    let logBinomial = Math.log(order)
    for (let l = 2; l <= order; l++) {
      logBinomial += Math.log((order - l + 1) / l)
      const factor = l === 2 ? 0 : Math.log(3)
      terms.push(factor + logBinomial + l * logIn + (order - l) * logOut + (l - 1) * at(l))
    }
    return Math.min(Math.max(logOfSum(terms), 0) / (order - 1), at(order))
  }
}

/** ln Σ exp(term), without overflow. */
function logOfSum(terms: readonly number[]): number {
  const maximum = Math.max(...terms)
  if (!Number.isFinite(maximum)) return maximum
  return maximum + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - maximum), 0))
}

/** The factor by which the ε of a sum of discrete Gaussians may exceed the ε of a single one. */
const TOLERATED = 1.01

/**
 * Whether a sum of discrete Gaussians differs so much from a single discrete Gaussian that ε grows noticeably, or that no
 * bound is known. The cause is too little noise per client on the grid, which comes from many clients or few bits.
 */
export function hasCollapsed(sum: NoisySum, { delta, rounds }: Pick<Releases, 'delta' | 'rounds'>): boolean {
  if (sum.distribution === 'skellam') return false
  if (sum.localVariance < MINIMUM_GAUSSIAN_VARIANCE) return true
  const single = gaussianRdp(Math.sqrt(sum.minimumHonest * sum.localVariance) / sum.l2Sensitivity)
  const epsilonWith = (curve: RdpCurve): number =>
    epsilonOf(composedRdp([{ curve, times: rounds }]), delta).epsilon
  return epsilonWith(rdpOf(sum)) > TOLERATED * epsilonWith(single)
}

/** @throws {SecAggError} `invalid-configuration` if the distribution has collapsed. */
export function requireUncollapsed({ collapsed, epsilon }: { collapsed: boolean; epsilon: number }): void {
  if (!collapsed) return
  throw usageError(
    'invalid-configuration',
    `discrete Gaussians are too coarse at this scale (ε = ${Number(epsilon.toPrecision(4))}); use the distribution skellam`,
    { got: epsilon },
  )
}
