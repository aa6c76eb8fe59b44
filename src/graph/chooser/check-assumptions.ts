import { partsOf, wrongKind } from '../../arguments.js'
import { SecAggError, usageError } from '../../errors.js'
import {
  type Assumptions,
  type Cohort,
  cohortOf,
  completeThreshold,
  partOf,
  requireWhole,
} from './assumptions.js'
import { proofOfChoice } from './own-choice.js'
import { minimumPresent, proofFor } from './proof.js'

/**
 * The k and t that a server offers for n clients, with what the client itself assumes and asks for.
 * @public
 */
export interface OfferedNeighborhood extends Omit<Assumptions, 'correctness' | 'graph'> {
  /** k; n − 1 offers the complete graph. */
  readonly neighbors: number
  /** t. */
  readonly threshold: number
}

/**
 * A client's own check of the graph that a server offers. The client computes the bounds from its own γ, δ and σ, so it need
 * not believe the server that k and t are enough.
 *
 * It cannot check that n is true, that the ring is random, or how many other clients there are.
 *
 * @param offered - The server's n, k and t, with the client's own assumptions.
 * @returns `true`; an offer that is not good enough throws.
 * @throws {SecAggError} `invalid-configuration`, fault `server`, if this is not a sparse or complete graph of n clients, or does
 *   not give σ bits; the message names the bound that fails. `invalid-argument`, fault `usage`, if the client's own values
 *   are out of range.
 * @example
 * ```ts
 * import { checkNeighborhood } from 'secagg'
 *
 * const own = { corruptFraction: 0.05, dropoutFraction: 0.05, adversary: 'active' } as const
 * console.log(checkNeighborhood({ ...own, clients: 1000, neighbors: 51, threshold: 36 })) // true
 * ```
 * @public
 */
export function checkNeighborhood(offered: OfferedNeighborhood): true {
  const parts = partsOf('what a client checks', offered)
  const cohort = cohortOf(parts)
  const { clients, corruptClients, adversary, statisticalSecurity } = cohort
  const { neighbors, threshold } = parts
  for (const [name, value] of Object.entries({ neighbors, threshold })) {
    if (typeof value !== 'number') throw wrongKind(name, 'a number', value)
  }
  const complete = neighbors === clients - 1
  const holders = complete ? clients : neighbors
  if (!complete) requireDegree(cohort, neighbors)
  if (!Number.isInteger(threshold) || threshold < 2 || threshold > holders) {
    throw refused(
      `a threshold must be a whole number from 2 to the ${holders} holders of a secret`,
      2,
      threshold,
    )
  }
  if (complete) {
    const least = completeThreshold(clients, corruptClients, adversary)
    if (threshold >= least) return true
    throw refused(
      `the threshold bound fails: on the complete graph of ${clients} clients, ${corruptClients} of them corrupt, ` +
        `the ${adversary} model needs a threshold of ${least}, not ${threshold}`,
      least,
      threshold,
    )
  }
  const needed = statisticalSecurity + 1
  if (adversary === 'active') {
    const { minimumHonest } = cohort
    const choice = { clients, neighbors, threshold, corruptClients }
    const { honest, smallSum, bothSecrets } = proofOfChoice(choice, minimumHonest)
    requireBits(
      `the bound on both secrets fails: threshold ${threshold} of ${neighbors} withstands ${corruptClients} corrupt clients`,
      bothSecrets,
      needed,
    )
    requireBits(
      `the bound on small sums fails: ${neighbors} holders and threshold ${threshold} keep sums of at most ${honest} ` +
        'honest inputs from the server',
      smallSum,
      needed,
    )
    return true
  }
  const { securityFailure } = proofFor({ graph: 'sparse', neighbors, threshold }, cohort)
  requireBits(
    `the connectivity bound fails: ${neighbors} neighbors keep the honest ones of ${clients} clients connected`,
    securityFailure.connectivity,
    needed,
  )
  requireBits(
    `the threshold bound fails: threshold ${threshold} of ${neighbors} withstands ${corruptClients} corrupt clients`,
    securityFailure.threshold,
    needed,
  )
  return true
}

/** On a ring a degree is even; holders that clients draw may be any number. */
function requireDegree({ clients, adversary }: Cohort, neighbors: number): void {
  if (adversary === 'active') {
    if (Number.isInteger(neighbors) && neighbors >= 2 && neighbors < clients - 1) return
    const text = `a client must have a whole number of holders, from 2 to below ${clients - 1}`
    throw refused(text, undefined, neighbors)
  }
  if (!Number.isInteger(neighbors) || neighbors < 2 || neighbors % 2 !== 0 || neighbors > clients - 1) {
    throw refused(
      `on a ring a client must have an even number of neighbors, from 2 to below ${clients - 1}`,
      undefined,
      neighbors,
    )
  }
}

function requireBits(claim: string, failure: number, needed: number): void {
  if (failure <= -needed) return
  const bits = Number((-failure).toFixed(2))
  throw refused(`${claim} only to ${bits} bits, and ${needed} are needed`, needed, bits)
}

function refused(message: string, expected: number | undefined, got: number): SecAggError {
  return new SecAggError('invalid-configuration', 'server', message, { expected, got })
}

/**
 * What a round on the sparse graph is to withstand; server and clients state the same.
 * @public
 */
export interface GraphAssumptions {
  /** γ: the part of all clients that may collude with the server. */
  readonly corruptFraction: number
  /** δ: the part of the clients that may drop out once the graph is drawn, for reasons unrelated to it. */
  readonly dropoutFraction: number
  /** σ, a whole number: a privacy failure has probability at most 2^−σ; default 40. */
  readonly statisticalSecurity?: number | undefined
}

/** k and t of a sparse or chosen graph for `clients` seats, and the assumptions that they must meet. */
export interface ProvenGraph {
  readonly clients: number
  readonly neighbors: number
  readonly threshold: number
  readonly assumptions: GraphAssumptions
}

/** The assumptions in `given`, whatever else it holds. */
export function assumptionsOf(given: GraphAssumptions): GraphAssumptions {
  const parts = partsOf('what a graph has to withstand', given, 'invalid-configuration')
  const { corruptFraction, dropoutFraction, statisticalSecurity } = parts
  return Object.freeze({ corruptFraction, dropoutFraction, statisticalSecurity })
}

/** The graph of a configuration, with the minimum cohort that it states. */
interface ConfiguredGraph extends ProvenGraph {
  readonly kind: 'sparse' | 'chosen'
  readonly minimumCohort: number
}

/**
 * On the chosen graph the minimum cohort less the corrupt clients is a number of honest inputs that no sum is below, which k
 * and t must prove as well.
 *
 * @throws {SecAggError} `invalid-configuration`, fault `usage`, if an assumption is out of its range, or k and t do not meet
 *   the assumptions; it names the bound.
 */
export function requireProven(graph: ConfiguredGraph): void {
  const { kind, clients, neighbors, threshold, minimumCohort, assumptions } = graph
  try {
    requireWhole('statisticalSecurity', assumptions.statisticalSecurity ?? 40, 1, 256)
    const expected = { ...expectations(assumptions), clients, neighbors, threshold }
    if (kind === 'sparse') checkNeighborhood(expected)
    else {
      const minimumHonest = Math.max(minimumCohort - partOf(clients, assumptions.corruptFraction), 0)
      checkNeighborhood({ ...expected, adversary: 'active', minimumHonest })
    }
  } catch (error) {
    // Here it is the caller's own configuration, and no offer of a server.
    if (!(error instanceof SecAggError)) throw error
    throw usageError('invalid-configuration', error.message, { expected: error.expected, got: error.got })
  }
}

/** The fewest clients that may show up: with fewer, the corrupt ones weigh more than k and t were chosen for. */
export function minimumProven({ clients, neighbors, threshold, assumptions }: ProvenGraph): number {
  const cohort = cohortOf({ ...expectations(assumptions), clients })
  return minimumPresent({ graph: 'sparse', neighbors, threshold, ...cohort })
}

/** The fewest of `present` clients on the ring that may be left, since more dropouts than assumed are not withstood. */
export function minimumLeft(present: number, { dropoutFraction }: GraphAssumptions): number {
  return present - partOf(present, dropoutFraction)
}

function expectations(assumptions: GraphAssumptions): GraphAssumptions & {
  readonly adversary: 'honest-but-curious'
} {
  return { ...assumptionsOf(assumptions), adversary: 'honest-but-curious' }
}
