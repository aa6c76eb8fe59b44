import { createHash } from 'node:crypto'
import { ROUNDS } from 'secagg'
import { modelToBytes, PARAMETERS } from './model.js'
import { prepare, type Setup, type TrainedRound, thresholdOf } from './training.js'

/** Says what is about to happen. */
export function printHeader(setup: Setup, cryptoName: string): void {
  const { clients, rounds, seed, training, local, clip } = setup
  const { parts, quantization } = prepare(setup)
  const sizes = parts.map(({ length }) => length)
  const range = `${whole(Math.min(...sizes))} to ${whole(Math.max(...sizes))}`
  const bytes = kibibytes(4 * PARAMETERS)
  console.log(`
Federated learning of handwritten digits with secure aggregation

${clients} clients hold ${whole(training.count)} MNIST images, ${range} each, and show them to nobody.
In each of ${rounds} rounds every client trains the model on its own images and sends how the model changed,
times its number of images. All of that goes out masked: the server learns the sums, and of single clients
only who took part.

model         784-32-10 network, ${whole(PARAMETERS)} parameters, ${bytes}
training      epochs: ${local.epochs}, batch: ${local.batch}, learning rate: ${local.learningRate}; mean weighted by images
quantization  changes cut off at ±${clip}, ${whole(quantization.steps)} steps to each side; 32-bit sums that cannot overflow
protocol      Bonawitz et al. 2017, active adversaries, threshold ${thresholdOf(clients)} of ${clients}, cryptography: ${cryptoName}
seed          ${seed}, for split, initial model, order of training and dropouts; keys are always fresh
`)
}

export function printTableHead(): void {
  const columns = [
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
  console.log(row(columns))
}

/** One line for a round of secure aggregation. */
export function printRound(trained: TrainedRound): void {
  const { round, accuracy, survivors, dropouts, sum, seconds, trainingSeconds, traffic = [] } = trained
  const drops = ROUNDS.map((message) => [...dropouts.values()].filter((each) => each === message).length)
  const line = row([
    `${round}`,
    percent(accuracy),
    `${survivors.length}`,
    `${dropouts.size} (${drops.join(' ')})`,
    kibibytes(median(traffic.map(({ up }) => up))),
    kibibytes(median(traffic.map(({ down }) => down))),
    whole(sum.clipped),
    `${seconds.toFixed(1)} s`,
    `${trainingSeconds.toFixed(1)} s`,
  ])
  console.log(line)
}

/** Explains the table, then shows some numbers as a client and as the server sees them. */
export function printWhatTheServerSaw({ specimen, sum, round }: TrainedRound): void {
  console.log(`
survivors  clients whose update is in the sum, whatever became of them afterwards
dropouts   all, and those lost before each message: ${ROUNDS.join(', ')}
sent       by the median client that stayed; received likewise, the model itself not counted
clipped    changes that were cut off, of all survivors together: a sum like the others
time       of all parties in turn in this one process; training is the clients' part of it`)
  if (specimen === undefined) return
  const { seat, from, held, sent } = specimen
  const total = [...sum.weighted.subarray(from, from + held.length)]
  console.log(`
What the server saw of client ${seat} in round ${round}, parameters ${whole(from)} to ${whole(from + held.length - 1)}
  the client holds  ${numbers(held)}
  the client sends  ${numbers(sent)}  masked: like random numbers
  the server learns ${numbers(total)}  the sum of all survivors
`)
}

/** One line for a round in the clear that was found to be the same. */
export function printCompared({ round, accuracy, seconds }: TrainedRound): void {
  console.log(`  round ${round}: ${percent(accuracy)}, sums and model identical (${seconds.toFixed(1)} s)`)
}

/** What was shown, in the end. */
export function printSummary(
  secure: readonly TrainedRound[],
  clear: readonly TrainedRound[],
  seconds: number,
): void {
  const last = secure.at(-1)!
  const traffic = secure.flatMap((round) => round.traffic ?? [])
  const up = median(traffic.map((client) => client.up))
  const down = median(traffic.map((client) => client.down))
  const drops = secure.reduce((sum, { dropouts }) => sum + dropouts.size, 0)
  const protocol = median(secure.map((round) => round.seconds - round.trainingSeconds))
  console.log(`
SHA-256 of the model
  secure aggregation  ${fingerprint(last)}
  in the clear        ${fingerprint(clear.at(-1)!)}

The two models are identical, bit for bit. They recognize ${percent(last.accuracy)} of the test images, after
${secure.length} rounds in which clients dropped out ${drops} times; the server saw masked vectors and their sums only.
In a round a client sent ${kibibytes(up)}, ${(up / (4 * PARAMETERS)).toFixed(2)} times its update in the clear, and received ${kibibytes(down)}
beside the model. The protocol took ${protocol.toFixed(1)} s per round for all clients and the server; all took ${seconds.toFixed(0)} s.
`)
}

function fingerprint({ model }: TrainedRound): string {
  return createHash('sha256').update(modelToBytes(model)).digest('hex')
}

const WIDTHS = [5, 8, 9, 14, 10, 9, 7, 6, 8] as const

function row(cells: readonly string[]): string {
  return cells.map((cell, index) => cell.padStart(WIDTHS[index]!)).join('  ')
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
