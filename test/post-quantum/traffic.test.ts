import { withPostQuantum } from 'secagg/post-quantum'
import { type SimulationOptions, type SimulationResult, simulate } from 'secagg/simulate'
import { expect, test } from 'vitest'
import { toyCrypto } from '../support/toy-crypto.js'
import { sizedKem } from './sized-kem.js'

// What hybrid key agreement adds to the messages of a round without dropouts, against what FIPS 203 makes necessary.

const [KEM_KEY, CIPHERTEXT] = [1184, 1088]
/** The secret for a mask as it is sealed, and its confirmation. */
const SENT = 48 + 32
const ALLOWED = 1.03

/** The bytes of all clients together, sent and received. */
function totalOf({ phases }: SimulationResult, clients: number): number {
  return clients * phases.reduce((sum, { bytesUp, bytesDown }) => sum + bytesUp + bytesDown, 0)
}

async function addedTo(options: Omit<SimulationOptions, 'length' | 'bits' | 'crypto'>): Promise<number> {
  const crypto = await withPostQuantum({ ...toyCrypto(1), mlKem768: sizedKem })
  const round = { ...options, length: 1, bits: 16, crypto }
  const plain = await simulate(round)
  const hybrid = await simulate({ ...round, keyAgreement: 'x25519-ml-kem-768' })
  expect(hybrid.exact).toBe(true)
  return totalOf(hybrid, options.clients) - totalOf(plain, options.clients)
}

/**
 * Each client sends two keys, and is told those of all its peers and its own. Each holder is sent a ciphertext; half of the
 * peers are sent another one, with what opens the mask.
 */
const necessary = (clients: number, peers: number): number => {
  const keys = 2 * KEM_KEY * (1 + peers + 1)
  const parcels = peers * CIPHERTEXT + (peers / 2) * (CIPHERTEXT + SENT)
  return clients * (keys + 2 * parcels)
}

test('on the complete graph', async () => {
  const added = await addedTo({ clients: 40, adversary: 'honest-but-curious' })
  expect(added).toBeLessThanOrEqual(ALLOWED * necessary(40, 39))
  expect(added).toBeGreaterThanOrEqual(0.99 * necessary(40, 39))
})

test('on the sparse graph, 30 neighbors', async () => {
  const added = await addedTo({ clients: 40, neighbors: 30, adversary: 'honest-but-curious' })
  expect(added).toBeLessThanOrEqual(ALLOWED * necessary(40, 30))
  expect(added).toBeGreaterThanOrEqual(0.99 * necessary(40, 30))
})
