import type { GraphParameters } from '../graph/chooser/parameters.js'
import type { PrivacyParameters } from '../privacy/index.js'
import { nameOf, numbers, warnings as privacyWarnings } from './privacy-page.js'
import { page } from './prose.js'

/** The parameters for people: what they are, what is proven, what to do with them. One function a section. */
export function paramsPage(parameters: GraphParameters, privacy: PrivacyParameters | undefined): string {
  const { warnings } = parameters
  return page([
    [headline(parameters)],
    supposed(parameters),
    chosen(parameters),
    proven(parameters),
    advice(parameters, privacy !== undefined),
    ...(privacy === undefined ? [] : [promised(parameters, privacy), numbers(privacy)]),
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
  const server = {
    'honest-but-curious': 'follows the protocol but looks at all it gets',
    'semi-malicious': 'follows the protocol but may lie to single clients about who dropped out',
    active: 'may do as it likes',
  }[adversary]
  return [
    `Supposed: the server ${server}, at most ${corruptClients} of the clients collude with it, and at most ` +
      `${dropouts} drop out, which leaves ${survivors}.`,
  ]
}

function chosen({ graph, clients, neighbors, threshold, adversary }: GraphParameters): string[] {
  if (graph === 'complete') {
    const why = adversary === 'active' ? 'the active model needs it' : 'no sparse graph is enough'
    return [
      `Every client shares masks with all others (${why}), and any ${threshold} of the ${clients} can recover a ` +
        'secret of one that dropped out.',
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
    'Left to chance, in one round:',
    `  the server learns more than the sum               ${probability(total)}`,
    `    as the honest clients fall into groups          ${probability(connectivity)}`,
    `    as somebody has too many corrupt share holders  ${probability(threshold)}`,
    `  the sum is lost, as somebody has too few left     ${probability(correctnessFailure)}`,
  ]
}

/** What to write into a round's configuration. */
function settings(parameters: GraphParameters, isPrivate: boolean): string[] {
  const { graph, adversary, neighbors, threshold, corruptClients, leastPresent, survivors } = parameters
  if (adversary === 'semi-malicious') {
    return [
      `For reference: neighbors ${neighbors}, threshold ${threshold}. No round can be configured for this model; against`,
      'a server that lies, use the active model on the complete graph.',
    ]
  }
  const cohort = isPrivate ? ` and minimumCohort ${survivors}` : ''
  if (graph === 'complete') {
    const corrupt =
      adversary === 'active' ? `${isPrivate ? ',' : ' and'} corruptClients ${corruptClients}` : ''
    return [`Configure threshold ${threshold}${corrupt}${cohort}.`]
  }
  const { corruptFraction, dropoutFraction } = parameters
  const own = leastPresent - Math.floor(leastPresent * dropoutFraction)
  return [
    `Configure graph { neighbors: ${neighbors}, assumptions: { corruptFraction: ${corruptFraction}, ` +
      `dropoutFraction: ${dropoutFraction} } }, threshold ${threshold}` +
      (isPrivate ? `${cohort}.` : ` and a minimumCohort of your own, such as ${own}.`),
  ]
}

function advice(parameters: GraphParameters, isPrivate: boolean): string[] {
  const { clients, threshold, greatestThreshold, leastPresent } = parameters
  return [
    ...settings(parameters, isPrivate),
    'Server and clients state the same; a client can check it against assumptions of its own.',
    greatestThreshold > threshold
      ? `Thresholds up to ${greatestThreshold} would do as well: more holders to corrupt, fewer that may drop out.`
      : 'No other threshold would do.',
    leastPresent < clients
      ? `Go on only if at least ${leastPresent} clients have sent their keys; with fewer, this is not proven.`
      : 'Go on only if all clients have sent their keys; with fewer, this is not proven.',
  ]
}

function probability(log2: number): string {
  if (log2 === Number.NEGATIVE_INFINITY) return 'cannot happen'
  return `at most 2^${log2.toFixed(1)}`
}

/** What the noise gives, and what it rests on. */
function promised({ survivors, corruptClients }: GraphParameters, privacy: PrivacyParameters): string[] {
  const { leastHonest, distribution, clients, sumStandardDeviation, clip } = privacy
  const deviation = Number((sumStandardDeviation / Math.sqrt(clients * survivors)).toPrecision(4))
  return [
    `Every client clips its update to an L2 norm of ${clip} and adds ${nameOf(distribution)} noise, sized for the ` +
      `${leastHonest} honest ones of ${survivors} clients (${corruptClients} corrupt): with a smaller minimumCohort ε does ` +
      `not hold. In a mean of ${survivors} updates a value is off by a standard deviation of ${deviation}.`,
  ]
}
