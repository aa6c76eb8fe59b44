import { createHash } from 'node:crypto'
import { PHASES } from 'secagg'
import { privacySpent, type RoundPlan } from 'secagg/federated'
import { modelToBytes, PARAMETERS } from './model.js'
import { partsOf, type Setup, type TrainedRound } from './training.js'

/** Prints what the demo will do. */
export function printHeader(setup: Setup, plan: RoundPlan, cryptoName: string): void {
  const { privacy, explanation, warnings } = plan
  const { clients, rounds, seed, training, local } = setup
  const sizes = partsOf(setup).map(({ length }) => length)
  const range = `${whole(Math.min(...sizes))} to ${whole(Math.max(...sizes))}`
  const update = privacy === undefined ? 'multiplied by its number of images' : 'clipped and with noise'
  console.log(`
Federated learning of handwritten digits with secure aggregation${privacy === undefined ? '' : ' and differential privacy'}

${clients} clients hold ${whole(training.count)} MNIST images, ${range} each, which they keep to themselves. In each of ${rounds} rounds,
every client trains the model on its own images, and sends the change of the model, ${update}.
The change is masked: the server learns only the sums, and which clients took part.

model         784-32-10 network, ${whole(PARAMETERS)} parameters, ${kibibytes(4 * PARAMETERS)}
training      epochs: ${local.epochs}, batch: ${local.batch}, learning rate: ${local.learningRate}
cryptography  ${cryptoName}
seed          ${seed}, for the split, the initial model, the order of training and the dropouts; not for keys and noise

The plan, which every client has derived independently:
${[...explanation, ...warnings.map((warning) => `Warning: ${warning}`)].map((line) => wrapped(`- ${line}`)).join('\n')}
`)
}

export function printTableHead({ privacy }: RoundPlan): void {
  console.log(row(COLUMNS, privacy === undefined ? [] : ['ε spent']))
}

/** One line for a round of secure aggregation. */
export function printRound(trained: TrainedRound, plan: RoundPlan): void {
  const { round, accuracy, result, dropouts, clipped, seconds, trainingSeconds, traffic = [] } = trained
  const drops = PHASES.map((phase) => [...dropouts.values()].filter((each) => each === phase).length)
  const cells = [
    `${round}`,
    percent(accuracy),
    `${result.survivors.length}`,
    `${dropouts.size} (${drops.join(' ')})`,
    kibibytes(median(traffic.map(({ up }) => up))),
    kibibytes(median(traffic.map(({ down }) => down))),
    `${clipped}`,
    `${seconds.toFixed(1)} s`,
    `${trainingSeconds.toFixed(1)} s`,
  ]
  const spent = plan.privacy === undefined ? [] : [privacySpent(plan, round).epsilon.toFixed(3)]
  console.log(row(cells, spent))
}

/** Explains the table, and shows a few numbers as a client sees them and as the server sees them. */
export function printWhatTheServerSaw({ specimen, sum, round }: TrainedRound, { privacy }: RoundPlan): void {
  console.log(`
survivors  clients whose update is in the sum, even if they dropped out afterwards
dropouts   clients that dropped out: all, and in each phase (${PHASES.join(', ')})
sent       median per client that stayed; the same for received, which does not include the model
clipped    survivors whose update was clipped; the server does not learn this
time       of all parties, one after the other in this process; training is the clients' part of it${
    privacy === undefined
      ? ''
      : `
ε spent    ε of all rounds so far, at δ = ${privacy.delta} (neighbors: add or remove one client)`
  }`)
  if (specimen === undefined) return
  const { seat, from, held, sent } = specimen
  const total = Array.from(sum[0]!.subarray(from, from + held.length), Number)
  const kind = privacy === undefined ? 'as whole numbers' : 'rotated, rounded and with noise'
  console.log(`
What the server saw of client ${seat} in round ${round}, elements ${whole(from)} to ${whole(from + held.length - 1)}, ${kind}
  the client holds   ${numbers(held)}
  the client sends   ${numbers(sent)}  masked: looks random
  the server learns  ${numbers(total)}  the sum of all survivors
`)
}

/** One line for a round in the clear. */
export function printCompared({ round, accuracy, seconds }: TrainedRound, verdict: string): void {
  console.log(`  round ${round}: ${percent(accuracy)}${verdict} (${seconds.toFixed(1)} s)`)
}

/** Prints the result: the models are identical. */
export function printSummary(
  secure: readonly TrainedRound[],
  clear: readonly TrainedRound[],
  seconds: number,
): void {
  const last = secure.at(-1)!
  console.log(`
SHA-256 of the model
  secure aggregation  ${fingerprint(last)}
  in the clear        ${fingerprint(clear.at(-1)!)}

The two models are identical, bit for bit. They recognize ${percent(last.accuracy)} of the test images.

${costs(secure, seconds)}`)
}

/** Prints the result with differential privacy: how much accuracy it costs. */
export function printPrivacySummary(
  secure: readonly TrainedRound[],
  clear: readonly TrainedRound[],
  plan: RoundPlan,
  seconds: number,
): void {
  const [last, other] = [secure.at(-1)!, clear.at(-1)!]
  const lost = 100 * (other.accuracy - last.accuracy)
  const single = privacySpent(plan, 1)
  const all = privacySpent(plan, secure.length)
  console.log(`
ε = ${all.epsilon.toFixed(3)} for all ${secure.length} rounds, and ${single.epsilon.toFixed(3)} for a single round, at δ = ${all.delta} (neighbors: add or remove
one client). This holds against the server and everybody who sees the model.

The accuracy is ${percent(last.accuracy)} with differential privacy and ${percent(other.accuracy)} without: privacy costs ${lost.toFixed(2)} percentage points.
With more clients it costs less, because the noise in the mean decreases with their number.

${costs(secure, seconds)}`)
}

function costs(secure: readonly TrainedRound[], seconds: number): string {
  const traffic = secure.flatMap((round) => round.traffic ?? [])
  const up = median(traffic.map((client) => client.up))
  const down = median(traffic.map((client) => client.down))
  const drops = secure.reduce((sum, { dropouts }) => sum + dropouts.size, 0)
  const protocol = median(secure.map((round) => round.seconds - round.trainingSeconds))
  return `In ${secure.length} rounds, clients dropped out ${drops} times. The server saw only masked vectors and their sums.
In each round, a client sent ${kibibytes(up)}, which is ${(up / (4 * PARAMETERS)).toFixed(2)} times its update in the clear, and received ${kibibytes(down)}
in addition to the model. The protocol took ${protocol.toFixed(1)} s per round for all clients and the server. The demo took ${seconds.toFixed(0)} s.
`
}

function fingerprint({ model }: TrainedRound): string {
  return createHash('sha256').update(modelToBytes(model)).digest('hex')
}

const COLUMNS = [
  'round',
  'accuracy',
  'survivors',
  'dropouts',
  'sent',
  'received',
  'clipped',
  'time',
  'training',
]
const WIDTHS = [5, 8, 9, 14, 10, 9, 7, 6, 8, 7] as const

function row(cells: readonly string[], more: readonly string[]): string {
  return [...cells, ...more].map((cell, index) => cell.padStart(WIDTHS[index]!)).join('  ')
}

/** Breaks a line after at most 100 columns, and indents the rest by two. */
function wrapped(line: string): string {
  return line.replace(/(?=.{101})(.{1,98}) /g, '$1\n  ')
}

function numbers(values: readonly number[]): string {
  return values.map((value) => whole(value).padStart(14)).join('')
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[sorted.length >> 1] ?? 0
}

function whole(value: number): string {
  return value.toLocaleString('en-US')
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`
}
