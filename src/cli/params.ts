import process from 'node:process'
import { atMost } from '../federated/explanation.js'
import type { Assumptions } from '../graph/chooser/assumptions.js'
import { chooseParameters, type GraphParameters } from '../graph/chooser/parameters.js'
import { choosePrivacy, type PrivacyParameters, type PrivacyTarget } from '../privacy/index.js'
import {
  fraction,
  inOptions,
  oneOf,
  page,
  probability,
  readOptions,
  realNumber,
  required,
  UsageProblem,
  wholeNumber,
} from './options.js'
import {
  DETAILS,
  numbers,
  headline as privacyHeadline,
  warnings as privacyWarnings,
  promise,
} from './privacy.js'

export const PARAMS_USAGE = `Usage: secagg params --clients N [OPTIONS]

Chooses how many neighbors a client needs and how many of them must answer, and says what is then proven. With a
privacy target, chooses also how much noise the clients add.

  --clients N            number of clients, 2 to 100000000
  --dropout F            part of the clients that may drop out, 0 to below 1 (default 0.05)
  --corrupt F            part of the clients that may collude with the server, 0 to below 1 (default 0.05)
  --adversary MODEL      what the server may do: honest-but-curious (default) follows the protocol, active does
                         anything
  --security-bits B      privacy fails with probability at most 2^-B in a round, 1 to 256 (default 40)
  --correctness-bits B   a round fails for want of answers with probability at most 2^-B, 1 to 256 (default 20)

  --epsilon E            the privacy target: at most this over all rounds, 0.001 to 1000
  --delta D              the probability with which epsilon may not hold; well below 1/N
  --rounds T             in how many rounds a client takes part (default 1)
  --length M             values of an update, 1 to 1073741824
  --clip C               L2 norm that an update is clipped to
  --bits B               bits of an element of the sum, 1 to 32 (default: as many as hardly cost any noise)
  --distribution NAME    of the noise: skellam (default) or discrete-gaussian

  --details              explain every number of the noise
  --json                 print one JSON object instead of the explanation

In JSON, failures are base-2 logarithms of probabilities, and null is one of zero. Exit code 2 for bad options and
for what no parameters can give.
`

/** What the options are called where the library speaks of them. */
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
      : paramsPage(parameters, privacy, details),
  )
}

/** The noise is sized for the honest ones of as many clients as are left after all dropouts. */
function cohortOf({ clients, survivors, corruptClients }: GraphParameters): {
  readonly clients: number
  readonly minimumHonest: number
} {
  return { clients, minimumHonest: survivors - corruptClients }
}

function noted({ survivors }: GraphParameters, privacy: PrivacyParameters | undefined): object {
  return privacy === undefined ? {} : { minimumCohort: survivors, privacy }
}

/** A target that does not know its cohort yet. */
type Target = Omit<PrivacyTarget, 'clients' | 'minimumHonest'>

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
  const assumptions: Assumptions = {
    clients: wholeNumber('clients', required('params', 'clients', values.clients), 2, 1e8),
    dropoutFraction: fraction('dropout', values.dropout),
    corruptFraction: fraction('corrupt', values.corrupt),
    adversary: oneOf('adversary', values.adversary, ['honest-but-curious', 'active']),
    statisticalSecurity: wholeNumber('security-bits', values['security-bits'], 1, 256),
    correctness: wholeNumber('correctness-bits', values['correctness-bits'], 1, 256),
  }
  return { assumptions, target: targetOf(values), details: values.details, json: values.json }
}

const TARGET_OPTIONS = ['delta', 'rounds', 'length', 'clip', 'bits', 'distribution'] as const

function targetOf(
  values: Readonly<Partial<Record<(typeof TARGET_OPTIONS)[number] | 'epsilon', string>>>,
): Target | undefined {
  const { epsilon, rounds = '1', bits, distribution = 'skellam' } = values
  if (epsilon === undefined) {
    const stray = TARGET_OPTIONS.find((option) => values[option] !== undefined)
    if (stray !== undefined)
      throw new UsageProblem(`--${stray} is part of a privacy target and needs --epsilon`)
    return undefined
  }
  const given = (option: 'delta' | 'length' | 'clip'): string => required('params', option, values[option])
  return {
    epsilon: realNumber('epsilon', epsilon, 1e-3, 1e3),
    delta: probability('delta', given('delta')),
    rounds: wholeNumber('rounds', rounds, 1, 1e9),
    length: wholeNumber('length', given('length'), 1, 2 ** 30),
    clip: realNumber('clip', given('clip'), 1e-30, 1e30),
    bits: bits === undefined ? undefined : wholeNumber('bits', bits, 1, 32),
    distribution: oneOf('distribution', distribution, ['skellam', 'discrete-gaussian']),
  }
}

/** The parameters for people: what they are, what is proven, what to do with them. One function a section. */
export function paramsPage(
  parameters: GraphParameters,
  privacy: PrivacyParameters | undefined,
  details: boolean,
): string {
  const { warnings } = parameters
  return page([
    [graphHeadline(parameters)],
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

function graphHeadline({ graph, clients, neighbors, threshold }: GraphParameters): string {
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
    `  the server learns more than the sum              ${powerOfTwo(total)}`,
    `    because the honest clients fall into groups    ${powerOfTwo(connectivity)}`,
    `    because a client has too many corrupt holders  ${powerOfTwo(threshold)}`,
    `  the sum is lost: a client has too few holders    ${powerOfTwo(correctnessFailure)}`,
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

function powerOfTwo(log2: number): string {
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
