import { partsOf, requireArray, requireFunction } from '../arguments.js'
import { usageError } from '../errors.js'
import { MINIMUM_GAUSSIAN_VARIANCE } from './noise/sampler.js'
import {
  gaussianRdp,
  type NoisySum,
  RDP_ORDERS,
  type RdpCurve,
  requireNumber,
  requireOrder,
  requireProbability,
} from './rdp.js'

/**
 * Whose presence (ε, δ) hides: the data sets compared differ in one client, whose vector is in the sum or the zero
 * vector in its place. Where one client's vector is *replaced* by another, twice the sensitivities apply.
 * @public
 */
export const NEIGHBORS = 'add-or-remove-one-client'

/**
 * ε, and the Rényi order that proves it.
 * @public
 */
export interface Epsilon {
  readonly epsilon: number
  readonly order: number
}

/**
 * What a number of rounds tells at most about one client; always with the relation and with δ.
 * @public
 */
export interface PrivacyLoss extends Epsilon {
  readonly delta: number
  /** T: how many rounds are accounted for; as many as one client may take part in. */
  readonly rounds: number
  readonly neighbors: typeof NEIGHBORS
  /**
   * Where the clients of each round are sampled: a lower ε, against those only who see results and not who took part.
   * `epsilon` is what holds against the server.
   */
  readonly amplified: (Epsilon & { readonly samplingRate: number }) | undefined
}

/**
 * The least ε that `curve` proves at `delta`, over the orders 2 to 128 and 256.
 *
 * Source: Canonne, Kamath and Steinke (2020), proposition 12; where δ is large for the divergence, 0, since the total
 * variation is at most √(1 − e^{−ε(α)}) (Bretagnolle and Huber).
 *
 * @throws {SecAggError} `invalid-argument` unless 0 < δ < 1.
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
 * The curve of several mechanisms that see the same clients, each `times` times; whoever chose one knew the others.
 * @throws {SecAggError} `invalid-argument` where a part is none.
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

/** What `rounds` rounds of one curve cost, and beside it what they cost where clients are sampled. */
export function privacyLoss(
  curve: RdpCurve,
  { delta, rounds, samplingRate }: { delta: number; rounds: number; samplingRate: number | undefined },
): PrivacyLoss {
  const lossOf = (each: RdpCurve): Epsilon => epsilonOf(composedRdp([{ curve: each, times: rounds }]), delta)
  const amplified =
    samplingRate === undefined
      ? undefined
      : Object.freeze({ samplingRate, ...lossOf(subsampledRdp(curve, samplingRate)) })
  return { ...lossOf(curve), delta, rounds, neighbors: NEIGHBORS, amplified }
}

/**
 * The curve of a round in which every client takes part with probability `rate`, each on its own (Poisson sampling).
 * For any mechanism, whole orders from 2 on, and neighbors that differ in one client.
 *
 * It holds against those who cannot tell who took part. The server of a round can, and so can the clients that know who is
 * in it; against them the curve is the one that was handed in. It supposes that the noise is the same whoever was sampled,
 * and that the number of participants stays unknown: a published mean gives it away unless the divisor is a fixed number.
 *
 * Source: Zhu and Wang (2019), theorem 5. Never worse than no sampling, since the divergence is quasi-convex.
 *
 * @param rate - Above 0, at most 1.
 * @throws {SecAggError} `invalid-argument` for another rate.
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
  const greatest = Math.max(...terms)
  if (!Number.isFinite(greatest)) return greatest
  return greatest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - greatest), 0))
}

/** How much more ε than one discrete Gaussian would cost is taken for a sum of them. */
const TOLERATED = 1.01

/**
 * Whether a sum of discrete Gaussians is so far from a discrete Gaussian that it costs ε, or that nothing is known of it.
 * That comes with little noise per client on the grid, hence with many clients or few bits.
 */
export function hasCollapsed(
  sum: NoisySum,
  { epsilon, delta, rounds }: Pick<PrivacyLoss, 'epsilon' | 'delta' | 'rounds'>,
): boolean {
  if (sum.distribution === 'skellam') return false
  if (sum.localVariance < MINIMUM_GAUSSIAN_VARIANCE) return true
  const single = gaussianRdp(Math.sqrt(sum.minimumHonest * sum.localVariance) / sum.l2Sensitivity)
  return epsilon > TOLERATED * epsilonOf(composedRdp([{ curve: single, times: rounds }]), delta).epsilon
}

/** @throws {SecAggError} `invalid-configuration` where the distribution has collapsed. */
export function requireUncollapsed({ collapsed, epsilon }: { collapsed: boolean; epsilon: number }): void {
  if (!collapsed) return
  throw usageError(
    'invalid-configuration',
    `discrete Gaussians collapse at this scale (ε = ${Number(epsilon.toPrecision(4))}); take the distribution skellam`,
    { got: epsilon },
  )
}
