import { partsOf as readParts } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'
import { partOf } from '../graph/index.js'
import type { RoundConfig } from '../protocol/index.js'
import {
  atLeast,
  type CheckedRequirements,
  type CohortRequirements,
  checkedRequirements,
  derivedFromServer,
  keysOf,
  mindingVersion,
  type PrivacyRequirements,
  requireAsDerived,
  requireObject,
  requirePrivacy,
  same,
  unmet,
} from '../received/index.js'
import { type AnyStatistics, derived } from './create-statistics.js'
import type { Definition } from './definition.js'
import { definitionOf, partsOf } from './layout.js'
import { assemblePrivateStatistics, type PrivateStatistics } from './private-statistics.js'
import { type Assembled, assembleStatistics, type Statistics } from './statistics.js'

/**
 * What a client requires of the statistics that it takes part in and of their rounds, no matter who made them.
 * @public
 */
export interface StatisticsRequirements<D extends Definition = Definition> extends CohortRequirements {
  /** The statistics that the client is willing to answer. By default, any. */
  readonly definition?: D | undefined
}

export const REQUIREMENT_KEYS: ReadonlySet<string> = keysOf<StatisticsRequirements>({
  minimumCohort: true,
  corruptFraction: true,
  adversary: true,
  graph: true,
  statisticalSecurity: true,
  privacy: true,
  definition: true,
})

const ROUND = 'the round'

/**
 * Checks a round against the client's requirements and against the assumptions of the noise.
 *
 * @param required - The client's requirements; `undefined` for a host that made the statistics itself.
 * @throws {SecAggError} `invalid-configuration` if the round does not meet a requirement, or can have fewer honest clients
 *   than the noise assumes. For a client, the fault is `server`.
 */
export function requireRound(
  config: RoundConfig,
  statistics: AnyStatistics,
  required: CheckedRequirements | undefined,
): void {
  if (required !== undefined) requireCohort(config, required)
  if (statistics.privacy === undefined) return
  const stated = statedCorrupt(config)
  if (stated === undefined) {
    throw refused(
      required,
      'a private round must state how many clients may be corrupt, in corruptClients or in the assumptions of its graph',
    )
  }
  const assumed = required === undefined ? 0 : partOf(config.clients, required.corruptFraction)
  const corrupt = Math.max(stated, assumed)
  const honest = config.minimumCohort - corrupt
  const { minimumHonest } = statistics.privacy
  if (minimumHonest <= honest) return
  throw refused(
    required,
    `the noise of the statistics assumes ${minimumHonest} honest clients, but a sum of ${config.minimumCohort} clients, ` +
      `${corrupt} of which may be corrupt, can have only ${honest}`,
    { expected: minimumHonest, got: honest },
  )
}

function requireCohort(config: RoundConfig, required: CheckedRequirements): void {
  const { adversary, graph, clients } = config
  if (required.adversary === 'active') same(ROUND, 'adversary', adversary, 'active')
  if (required.graph !== undefined) same(ROUND, 'graph', graph.kind, required.graph)
  atLeast(ROUND, 'minimumCohort', config.minimumCohort, required.minimumCohort)
  if (graph.kind === 'complete') {
    const corrupt = partOf(clients, required.corruptFraction)
    const got = tolerated(config)
    if (got >= corrupt) return
    throw unmet(
      `the threshold of the round tolerates ${got} corrupt clients, but this client requires at least ${corrupt}`,
      corrupt,
      got,
    )
  }
  const { assumptions } = graph
  if (assumptions === undefined) {
    throw unmet('the graph of the round is unproven, but this client requires a proof', 'proven', 'unproven')
  }
  atLeast(ROUND, 'corruptFraction', assumptions.corruptFraction, required.corruptFraction)
  const { statisticalSecurity = 40 } = assumptions
  atLeast(ROUND, 'statisticalSecurity', statisticalSecurity, required.statisticalSecurity)
}

/**
 * How many corrupt clients the threshold t of a complete graph tolerates. In the honest-but-curious model, fewer than t
 * clients learn nothing. In the active model, any two groups of t clients must also have an honest client in common.
 */
function tolerated({ adversary, clients, threshold }: RoundConfig): number {
  return adversary === 'active' ? 2 * threshold - clients - 1 : threshold - 1
}

/** How many clients may be corrupt, as the round states it. */
function statedCorrupt({ graph, clients, corruptClients }: RoundConfig): number | undefined {
  if (graph.kind === 'complete') return corruptClients
  return graph.assumptions && partOf(clients, graph.assumptions.corruptFraction)
}

function refused(
  required: CheckedRequirements | undefined,
  message: string,
  details: { readonly expected?: number; readonly got?: number } = {},
): SecAggError {
  if (required === undefined) return usageError('invalid-configuration', message, details)
  return new SecAggError('invalid-configuration', 'server', message, details)
}

const NAMES = ['the statistics', 'the other values'] as const

/**
 * Checks statistics that a client received from a server. It derives every number again, including the layout, the noise and
 * ε, compares the results with the numbers received, and compares them with the client's requirements. Requirements of the
 * round, such as the minimum cohort, are checked each time `openStatistics` opens a round.
 *
 * It cannot check claims about other clients: that there are as many as stated, or that no more than `corruptFraction` of
 * them collude.
 *
 * @param received - `Statistics` or `PrivateStatistics`, as parsed from JSON.
 * @param requirements - What this client requires.
 * @returns The statistics as derived here.
 * @throws {SecAggError} With fault `server`: as `createStatistics` does if the statistics are invalid;
 *   `configuration-mismatch` if a number does not follow from the others; `invalid-configuration` if a requirement is not met.
 *   The message names the value. If another version of the library made the statistics, it says so. With fault `usage`:
 *   `invalid-argument` if a requirement is invalid, `invalid-configuration` if the client's own definition is.
 * @example
 * ```ts
 * import { checkStatistics, createPrivateStatistics } from 'secagg/statistics'
 *
 * // The server.
 * const message = JSON.stringify(
 *   createPrivateStatistics(
 *     { ill: { kind: 'count' } },
 *     { clients: 100, minimumHonest: 75, epsilon: 1, delta: 1e-6 },
 *   ),
 * )
 * // The client.
 * const statistics = checkStatistics(JSON.parse(message), {
 *   minimumCohort: 80,
 *   corruptFraction: 0.05,
 *   privacy: { maximumEpsilon: 1, maximumDelta: 1e-6, rounds: 1 },
 * })
 * console.log(statistics.privacy.epsilon <= 1) // true
 * ```
 * @public
 */
export function checkStatistics<D extends Definition = Definition>(
  received: unknown,
  requirements: StatisticsRequirements<D> & { readonly privacy: PrivacyRequirements },
): PrivateStatistics<D>
/**
 * Checks statistics for a client that does not require differential privacy. The statistics may still have a privacy target.
 * @public
 */
export function checkStatistics<D extends Definition = Definition>(
  received: unknown,
  requirements: StatisticsRequirements<D>,
): Statistics<D> | PrivateStatistics<D>
/** @public */
export function checkStatistics(received: unknown, requirements: StatisticsRequirements): AnyStatistics {
  const required = checkedRequirements(requirements, REQUIREMENT_KEYS)
  const own = required.definition === undefined ? undefined : definitionOf(partsOf(required.definition))
  requireObject(received, 'statistics')
  const given = readParts('statistics', received as AnyStatistics)
  const assembled = mindingVersion(given, () => {
    const anew = derivedFromServer(() => assembledAnew(given))
    requireAsDerived(given, anew.statistics, NAMES)
    return anew
  })
  const { statistics } = assembled
  if (own !== undefined) requireAsDerived(statistics.definition, own, ['the definition', "the client's own"])
  if (required.privacy !== undefined) requirePrivacy(NAMES[0], statistics.privacy, required.privacy)
  if (statistics.privacy !== undefined) {
    const maximum = statistics.clients - partOf(statistics.clients, required.corruptFraction)
    const { minimumHonest } = statistics.privacy
    if (minimumHonest > maximum) {
      throw unmet(
        `minimumHonest of the statistics is ${minimumHonest}, but this client assumes that only ${maximum} of ` +
          `${statistics.clients} clients are honest`,
        maximum,
        minimumHonest,
      )
    }
  }
  return derived(assembled, required)
}

function assembledAnew(received: AnyStatistics): Assembled<AnyStatistics> {
  return received.privacy === undefined
    ? assembleStatistics(received.definition, received)
    : assemblePrivateStatistics(received)
}
