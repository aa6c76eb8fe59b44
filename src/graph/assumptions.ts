import { SecAggError, usageError } from '../errors.js'
import { checkNeighborhood } from './check.js'
import { cohortOf, partOf, requireWhole } from './cohort.js'
import { leastPresent } from './recheck.js'

/** What a round on the sparse graph is to withstand; server and clients state the same. */
export interface GraphAssumptions {
  /** γ: the part of all clients that may collude with the server. */
  readonly corruptFraction: number
  /** δ: the part of the clients that may drop out once the graph is drawn, for reasons unrelated to it. */
  readonly dropoutFraction: number
  /** σ, a whole number: a privacy failure has probability at most 2^−σ; default 40. */
  readonly statisticalSecurity?: number | undefined
}

/** k and t of a sparse graph for `clients` seats, and what they are to withstand. */
export interface ProvenGraph {
  readonly clients: number
  readonly neighbors: number
  readonly threshold: number
  readonly assumptions: GraphAssumptions
}

/** The assumptions in `given`, whatever else it holds. */
export function assumptionsOf(given: GraphAssumptions): GraphAssumptions {
  const { corruptFraction, dropoutFraction, statisticalSecurity } = given
  return Object.freeze({ corruptFraction, dropoutFraction, statisticalSecurity })
}

/**
 * @throws {SecAggError} `invalid-configuration`, fault `usage`, where an assumption is out of its range, or k and t do
 *   not withstand what is assumed; it names the bound.
 */
export function requireProven({ clients, neighbors, threshold, assumptions }: ProvenGraph): void {
  try {
    requireWhole('statisticalSecurity', assumptions.statisticalSecurity ?? 40, 1, 256)
    checkNeighborhood({ ...expectations(assumptions), clients, neighbors, threshold })
  } catch (error) {
    // Here it is the caller's own configuration, and no offer of a server.
    if (!(error instanceof SecAggError)) throw error
    throw usageError('invalid-configuration', error.message, { expected: error.expected, got: error.got })
  }
}

/** The fewest clients that may show up: with fewer, the corrupt ones weigh more than k and t were chosen for. */
export function leastProven({ clients, neighbors, threshold, assumptions }: ProvenGraph): number {
  const cohort = cohortOf({ ...expectations(assumptions), clients })
  return leastPresent({ graph: 'sparse', neighbors, threshold, ...cohort })
}

/** The fewest of `present` clients on the ring that may be left, since more dropouts than assumed are not withstood. */
export function leastLeft(present: number, { dropoutFraction }: GraphAssumptions): number {
  return present - partOf(present, dropoutFraction)
}

function expectations(assumptions: GraphAssumptions): GraphAssumptions & {
  readonly adversary: 'honest-but-curious'
} {
  return { ...assumptionsOf(assumptions), adversary: 'honest-but-curious' }
}
