// Usage: npm run bench:post-quantum [-- --clients 200 --neighbors 30 --length 100000 --samples 5]
// A round with hybrid key agreement, in multiples of the same round without it: the time of one client and of the server, and
// the bytes of one client without its vector. The rounds are simulated in turn, and the least of the samples counts.
import { parseArgs } from 'node:util'
import { defaultCrypto } from 'secagg/crypto'
import { withPostQuantum } from 'secagg/post-quantum'
import { type SimulationResult, simulate } from 'secagg/simulate'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '200' },
    neighbors: { type: 'string' },
    length: { type: 'string', default: '100000' },
    samples: { type: 'string', default: '5' },
    adversary: { type: 'string', default: 'honest-but-curious' },
    drops: { type: 'string', default: '0.1' },
  },
})
const clients = Number(values.clients)
const length = Number(values.length)
const crypto = await withPostQuantum(await defaultCrypto())
const native =
  typeof process.getBuiltinModule('node:crypto') === 'object' &&
  'encapsulate' in process.getBuiltinModule('node:crypto')

const round = {
  clients,
  length,
  bits: 32,
  crypto,
  adversary: values.adversary as 'honest-but-curious' | 'active',
  ...(values.neighbors === undefined ? {} : { neighbors: Number(values.neighbors) }),
  drops: [{ phase: 'masked-input', count: Math.floor(Number(values.drops) * clients) }],
} as const

const agreements = ['x25519', 'x25519-ml-kem-768'] as const
const results: SimulationResult[][] = [[], []]
for (let sample = 0; sample < Number(values.samples); sample++) {
  for (const [index, keyAgreement] of agreements.entries()) {
    const result = await simulate({ ...round, keyAgreement })
    if (!result.exact) throw new Error('the sum is wrong')
    results[index]!.push(result)
  }
}

const least = (of: readonly SimulationResult[], value: (result: SimulationResult) => number): number =>
  Math.min(...of.map(value))
const bytes = (direction: 'bytesUp' | 'bytesDown') => (result: SimulationResult) =>
  result.phases.reduce((sum, phase) => sum + phase[direction], 0) - (direction === 'bytesUp' ? 4 * length : 0)

console.log(
  `${clients} clients, ${values.neighbors ?? clients - 1} neighbors, ${length} elements, ${values.adversary}, ` +
    `Node ${process.version}, ML-KEM ${native ? 'of Node' : 'of noble'}`,
)
const rows = {
  'client, ms': (result: SimulationResult) => result.clientMs,
  'server, ms': (result: SimulationResult) => result.serverMs,
  'a client sends, bytes': bytes('bytesUp'),
  'a client receives, bytes': bytes('bytesDown'),
} as const
for (const [name, value] of Object.entries(rows)) {
  const [without, hybrid] = results.map((of) => least(of, value)) as [number, number]
  console.log(
    `${name}: ${without.toFixed(1)} -> ${hybrid.toFixed(1)}, ${(hybrid / without).toFixed(2)} times`,
  )
}
