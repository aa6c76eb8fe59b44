import { ROUNDING } from '../../arguments.js'
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
 * The parameters that {@link chooseParameters} chose, the assumptions behind them, and the bounds that are proven for them.
 * @public
 */
export interface GraphParameters extends Proof {
  readonly graph: 'sparse' | 'complete'
  /** n. */
  readonly clients: number
  /**
   * k: the number of clients with which a client shares masks; n − 1 on the complete graph. On the sparse graph in the active
   * model, the number of holders that a client draws.
   */
  readonly neighbors: number
  /** The number of clients that hold shares of a client's secrets: k, or n on the complete graph, which includes the client. */
  readonly holders: number
  /** t: the number of shares that recover a secret; the minimum that is safe. */
  readonly threshold: number
  /** The maximum t that the dropouts leave reachable. Every t from `threshold` to this one meets both bounds. */
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
  /** The minimum number of clients that must have sent their keys (|U1|) so that `securityFailure.total` stays at most −σ. */
  readonly minimumPresent: number
  /** σ, as requested; `securityFailure.total` is at most −σ. */
  readonly statisticalSecurity: number
  /** η, as requested; `correctnessFailure` is at most −η. */
  readonly correctness: number
  /**
   * On the sparse graph in the active model: the minimum number of honest inputs that every sum is proven to have. A client
   * cannot count the others on that graph, so a minimum cohort or noise must not rely on more. `undefined` otherwise.
   */
  readonly minimumHonest: number | undefined
  /** Limits of these parameters that the caller should know, in whole sentences. */
  readonly warnings: readonly string[]
}

/**
 * Chooses the communication graph and the threshold of a round.
 *
 * In the honest-but-curious model, the sparse graph is the Harary graph of Bell et al. 2020: clients stand on a ring in random
 * order, each connected to the k/2 nearest on either side. The function looks for the minimum even k below n − 1 for which
 * there is a threshold with these two properties. With probability at least 1 − 2^−σ, the honest clients stay connected and no
 * client has too many corrupt holders. With probability at least 1 − 2^−η, no client is left with too few holders. The proof
 * assumes that corruptions and dropouts do not depend on the ring: the server draws it at random, does not reveal it and does
 * not choose who drops out.
 *
 * In the active model, each client draws the k holders of its secrets. The proof of privacy holds even if the server knows
 * these choices before it decides who drops out.
 *
 * If no sparse graph is safe, or if it would not be less work, the result is the complete graph with the minimum threshold of
 * Bonawitz et al. 2017, on which nothing can go wrong by chance.
 *
 * The computation takes some tens of milliseconds; in the active model, up to a second for 10⁶ clients.
 *
 * @param assumptions - How many clients there are, and which failures the round has to tolerate.
 * @returns The graph, its threshold and the bounds that are proven for them.
 * @throws {SecAggError} With fault `usage`: `invalid-argument` if a value is out of range; `invalid-configuration` if no graph
 *   is safe under the assumptions. The message suggests assumptions that would work.
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
      'These parameters assume that no client is corrupt. If a single client colludes with the server, the bounds do not hold.',
    )
  }
  if (clients - corruptClients - dropouts < 2) {
    warnings.push(
      'A sum can contain only one honest client. The corrupt clients then learn the input of that client.',
    )
  }
  if (adversary === 'semi-malicious') {
    warnings.push(
      'A server that lies about dropouts cannot learn both secrets of a client. But if it knows the ring, or lies to many ' +
        'clients at once, it may learn the sum of a few clients.',
    )
  }
  return warnings
}

/** Says why no graph is safe for `cohort`, and suggests changes. Each suggestion has been tried. */
export function infeasible(cohort: Cohort): SecAggError {
  const advice = [fewerDropouts(cohort), moreClients(cohort)].filter((text) => text !== undefined)
  const remedy = advice.length === 0 ? 'corruptFraction must be lower' : `${advice.join(' or ')} would work`
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
      `on the sparse graph of ${clients} clients, of which ${corruptClients} may be corrupt and ${dropouts} may drop out, no ` +
      `threshold is both reachable and safe against an active server: the bound on ${failingBound(cohort)} fails`
    )
  }
  const threshold = completeThreshold(clients, corruptClients, adversary)
  const complete =
    `the complete graph of ${clients} clients, of which ${corruptClients} may be corrupt, needs a threshold of ${threshold} ` +
    `in the ${adversary} model, but only ${clients - dropouts} clients are left if ${dropouts} drop out`
  return adversary === 'active'
    ? complete
    : `no sparse graph has a threshold that is both safe and reachable, and ${complete}`
}

function fewerDropouts(cohort: Cohort): string | undefined {
  const { clients, corruptFraction } = cohort
  if (!isBearable({ ...cohort, dropoutFraction: 0 })) return undefined
  const bearable = Math.max(MAXIMUM_LOAD - corruptFraction + ROUNDING, 0) / dropoutWeight(cohort)
  const limit = Math.min(partOf(clients, bearable), cohort.dropouts)
  const withstands = (dropouts: number): boolean => choiceFor({ ...cohort, dropouts }) !== undefined
  if (cohort.only === 'sparse' && cohort.adversary === 'active' && !withstands(0)) return undefined
  const most =
    cohort.only === 'sparse' && cohort.adversary === 'active'
      ? largestWhere(withstands, 0, limit)
      : maximumDropouts(cohort, limit)
  if (most === 0) return 'a dropoutFraction of 0'
  return `a dropoutFraction of at most ${fractionFor(most, cohort)} (${most} clients)`
}

/** The shortest decimal fraction that means `dropouts` clients and does not exceed the maximum load. */
function fractionFor(dropouts: number, cohort: Cohort): number {
  for (let scale = 10; scale <= 1e12; scale *= 10) {
    const dropoutFraction = Math.ceil((dropouts / cohort.clients) * scale - 1e-3) / scale
    const isExact = partOf(cohort.clients, dropoutFraction) === dropouts
    if (isExact && isBearable({ ...cohort, dropoutFraction })) return dropoutFraction
  }
  return dropouts / cohort.clients
}

/**
 * A larger number of clients that would work. It may not be the minimum, because a number may fail although a smaller one works.
 * The search doubles n until a number works, then bisects until the interval is at most 1/256 of that number.
 */
function moreClients(cohort: Cohort): string | undefined {
  if (!isBearable(cohort)) return undefined
  // In the active model the complete graph works wherever the sparse one does, and is quickly checked.
  const only = cohort.adversary === 'active' ? (cohort.only ?? 'complete') : cohort.only
  const works = (clients: number): boolean => {
    const corruptClients = partOf(clients, cohort.corruptFraction)
    const dropouts = partOf(clients, cohort.dropoutFraction)
    return choiceFor({ ...cohort, only, clients, corruptClients, dropouts }) !== undefined
  }
  let low = cohort.clients
  let high = low * 2
  while (high <= MAXIMUM_CLIENTS && !works(high)) {
    low = high
    high *= 2
  }
  if (high > MAXIMUM_CLIENTS) return undefined
  for (const precision = high / 256; high - low > Math.max(precision, 1); ) {
    const middle = Math.floor((low + high) / 2)
    if (works(middle)) high = middle
    else low = middle
  }
  return `${high} clients at the same fractions`
}
