import process from 'node:process'
import { atMost } from '../federated/explanation.js'
import { type Assumptions, MAXIMUM_STRENGTH, partOf } from '../graph/chooser/assumptions.js'
import { chooseParameters, type GraphParameters } from '../graph/chooser/parameters.js'
import { choosePrivacy, type PrivacyParameters } from '../privacy/index.js'
import { fraction, inOptions, oneOf, page, readOptions, required, wholeNumber } from './options.js'
import {
  DETAILS,
  numbers,
  headline as privacyHeadline,
  warnings as privacyWarnings,
  promise,
  type Target,
  targetOf,
} from './privacy.js'

export const PARAMS_USAGE = `Usage: secagg params --clients N [OPTIONS]

Chooses how many neighbors a client needs and how many of them must answer, and shows what is proven for these numbers.
With a privacy target, also chooses how much noise the clients add.

  --clients N            number of clients, 2 to 100000000
  --dropout F            fraction of the clients that may drop out, at least 0 and below 1 (default 0.05)
  --corrupt F            fraction of the clients that may collude with the server, at least 0 and below 1
                         (default 0.05)
  --adversary MODEL      honest-but-curious (default): the server follows the protocol; or active: it may do anything
  --graph KIND           sparse or complete (default: the one with less work)
  --minimum H            minimum number of honest clients in a sum, active model on the sparse graph (default: more than N/2)
  --security-bits B      privacy fails in a round with probability at most 2^-B, 1 to 256 (default 40)
  --correctness-bits B   a round gets too few answers with probability at most 2^-B, 1 to 256 (default 20)

  --epsilon E            privacy target: the maximum epsilon over all rounds, 0.001 to 1000
  --delta D              probability that epsilon does not hold; choose it well below 1/N
  --rounds T             number of rounds in which a client takes part (default 1)
  --length M             number of values in an update, 1 to 1073741824
  --clip C               L2 norm to which an update is clipped
  --bits B               bits of an element of the sum, 1 to 32 (default: enough that rounding adds hardly any noise)
  --distribution NAME    distribution of the noise: skellam (default) or discrete-gaussian

  --details              explain every number of the noise
  --json                 print one JSON object instead of the explanation

In JSON, failure probabilities are base-2 logarithms; null stands for a probability of zero. The exit code is 2 if options
are wrong, or if no parameters meet them.
`

/** The options to which parameters of the library correspond. */
const NAMES = {
  corruptFraction: '--corrupt',
  dropoutFraction: '--dropout',
  statisticalSecurity: '--security-bits',
}

/** `secagg params`. */
export async function paramsCommand(args: readonly string[]): Promise<void> {
  const { assumptions, target, details, json } = parse(args)
  const parameters = inOptions(NAMES, () => chooseParameters(assumptions))
  const privacy = target && inOptions(NAMES, () => choosePrivacy({ ...target, ...cohortOf(parameters) }))
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...parameters, ...noted(parameters, privacy) })}\n`
      : paramsPage(parameters, privacy, details, assumptions.graph),
  )
}

/** The noise of the honest clients in a sum of the minimum cohort must be enough. */
function cohortOf(parameters: GraphParameters): {
  readonly clients: number
  readonly minimumHonest: number
} {
  return {
    clients: parameters.clients,
    minimumHonest: minimumCohortOf(parameters) - parameters.corruptClients,
  }
}

/** All clients that are left, but if clients choose their holders, at most the proven honest inputs plus all corrupt clients. */
function minimumCohortOf({ survivors, minimumHonest, corruptClients }: GraphParameters): number {
  return minimumHonest === undefined ? survivors : Math.min(minimumHonest + corruptClients, survivors)
}

function noted(parameters: GraphParameters, privacy: PrivacyParameters | undefined): object {
  return privacy === undefined ? {} : { minimumCohort: minimumCohortOf(parameters), privacy }
}

function parse(args: readonly string[]): {
  readonly assumptions: Assumptions
  readonly target: Target | undefined
  readonly details: boolean
  readonly json: boolean
} {
  const values = readOptions('params', args, {
    clients: { type: 'string' },
    dropout: { type: 'string', default: '0.05' },
    corrupt: { type: 'string', default: '0.05' },
    adversary: { type: 'string', default: 'honest-but-curious' },
    graph: { type: 'string' },
    minimum: { type: 'string', default: '0' },
    'security-bits': { type: 'string', default: '40' },
    'correctness-bits': { type: 'string', default: '20' },
    epsilon: { type: 'string' },
    delta: { type: 'string' },
    rounds: { type: 'string' },
    length: { type: 'string' },
    clip: { type: 'string' },
    bits: { type: 'string' },
    distribution: { type: 'string' },
    details: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  })
  const clients = wholeNumber('clients', required('params', 'clients', values.clients), 2, 1e8)
  const assumptions: Assumptions = {
    clients,
    minimumHonest: wholeNumber('minimum', values.minimum, 0, clients),
    dropoutFraction: fraction('dropout', values.dropout),
    corruptFraction: fraction('corrupt', values.corrupt),
    adversary: oneOf('adversary', values.adversary, ['honest-but-curious', 'active']),
    graph: values.graph === undefined ? undefined : oneOf('graph', values.graph, ['sparse', 'complete']),
    statisticalSecurity: wholeNumber('security-bits', values['security-bits'], 1, MAXIMUM_STRENGTH),
    correctness: wholeNumber('correctness-bits', values['correctness-bits'], 1, MAXIMUM_STRENGTH),
  }
  return { assumptions, target: targetOf(values), details: values.details, json: values.json }
}

/** Explains the parameters: what they are, what is proven, and how to use them. Each section has its own function. */
export function paramsPage(
  parameters: GraphParameters,
  privacy: PrivacyParameters | undefined,
  details: boolean,
  requested: Assumptions['graph'],
): string {
  const { warnings } = parameters
  return page([
    [graphHeadline(parameters)],
    supposed(parameters),
    chosen(parameters, requested === 'complete'),
    proven(parameters),
    advice(parameters, privacy !== undefined),
    ...(privacy === undefined ? [] : [promised(parameters, privacy), details ? numbers(privacy) : [DETAILS]]),
    [
      ...warnings.map((warning) => `Warning: ${warning}`),
      ...(privacy === undefined ? [] : privacyWarnings(privacy)),
    ],
  ])
}

function graphHeadline({ graph, clients, neighbors, threshold }: GraphParameters): string {
  return graph === 'sparse'
    ? `${clients} clients, sparse graph, ${neighbors} neighbors, threshold ${threshold}`
    : `${clients} clients, complete graph, threshold ${threshold}`
}

function supposed({ corruptClients, dropouts, survivors, adversary }: GraphParameters): string[] {
  const server =
    adversary === 'active' ? 'may do anything' : 'follows the protocol but looks at everything it receives'
  return [
    `Assumptions: the server ${server}, ${atMost(corruptClients, 'of the clients', 'collude')} with it, and ` +
      `${atMost(dropouts, '', 'drop')} out, which leaves ${survivors}.`,
  ]
}

function chosen(parameters: GraphParameters, isRequested: boolean): string[] {
  const { graph, clients, neighbors, threshold, adversary } = parameters
  if (graph === 'complete') {
    const why = isRequested ? 'as requested' : 'no sparse graph meets the requirements with less work'
    const others = clients === 2 ? 'the other one' : 'all others'
    const able = threshold === clients ? `only all ${clients} together` : `any ${threshold} of the ${clients}`
    return [
      `Every client shares masks with ${others} (${why}). If a client drops out, ${able} can recover its secret.`,
    ]
  }
  if (adversary === 'active') {
    return [
      `Each client chooses ${neighbors} of the ${clients - 1} others at random as holders of shares of its secrets. Any ` +
        `${threshold} of them can recover one of its secrets. A client shares masks with its holders and with the clients ` +
        'that have chosen it.',
    ]
  }
  return [
    `The clients form a random ring. Each client shares masks and secrets with ${neighbors} neighbors, ` +
      `${neighbors / 2} on each side, instead of all ${clients - 1} others. Any ${threshold} of them can recover one of ` +
      'its secrets.',
  ]
}

function proven(parameters: GraphParameters): string[] {
  const { securityFailure, correctnessFailure, minimumHonest } = parameters
  const { connectivity, threshold, total } = securityFailure
  if (minimumHonest !== undefined) {
    return [
      `Even a server that lies, and that sees all choices before it decides who drops out, learns at most one sum, of at least ` +
        `${minimumHonest} honest inputs. What can go wrong by chance in one round, and with which probability:`,
      `  the server learns more than that               ${powerOfTwo(total)}`,
      `    because it learns a sum of fewer inputs      ${powerOfTwo(connectivity)}`,
      `    because it learns both secrets of a client   ${powerOfTwo(threshold)}`,
      `  the sum is lost: a client has too few holders  ${powerOfTwo(correctnessFailure)}`,
    ]
  }
  return [
    'What can go wrong by chance in one round, and with which probability:',
    `  the server learns more than the sum              ${powerOfTwo(total)}`,
    `    because the honest clients fall into groups    ${powerOfTwo(connectivity)}`,
    `    because a client has too many corrupt holders  ${powerOfTwo(threshold)}`,
    `  the sum is lost: a client has too few holders    ${powerOfTwo(correctnessFailure)}`,
  ]
}

/** The settings for the configuration of a round. */
function settings(parameters: GraphParameters, isPrivate: boolean): string[] {
  const { graph, adversary, neighbors, threshold, corruptClients, minimumPresent } = parameters
  const minimumCohort = minimumCohortOf(parameters)
  const cohort = isPrivate ? ` and minimumCohort ${minimumCohort}` : ''
  if (graph === 'complete') {
    const corrupt =
      adversary === 'active' ? `${isPrivate ? ',' : ' and'} corruptClients ${corruptClients}` : ''
    return [`Configure threshold ${threshold}${corrupt}${cohort}.`]
  }
  const { corruptFraction, dropoutFraction, statisticalSecurity } = parameters
  const security = statisticalSecurity === 40 ? '' : `, statisticalSecurity: ${statisticalSecurity}`
  const own =
    adversary === 'active'
      ? `of at most ${minimumCohort}`
      : `that you choose, such as ${minimumPresent - partOf(minimumPresent, dropoutFraction)}`
  return [
    `Configure graph { neighbors: ${neighbors}, assumptions: { corruptFraction: ${corruptFraction}, ` +
      `dropoutFraction: ${dropoutFraction}${security} } }, threshold ${threshold}` +
      (isPrivate ? `${cohort}.` : ` and a minimumCohort ${own}.`),
  ]
}

function advice(parameters: GraphParameters, isPrivate: boolean): string[] {
  const { clients, threshold, maximumThreshold, minimumPresent, minimumHonest } = parameters
  return [
    ...settings(parameters, isPrivate),
    'Use the same configuration on the server and on the clients. A client can check it against its own assumptions.',
    maximumThreshold > threshold
      ? `Thresholds up to ${maximumThreshold} work as well. With a higher one, an attacker must corrupt more holders, and fewer holders may drop out.`
      : 'With a higher threshold, the sum would be lost too often; with a lower one, too much could be learned.',
    `Continue after the first phase only if ${minimumPresent < clients ? `at least ${minimumPresent}` : 'all'} clients have sent their keys. ` +
      (minimumHonest === undefined
        ? 'With fewer clients, these probabilities do not hold.'
        : `With fewer clients, a sum cannot have ${minimumHonest} honest inputs.`),
  ]
}

function powerOfTwo(log2: number): string {
  if (log2 === Number.NEGATIVE_INFINITY) return 'never'
  return `at most 2^${log2.toFixed(1)}`
}

/** The guarantee of the noise, and the assumptions that it depends on. */
function promised(parameters: GraphParameters, privacy: PrivacyParameters): string[] {
  const { survivors, corruptClients } = parameters
  const { minimumHonest } = privacy
  if (parameters.minimumHonest !== undefined) {
    return [
      privacyHeadline(privacy),
      ...promise(privacy, survivors),
      `The noise is sized for ${minimumHonest} honest clients, the number that is proven for every sum. On the complete graph ` +
        `(--graph complete) it would be sized for ${survivors - corruptClients}.`,
    ]
  }
  return [
    privacyHeadline(privacy),
    ...promise(privacy, survivors),
    `The noise is sized for ${minimumHonest} honest clients: ${survivors} are left, of which ${corruptClients} are corrupt. ` +
      'With a smaller minimumCohort, ε does not hold.',
  ]
}
