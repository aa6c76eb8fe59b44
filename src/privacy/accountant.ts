import { partsOf, requireArray, requireFunction } from '../arguments.js'
import { requireNumber, requireOrder, requireProbability } from './checks.js'
import { RDP_ORDERS, type RdpCurve } from './rdp.js'
import { subsampledRdp } from './subsampling.js'

/**
 * Whose presence (ε, δ) hides: the data sets compared differ in one client, whose vector is in the sum or the zero
 * vector in its place. Where one client's vector is *replaced* by another, twice the sensitivities apply.
 */
export const NEIGHBORS = 'add-or-remove-one-client'

/** ε, and the Rényi order that proves it. */
export interface Epsilon {
  readonly epsilon: number
  readonly order: number
}

/** What a number of rounds tells at most about one client; always with the relation and with δ. */
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
