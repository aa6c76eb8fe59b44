import type { Choice } from './choice.js'
import { type Cohort, partOf, requireWhole } from './cohort.js'
import { greatestWhere } from './neighborhood.js'
import { type Proof, proofFor } from './proof.js'

/** What {@link recheckParameters} needs of the parameters of a round. */
export type Configured = Choice &
  Pick<Cohort, 'clients' | 'corruptClients' | 'dropoutFraction' | 'adversary' | 'statisticalSecurity'>

/** What the parameters give now that |U1| is known. */
export interface Recheck extends Proof {
  /** Whether `securityFailure.total` is at most −σ, and there are clients enough for the graph. */
  readonly holds: boolean
  /** |U1|. */
  readonly present: number
}

/**
 * Computes anew what is proven, for the clients that sent keys (U1): for the server, before it draws the ring over them.
 * k and t stay as configured; a round for which it does not hold should be aborted.
 *
 * Corrupt clients have no reason to stay away, so all A of the n are expected among those present and make up a greater
 * part of them. Where γ was meant as a part of those who show up, pass ⌊γ|U1|⌋ as `corruptClients`. Of those present,
 * ⌊δ|U1|⌋ may still drop out.
 *
 * @throws {SecAggError} `invalid-argument`, fault `usage`, where `present` is no whole number from 0 to n, or
 *   `corruptClients` none from 0 to A.
 */
export function recheckParameters(
  parameters: Configured,
  present: number,
  corruptClients: number = parameters.corruptClients,
): Recheck {
  requireWhole('present', present, 0, parameters.clients)
  requireWhole('corruptClients', corruptClients, 0, parameters.corruptClients)
  return recheck(parameters, present, corruptClients)
}

/** The least |U1| that passes {@link recheckParameters} as all from there to n do; n itself if nobody may be absent. */
export function leastPresent(parameters: Configured): number {
  const { clients, corruptClients } = parameters
  const passes = (absent: number): boolean => recheck(parameters, clients - absent, corruptClients).holds
  return clients - greatestWhere(passes, 0, clients)
}

function recheck(parameters: Configured, present: number, corruptClients: number): Recheck {
  const { graph, neighbors, threshold, statisticalSecurity, adversary } = parameters
  const suffices = graph === 'complete' ? present >= threshold : present > neighbors
  if (!suffices) {
    const securityFailure = Object.freeze({ connectivity: 0, threshold: 0, total: 0 })
    return Object.freeze({ holds: false, present, securityFailure, correctnessFailure: 0 })
  }
  const proof = proofFor(parameters, {
    clients: present,
    corruptClients: Math.min(corruptClients, present),
    dropouts: partOf(present, parameters.dropoutFraction),
    adversary,
  })
  return Object.freeze({ holds: proof.securityFailure.total <= -statisticalSecurity, present, ...proof })
}
