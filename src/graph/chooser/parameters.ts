import { type Assumptions, type Cohort, cohortOf } from './assumptions.js'
import { type ServerModel, shortage } from './bounds.js'
import { infeasible } from './infeasible.js'
import { type Choice, choiceFor, largestWhere } from './neighborhood.js'
import { minimumPresent, type Proof, proofFor } from './proof.js'

/** What {@link chooseParameters} chose, from what, and what is proven of it. */
export interface GraphParameters extends Proof {
  readonly graph: 'sparse' | 'complete'
  /** n. */
  readonly clients: number
  /** k: with how many others a client shares masks; n − 1 on the complete graph. */
  readonly neighbors: number
  /** How many hold shares of one client's secrets: k, or n on the complete graph, where a client is its own holder. */
  readonly holders: number
  /** t: how many holders recover a secret; the least that is safe. */
  readonly threshold: number
  /** The greatest t that the dropouts leave reachable; any from `threshold` to here keeps both promises. */
  readonly maximumThreshold: number
  readonly adversary: ServerModel
  readonly corruptFraction: number
  readonly dropoutFraction: number
  /** A = ⌊γn⌋. */
  readonly corruptClients: number
  /** D = ⌊δn⌋. */
  readonly dropouts: number
  /** S = n − D. */
  readonly survivors: number
  /** The least |U1| that passes `recheckParameters`, where all corrupt clients are among those present. */
  readonly minimumPresent: number
  /** σ, as asked for; `securityFailure.total` is at most −σ. */
  readonly statisticalSecurity: number
  /** η, as asked for; `correctnessFailure` is at most −η. */
  readonly correctness: number
  /** What to know before relying on this; one sentence each. */
  readonly warnings: readonly string[]
}

/**
 * Chooses the communication graph and the threshold of a round.
 *
 * The sparse graph is the Harary graph of Bell et al. 2020: clients on a ring in random order, each joined to the k/2
 * nearest on either side. The least even k < n − 1 is taken for which a threshold exists that, with probability at least
 * 1 − 2^−σ, leaves the honest clients connected and nobody with too many corrupt holders, and that leaves nobody with too
 * few with probability at least 1 − 2^−η. Where there is none, and always in the active model, it is the complete graph
 * with the least threshold of Bonawitz et al. 2017, on which neither can go wrong by chance.
 *
 * The proof is for corruptions and dropouts that do not depend on the ring: the server draws it at random, keeps it to
 * itself and does not choose who drops out. Takes some milliseconds, for any n.
 *
 * @param assumptions - How many clients there are, and which failures the round has to tolerate.
 * @returns The graph, its threshold and the bounds that are proven for them.
 * @throws {SecAggError} fault `usage`: `invalid-argument` if a value is out of range; `invalid-configuration` if no graph
 *   meets the assumptions. The message says what would.
 * @example
 * ```ts
 * import { chooseParameters } from 'secagg'
 *
 * const { graph, neighbors, threshold } = chooseParameters({
 *   clients: 1000,
 *   dropoutFraction: 0.05,
 *   corruptFraction: 0.05,
 *   adversary: 'honest-but-curious',
 * })
 * console.log(graph, neighbors, threshold) // 'sparse' 30 17
 * ```
 */
export function chooseParameters(assumptions: Assumptions): GraphParameters {
  const cohort = cohortOf(assumptions)
  const choice = choiceFor(cohort)
  if (choice === undefined) throw infeasible(cohort)
  const { clients, dropouts } = cohort
  return Object.freeze({
    ...choice,
    ...cohort,
    holders: choice.graph === 'complete' ? clients : choice.neighbors,
    maximumThreshold: maximumThreshold(choice, cohort),
    survivors: clients - dropouts,
    minimumPresent: minimumPresent({ ...choice, ...cohort }),
    ...proofFor(choice, cohort),
    warnings: Object.freeze(warningsFor(cohort)),
  })
}

function maximumThreshold({ graph, neighbors, threshold }: Choice, cohort: Cohort): number {
  const { clients, dropouts, correctness } = cohort
  if (graph === 'complete') return clients - dropouts
  const isReachable = (t: number): boolean => shortage(clients, neighbors, dropouts, t) <= -correctness
  return largestWhere(isReachable, threshold, neighbors)
}

function warningsFor({ clients, corruptClients, dropouts, adversary }: Cohort): string[] {
  const warnings: string[] = []
  if (corruptClients === 0) {
    warnings.push(
      'No client is assumed to be corrupt: a single one that colludes with the server voids what is proven here.',
    )
  }
  if (clients - corruptClients - dropouts < 2) {
    warnings.push(
      'Only one honest client may be left in a sum, which then shows its input to the corrupt ones.',
    )
  }
  if (adversary === 'semi-malicious') {
    warnings.push(
      'A server that lies about dropouts cannot learn both secrets of one client. If it knows the ring, or lies to many ' +
        'clients at once, it may still learn the sum of a few clients.',
    )
  }
  return warnings
}
