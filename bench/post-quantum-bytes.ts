// Usage: npm run bench:post-quantum-bytes
// The bytes that hybrid key agreement adds to the messages of one client, and those that the sizes of FIPS 203 and 80 bytes for
// each pair (sealed secret, confirmation) make necessary. Nobody drops out. The primitives are stand-ins of the same sizes.
import { withPostQuantum } from 'secagg/post-quantum'
import { type SimulationOptions, type SimulationResult, simulate } from 'secagg/simulate'
import { sizedKem } from '../test/post-quantum/sized-kem.js'
import { toyCrypto } from '../test/support/toy-crypto.js'

const [KEYS, CIPHERTEXT, SENT] = [2 * 1184, 1088, 1088 + 80]
const crypto = await withPostQuantum({ ...toyCrypto(1), mlKem768: sizedKem })

const rounds: readonly (Pick<SimulationOptions, 'clients' | 'neighbors'> & {
  readonly adversary: 'honest-but-curious' | 'active'
})[] = [
  { clients: 100, adversary: 'honest-but-curious' },
  { clients: 1000, neighbors: 30, adversary: 'honest-but-curious' },
  { clients: 1000, neighbors: 51, adversary: 'active' },
]

/** What is necessary for one client, on average. */
function necessary({
  clients,
  neighbors,
  adversary,
}: (typeof rounds)[number]): readonly [up: number, down: number] {
  const holders = neighbors ?? clients - 1
  // Where clients choose their holders, two that have chosen each other are one pair.
  const mutual = adversary === 'active' && neighbors !== undefined ? holders ** 2 / (clients - 1) : holders
  const pairs = holders - mutual / 2
  const visible = 1 + 2 * holders - mutual
  const parcels = holders * CIPHERTEXT + pairs * SENT
  return [KEYS + parcels, KEYS * visible + parcels]
}

const bytesOf = ({ phases }: SimulationResult): readonly [up: number, down: number] => [
  phases.reduce((sum, { bytesUp }) => sum + bytesUp, 0),
  phases.reduce((sum, { bytesDown }) => sum + bytesDown, 0),
]

for (const round of rounds) {
  const options = { ...round, length: 1, bits: 16, crypto }
  const plain = bytesOf(await simulate(options))
  const hybrid = bytesOf(await simulate({ ...options, keyAgreement: 'x25519-ml-kem-768' }))
  const least = necessary(round)
  const added = [hybrid[0] - plain[0], hybrid[1] - plain[1]] as const
  console.log(
    `${round.clients} clients, ${round.neighbors ?? round.clients - 1} neighbors, ${round.adversary}: ` +
      `sends ${plain[0]} -> ${hybrid[0]}, receives ${plain[1]} -> ${hybrid[1]} bytes; ` +
      `added ${added[0]} + ${added[1]}, necessary ${least.map(Math.round).join(' + ')}, ` +
      `${((added[0] + added[1]) / (least[0] + least[1])).toFixed(4)} times`,
  )
}
