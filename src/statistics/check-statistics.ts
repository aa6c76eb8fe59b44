import { partsOf as readParts } from '../arguments.js'
import { partOf } from '../graph/index.js'
import {
  checkedRequirements,
  derivedFromServer,
  mindingVersion,
  type PrivacyRequirements,
  requireAsDerived,
  requireObject,
  requirePrivacy,
  unmet,
} from '../received/index.js'
import type { Definition } from './definition.js'
import { definitionOf, partsOf } from './layout.js'
import { type AnyStatistics, derived } from './origin.js'
import { assemblePrivateStatistics, type PrivateStatistics } from './private-statistics.js'
import { REQUIREMENT_KEYS, type StatisticsRequirements } from './requirements.js'
import { type Assembled, assembleStatistics, type Statistics } from './statistics.js'

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
 */
export function checkStatistics<D extends Definition = Definition>(
  received: unknown,
  requirements: StatisticsRequirements<D> & { readonly privacy: PrivacyRequirements },
): PrivateStatistics<D>
export function checkStatistics<D extends Definition = Definition>(
  received: unknown,
  requirements: StatisticsRequirements<D>,
): Statistics<D> | PrivateStatistics<D>
export function checkStatistics(received: unknown, requirements: StatisticsRequirements): AnyStatistics {
  const required = checkedRequirements(requirements, REQUIREMENT_KEYS)
  const own = required.definition === undefined ? undefined : definitionOf(partsOf(required.definition))
  requireObject(received, 'statistics are')
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
