// Usage: npm run bench:threads [-- --shape 100x1e5:drop=0.3 … --workers 2 --samples 5 --hybrid]
// The wall time of the server in whole rounds with a pool of threads, in multiples of the same rounds without: medians of rounds
// that take turns. So it needs a machine with nothing else to do. The processor time, all threads together, tells how
// much of a difference is the pool's own work, even on a busy machine. With `hybrid`, all clients are real.
import { parseArgs } from 'node:util'
import { type CryptoProvider, nodeCrypto } from 'secagg/crypto'
import { withPostQuantum } from 'secagg/post-quantum'
import { createMaskPool } from 'secagg/workers'
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
    hybrid: { type: 'boolean', default: false },
  },
})
const pool = await createMaskPool({ workers: Number(values.workers) })
if (pool.threads !== Number(values.workers)) throw new Error('threads are missing', { cause: pool.failure })
const hybrid: CryptoProvider | undefined = values.hybrid ? await withPostQuantum(nodeCrypto()!) : undefined
for (const text of values.shape) {
  const shape = { ...parseShape(text), hybrid }
  const timed = values.hybrid ? shape.clients : 2
  const planes = [undefined, pool.plane()]
  // So that no round is the first of its process.
  for (const plane of planes) {
    await timeRound(
      { ...shape, clients: Math.min(shape.clients, 60), sparse: undefined, plane },
      values.hybrid ? 60 : 2,
    )
  }
  const times: [PartyTime[], PartyTime[]] = [[], []]
  for (let sample = 0; sample < Number(values.samples); sample++) {
    for (const index of [0, 1] as const) {
      times[index].push((await timeRound({ ...shape, plane: planes[index] }, timed)).server)
    }
  }
  const part = (of: (time: PartyTime) => number): string => {
    const [one, more] = times.map((list) => median(list.map(of))) as [number, number]
    return `${one.toFixed(0)} -> ${more.toFixed(0)} (${(more / one).toFixed(2)} ×)`
  }
  const wall = part(({ wallMs }) => wallMs!)
  console.log(
    `${text.padEnd(28)} server, 0 -> ${values.workers} workers: wall ms ${wall}, processor ms ${part(({ ms }) => ms)}`,
  )
}
await pool.close()

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0
}
