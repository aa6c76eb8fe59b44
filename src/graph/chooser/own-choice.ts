import { logAbove, logFactorial, logProbability } from './tails.js'

/**
 * The bounds for the graph on which every client draws its own holders: k seats of the others, uniformly, by itself.
 * They hold against a server that sees every draw before it decides who drops out, and what each client hears.
 */
export interface OwnChoice {
  /** n: all seats, whether or not their clients show up. */
  readonly clients: number
  /** k: the holders that each client draws. */
  readonly neighbors: number
  /** t. */
  readonly threshold: number
  /** C: the seats that may be corrupt. */
  readonly corruptClients: number
}

/**
 * log2 of a bound on the probability that the server learns both secrets of an honest client.
 *
 * An honest holder reveals a share of one secret only, and t shares of each are needed. With c corrupt holders that takes
 * 2t ≤ k + c, so the client needs c ≥ 2t − k corrupt ones among its k draws from the n − 1 others: the hypergeometric
 * tail, times the n − C honest clients.
 */
export function bothSecrets({ clients, neighbors, threshold, corruptClients }: OwnChoice): number {
  const law = { total: clients - 1, marked: corruptClients, drawn: neighbors }
  return toLog2(Math.log(clients - corruptClients) + logAbove(law, 2 * threshold - neighbors - 1))
}

/**
 * log2 of a bound on the probability that a sum of at most `honest` honest inputs comes out.
 *
 * Whoever is in such a sum has t holders among its members and the corrupt clients. So it is enough to bound the chance
 * that any set of s ≤ `honest` honest clients is closed in this way: there are C(n − C, s) sets, and each of the s members
 * draws its holders independently.
 *
 *     Σ over s of C(n − C, s) · P[Hyp(n − 1, s − 1 + C, k) ≥ t]^s
 */
export function smallSum(choice: OwnChoice, honest: number): number {
  let greatest = Number.NEGATIVE_INFINITY
  let sum = 0
  for (let members = 1; members <= Math.min(honest, choice.clients - choice.corruptClients); members++) {
    const term = closedSets(choice, members)
    if (term === Number.NEGATIVE_INFINITY) continue
    if (term > greatest) {
      sum = sum * Math.exp(greatest - term) + 1
      greatest = term
    } else {
      sum += Math.exp(term - greatest)
    }
  }
  return toLog2(greatest + Math.log(sum))
}

/** Whether some term of {@link smallSum} exceeds 2^`bound` by itself: a quick test that rules out most choices. */
export function hasLargeTerm(choice: OwnChoice, honest: number, bound: number): boolean {
  const members = Math.min(honest, choice.clients - choice.corruptClients)
  // The largest sets first: it is those that make a choice fail.
  for (let part = 64; part >= 1; part--) {
    const size = Math.max(1, Math.round((members * part) / 64))
    if (closedSets(choice, size) > bound * Math.LN2) return true
  }
  return closedSets(choice, 1) > bound * Math.LN2
}

/**
 * Whether {@link bothSecrets} and {@link smallSum} are no larger for any smaller number of corrupt clients.
 *
 * With one more marked of N seats, K → K + 1, the tail P[X ≥ x] grows by P[X = x − 1] · (k − x + 1) / (N − K). That makes
 * up for the factor by which the number of honest clients, or of sets of them, shrinks wherever
 *
 *     P[X ≥ x] ≤ P[X = x − 1] · (k − x + 1).
 *
 * As the hypergeometric law has a monotone likelihood ratio in K, the left side grows faster, so it is enough that this
 * holds for the largest K that occurs: C for the first bound, honest − 1 + C for the second.
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

/** What is proven of a choice, log2 of probabilities. */
export interface ChoiceProof {
  /** The largest number of honest inputs for which `smallSum` holds: max(⌊n/2⌋, h − 1). Every sum has more. */
  readonly honest: number
  readonly smallSum: number
  readonly bothSecrets: number
}

/**
 * Both bounds, for every number of corrupt clients up to the assumed one.
 *
 * @param minimumHonest - h: how many honest inputs every sum must have.
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
    // Nothing is proven any more.
    if (worst.smallSum === 0 || worst.bothSecrets === 0) break
  }
  return worst
}

/**
 * log2 of a bound on the probability that any of n clients keeps fewer than t of the holders that it has drawn, if `dropouts`
 * of all clients drop out independently of the draws.
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
  /** h: how many honest inputs every sum must have; more than half of the clients in any case. */
  readonly minimumHonest: number
}

/** The most clients that k and t are chosen for: the sum over all sets of honest clients has half as many terms. */
export const MAXIMUM_CHOOSING_CLIENTS = 1e6

/** Where more holders are needed, the complete graph is cheaper, or so many clients do not exist. */
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

/** The bounds, by what they are about. */
export type ChoiceBound = 'lost secrets' | 'both secrets' | 'small sums'

/** The bound that no choice of k and t meets together with those before it, if there is no choice that meets all. */
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

/** The largest t that the dropouts leave reachable; 0 if there is none. */
export function maximumReachable(
  { clients, dropouts, correctness }: OwnChoiceCounts,
  neighbors: number,
): number {
  // Of t = 0 nothing is asked.
  let [low, high] = [0, neighbors]
  while (low < high) {
    const threshold = Math.ceil((low + high) / 2)
    if (lostSecret({ clients, neighbors, threshold }, dropouts) <= -correctness) low = threshold
    else high = threshold - 1
  }
  return low
}

/** Half of the permitted failure probability is for either bound. */
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

/** A union bound may exceed 1; a probability does not. */
function toLog2(log: number): number {
  return Math.min(log / Math.LN2, 0)
}
