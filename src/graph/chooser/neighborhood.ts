import { isSumAbove } from '../../arguments.js'
import {
  type Cohort,
  completeThreshold,
  disconnection,
  exposure,
  shortage,
  withstanding,
} from './assumptions.js'
import { minimumChoice } from './own-choice.js'

/** A graph with its k and t; on the complete graph k = n − 1. */
export interface Choice extends Neighborhood {
  readonly graph: 'sparse' | 'complete'
}

/** The maximum of γ + δ. Above it, too few honest clients are left in any neighborhood. */
export const MAXIMUM_LOAD = 0.9

/** The weight of a dropout in {@link MAXIMUM_LOAD}: 2 for a server that may lie, which benefits from each one twice. */
export function dropoutWeight({ adversary }: Pick<Cohort, 'adversary'>): 1 | 2 {
  return adversary === 'semi-malicious' ? 2 : 1
}

/** Whether γ + δ (semi-malicious: γ + 2δ) is at most 0.9. */
export function isBearable(
  cohort: Pick<Cohort, 'adversary' | 'corruptFraction' | 'dropoutFraction'>,
): boolean {
  const load = cohort.corruptFraction + dropoutWeight(cohort) * cohort.dropoutFraction
  return !isSumAbove(load, MAXIMUM_LOAD)
}

/** The sparse graph with the minimum k; if there is none, the complete graph; `undefined` if neither is safe. */
export function choiceFor(cohort: Cohort): Choice | undefined {
  if (!isBearable(cohort)) return undefined
  const { clients, corruptClients, dropouts, adversary, only } = cohort
  const threshold = completeThreshold(clients, corruptClients, adversary)
  const isReachable = threshold <= clients - dropouts
  // In the active model, whatever the complete graph cannot give the sparse one cannot give either: it asks for margins.
  if (adversary === 'active' && only !== 'sparse' && !isReachable) return undefined
  const sparse = only === 'complete' ? undefined : sparseChoice(cohort)
  if (sparse !== undefined) return { graph: 'sparse', ...sparse }
  if (only === 'sparse' || !isReachable) return undefined
  return { graph: 'complete', neighbors: clients - 1, threshold }
}

/**
 * In the active model the server must not draw the graph, so clients draw their own holders. Each then masks with about 2k
 * others. This is less work than the complete graph if 2k is less than the number of others.
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
 * The minimum even k for which some threshold is both safe and reachable, with the minimum such threshold; `undefined` if
 * there is no such k below n − 1. This k is not monotone in n, and a larger k may fail again, so the search skips only
 * values of k that are sure to fail.
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
 * The maximum number of dropouts, up to `limit`, that some graph tolerates under otherwise equal assumptions. One pass over
 * all k is enough: the safe threshold of a k does not depend on the dropouts, and fewer dropouts never hurt.
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
 * Given that `threshold` is out of reach for k = `neighbors`, a k up to which no k has a threshold within reach. If
 * `threshold` is out of reach for some larger k, it is also out of reach for every k in between, because a client with fewer
 * neighbors is more likely to keep too few of them. And the safe threshold of those k is not smaller.
 */
function lastOutOfReach(counts: Counts, neighbors: number, threshold: number): number {
  let last = neighbors
  for (let leap = 2; neighbors + leap < counts.clients - 1; leap *= 2) {
    if (staysReachable(counts, neighbors + leap, threshold)) break
    last = neighbors + leap
  }
  return last
}

/** The largest whole number from `minimum` to `maximum` for which `holds`. It holds from `minimum` up to some number. */
export function largestWhere(holds: (value: number) => boolean, minimum: number, maximum: number): number {
  let low = minimum
  let high = maximum
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (holds(middle)) low = middle
    else high = middle - 1
  }
  return low
}

/**
 * A function that gives the minimum safe threshold for a k; call it with ascending k. A larger k never has fewer corrupt
 * neighbors to tolerate, so the search for one k starts where the last one ended.
 */
function safeThresholds(counts: Counts): (neighbors: number) => number {
  const { clients, corruptClients, adversary, statisticalSecurity } = counts
  let tolerated = 0
  return (neighbors) => {
    while (exposure(clients, neighbors, corruptClients, tolerated) > -(statisticalSecurity + 1)) tolerated++
    return withstanding(tolerated, neighbors, adversary)
  }
}

/** Half of the permitted failure probability is for connectivity, the other half for the threshold. */
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
