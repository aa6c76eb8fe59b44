import { completeThreshold } from './bounds.js'
import type { Cohort } from './cohort.js'
import { leastNeighborhood, type Neighborhood } from './neighborhood.js'

/** A graph with its k and t; k = n − 1 where it is complete. */
export interface Choice extends Neighborhood {
  readonly graph: 'sparse' | 'complete'
}

/** Beyond this, corrupt clients and dropouts leave too little of any neighborhood to work with. */
export const GREATEST_LOAD = 0.9

/** How often a dropout counts against {@link GREATEST_LOAD}: a server that may lie profits from each twice. */
export function dropoutWeight({ adversary }: Pick<Cohort, 'adversary'>): 1 | 2 {
  return adversary === 'semi-malicious' ? 2 : 1
}

/** Whether γ + δ (semi-malicious: γ + 2δ) is at most 0.9; sums such as 0.34 + 0.56 miss it by a rounding error. */
export function isBearable(
  cohort: Pick<Cohort, 'adversary' | 'corruptFraction' | 'dropoutFraction'>,
): boolean {
  const load = cohort.corruptFraction + dropoutWeight(cohort) * cohort.dropoutFraction
  return load <= GREATEST_LOAD + 1e-12
}

/** The sparse graph with the least k, else the complete graph, else nothing. */
export function choiceFor(cohort: Cohort): Choice | undefined {
  if (!isBearable(cohort)) return undefined
  const { clients, corruptClients, dropouts, adversary } = cohort
  // The ring is the server's to draw, so it means nothing where the server may do as it likes.
  const sparse = adversary === 'active' ? undefined : leastNeighborhood(cohort)
  if (sparse !== undefined) return { graph: 'sparse', ...sparse }
  const threshold = completeThreshold(clients, corruptClients, adversary)
  if (threshold > clients - dropouts) return undefined
  return { graph: 'complete', neighbors: clients - 1, threshold }
}
