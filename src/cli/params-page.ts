import { atMost } from '../federated/explanation.js'
import type { GraphParameters } from '../graph/chooser/parameters.js'
import type { PrivacyParameters } from '../privacy/index.js'
import {
  DETAILS,
  numbers,
  headline as privacyHeadline,
  warnings as privacyWarnings,
  promise,
} from './privacy-page.js'
import { page } from './prose.js'

/** The parameters for people: what they are, what is proven, what to do with them. One function a section. */
export function paramsPage(
  parameters: GraphParameters,
  privacy: PrivacyParameters | undefined,
  details: boolean,
): string {
  const { warnings } = parameters
  return page([
    [headline(parameters)],
    supposed(parameters),
    chosen(parameters),
    proven(parameters),
    advice(parameters, privacy !== undefined),
    ...(privacy === undefined ? [] : [promised(parameters, privacy), details ? numbers(privacy) : [DETAILS]]),
    [
      ...warnings.map((warning) => `Warning: ${warning}`),
      ...(privacy === undefined ? [] : privacyWarnings(privacy)),
    ],
  ])
}

function headline({ graph, clients, neighbors, threshold }: GraphParameters): string {
  return graph === 'sparse'
    ? `${clients} clients, sparse graph, ${neighbors} neighbors, threshold ${threshold}`
    : `${clients} clients, complete graph, threshold ${threshold}`
}

function supposed({ corruptClients, dropouts, survivors, adversary }: GraphParameters): string[] {
  const server =
    adversary === 'active' ? 'may do anything' : 'follows the protocol but looks at everything it gets'
  return [
    `It is assumed that the server ${server}, that ${atMost(corruptClients, 'of the clients', 'collude')} with it, and ` +
      `that ${atMost(dropouts, '', 'drop')} out, which leaves ${survivors}.`,
  ]
}

function chosen({ graph, clients, neighbors, threshold, adversary }: GraphParameters): string[] {
  if (graph === 'complete') {
    const why = adversary === 'active' ? 'the active model needs that' : 'no sparse graph is enough'
    const others = clients === 2 ? 'the other one' : 'all others'
    const able = threshold === clients ? `only all ${clients} together` : `any ${threshold} of the ${clients}`
    return [
      `Every client shares masks with ${others} (${why}), and ${able} can recover a secret of one that dropped out.`,
    ]
  }
  const saved = Math.round((clients - 1) / neighbors)
  return [
    `Each client shares masks and secret shares with ${neighbors} neighbors on a random ring, ${neighbors / 2} on ` +
      `either side, which is ${saved < 2 ? 'fewer than' : `about 1 in ${saved} of`} all the others. Any ${threshold} ` +
      'of them can recover one of its secrets.',
  ]
}

function proven({ securityFailure, correctnessFailure }: GraphParameters): string[] {
  const { connectivity, threshold, total } = securityFailure
  return [
    'What can go wrong by chance in one round, and with what probability:',
    `  the server learns more than the sum              ${probability(total)}`,
    `    because the honest clients fall into groups    ${probability(connectivity)}`,
    `    because a client has too many corrupt holders  ${probability(threshold)}`,
    `  the sum is lost: a client has too few holders    ${probability(correctnessFailure)}`,
  ]
}

/** What to write into a round's configuration. */
function settings(parameters: GraphParameters, isPrivate: boolean): string[] {
  const { graph, adversary, neighbors, threshold, corruptClients, minimumPresent, survivors } = parameters
  const cohort = isPrivate ? ` and minimumCohort ${survivors}` : ''
  if (graph === 'complete') {
    const corrupt =
      adversary === 'active' ? `${isPrivate ? ',' : ' and'} corruptClients ${corruptClients}` : ''
    return [`Configure threshold ${threshold}${corrupt}${cohort}.`]
  }
  const { corruptFraction, dropoutFraction } = parameters
  const own = minimumPresent - Math.floor(minimumPresent * dropoutFraction)
  return [
    `Configure graph { neighbors: ${neighbors}, assumptions: { corruptFraction: ${corruptFraction}, ` +
      `dropoutFraction: ${dropoutFraction} } }, threshold ${threshold}` +
      (isPrivate ? `${cohort}.` : ` and a minimumCohort that you choose, such as ${own}.`),
  ]
}

function advice(parameters: GraphParameters, isPrivate: boolean): string[] {
  const { clients, threshold, maximumThreshold, minimumPresent } = parameters
  return [
    ...settings(parameters, isPrivate),
    'The server and the clients configure the same; a client can check that against its own assumptions.',
    maximumThreshold > threshold
      ? `Thresholds up to ${maximumThreshold} work as well: more holders have to be corrupted, and fewer may drop out.`
      : 'No other threshold works.',
    `Go on only if ${minimumPresent < clients ? `at least ${minimumPresent}` : 'all'} clients have sent their keys; with fewer, none of ` +
      'this is proven.',
  ]
}

function probability(log2: number): string {
  if (log2 === Number.NEGATIVE_INFINITY) return 'never'
  return `at most 2^${log2.toFixed(1)}`
}

/** What the noise gives, and what it rests on. */
function promised({ survivors, corruptClients }: GraphParameters, privacy: PrivacyParameters): string[] {
  const { minimumHonest } = privacy
  return [
    privacyHeadline(privacy),
    ...promise(privacy, survivors),
    `The noise is sized for ${minimumHonest} honest clients: ${survivors} that are left, ${corruptClients} of them corrupt. ` +
      'With a smaller minimumCohort ε does not hold.',
  ]
}
