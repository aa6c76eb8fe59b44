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
 * What a client asks of the statistics that it takes part in, and of their rounds, whoever made them.
 * @public
 */
export interface StatisticsRequirements<D extends Definition = Definition> extends CohortRequirements {
  /** What the client is ready to answer; default: whatever the server asks for. */
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
 * @param required - What a client asks for; `undefined` for a host, which states the round itself.
 * @throws {SecAggError} `invalid-configuration`, for a client with fault `server`, where the round does not meet a
 *   requirement, or does not have the honest clients that the noise counts on.
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
      'a private round says how many clients may be corrupt: corruptClients, or the assumptions of its graph',
    )
  }
  const asked = required === undefined ? 0 : partOf(config.clients, required.corruptFraction)
  const corrupt = Math.max(stated, asked)
  const honest = config.minimumCohort - corrupt
  const { minimumHonest } = statistics.privacy
  if (minimumHonest <= honest) return
  throw refused(
    required,
    `the noise of the statistics counts on ${minimumHonest} honest clients, and a sum of ${config.minimumCohort} clients, ` +
      `${corrupt} of which may be corrupt, has only ${honest}`,
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
    const got = withstood(config)
    if (got >= corrupt) return
    throw unmet(
      `the threshold of the round withstands ${got} corrupt clients, and this client asks for at least ${corrupt}`,
      corrupt,
      got,
    )
  }
  const { assumptions } = graph
  if (assumptions === undefined) {
    throw unmet('the graph of the round is unproven, and this client asks for a proof', 'proven', 'unproven')
  }
  atLeast(ROUND, 'corruptFraction', assumptions.corruptFraction, required.corruptFraction)
  const { statisticalSecurity = 40 } = assumptions
  atLeast(ROUND, 'statisticalSecurity', statisticalSecurity, required.statisticalSecurity)
}

/** On the complete graph fewer than t clients learn nothing, and any two groups of t share an honest client. */
function withstood({ adversary, clients, threshold }: RoundConfig): number {
  return adversary === 'active' ? 2 * threshold - clients - 1 : threshold - 1
}

/** How many clients a round says may be corrupt. */
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

const NAMES = ['the statistics', 'what they are made of'] as const

/**
 * A client's own check of statistics that it received from a server: derives every number anew, layout, noise and ε among
 * them, compares those that it was told, and holds them to what the client asks for. What is asked of the round, such as
 * the minimum cohort, is held against each round that `openStatistics` opens.
 *
 * It cannot check what is said of others: that there are so many clients, or that no more than the stated part collude.
 *
 * @param received - `Statistics` or `PrivateStatistics`, as JSON gave them.
 * @returns The statistics as derived here.
 * @throws {SecAggError} fault `server`: as `createStatistics` does where these are none; `configuration-mismatch` where a
 *   number is not what follows from the others; `invalid-configuration` where a requirement is not met. It names the value,
 *   and says so where another version of the library made the statistics.
 *   Fault `usage`: `invalid-argument` where a requirement is none.
 * @public
 */
export function checkStatistics<D extends Definition = Definition>(
  received: unknown,
  requirements: StatisticsRequirements<D> & { readonly privacy: PrivacyRequirements },
): PrivateStatistics<D>
/** @public */
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
    const most = statistics.clients - partOf(statistics.clients, required.corruptFraction)
    const { minimumHonest } = statistics.privacy
    if (minimumHonest > most) {
      throw unmet(
        `minimumHonest of the statistics is ${minimumHonest}, and this client takes only ${most} of ${statistics.clients} ` +
          'clients to be honest',
        most,
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
