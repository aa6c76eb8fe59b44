// Usage: npm run bench:post-quantum [-- --clients 100 --neighbors 30 --lengths 100000,1000000 --samples 3 --drops 0.1 --ml-kem liboqs]
// A round with hybrid key agreement, in multiples of the same round without it: the processor time of one client and of the
// server. The rounds run in turn, and the minimum of the samples counts, because other work of the machine only adds to it. With
// `--ml-kem liboqs` after `npm ci --prefix docs/examples/post-quantum`, the ML-KEM of that example is used.
import { parseArgs } from 'node:util'
import { nodeCrypto } from 'secagg/crypto'
import { customMlKem768, type MlKemFunctions, nodeMlKem768, withPostQuantum } from 'secagg/post-quantum'
import { type TimedRound, timeRound } from './round.js'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '100' },
    neighbors: { type: 'string', default: '30' },
    lengths: { type: 'string', default: '100000,1000000' },
    samples: { type: 'string', default: '3' },
    adversary: { type: 'string', default: 'honest-but-curious' },
    drops: { type: 'string', default: '0.1' },
    'ml-kem': { type: 'string' },
  },
})
const [clients, neighbors, samples] = [values.clients, values.neighbors, values.samples].map(Number) as [
  number,
  number,
  number,
]
const adversary = values.adversary as 'honest-but-curious' | 'active'
const threshold = Math.floor(adversary === 'active' ? (2 * neighbors) / 3 : neighbors / 2) + 1
const isLiboqs = values['ml-kem'] === 'liboqs'
// A path that is not a constant, because the package need not be installed.
const example = new URL('../docs/examples/post-quantum/liboqs.ts', import.meta.url).href
const mlKem768 = isLiboqs
  ? await customMlKem768(((await import(example)) as { readonly liboqs: MlKemFunctions }).liboqs)
  : undefined
const hybrid = await withPostQuantum(nodeCrypto()!, { mlKem768 })
const source = isLiboqs ? 'liboqs' : (await nodeMlKem768()) === undefined ? 'noble' : 'Node'

for (const length of values.lengths.split(',').map(Number)) {
  const shape = {
    adversary,
    clients,
    length,
    // On as many neighbors as there are others, the graph is complete.
    ...(neighbors < clients - 1 ? { sparse: { neighbors, threshold } } : {}),
    dropouts: Number(values.drops),
  }
  const rounds: readonly [TimedRound[], TimedRound[]] = [[], []]
  await timeRound({ ...shape, length: 10, hybrid }, clients) // so that no round is the first of its process
  for (let sample = 0; sample < samples; sample++) {
    rounds[0].push(await timeRound(shape, clients))
    rounds[1].push(await timeRound({ ...shape, hybrid }, clients))
  }
  console.log(
    `${clients} clients, ${Math.min(neighbors, clients - 1)} neighbors, ${length} elements, ${adversary}, ` +
      `Node ${process.version}, ML-KEM of ${source}`,
  )
  for (const party of ['client', 'server'] as const) {
    const [without, withIt] = rounds.map((of) => Math.min(...of.map((round) => round[party].ms))) as [
      number,
      number,
    ]
    const phases = rounds.map((of) =>
      Object.values(of.at(-1)![party].msByRound)
        .map((ms) => ms.toFixed(1))
        .join(' + '),
    )
    console.log(
      `  ${party}: ${without.toFixed(1)} -> ${withIt.toFixed(1)} ms, ${(withIt / without).toFixed(2)} times (${phases.join(' -> ')})`,
    )
  }
}
