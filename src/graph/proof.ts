import { disconnection, either, exposure, fatalHolders, shortage } from './bounds.js'
import type { Choice } from './choice.js'
import type { Cohort } from './cohort.js'

/** log2 of the proven bounds on what could cost privacy in a round; −∞: impossible, 0: nothing is proven. */
export interface SecurityFailure {
  /** The honest clients fall into groups whose sums the server would learn one by one. */
  readonly connectivity: number
  /** Some client has so many corrupt holders that the server learns both of its secrets, and so its input. */
  readonly threshold: number
  /** Either of the two. */
  readonly total: number
}

/** What a graph and a threshold are proven to give. */
export interface Proof {
  readonly securityFailure: SecurityFailure
  readonly correctnessFailure: number
}

const IMPOSSIBLE = Number.NEGATIVE_INFINITY

/** The bounds for a choice, whatever it was chosen for. */
export function proofFor(
  { graph, neighbors, threshold }: Choice,
  counts: Pick<Cohort, 'clients' | 'corruptClients' | 'dropouts' | 'adversary'>,
): Proof {
  const { clients, corruptClients, dropouts } = counts
  if (graph === 'complete') {
    const safe = 2 * threshold > clients + corruptClients
    const curious = counts.adversary === 'honest-but-curious' && threshold > corruptClients
    return {
      securityFailure: failures(IMPOSSIBLE, safe || curious ? IMPOSSIBLE : 0),
      correctnessFailure: threshold <= clients - dropouts ? IMPOSSIBLE : 0,
    }
  }
  const removed = Math.min(corruptClients + dropouts, clients)
  const tolerated = fatalHolders(neighbors, threshold, counts.adversary) - 1
  return {
    securityFailure: failures(
      disconnection(clients, neighbors, removed),
      exposure(clients, neighbors, corruptClients, tolerated),
    ),
    correctnessFailure: shortage(clients, neighbors, dropouts, threshold),
  }
}

function failures(connectivity: number, threshold: number): SecurityFailure {
  return Object.freeze({ connectivity, threshold, total: either(connectivity, threshold) })
}
