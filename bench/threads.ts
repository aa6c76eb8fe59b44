// Usage: npm run bench:threads [-- --shape 100x1e5:drop=0.3 … --workers 2 --samples 5 --hybrid --timeline]
// The wall time of the server and of a client in whole rounds with a pool of threads, in multiples of the same rounds without:
// medians of rounds that take turns. So it needs a machine with nothing else to do. The processor time, all threads together,
// tells how much of a difference is the pool's own work, even on a busy machine. With `hybrid`, all clients are real.
// With `timeline`: the wall time of each phase with the pool, and the share of it in which each worker was at work.
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { PhaseName } from 'secagg'
import { type CryptoProvider, nodeCrypto } from 'secagg/crypto'
import { withPostQuantum } from 'secagg/post-quantum'
import { createMaskPool } from 'secagg/workers'
import type { Span } from './cost.js'
import { type PartyTime, timeRound } from './round.js'
import { parseShape } from './shape.js'

const { values } = parseArgs({
  options: {
    shape: {
      type: 'string',
      multiple: true,
      default: ['100x1e5', '100x1e5:drop=0.3', '500x1e5:drop=0.3', '500x1e5:k=58,t=29,drop=0.3'],
    },
    workers: { type: 'string', default: '2' },
    samples: { type: 'string', default: '5' },
    timed: { type: 'string', default: '4' },
    hybrid: { type: 'boolean', default: false },
    timeline: { type: 'boolean', default: false },
  },
})
const workers: Worker[] = []
const pool = await createMaskPool({
  workers: Number(values.workers),
  spawn: () => {
    const worker = new Worker(new URL(import.meta.resolve('secagg/workers/worker')))
    workers.push(worker)
    return worker
  },
})
if (pool.threads !== Number(values.workers)) throw new Error('threads are missing', { cause: pool.failure })
const busyMs = (): number[] => workers.map((worker) => worker.performance.eventLoopUtilization().active)
const hybrid: CryptoProvider | undefined = values.hybrid ? await withPostQuantum(nodeCrypto()!) : undefined
for (const text of values.shape) {
  const shape = { ...parseShape(text), hybrid }
  const timed = values.hybrid ? shape.clients : Number(values.timed)
  const ways = [{}, { pool, plane: pool.plane(), busyMs }]
  // So that no round is the first of its process.
  const warmUp = { ...shape, clients: Math.min(shape.clients, 60), sparse: undefined }
  for (const way of ways) await timeRound({ ...warmUp, ...way }, values.hybrid ? 60 : timed)
  const times = { server: [[], []], client: [[], []] } as Record<
    'server' | 'client',
    [PartyTime[], PartyTime[]]
  >
  for (let sample = 0; sample < Number(values.samples); sample++) {
    for (const index of [0, 1] as const) {
      const { server, client } = await timeRound({ ...shape, ...ways[index] }, timed)
      times.server[index].push(server)
      times.client[index].push(client)
    }
  }
  for (const party of ['server', 'client'] as const) {
    const part = (of: (time: PartyTime) => number): string => {
      const [one, more] = times[party].map((list) => median(list.map(of))) as [number, number]
      return `${one.toFixed(1)} -> ${more.toFixed(1)} (${(more / one).toFixed(2)} ×)`
    }
    const wall = part(({ wallMs }) => wallMs)
    console.log(
      `${text.padEnd(28)} ${party}, 0 -> ${values.workers} workers: wall ms ${wall}, processor ms ${part(({ ms }) => ms)}`,
    )
    if (values.timeline) showTimeline(times[party])
  }
}
await pool.close()

/** For each phase: medians of its wall time without and with the pool, and of the share in which each worker was at work. */
function showTimeline([alone, pooled]: readonly [readonly PartyTime[], readonly PartyTime[]]): void {
  const wallOf = (times: readonly PartyTime[], phase: PhaseName): number =>
    median(times.map(({ timeline }) => timeline[phase]!.wallMs))
  for (const phase of Object.keys(pooled[0]!.timeline) as PhaseName[]) {
    const spans = pooled.map(({ timeline }): Span => timeline[phase]!)
    const busy = workers.map((_, thread) => median(spans.map((span) => span.busyMs[thread]! / span.wallMs)))
    const shares = busy.map((share) => `${(100 * share).toFixed(0)} %`).join(', ')
    console.log(
      `  ${phase.padEnd(18)} ${wallOf(alone, phase).toFixed(1)} -> ${wallOf(pooled, phase).toFixed(1)} ms, workers busy ${shares}`,
    )
  }
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0
}
