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
  for (let part = 1; part <= 64; part++) {
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
