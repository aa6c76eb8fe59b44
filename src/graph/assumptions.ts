import { checkNeighborhood } from './check.js'
import { cohortOf } from './cohort.js'
import { leastPresent } from './recheck.js'

/** What a round on the sparse graph is to withstand; server and clients state the same. */
export interface GraphAssumptions {
  /** γ: the part of all clients that may collude with the server. */
  readonly corruptFraction: number
  /** δ: the part of the clients that may drop out for reasons unrelated to the graph. */
  readonly dropoutFraction: number
  /** σ: a privacy failure has probability at most 2^−σ; default 40. */
  readonly statisticalSecurity?: number | undefined
  /** Whether the server may lie to single clients about who dropped out; default no. */
  readonly semiMalicious?: boolean | undefined
}

/** k and t of a sparse graph for `clients` seats, and what they are to withstand. */
export interface ProvenGraph {
  readonly clients: number
  readonly neighbors: number
  readonly threshold: number
  readonly assumptions: GraphAssumptions
}

/** @throws {SecAggError} `invalid-configuration` where k and t do not withstand what is assumed, naming the bound. */
export function requireProven(graph: ProvenGraph): void {
  checkNeighborhood({ ...graph, ...expectations(graph.assumptions) })
}

/** The fewest clients that may show up: with fewer, the corrupt ones weigh more than k and t were chosen for. */
export function leastProven({ clients, neighbors, threshold, assumptions }: ProvenGraph): number {
  const cohort = cohortOf({ clients, ...expectations(assumptions) })
  return leastPresent({ graph: 'sparse', neighbors, threshold, ...cohort })
}

function expectations({ semiMalicious = false, ...assumptions }: GraphAssumptions): GraphAssumptions & {
  readonly adversary: 'honest-but-curious' | 'semi-malicious'
} {
  return { ...assumptions, adversary: semiMalicious ? 'semi-malicious' : 'honest-but-curious' }
}
