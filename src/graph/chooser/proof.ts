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
 * log2 of the proven bounds on what could cost privacy in a round; −∞: impossible, 0: nothing is proven.
 * @public
 */
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

/** Whether clients draw their own holders: on the sparse graph in the active model. */
export function isChosenByClients({
  graph,
  adversary,
}: Pick<Choice, 'graph'> & Pick<Cohort, 'adversary'>): boolean {
  return graph === 'sparse' && adversary === 'active'
}

/** How many honest inputs every sum has on a graph that clients have chosen. */
export function provenHonest({
  clients,
  minimumHonest,
}: Pick<Configured, 'clients' | 'minimumHonest'>): number {
  return Math.max(Math.floor(clients / 2) + 1, minimumHonest ?? 0)
}

/** What {@link recheckParameters} needs of the parameters of a round. */
export type Configured = Choice &
  Pick<Cohort, 'clients' | 'corruptClients' | 'dropoutFraction' | 'adversary' | 'statisticalSecurity'> & {
    /** h, on a graph that clients have chosen. */
    readonly minimumHonest?: number | undefined
  }

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

/** The clients of the largest round. */
const LARGEST_ROUND = 65_535

/**
 * The least |U1| that passes {@link recheckParameters} as all from there to n do; n itself if nobody may be absent.
 *
 * One after the other is looked at, as a few numbers may fail above some that pass: ⌊δ|U1|⌋ goes down in steps. Above the
 * size of any round, where a look at each would take long, it is the end of such a stretch.
 */
export function minimumPresent(parameters: Configured): number {
  const { clients, corruptClients } = parameters
  // The proof counts all seats, so it holds whoever is absent. But no sum has fewer inputs than it says.
  if (isChosenByClients(parameters)) return provenHonest(parameters)
  const passes = (present: number): boolean => recheck(parameters, present, corruptClients).holds
  if (clients > LARGEST_ROUND) return clients - largestWhere((absent) => passes(clients - absent), 0, clients)
  let least = clients
  while (least > 0 && passes(least - 1)) least--
  return least
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
