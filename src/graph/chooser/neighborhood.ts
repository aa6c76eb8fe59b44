import {
  type Cohort,
  completeThreshold,
  disconnection,
  exposure,
  shortage,
  withstanding,
} from './assumptions.js'
import { minimumChoice } from './own-choice.js'

/** A graph with its k and t; k = n − 1 where it is complete. */
export interface Choice extends Neighborhood {
  readonly graph: 'sparse' | 'complete'
}

/** Beyond this, corrupt clients and dropouts leave too little of any neighborhood to work with. */
export const MAXIMUM_LOAD = 0.9

/** How often a dropout counts against {@link MAXIMUM_LOAD}: a server that may lie profits from each twice. */
export function dropoutWeight({ adversary }: Pick<Cohort, 'adversary'>): 1 | 2 {
  return adversary === 'semi-malicious' ? 2 : 1
}

/** Whether γ + δ (semi-malicious: γ + 2δ) is at most 0.9; sums such as 0.34 + 0.56 miss it by a rounding error. */
export function isBearable(
  cohort: Pick<Cohort, 'adversary' | 'corruptFraction' | 'dropoutFraction'>,
): boolean {
  const load = cohort.corruptFraction + dropoutWeight(cohort) * cohort.dropoutFraction
  return load <= MAXIMUM_LOAD + 1e-12
}

/** The sparse graph with the least k, else the complete graph, else nothing. */
export function choiceFor(cohort: Cohort): Choice | undefined {
  if (!isBearable(cohort)) return undefined
  const { clients, corruptClients, dropouts, adversary, only } = cohort
  const sparse = only === 'complete' ? undefined : sparseChoice(cohort)
  if (sparse !== undefined) return { graph: 'sparse', ...sparse }
  if (only === 'sparse') return undefined
  const threshold = completeThreshold(clients, corruptClients, adversary)
  if (threshold > clients - dropouts) return undefined
  return { graph: 'complete', neighbors: clients - 1, threshold }
}

/**
 * A server that lies must not draw the graph, so in the active model clients draw their holders. They then mask with about 2k
 * others, which is less work than the complete graph if that is less than all of them.
 */
function sparseChoice(cohort: Cohort): Neighborhood | undefined {
  const { clients, adversary, only } = cohort
  if (adversary !== 'active') return minimumNeighborhood(cohort)
  return minimumChoice(cohort, only === 'sparse' ? clients - 2 : Math.ceil((clients - 1) / 2) - 1)
}

/** k and t. */
export interface Neighborhood {
  readonly neighbors: number
  readonly threshold: number
}

/** What the choice of k and t depends on. */
export type Counts = Pick<
  Cohort,
  'clients' | 'corruptClients' | 'dropouts' | 'adversary' | 'statisticalSecurity' | 'correctness'
>

/**
 * The least even k for which some threshold is both safe and reachable, with the least such threshold; `undefined` where
 * there is none below n − 1. That k is not monotone in n, and greater k may fail again, so no k is passed over unless it
 * is sure to fail.
 */
export function minimumNeighborhood(counts: Counts): Neighborhood | undefined {
  const thresholds = safeThresholds(counts)
  for (let neighbors = 2; neighbors < counts.clients - 1; neighbors += 2) {
    const threshold = thresholds(neighbors)
    if (!staysReachable(counts, neighbors, threshold))
      neighbors = lastOutOfReach(counts, neighbors, threshold)
    else if (staysConnected(counts, neighbors)) return { neighbors, threshold }
  }
  return undefined
}

/**
 * The most dropouts that some graph withstands, no more than `limit`, all else being equal; one pass over all k, since
 * the safe threshold of a k does not depend on the dropouts, and fewer dropouts never hurt.
 */
export function maximumDropouts(counts: Counts, limit: number): number {
  const { clients, corruptClients, adversary } = counts
  let most = Math.min(clients - completeThreshold(clients, corruptClients, adversary), limit)
  if (adversary === 'active') return most
  const thresholds = safeThresholds(counts)
  for (let neighbors = 2; neighbors < clients - 1 && most < limit; neighbors += 2) {
    const threshold = thresholds(neighbors)
    const oneMore = { ...counts, dropouts: most + 1 }
    if (!staysReachable(oneMore, neighbors, threshold)) {
      neighbors = lastOutOfReach(oneMore, neighbors, threshold)
    } else if (staysConnected(oneMore, neighbors)) {
      const withstands = (dropouts: number): boolean =>
        staysReachable({ ...counts, dropouts }, neighbors, threshold) &&
        staysConnected({ ...counts, dropouts }, neighbors)
      most = largestWhere(withstands, most + 1, limit)
    }
  }
  return most
}

/**
 * Given that `threshold` is out of reach for k = `neighbors`, a k up to which it is out of reach for all: the chance to
 * keep fewer than a given number of neighbors falls as k grows, and the safe threshold rises with k.
 */
function lastOutOfReach(counts: Counts, neighbors: number, threshold: number): number {
  let last = neighbors
  for (let leap = 2; neighbors + leap < counts.clients - 1; leap *= 2) {
    if (staysReachable(counts, neighbors + leap, threshold)) break
    last = neighbors + leap
  }
  return last
}

/** The greatest whole number from `least` to `greatest` that `holds`, which it does for `least` and up to some number. */
export function largestWhere(holds: (value: number) => boolean, least: number, greatest: number): number {
  let low = least
  let high = greatest
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (holds(middle)) low = middle
    else high = middle - 1
  }
  return low
}

/**
 * The least safe threshold for each k, asked in ascending order: more neighbors, more corrupt ones among them, so the
 * search for one k begins where the last one ended.
 */
function safeThresholds(counts: Counts): (neighbors: number) => number {
  const { clients, corruptClients, adversary, statisticalSecurity } = counts
  let tolerated = 0
  return (neighbors) => {
    while (exposure(clients, neighbors, corruptClients, tolerated) > -(statisticalSecurity + 1)) tolerated++
    return withstanding(tolerated, neighbors, adversary)
  }
}

/** Half of the permitted failure probability is for connectivity, half for the threshold. */
function staysConnected(counts: Counts, neighbors: number): boolean {
  const removed = counts.corruptClients + counts.dropouts
  return disconnection(counts.clients, neighbors, removed) < -(counts.statisticalSecurity + 1)
}

function staysReachable(
  { clients, dropouts, correctness }: Counts,
  neighbors: number,
  threshold: number,
): boolean {
  return threshold <= neighbors && shortage(clients, neighbors, dropouts, threshold) <= -correctness
}
