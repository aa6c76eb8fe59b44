import {
  type Cohort,
  disconnection,
  either,
  exposure,
  fatalHolders,
  partOf,
  requireWhole,
  shortage,
} from './assumptions.js'
import { type Choice, largestWhere } from './neighborhood.js'
import { lostSecret, proofOfChoice } from './own-choice.js'

/**
 * Proven bounds on the probabilities, as log2, of the events that break privacy in a round. −∞: impossible; 0: nothing is
 * proven.
 * @public
 */
export interface SecurityFailure {
  /**
   * The graph of the honest clients is not connected, so the server learns the sum of each part. On the sparse graph in the
   * active model: the server learns a sum of fewer honest inputs than proven.
   */
  readonly connectivity: number
  /** Some client has so many corrupt holders that the server learns both of its secrets, and so its input. */
  readonly threshold: number
  /** At least one of the two happens. */
  readonly total: number
}

/** The bounds that are proven for a graph and a threshold, as log2 of probabilities. */
export interface Proof {
  readonly securityFailure: SecurityFailure
  readonly correctnessFailure: number
}

const IMPOSSIBLE = Number.NEGATIVE_INFINITY

/** The bounds for a choice under the assumptions in `counts`, which may differ from those that it was made for. */
export function proofFor(
  { graph, neighbors, threshold }: Choice,
  counts: Pick<Cohort, 'clients' | 'corruptClients' | 'dropouts' | 'adversary' | 'minimumHonest'>,
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
  if (counts.adversary === 'active') {
    const choice = { clients, neighbors, threshold, corruptClients }
    const { smallSum, bothSecrets } = proofOfChoice(choice, counts.minimumHonest)
    return {
      securityFailure: failures(smallSum, bothSecrets),
      correctnessFailure: lostSecret(choice, dropouts),
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

/** Whether clients draw their own holders, which they do on the sparse graph in the active model. */
export function isChosenByClients({
  graph,
  adversary,
}: Pick<Choice, 'graph'> & Pick<Cohort, 'adversary'>): boolean {
  return graph === 'sparse' && adversary === 'active'
}

/** The minimum number of honest inputs that every sum is proven to have on a graph that clients have chosen. */
export function provenHonest({
  clients,
  minimumHonest,
}: Pick<Configured, 'clients' | 'minimumHonest'>): number {
  return Math.max(Math.floor(clients / 2) + 1, minimumHonest ?? 0)
}

/** The parameters of a round that {@link recheckParameters} needs. */
export type Configured = Choice &
  Pick<Cohort, 'clients' | 'corruptClients' | 'dropoutFraction' | 'adversary' | 'statisticalSecurity'> & {
    /** h, on a graph that clients have chosen. */
    readonly minimumHonest?: number | undefined
  }

/** The bounds that hold for the actual |U1|. */
export interface Recheck extends Proof {
  /** Whether `securityFailure.total` is at most −σ and there are enough clients for the graph. */
  readonly holds: boolean
  /** |U1|. */
  readonly present: number
}

/**
 * Computes the bounds again for the clients that sent keys (U1). The server does this before it draws the ring. k and t stay
 * as configured. If `holds` is false, the round should be aborted.
 *
 * Corrupt clients have no reason to stay away, so all A of them are assumed to be present. Their fraction of the clients is
 * then larger than γ. If γ was meant as a fraction of the clients that show up, pass ⌊γ|U1|⌋ as `corruptClients`. Of the clients that are
 * present, ⌊δ|U1|⌋ may still drop out.
 *
 * @throws {SecAggError} `invalid-argument`, fault `usage`, if `present` is not a whole number from 0 to n, or
 *   `corruptClients` is not one from 0 to A.
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

/** The number of clients in the largest possible round. */
const LARGEST_ROUND = 65_535

/**
 * The minimum m such that every |U1| from m to n passes {@link recheckParameters}; n itself if nobody may be absent.
 *
 * Every number is checked, because ⌊δ|U1|⌋ goes down in steps, so that a number may fail although a smaller one passes. For
 * more clients than any round has, this would take too long. In that case, a binary search finds a number that passes while
 * the next smaller one fails.
 */
export function minimumPresent(parameters: Configured): number {
  const { clients, corruptClients } = parameters
  // The proof counts all seats, so it holds no matter who is absent. But with fewer clients there could be no sum at all.
  if (isChosenByClients(parameters)) return provenHonest(parameters)
  const passes = (present: number): boolean => recheck(parameters, present, corruptClients).holds
  if (clients > LARGEST_ROUND) return clients - largestWhere((absent) => passes(clients - absent), 0, clients)
  let minimum = clients
  while (minimum > 0 && passes(minimum - 1)) minimum--
  return minimum
}

function recheck(parameters: Configured, present: number, corruptClients: number): Recheck {
  const { graph, neighbors, threshold, statisticalSecurity, adversary } = parameters
  const chosen = isChosenByClients(parameters)
  const minimum = chosen ? provenHonest(parameters) : graph === 'complete' ? threshold : neighbors + 1
  const suffices = present >= minimum
  if (!suffices) {
    const securityFailure = Object.freeze({ connectivity: 0, threshold: 0, total: 0 })
    return Object.freeze({ holds: false, present, securityFailure, correctnessFailure: 0 })
  }
  const proof = proofFor(parameters, {
    clients: chosen ? parameters.clients : present,
    corruptClients: chosen ? corruptClients : Math.min(corruptClients, present),
    minimumHonest: parameters.minimumHonest ?? 0,
    dropouts: partOf(present, parameters.dropoutFraction),
    adversary,
  })
  return Object.freeze({ holds: proof.securityFailure.total <= -statisticalSecurity, present, ...proof })
}
