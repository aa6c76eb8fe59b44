import { logAbove, logFactorial, logProbability } from './tails.js'

/**
 * What the bounds depend on for the graph on which every client draws its own holders: k of the other seats, uniformly and
 * independently of other clients. The bounds hold against a server that sees every draw before it decides which clients drop
 * out and what it tells each client.
 */
export interface OwnChoice {
  /** n: the number of seats, including those of clients that never show up. */
  readonly clients: number
  /** k: the number of holders that each client draws. */
  readonly neighbors: number
  /** t. */
  readonly threshold: number
  /** C: the number of seats that may be corrupt. */
  readonly corruptClients: number
}

/**
 * log2 of a bound on the probability that the server learns both secrets of an honest client.
 *
 * An honest holder reveals a share of only one of the two secrets, and the server needs t shares of each. With c corrupt
 * holders this is possible only if 2t ≤ k + c, so at least 2t − k of the client's k draws from the n − 1 others must be
 * corrupt. The bound is this hypergeometric tail, times the n − C honest clients.
 */
export function bothSecrets({ clients, neighbors, threshold, corruptClients }: OwnChoice): number {
  const law = { total: clients - 1, marked: corruptClients, drawn: neighbors }
  return toLog2(Math.log(clients - corruptClients) + logAbove(law, 2 * threshold - neighbors - 1))
}

/**
 * log2 of a bound on the probability that the server can learn a sum of at most `honest` honest inputs.
 *
 * Every honest client in such a sum has t holders among the clients in the sum and the corrupt clients. A set of honest
 * clients for which this is so is called closed. It is enough to bound the probability that any set of s ≤ `honest` honest
 * clients is closed: there are C(n − C, s) sets, and each of the s members draws its holders independently.
 *
 *     Σ over s of C(n − C, s) · P[Hyp(n − 1, s − 1 + C, k) ≥ t]^s
 */
export function smallSum(choice: OwnChoice, honest: number): number {
  let largest = Number.NEGATIVE_INFINITY
  let sum = 0
  for (let members = 1; members <= Math.min(honest, choice.clients - choice.corruptClients); members++) {
    const term = closedSets(choice, members)
    if (term === Number.NEGATIVE_INFINITY) continue
    if (term > largest) {
      sum = sum * Math.exp(largest - term) + 1
      largest = term
    } else {
      sum += Math.exp(term - largest)
    }
  }
  return toLog2(largest + Math.log(sum))
}

/** Whether a single term of {@link smallSum} exceeds 2^`bound`: a quick test that rules out most choices. */
export function hasLargeTerm(choice: OwnChoice, honest: number, bound: number): boolean {
  const members = Math.min(honest, choice.clients - choice.corruptClients)
  // The largest sets first, because these usually make a choice fail.
  for (let part = 64; part >= 1; part--) {
    const size = Math.max(1, Math.round((members * part) / 64))
    if (closedSets(choice, size) > bound * Math.LN2) return true
  }
  return closedSets(choice, 1) > bound * Math.LN2
}

/**
 * Whether {@link bothSecrets} and {@link smallSum} are never larger for a smaller number of corrupt clients.
 *
 * If one more of N seats is marked, K → K + 1, the tail P[X ≥ x] grows by P[X = x − 1] · (k − x + 1) / (N − K). At the same
 * time, the number of honest clients, or of sets of them, shrinks by a factor. The growth outweighs this factor if
 *
 *     P[X ≥ x] ≤ P[X = x − 1] · (k − x + 1).
 *
 * The hypergeometric law has a monotone likelihood ratio in K, so the left side grows faster than the right one. It is
 * therefore enough to check the largest K that occurs: C for the first bound, honest − 1 + C for the second.
 */
export function isWorstAtMost(choice: OwnChoice, honest: number): boolean {
  const { clients, neighbors, threshold, corruptClients } = choice
  const outweighs = (marked: number, x: number): boolean => {
    if (x < 1) return false
    const law = { total: clients - 1, marked: Math.min(marked, clients - 1), drawn: neighbors }
    return logAbove(law, x - 1) <= logProbability(law, x - 1) + Math.log(neighbors - x + 1)
  }
  return (
    outweighs(corruptClients, 2 * threshold - neighbors) && outweighs(honest - 1 + corruptClients, threshold)
  )
}

/** The bounds that are proven for a choice, as log2 of probabilities. */
export interface ChoiceProof {
  /** The largest number of honest inputs for which `smallSum` holds: max(⌊n/2⌋, h − 1). Every sum has more. */
  readonly honest: number
  readonly smallSum: number
  readonly bothSecrets: number
}

/**
 * Both bounds; they hold for every number of corrupt clients up to the assumed one.
 *
 * @param minimumHonest - h: the minimum number of honest inputs that every sum must have.
 */
export function proofOfChoice(choice: OwnChoice, minimumHonest: number): ChoiceProof {
  const honest = Math.max(Math.floor(choice.clients / 2), minimumHonest - 1)
  const proofFor = (corruptClients: number): ChoiceProof => {
    const assumed = { ...choice, corruptClients }
    return { honest, smallSum: smallSum(assumed, honest), bothSecrets: bothSecrets(assumed) }
  }
  const proof = proofFor(choice.corruptClients)
  if (isWorstAtMost(choice, honest)) return proof
  let worst = proof
  for (let corrupt = 0; corrupt < choice.corruptClients; corrupt++) {
    const other = proofFor(corrupt)
    worst = {
      honest,
      smallSum: Math.max(worst.smallSum, other.smallSum),
      bothSecrets: Math.max(worst.bothSecrets, other.bothSecrets),
    }
    // 0 means that nothing is proven, and no other number of corrupt clients can change that.
    if (worst.smallSum === 0 || worst.bothSecrets === 0) break
  }
  return worst
}

/**
 * log2 of a bound on the probability that any of n clients is left with fewer than t of its holders, if `dropouts` clients
 * drop out independently of the draws.
 */
export function lostSecret(
  { clients, neighbors, threshold }: Omit<OwnChoice, 'corruptClients'>,
  dropouts: number,
): number {
  const law = { total: clients - 1, marked: Math.min(dropouts, clients - 1), drawn: neighbors }
  return toLog2(Math.log(clients) + logAbove(law, neighbors - threshold))
}

/** What a choice of k and t for this graph depends on. */
export interface OwnChoiceCounts {
  readonly clients: number
  readonly corruptClients: number
  readonly dropouts: number
  readonly statisticalSecurity: number
  readonly correctness: number
  /** h: the minimum number of honest inputs that every sum must have. A value below ⌊n/2⌋ + 1 counts as ⌊n/2⌋ + 1. */
  readonly minimumHonest: number
}

/** The maximum number of clients that k and t are chosen for. {@link smallSum} has about half as many terms. */
export const MAXIMUM_CHOOSING_CLIENTS = 1e6

/** The maximum k that is tried. A round with more holders per client would be impractical. */
const MAXIMUM_CHOSEN = 4096

/**
 * The minimum k up to `limit` for which some threshold meets all bounds, with the minimum such threshold. All bounds on
 * security get better with t, so for each k the largest t that is reachable decides.
 */
export function minimumChoice(
  counts: OwnChoiceCounts,
  limit: number,
): { readonly neighbors: number; readonly threshold: number } | undefined {
  const { clients } = counts
  if (clients > MAXIMUM_CHOOSING_CLIENTS) return undefined
  for (let neighbors = 2; neighbors <= Math.min(limit, MAXIMUM_CHOSEN, clients - 2); neighbors++) {
    let threshold = maximumReachable(counts, neighbors)
    if (threshold < 2 || !isSafe(counts, neighbors, threshold)) continue
    while (threshold > 2 && isSafe(counts, neighbors, threshold - 1)) threshold--
    return { neighbors, threshold }
  }
  return undefined
}

/** The bounds by name. */
export type ChoiceBound = 'lost secrets' | 'both secrets' | 'small sums'

/**
 * The bound to blame if no k and t meet all bounds. In the order of {@link ChoiceBound}, it is the first bound that no k and
 * t meet together with the earlier ones.
 */
export function failingBound(counts: OwnChoiceCounts): ChoiceBound {
  const { clients, corruptClients, statisticalSecurity } = counts
  let failing: ChoiceBound = 'lost secrets'
  for (let neighbors = 2; neighbors <= Math.min(MAXIMUM_CHOSEN, clients - 2); neighbors++) {
    const threshold = maximumReachable(counts, neighbors)
    if (threshold < 2) continue
    if (bothSecrets({ clients, neighbors, threshold, corruptClients }) <= -(statisticalSecurity + 1)) {
      return 'small sums'
    }
    failing = 'both secrets'
  }
  return failing
}

/** The largest t that is still reachable after the dropouts; 0 if there is none. */
export function maximumReachable(
  { clients, dropouts, correctness }: OwnChoiceCounts,
  neighbors: number,
): number {
  // t = 0 is always reachable.
  let [low, high] = [0, neighbors]
  while (low < high) {
    const threshold = Math.ceil((low + high) / 2)
    if (lostSecret({ clients, neighbors, threshold }, dropouts) <= -correctness) low = threshold
    else high = threshold - 1
  }
  return low
}

/** Each of the two bounds gets half of the permitted failure probability. */
function isSafe(counts: OwnChoiceCounts, neighbors: number, threshold: number): boolean {
  const { clients, corruptClients, minimumHonest, statisticalSecurity } = counts
  const choice = { clients, neighbors, threshold, corruptClients }
  const bound = -(statisticalSecurity + 1)
  const honest = Math.max(Math.floor(clients / 2), minimumHonest - 1)
  if (bothSecrets(choice) > bound || hasLargeTerm(choice, honest, bound)) return false
  const proof = proofOfChoice(choice, minimumHonest)
  return proof.smallSum <= bound && proof.bothSecrets <= bound
}

/** ln of one term of {@link smallSum}: the expected number of closed sets of `members` honest clients. */
function closedSets({ clients, neighbors, threshold, corruptClients }: OwnChoice, members: number): number {
  const honest = clients - corruptClients
  const marked = members - 1 + corruptClients
  const sets = logFactorial(honest) - logFactorial(members) - logFactorial(honest - members)
  return sets + members * logAbove({ total: clients - 1, marked, drawn: neighbors }, threshold - 1)
}

/** Converts from ln to log2. A union bound may exceed 1; a probability does not. */
function toLog2(log: number): number {
  return Math.min(log / Math.LN2, 0)
}
