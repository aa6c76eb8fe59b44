import process from 'node:process'
import { parseArgs } from 'node:util'
import type { Assumptions } from '../graph/cohort.js'
import { chooseParameters, type GraphParameters } from '../graph/parameters.js'
import { oneOf, UsageProblem, wholeNumber } from './options.js'

export const PARAMS_USAGE = `Usage: secagg params --clients N [OPTIONS]

Chooses how many neighbors a client needs and how many of them must answer, and says what is then proven.

  --clients N            number of clients, 2 to 100000000
  --dropout F            part of the clients that may drop out, 0 to below 1 (default 0.05)
  --corrupt F            part of the clients that may collude with the server, 0 to below 1 (default 0.05)
  --adversary MODEL      what the server may do: honest-but-curious (default) follows the protocol,
                         semi-malicious may lie to single clients about dropouts, active does anything
  --security-bits B      privacy fails with probability at most 2^-B in a round, 1 to 256 (default 40)
  --correctness-bits B   a round fails for want of answers with probability at most 2^-B, 1 to 256 (default 20)
  --json                 print one JSON object instead of the explanation

In JSON, failures are base-2 logarithms of probabilities, and null is one of zero. Exit code 2 for bad options and
for what no parameters can give.
`

/** \`secagg params\`. */
export async function paramsCommand(args: readonly string[]): Promise<void> {
  const { assumptions, json } = parse(args)
  const parameters = chooseParameters(assumptions)
  process.stdout.write(json ? `${JSON.stringify(parameters)}\n` : explanation(parameters))
}

function parse(args: readonly string[]): { assumptions: Assumptions; json: boolean } {
  const values = readArguments(args)
  if (values.clients === undefined) throw new UsageProblem('--clients is missing; see secagg params --help')
  const assumptions: Assumptions = {
    clients: wholeNumber('clients', values.clients, 2, 1e8),
    dropoutFraction: fraction('dropout', values.dropout),
    corruptFraction: fraction('corrupt', values.corrupt),
    adversary: oneOf('adversary', values.adversary, ['honest-but-curious', 'semi-malicious', 'active']),
    statisticalSecurity: wholeNumber('security-bits', values['security-bits'], 1, 256),
    correctness: wholeNumber('correctness-bits', values['correctness-bits'], 1, 256),
  }
  return { assumptions, json: values.json }
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        clients: { type: 'string' },
        dropout: { type: 'string', default: '0.05' },
        corrupt: { type: 'string', default: '0.05' },
        adversary: { type: 'string', default: 'honest-but-curious' },
        'security-bits': { type: 'string', default: '40' },
        'correctness-bits': { type: 'string', default: '20' },
        json: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    // Only the first sentence: Node adds advice on positional arguments that do not exist here.
    const [problem = 'bad options'] = (error as Error).message.split('. ')
    throw new UsageProblem(`${problem}; see secagg params --help`)
  }
}

/** A decimal number from 0 to below 1. */
function fraction(option: string, text: string): number {
  const value = /^(0|0?\.\d{1,15}|0\.)$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= 0 && value < 1)) {
    const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
    throw new UsageProblem(`--${option} takes a fraction from 0 to below 1, such as 0.05, not ${shown}`)
  }
  return value
}

/** The parameters for people: what they are, what is proven, what to do with them. One function a section. */
function explanation(parameters: GraphParameters): string {
  const { warnings } = parameters
  const sections = [
    [headline(parameters)],
    supposed(parameters),
    chosen(parameters),
    proven(parameters),
    advice(parameters),
    warnings.map((warning) => `Warning: ${warning}`),
  ]
  const filled = sections.filter((lines) => lines.length > 0)
  return `${filled.map((lines) => lines.map(wrapped).join('\n')).join('\n\n')}\n`
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
function settings(parameters: GraphParameters): string[] {
  const { graph, adversary, neighbors, threshold, corruptClients, leastPresent } = parameters
  if (adversary === 'semi-malicious') {
    return [
      `For reference: neighbors ${neighbors}, threshold ${threshold}. No round can be configured for this model; against`,
      'a server that lies, use the active model on the complete graph.',
    ]
  }
  if (graph === 'complete') {
    const corrupt = adversary === 'active' ? ` and corruptClients ${corruptClients}` : ''
    return [`Configure threshold ${threshold}${corrupt}.`]
  }
  const { corruptFraction, dropoutFraction } = parameters
  return [
    `Configure graph { neighbors: ${neighbors}, assumptions: { corruptFraction: ${corruptFraction}, ` +
      `dropoutFraction: ${dropoutFraction} } }, threshold ${threshold} and a minimumCohort of your own, such as ` +
      `${leastPresent - Math.floor(leastPresent * dropoutFraction)}.`,
  ]
}

function advice(parameters: GraphParameters): string[] {
  const { clients, threshold, greatestThreshold, leastPresent } = parameters
  return [
    ...settings(parameters),
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

/** Breaks a line of prose at 100 columns; tables are narrower. */
function wrapped(line: string): string {
  return line.replace(/(?=.{101})(.{1,100}) /g, '$1\n')
}
