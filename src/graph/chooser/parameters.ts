import { type SecAggError, usageError } from '../../errors.js'
import {
  type Assumptions,
  type Cohort,
  cohortOf,
  completeThreshold,
  MAXIMUM_CLIENTS,
  partOf,
  type ServerModel,
  shortage,
} from './assumptions.js'
import {
  type Choice,
  choiceFor,
  dropoutWeight,
  isBearable,
  largestWhere,
  MAXIMUM_LOAD,
  maximumDropouts,
} from './neighborhood.js'
import { failingBound, maximumReachable } from './own-choice.js'
import { isChosenByClients, minimumPresent, type Proof, proofFor, provenHonest } from './proof.js'

/**
 * What {@link chooseParameters} chose, from what, and what is proven of it.
 * @public
 */
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
  /**
   * Active model on the sparse graph: how many honest inputs every sum is proven to have. A client cannot count the others
   * there, so a minimum cohort or noise may rely on no more.
   */
  readonly minimumHonest: number | undefined
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
 * @public
 */
export function chooseParameters(assumptions: Assumptions): GraphParameters {
  const cohort = cohortOf(assumptions)
  const choice = choiceFor(cohort)
  if (choice === undefined) throw infeasible(cohort)
  const { only: _, ...stated } = cohort
  const { clients, dropouts } = cohort
  return Object.freeze({
    ...choice,
    ...stated,
    minimumHonest: isChosenByClients({ ...choice, ...cohort }) ? provenHonest(cohort) : undefined,
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
  if (isChosenByClients({ graph, ...cohort })) return maximumReachable(cohort, neighbors)
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

/** Why no graph does for `cohort`, and what would: each piece of advice has been tried. */
export function infeasible(cohort: Cohort): SecAggError {
  const advice = [lessDropouts(cohort), moreClients(cohort)].filter((text) => text !== undefined)
  const remedy = advice.length === 0 ? 'corruptFraction must be lower' : advice.join(', and so would ')
  return usageError('invalid-configuration', `${reason(cohort)}; ${remedy}`)
}

function reason(cohort: Cohort): string {
  const { clients, corruptClients, dropouts, corruptFraction, dropoutFraction, adversary } = cohort
  if (!isBearable(cohort)) {
    const weight = dropoutWeight(cohort)
    const load = Number((corruptFraction + weight * dropoutFraction).toPrecision(6))
    const term = weight === 1 ? 'dropoutFraction' : 'twice dropoutFraction'
    return `corruptFraction and ${term} add up to ${load}, more than ${MAXIMUM_LOAD}`
  }
  if (isChosenByClients({ graph: cohort.only ?? 'complete', adversary })) {
    return (
      `the sparse graph of ${clients} clients, ${corruptClients} of them corrupt, has no threshold that is reachable where ` +
      `${dropouts} drop out and safe against a server that lies: the bound on ${failingBound(cohort)} fails`
    )
  }
  const threshold = completeThreshold(clients, corruptClients, adversary)
  const complete =
    `the complete graph needs a threshold of ${threshold} where ${corruptClients} of ${clients} clients may be ` +
    `corrupt (${adversary}), but only ${clients - dropouts} stay where ${dropouts} drop out`
  return adversary === 'active'
    ? complete
    : `no sparse graph has a threshold both safe and reachable, and ${complete}`
}

function lessDropouts(cohort: Cohort): string | undefined {
  const { clients, corruptFraction } = cohort
  if (!isBearable({ ...cohort, dropoutFraction: 0 })) return undefined
  const bearable = Math.max(MAXIMUM_LOAD - corruptFraction, 0) / dropoutWeight(cohort)
  const limit = Math.min(partOf(clients, bearable), cohort.dropouts)
  const withstands = (dropouts: number): boolean => choiceFor({ ...cohort, dropouts }) !== undefined
  if (cohort.only === 'sparse' && cohort.adversary === 'active' && !withstands(0)) return undefined
  const most =
    cohort.only === 'sparse' && cohort.adversary === 'active'
      ? largestWhere(withstands, 0, limit)
      : maximumDropouts(cohort, limit)
  if (most === 0) return 'a dropoutFraction of 0 would do'
  return `a dropoutFraction of at most ${fractionFor(most, cohort)} (${most} clients) would do`
}

/** The shortest decimal fraction that stands for `dropouts` clients and is bearable. */
function fractionFor(dropouts: number, cohort: Cohort): number {
  for (let scale = 10; scale <= 1e12; scale *= 10) {
    const dropoutFraction = Math.ceil((dropouts / cohort.clients) * scale - 1e-3) / scale
    const stands = partOf(cohort.clients, dropoutFraction) === dropouts
    if (stands && isBearable({ ...cohort, dropoutFraction })) return dropoutFraction
  }
  return dropouts / cohort.clients
}

/**
 * A number of clients that would do. Whether one does is not monotone in n, so this is not always the least; it is
 * bracketed to one part in 256 of the first power of two times n that does.
 */
function moreClients(cohort: Cohort): string | undefined {
  if (!isBearable(cohort)) return undefined
  const does = (clients: number): boolean => {
    const corruptClients = partOf(clients, cohort.corruptFraction)
    const dropouts = partOf(clients, cohort.dropoutFraction)
    return choiceFor({ ...cohort, clients, corruptClients, dropouts }) !== undefined
  }
  let low = cohort.clients
  let high = low * 2
  while (high <= MAXIMUM_CLIENTS && !does(high)) {
    low = high
    high *= 2
  }
  if (high > MAXIMUM_CLIENTS) return undefined
  for (const precision = high / 256; high - low > Math.max(precision, 1); ) {
    const middle = Math.floor((low + high) / 2)
    if (does(middle)) high = middle
    else low = middle
  }
  return `${high} clients at the same fractions`
}
