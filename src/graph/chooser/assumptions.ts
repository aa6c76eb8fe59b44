import { partsOf } from '../../arguments.js'
import { usageError } from '../../errors.js'
import { logAbove, logAtMost } from './tails.js'

/**
 * What a client or server expects of a round's clients and asks for in security.
 * @public
 */
export interface Assumptions {
  /** n: 2 to 10⁸. */
  readonly clients: number
  /** δ, 0 ≤ δ < 1: the part of the clients that may drop out, at any time, for reasons unrelated to the ring. */
  readonly dropoutFraction: number
  /** γ, 0 ≤ γ < 1: the part of the clients that may collude with the server. */
  readonly corruptFraction: number
  readonly adversary: ServerModel
  /** σ, 1 to 256, default 40: a privacy failure has probability at most 2^−σ in a round. */
  readonly statisticalSecurity?: number | undefined
  /** η, 1 to 256, default 20: for want of shares, a round fails with probability at most 2^−η. */
  readonly correctness?: number | undefined
  /** Choose only among graphs of this kind; default: the cheaper one. */
  readonly graph?: 'sparse' | 'complete' | undefined
  /**
   * h, 0 to n, active model only: how many honest inputs every sum must have. On the sparse graph k and t then prove it;
   * more than half of the clients are proven in any case (default 0).
   */
  readonly minimumHonest?: number | undefined
}

/** {@link Assumptions}, checked, with the defaults and in whole clients. */
export interface Cohort extends Required<Omit<Assumptions, 'graph'>> {
  readonly statisticalSecurity: number
  readonly correctness: number
  readonly minimumHonest: number
  /** The only kind of graph to choose from. */
  readonly only: 'sparse' | 'complete' | undefined
  /** A = ⌊γn⌋. */
  readonly corruptClients: number
  /** D = ⌊δn⌋. */
  readonly dropouts: number
}

/** The most clients that parameters are chosen for. */
export const MAXIMUM_CLIENTS = 1e8
const MODELS: readonly ServerModel[] = ['honest-but-curious', 'semi-malicious', 'active']

/** @throws {SecAggError} `invalid-argument`, fault `usage`, where a value is out of its range. */
export function cohortOf(assumptions: Assumptions): Cohort {
  const parts = partsOf('what a graph has to withstand', assumptions)
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
 * ⌊fraction · clients⌋ for the fraction that was meant: 0.29 of 100 is 29, although the double nearest to 0.29, times
 * 100, is 28.999999999999996. The double and the product are each off by 2^-53 of their size at most.
 */
export function partOf(clients: number, fraction: number): number {
  return Math.floor(fraction * clients * (1 + 2 ** -51))
}

/** @throws {SecAggError} `invalid-argument`, fault `usage`, unless `value` is whole and from `least` to `greatest`. */
export function requireWhole(name: string, value: number, least: number, greatest: number): void {
  if (!Number.isInteger(value) || value < least || value > greatest) {
    throw usageError('invalid-argument', `${name} must be a whole number from ${least} to ${greatest}`, {
      got: value,
    })
  }
}

function requireFraction(name: string, value: number): void {
  if (typeof value !== 'number' || !(value >= 0 && value < 1)) {
    throw usageError('invalid-argument', `${name} must be a number from 0 to below 1`, { got: value })
  }
}

function requireBits(name: string, value: number): void {
  if (typeof value !== 'number' || !(value >= 1 && value <= 256)) {
    throw usageError('invalid-argument', `${name} must be a number of bits from 1 to 256`, { got: value })
  }
}

/**
 * Whom the server is taken to be.
 *
 * - `honest-but-curious`: it follows the protocol and tries to learn from what it sees, together with the corrupt
 *   clients.
 * - `semi-malicious`: besides, it may tell single clients untruths about who dropped out.
 * - `active`: it may deviate at will.
 * @public
 */
export type ServerModel = 'honest-but-curious' | 'semi-malicious' | 'active'

/**
 * log2 of a bound on the probability that a ring of n clients, each joined to its k nearest, falls apart when `removed`
 * of them, whose places are random, are taken out. 0 where nothing is proven, −∞ where it cannot happen.
 *
 * A ring falls apart only where two runs of k/2 consecutive clients are gone with somebody left on both sides. There are
 * n(n − k − 1)/2 pairs of such runs, and a given one is gone with probability C(n − k, removed − k) / C(n, removed):
 * the union bound over the pairs. (Bell et al. 2020 bound the same event.)
 */
export function disconnection(clients: number, neighbors: number, removed: number): number {
  if (neighbors > removed || neighbors >= clients - 1) return Number.NEGATIVE_INFINITY
  const pairs = Math.log(clients) + Math.log(clients - neighbors - 1) - Math.LN2
  // That all of k places are among the removed: more than k − 1 of them.
  return toLog2(pairs + logAbove({ total: clients, marked: removed, drawn: neighbors }, neighbors - 1))
}

/**
 * How many corrupt holders of one secret are too many.
 *
 * An honest server gathers shares of one of a client's two secrets; of the other it sees what corrupt holders have, so t
 * are too many. A server that may lie asks half of the honest holders for one and half for the other: c corrupt ones
 * give it (k + c)/2 shares of each, which reaches t where c ≥ 2t − k.
 */
export function fatalHolders(neighbors: number, threshold: number, adversary: ServerModel): number {
  return adversary === 'honest-but-curious' ? threshold : 2 * threshold - neighbors
}

/** The least threshold that withstands `corrupt` corrupt ones among k holders of a secret, and at least 2. */
export function withstanding(corrupt: number, neighbors: number, adversary: ServerModel): number {
  const shares = adversary === 'honest-but-curious' ? corrupt : Math.floor((corrupt + neighbors) / 2)
  return Math.max(shares + 1, 2)
}

/**
 * log2 of a bound on the probability that any of n clients has more than `tolerated` corrupt ones among its k neighbors:
 * n times the hypergeometric tail, by the union bound.
 *
 * That the tail is over all n places is right although a client is not its own neighbor: the k places next to a given
 * place are k fixed places, and the corrupt ones are a random set of places. An honest client alone would face the
 * greater tail over n − 1 places, but there are only n − A of those, and the sum over them is never the greater one.
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

/** The least threshold on the complete graph; Bonawitz et al. 2017, sections 6.1 and 6.2. */
export function completeThreshold(clients: number, corrupt: number, adversary: ServerModel): number {
  if (adversary === 'honest-but-curious') return Math.max(Math.floor(clients / 2), corrupt) + 1
  // Sets of t holders asked for different secrets of one client must share an honest one: 2t > n + A.
  return Math.floor((clients + corrupt) / 2) + 1
}

/** log2(2^a + 2^b), for the probability of either of two events. */
export function either(a: number, b: number): number {
  const greater = Math.max(a, b)
  if (greater === Number.NEGATIVE_INFINITY) return greater
  return Math.min(greater + Math.log2(1 + 2 ** (Math.min(a, b) - greater)), 0)
}

/** A union bound may exceed 1; a probability does not. */
function toLog2(log: number): number {
  return Math.min(log / Math.LN2, 0)
}
