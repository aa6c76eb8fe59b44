import { partsOf, wrongKind } from '../../arguments.js'
import { SecAggError, usageError } from '../../errors.js'
import {
  type Assumptions,
  type Cohort,
  cohortOf,
  completeThreshold,
  MAXIMUM_STRENGTH,
  partOf,
  requireWhole,
} from './assumptions.js'
import { proofOfChoice } from './own-choice.js'
import { minimumPresent, proofFor } from './proof.js'

/**
 * The k and t that a server offers for n clients, and the client's own assumptions.
 * @public
 */
export interface OfferedNeighborhood extends Omit<Assumptions, 'correctness' | 'graph'> {
  /** k; n − 1 stands for the complete graph. */
  readonly neighbors: number
  /** t. */
  readonly threshold: number
}

/**
 * Checks, on the client, the graph that a server offers. The client computes the bounds from its own γ, δ and σ, so it does
 * not have to trust the server that k and t are safe.
 *
 * A client cannot check that n is true, that the ring is random, or how many other clients there are.
 *
 * @param offered - The server's n, k and t, and the client's own assumptions.
 * @returns `true`; for an offer that is not safe, the function throws.
 * @throws {SecAggError} `invalid-configuration`, fault `server`, if k and t do not describe a sparse or complete graph of n
 *   clients, or do not give σ bits; the message names the bound that fails. `invalid-argument`, fault `usage`, if the client's
 *   own values are out of range.
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
  const parts = partsOf('the offer of a server', offered)
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
      `the threshold must be a whole number from 2 to ${holders}, the number of holders of a secret`,
      2,
      threshold,
    )
  }
  if (complete) {
    const minimum = completeThreshold(clients, corruptClients, adversary)
    if (threshold >= minimum) return true
    throw refused(
      `the threshold bound fails: on the complete graph of ${clients} clients, ${corruptClients} of them corrupt, ` +
        `the ${adversary} model needs a threshold of at least ${minimum}, not ${threshold}`,
      minimum,
      threshold,
    )
  }
  const needed = statisticalSecurity + 1
  if (adversary === 'active') {
    const { minimumHonest } = cohort
    const choice = { clients, neighbors, threshold, corruptClients }
    const { honest, smallSum, bothSecrets } = proofOfChoice(choice, minimumHonest)
    requireBits(
      `the bound on both secrets fails: threshold ${threshold} of ${neighbors} is safe against ${corruptClients} corrupt ` +
        'clients',
      bothSecrets,
      needed,
    )
    requireBits(
      `the bound on small sums fails: ${neighbors} holders and threshold ${threshold} prevent sums of ${honest} or fewer ` +
        'honest inputs',
      smallSum,
      needed,
    )
    return true
  }
  const { securityFailure } = proofFor({ graph: 'sparse', neighbors, threshold }, cohort)
  requireBits(
    `the connectivity bound fails: ${neighbors} neighbors keep the honest clients among ${clients} connected`,
    securityFailure.connectivity,
    needed,
  )
  requireBits(
    `the threshold bound fails: threshold ${threshold} of ${neighbors} is safe against ${corruptClients} corrupt clients`,
    securityFailure.threshold,
    needed,
  )
  return true
}

/** On a ring the degree is even. Clients that draw their holders may draw any number of them. */
function requireDegree({ clients, adversary }: Cohort, neighbors: number): void {
  if (adversary === 'active') {
    if (Number.isInteger(neighbors) && neighbors >= 2 && neighbors < clients - 1) return
    const text = `the number of holders of a client must be a whole number from 2 to ${clients - 2}`
    throw refused(text, undefined, neighbors)
  }
  if (!Number.isInteger(neighbors) || neighbors < 2 || neighbors % 2 !== 0 || neighbors > clients - 1) {
    throw refused(
      `on a ring, the number of neighbors of a client must be even, at least 2 and below ${clients - 1}`,
      undefined,
      neighbors,
    )
  }
}

function requireBits(claim: string, failure: number, needed: number): void {
  if (failure <= -needed) return
  const bits = Number((-failure).toFixed(2))
  throw refused(`${claim} with only ${bits} bits of security, but ${needed} are needed`, needed, bits)
}

function refused(message: string, expected: number | undefined, got: number): SecAggError {
  return new SecAggError('invalid-configuration', 'server', message, { expected, got })
}

/**
 * The failures that a round on the sparse graph must tolerate. They are part of the configuration, so server and clients
 * state the same ones.
 * @public
 */
export interface GraphAssumptions {
  /** γ: the fraction of all clients that may collude with the server. */
  readonly corruptFraction: number
  /** δ: the fraction of the clients that may drop out once the graph is drawn, for reasons unrelated to it. */
  readonly dropoutFraction: number
  /** σ, a whole number, default 40: privacy fails with probability at most 2^−σ. */
  readonly statisticalSecurity?: number | undefined
}

/** k and t of a sparse or chosen graph for `clients` seats, and the assumptions under which they must be safe. */
export interface ProvenGraph {
  readonly clients: number
  readonly neighbors: number
  readonly threshold: number
  readonly assumptions: GraphAssumptions
}

/** The assumptions in `given`, without its other properties. */
export function assumptionsOf(given: GraphAssumptions): GraphAssumptions {
  const parts = partsOf('the assumptions for a graph', given, 'invalid-configuration')
  const { corruptFraction, dropoutFraction, statisticalSecurity } = parts
  return Object.freeze({ corruptFraction, dropoutFraction, statisticalSecurity })
}

/** The graph of a configuration, with the minimum cohort that it states. */
interface ConfiguredGraph extends ProvenGraph {
  readonly kind: 'sparse' | 'chosen'
  readonly minimumCohort: number
}

/**
 * Checks that k and t are safe under the assumptions. On the chosen graph they must also prove that every sum has as many
 * honest inputs as the minimum cohort promises: the minimum cohort minus the corrupt clients.
 *
 * @throws {SecAggError} `invalid-configuration`, fault `usage`, if an assumption is out of its range, or if k and t are not safe
 *   under the assumptions; the message names the bound that fails.
 */
export function requireProven(graph: ConfiguredGraph): void {
  const { kind, clients, neighbors, threshold, minimumCohort, assumptions } = graph
  let asked = ''
  try {
    requireWhole('statisticalSecurity', assumptions.statisticalSecurity ?? 40, 1, MAXIMUM_STRENGTH)
    const expected = { ...expectations(assumptions), clients, neighbors, threshold }
    if (kind === 'sparse') checkNeighborhood(expected)
    else {
      const minimumHonest = Math.max(minimumCohort - partOf(clients, assumptions.corruptFraction), 0)
      if (minimumHonest > clients / 2 + 1) {
        asked =
          `; a minimumCohort of ${minimumCohort} asks for ${minimumHonest} honest inputs: state a lower one, or ask ` +
          `chooseParameters for neighbors and a threshold with minimumHonest ${minimumHonest}`
      }
      checkNeighborhood({ ...expected, adversary: 'active', minimumHonest })
    }
  } catch (error) {
    // Here the configuration is the caller's own, not the offer of a server.
    if (!(error instanceof SecAggError)) throw error
    throw usageError('invalid-configuration', `${error.message}${asked}`, {
      expected: error.expected,
      got: error.got,
    })
  }
}

/** The minimum |U1|. With fewer clients, the fraction of corrupt ones may be larger than k and t were chosen for. */
export function minimumProven({ clients, neighbors, threshold, assumptions }: ProvenGraph): number {
  const cohort = cohortOf({ ...expectations(assumptions), clients })
  return minimumPresent({ graph: 'sparse', neighbors, threshold, ...cohort })
}

/** The minimum number of `present` clients that must be left; with fewer, more have dropped out than is tolerated. */
export function minimumLeft(present: number, { dropoutFraction }: GraphAssumptions): number {
  return present - partOf(present, dropoutFraction)
}

function expectations(assumptions: GraphAssumptions): GraphAssumptions & {
  readonly adversary: 'honest-but-curious'
} {
  return { ...assumptionsOf(assumptions), adversary: 'honest-but-curious' }
}
