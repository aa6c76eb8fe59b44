import { partsOf } from '../../arguments.js'
import { usageError } from '../../errors.js'
import { logAbove, logAtMost } from './tails.js'

/**
 * The failures that a round must tolerate, and the probabilities with which it may still fail.
 * @public
 */
export interface Assumptions {
  /** n, the number of clients: 2 to 10⁸. */
  readonly clients: number
  /** δ, 0 ≤ δ < 1: the fraction of the clients that may drop out, at any time, for reasons unrelated to the graph. */
  readonly dropoutFraction: number
  /** γ, 0 ≤ γ < 1: the fraction of the clients that may collude with the server. */
  readonly corruptFraction: number
  readonly adversary: ServerModel
  /** σ, 1 to 256, default 40: in a round, privacy fails with probability at most 2^−σ. */
  readonly statisticalSecurity?: number | undefined
  /** η, 1 to 256, default 20: a round fails because of too few shares with probability at most 2^−η. */
  readonly correctness?: number | undefined
  /** The kind of graph to choose; default: the one with less work. */
  readonly graph?: 'sparse' | 'complete' | undefined
  /**
   * h, 0 to n, default 0, active model on the sparse graph: the minimum number of honest inputs that every sum must have. k
   * and t are chosen so that this is proven. They always prove more than n/2 honest inputs, even for a smaller h.
   */
  readonly minimumHonest?: number | undefined
}

/** Checked {@link Assumptions}, with the defaults filled in and the fractions as numbers of clients. */
export interface Cohort extends Required<Omit<Assumptions, 'graph'>> {
  readonly statisticalSecurity: number
  readonly correctness: number
  readonly minimumHonest: number
  /** The requested kind of graph; `undefined` if either kind may be chosen. */
  readonly only: 'sparse' | 'complete' | undefined
  /** A = ⌊γn⌋. */
  readonly corruptClients: number
  /** D = ⌊δn⌋. */
  readonly dropouts: number
}

/** The maximum number of clients that parameters are chosen for. */
export const MAXIMUM_CLIENTS = 1e8

/** The maximum of σ and of η, in bits. */
export const MAXIMUM_STRENGTH = 256

const MODELS: readonly ServerModel[] = ['honest-but-curious', 'semi-malicious', 'active']

/** @throws {SecAggError} `invalid-argument`, fault `usage`, if a value is out of its range. */
export function cohortOf(assumptions: Assumptions): Cohort {
  const parts = partsOf('the assumptions for a graph', assumptions)
  const { clients, dropoutFraction, corruptFraction, adversary } = parts
  const { statisticalSecurity = 40, correctness = 20, graph: only, minimumHonest = 0 } = parts
  requireWhole('clients', clients, 2, MAXIMUM_CLIENTS)
  requireFraction('dropoutFraction', dropoutFraction)
  requireFraction('corruptFraction', corruptFraction)
  if (!MODELS.includes(adversary)) {
    throw usageError('invalid-argument', `adversary must be one of ${MODELS.join(', ')}`)
  }
  requireBits('statisticalSecurity', statisticalSecurity)
  requireBits('correctness', correctness)
  if (only !== undefined && only !== 'sparse' && only !== 'complete') {
    throw usageError('invalid-argument', "graph must be 'complete' or 'sparse'")
  }
  requireWhole('minimumHonest', minimumHonest, 0, clients)
  return {
    clients,
    dropoutFraction,
    corruptFraction,
    adversary,
    statisticalSecurity,
    correctness,
    minimumHonest,
    only,
    corruptClients: partOf(clients, corruptFraction),
    dropouts: partOf(clients, dropoutFraction),
  }
}

/**
 * ⌊fraction · clients⌋ for the decimal fraction that the caller wrote: 0.29 of 100 is 29, although the double nearest to
 * 0.29, times 100, is 28.999999999999996. The double and the product each have a relative error of at most 2^-53.
 */
export function partOf(clients: number, fraction: number): number {
  return Math.floor(fraction * clients * (1 + 2 ** -51))
}

/** @throws {SecAggError} `invalid-argument`, fault `usage`, unless `value` is a whole number from `minimum` to `maximum`. */
export function requireWhole(name: string, value: number, minimum: number, maximum: number): void {
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw usageError('invalid-argument', `${name} must be a whole number from ${minimum} to ${maximum}`, {
      got: value,
    })
  }
}

function requireFraction(name: string, value: number): void {
  if (typeof value !== 'number' || !(value >= 0 && value < 1)) {
    throw usageError('invalid-argument', `${name} must be a number that is at least 0 and below 1`, {
      got: value,
    })
  }
}

function requireBits(name: string, value: number): void {
  if (typeof value !== 'number' || !(value >= 1 && value <= MAXIMUM_STRENGTH)) {
    const text = `${name} must be a number of bits from 1 to ${MAXIMUM_STRENGTH}`
    throw usageError('invalid-argument', text, { got: value })
  }
}

/**
 * What the server is assumed to be capable of.
 *
 * - `honest-but-curious`: it follows the protocol and, together with the corrupt clients, tries to learn from what it sees.
 * - `semi-malicious`: it may also lie to individual clients about who dropped out.
 * - `active`: it may deviate from the protocol in any way.
 * @public
 */
export type ServerModel = 'honest-but-curious' | 'semi-malicious' | 'active'

/**
 * log2 of a bound on the probability that a ring of n clients, each connected to its k nearest, becomes disconnected when
 * `removed` clients at random places are taken out. 0 if nothing is proven, −∞ if it cannot happen.
 *
 * A ring becomes disconnected only if two runs of k/2 consecutive clients are gone and somebody is left on both sides.
 * There are n(n − k − 1)/2 pairs of such runs, and a given pair is gone with probability C(n − k, removed − k) /
 * C(n, removed). The bound is the union bound over the pairs. (Bell et al. 2020 bound the same event.)
 */
export function disconnection(clients: number, neighbors: number, removed: number): number {
  if (neighbors > removed || neighbors >= clients - 1) return Number.NEGATIVE_INFINITY
  const pairs = Math.log(clients) + Math.log(clients - neighbors - 1) - Math.LN2
  // A given pair is gone if all of its k places, so more than k − 1 of them, are removed.
  return toLog2(pairs + logAbove({ total: clients, marked: removed, drawn: neighbors }, neighbors - 1))
}

/**
 * The number of corrupt holders with which the server learns both secrets of a client.
 *
 * An honest server collects shares of only one of the two secrets. Of the other it sees only the shares of corrupt holders,
 * so t of them are fatal. A server that may lie asks half of the honest holders for one secret and half for the other. With
 * c corrupt holders it gets (k + c)/2 shares of each, which is t or more if c ≥ 2t − k.
 */
export function fatalHolders(neighbors: number, threshold: number, adversary: ServerModel): number {
  return adversary === 'honest-but-curious' ? threshold : 2 * threshold - neighbors
}

/** The minimum threshold that is safe with `corrupt` corrupt clients among the k holders of a secret; at least 2. */
export function withstanding(corrupt: number, neighbors: number, adversary: ServerModel): number {
  const shares = adversary === 'honest-but-curious' ? corrupt : Math.floor((corrupt + neighbors) / 2)
  return Math.max(shares + 1, 2)
}

/**
 * log2 of a bound on the probability that any of n clients has more than `tolerated` corrupt neighbors: n times the
 * hypergeometric tail, by the union bound.
 *
 * The tail is over all n places, although a client is not its own neighbor: the k places next to a given place are fixed,
 * and the corrupt clients are a random set of places. For an honest client, the tail over the n − 1 other places would be
 * larger. But there are only n − A honest clients, and the sum over these is never larger than the bound used here.
 */
export function exposure(clients: number, neighbors: number, corrupt: number, tolerated: number): number {
  const tail = logAbove({ total: clients, marked: corrupt, drawn: neighbors }, tolerated)
  return toLog2(Math.log(clients) + tail)
}

/** log2 of a bound on the probability that any of n clients keeps fewer than t of its k neighbors. */
export function shortage(clients: number, neighbors: number, dropouts: number, threshold: number): number {
  const tail = logAtMost({ total: clients, marked: clients - dropouts, drawn: neighbors }, threshold - 1)
  return toLog2(Math.log(clients) + tail)
}

/** The minimum threshold on the complete graph; Bonawitz et al. 2017, sections 6.1 and 6.2. */
export function completeThreshold(clients: number, corrupt: number, adversary: ServerModel): number {
  if (adversary === 'honest-but-curious') return Math.max(Math.floor(clients / 2), corrupt) + 1
  // Two sets of t holders, asked for different secrets of one client, must have an honest holder in common: 2t > n + A.
  return Math.floor((clients + corrupt) / 2) + 1
}

/** log2(2^a + 2^b), for the probability of either of two events. */
export function either(a: number, b: number): number {
  const larger = Math.max(a, b)
  if (larger === Number.NEGATIVE_INFINITY) return larger
  return Math.min(larger + Math.log2(1 + 2 ** (Math.min(a, b) - larger)), 0)
}

/** Converts from ln to log2. A union bound may exceed 1; a probability does not. */
function toLog2(log: number): number {
  return Math.min(log / Math.LN2, 0)
}
