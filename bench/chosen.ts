// Usage: npm run bench:chosen [-- --clients 1000 --length 100000 --samples 2 --timed 10] [--only ratios|large]
// Rounds in which clients choose their holders, in multiples of the same round on the complete graph, and on the sparse graph
// against a server that follows the protocol; and a large simulated round.
import { parseArgs } from 'node:util'
import { type AdversaryModel, chooseParameters } from 'secagg'
import { type RoundShape, type TimedRound, timeRound } from './round.js'
import { simulateInProcess } from './whole-process.js'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    length: { type: 'string', default: '100000' },
    samples: { type: 'string', default: '2' },
    timed: { type: 'string', default: '10' },
    only: { type: 'string' },
  },
})
const [clients, length, samples, timed] = [values.clients, values.length, values.samples, values.timed].map(
  Number,
) as [number, number, number, number]

/** What the sparse graphs are to withstand, and how many clients drop out before they send their vector. */
const ASSUMPTIONS = { corruptFraction: 0.05, dropoutFraction: 0.05 } as const
const DROPOUTS = 0.05

function parametersFor(adversary: AdversaryModel, count: number): NonNullable<RoundShape['sparse']> {
  const { neighbors, threshold } = chooseParameters({ clients: count, adversary, ...ASSUMPTIONS })
  return { neighbors, threshold }
}

/** The least of some samples, as what else the machine does only adds to it. */
interface Costs {
  readonly clientMs: number
  readonly serverMs: number
  /** What one client sends and receives, without its vector. */
  readonly controlBytes: number
}

function leastOf(rounds: readonly TimedRound[]): Costs {
  return {
    clientMs: Math.min(...rounds.map(({ client }) => client.ms)),
    serverMs: Math.min(...rounds.map(({ server }) => server.ms)),
    controlBytes: Math.min(...rounds.map(({ client }) => client.bytes)) - 4 * length,
  }
}

async function compare(): Promise<void> {
  const common = { clients, length, dropouts: DROPOUTS }
  const chosen = parametersFor('active', clients)
  const curious = parametersFor('honest-but-curious', clients)
  const shapes: readonly (readonly [name: string, shape: RoundShape])[] = [
    ['active, holders that clients choose', { ...common, adversary: 'active', sparse: chosen }],
    ['active, complete graph', { ...common, adversary: 'active' }],
    ['honest-but-curious, sparse graph', { ...common, sparse: curious }],
  ]
  console.log(`${clients} clients, ${length} elements of 32 bits, ${100 * DROPOUTS} % drop out`)
  console.log(`active: k = ${chosen.neighbors}, t = ${chosen.threshold}`)
  console.log(`honest-but-curious: k = ${curious.neighbors}, t = ${curious.threshold}`)
  const rounds = shapes.map((): TimedRound[] => [])
  // So that no round is the first of its process.
  for (const [, shape] of shapes) await timeRound({ ...shape, clients: Math.min(clients, 200) }, timed)
  // In turn, so that what else the machine does falls on all of them alike.
  for (let sample = 0; sample < samples; sample++) {
    for (const [index, [, shape]] of shapes.entries()) rounds[index]!.push(await timeRound(shape, timed))
  }
  const costs = rounds.map(leastOf)
  for (const [index, [name]] of shapes.entries()) {
    const { clientMs, serverMs, controlBytes } = costs[index]!
    const ratio = (part: keyof Costs): string => `${(costs[0]![part] / costs[index]![part]).toFixed(3)} ×`
    console.log(
      [
        `  ${name.padEnd(36)} client ${clientMs.toFixed(1)} ms, server ${serverMs.toFixed(0)} ms, control ${controlBytes} bytes`,
        `    the first is ${ratio('clientMs')} client, ${ratio('serverMs')} server, ${ratio('controlBytes')} control`,
        `    by phase: ${phasesOf(rounds[index]!)}`,
      ].join('\n'),
    )
  }
}

/** Client and server in each phase, the last sample. */
function phasesOf(rounds: readonly TimedRound[]): string {
  const { client, server } = rounds.at(-1)!
  return Object.entries(client.msByRound)
    .map(([phase, ms]) => {
      const atServer = server.msByRound[phase as keyof typeof server.msByRound] ?? 0
      return `${phase} ${ms.toFixed(1)} / ${atServer.toFixed(0)} ms`
    })
    .join(', ')
}

function large(): void {
  const shape = {
    clients: 10_000,
    length: 10_000,
    adversary: 'active',
    dropouts: 500,
    heapMebibytes: 1400,
  } as const
  const parameters = parametersFor('active', shape.clients)
  const { seconds, peakBytes, exact, clientMs, serverMs } = simulateInProcess({ ...shape, ...parameters })
  const mebibytes = (peakBytes / 2 ** 20).toFixed(0)
  console.log(
    `${shape.clients} clients, ${shape.length} elements, ${shape.dropouts} drop out, k = ${parameters.neighbors}, t = ${parameters.threshold}`,
  )
  console.log(
    `  ${seconds.toFixed(1)} s, ${mebibytes} MiB, client ${clientMs.toFixed(1)} ms, server ${serverMs.toFixed(0)} ms, sum ${exact ? 'exact' : 'WRONG'}`,
  )
}

if (values.only !== 'large') await compare()
if (values.only !== 'ratios') large()
