// Usage: npm run bench [-- --json FILE] [--full] [--only PART,…] [--samples COUNT] [--seconds SECONDS]
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { entryMoves } from './entries.js'
import { freePiece, maskPlans, rawKeystream } from './mask-kernel.js'
import { measure, type Result } from './measure.js'
import { packings } from './packing.js'
import type { BenchReport } from './report/tables.js'
import { DROPOUTS, type PartyResult, type RoundResult, roundResult, SIZES } from './rounds.js'
import { agreements, sharings } from './secrets.js'
import { traffic } from './traffic.js'
import { type ProcessResult, simulateInProcess } from './whole-process.js'
import { onThreads, speedUps } from './workers.js'

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    samples: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '60' },
  },
})
const limits = { samples: Number(values.samples), seconds: Number(values.seconds) }
const timedClients = values.full ? Number.POSITIVE_INFINITY : 10
const parts = values.only?.split(',')
const wants = (part: string): boolean => parts?.includes(part) ?? true

const report: BenchReport = {
  machine: { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length },
  timedClients: values.full ? 'all' : timedClients,
  micro: {},
  rounds: [],
  growth: {},
  traffic: [],
  memory: [],
  slices: [],
  large: [],
}

const micro = {
  masks: {
    title: 'Masks: 100 terms on 4 MiB of lanes (2^20 elements of 32 bits), one thread; a term',
    candidates: async () => [rawKeystream(100), rawKeystream(100, freePiece), ...maskPlans()],
  },
  workers: {
    title: 'Masks on threads, the same plan; a term',
    candidates: onThreads,
  },
  packing: {
    title: 'Packing: 4 MiB of lanes, beside the keystream of one mask; a vector',
    candidates: async () => [rawKeystream(1, freePiece), ...packings()],
  },
  agreement: { title: 'Key agreement; a peer', candidates: async () => agreements() },
  entries: {
    title: 'Entries of a round as messages, n 500, complete graph; a thousand',
    candidates: async () => entryMoves(500),
  },
  sparseEntries: {
    title: 'The same on the sparse graph, n 5000, k 34; a thousand',
    candidates: async () => entryMoves(5000, 34),
  },
  shamir: { title: 'Shamir: secrets of 32 bytes; a secret', candidates: async () => sharings() },
}

for (const [part, { title, candidates }] of Object.entries(micro)) {
  if (!wants(part)) continue
  const results = await measure(await candidates(), limits)
  report.micro[part] = { title, results }
  console.log([title, ...results.map(line), ''].join('\n'))
  if (part === 'workers') console.log('  faster on two threads by', speedUps(results), '\n')
}

if (wants('rounds')) {
  // So that no round is the first of its process.
  await roundResult('complete', { clients: 100, length: 1e5, dropouts: 0.1 }, 10)
  console.log(
    'Whole rounds: processor time, and its ratio to masks, agreements and splits alone (to a keystream with its pieces freed)',
  )
  for (const graph of ['complete', 'sparse'] as const) {
    for (const size of SIZES) {
      for (const dropouts of DROPOUTS) {
        const result = await roundResult(graph, { ...size, dropouts }, timedClients)
        report.rounds.push(result)
        console.log(roundLine(result))
      }
    }
  }
}

if (wants('growth')) {
  const grow = async (
    name: string,
    shapes: readonly { clients: number; length: number; dropouts: number }[],
  ): Promise<void> => {
    console.log(`\nGrowth with ${name}`)
    for (const graph of ['complete', 'sparse'] as const) {
      for (const shape of shapes) {
        const result = await roundResult(graph, shape, timedClients)
        report.growth[name] = [...(report.growth[name] ?? []), result]
        console.log(roundLine(result))
      }
    }
  }
  const base = { clients: 100, length: 1e5, dropouts: 0.1 }
  await grow(
    'clients',
    [50, 100, 200, 400].map((clients) => ({ ...base, clients })),
  )
  await grow(
    'elements',
    [1e4, 3e4, 1e5, 3e5, 1e6].map((length) => ({ ...base, length })),
  )
  await grow(
    'dropouts',
    [0, 0.1, 0.2, 0.3].map((dropouts) => ({ ...base, dropouts })),
  )
}

if (wants('traffic')) {
  console.log('\nTraffic of a client, 2^10 clients, 2^20 values of 16 bits in 26')
  for (const graph of ['complete', 'sparse'] as const) {
    const result = await traffic(graph, timedClients)
    report.traffic.push(result)
    const { controlBytes, vectorBytes, expansion, limit } = result
    console.log(
      `  ${graph.padEnd(8)} ${controlBytes} bytes of control, ${vectorBytes} of vector: ${expansion.toFixed(4)} × (limit ${limit})`,
    )
  }
}

if (wants('memory')) {
  console.log('\nPeak memory of a whole round in one process, vectors of 4 MiB')
  for (const clients of [10, 40, 160]) {
    const result = simulateInProcess({ clients, length: 2 ** 20 })
    report.memory.push(result)
    console.log(processLine(result))
  }
}

if (wants('slices')) {
  console.log('\nA vector of 256 MiB, 2^26 elements of 32 bits, in slices of 2^20')
  const result = simulateInProcess({ clients: 3, length: 2 ** 26, sliceLength: 2 ** 20 })
  report.slices.push(result)
  console.log(processLine(result))
}

if (wants('large')) {
  console.log('\n10 000 clients, sparse, 10^4 elements, 5 % drop out before the masked input')
  const result = simulateInProcess({
    clients: 10_000,
    length: 10_000,
    neighbors: 34,
    threshold: 20,
    dropouts: 500,
  })
  report.large.push(result)
  console.log(processLine(result))
}

if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`)

function line({ name, lowerQuartile, median, ratio, samples }: Result): string {
  const [low, middle] = [lowerQuartile, median].map((time) => (time / 1e6).toFixed(4).padStart(9))
  return `  ${name.padEnd(56)} ${low} ms, median ${middle} ${ratio.toFixed(2).padStart(7)} × ${samples} samples`
}

function roundLine({ graph, clients, length, dropouts, server, client }: RoundResult): string {
  const shape = `${graph.padEnd(8)} n ${clients.toString().padStart(4)}  m ${length.toString().padStart(7)}  ${(100 * dropouts).toFixed(0).padStart(2)} %`
  const party = (name: string, { ms, ratio, strictRatio }: PartyResult): string =>
    `${name} ${ms.toFixed(1).padStart(9)} ms ${ratio.toFixed(2).padStart(6)} × (${strictRatio.toFixed(2)} ×)`
  return `  ${shape}  ${party('server', server)}  ${party('client', client)}`
}

function processLine({ clients, seconds, peakBytes, vectors, exact }: ProcessResult): string {
  const mebibytes = (peakBytes / 2 ** 20).toFixed(0)
  const sum = exact ? 'exact' : 'WRONG'
  return `  ${clients} clients: ${seconds.toFixed(1)} s, ${mebibytes} MiB, ${vectors.toFixed(2)} vectors, sum ${sum}`
}
