import type * as library from 'secagg'
import type { RoundParameters } from 'secagg'
import { expect, test } from 'vitest'
import { unbundledRealm } from '../support/unbundled.js'

// Some libraries, such as zone.js, replace the global Promise. Async functions go on to return promises of the language, which
// are not instances of the new class.

class ReplacedPromise<T> extends Promise<T> {}

const LENGTH = 200
const ROUNDS: readonly (readonly [string, Partial<RoundParameters>])[] = [
  ['honest-but-curious', {}],
  ['active', { adversary: 'active' }],
  ['in slices', { sliceLength: 64 }],
  [
    'proofs before vectors',
    {
      adversary: 'active',
      graph: { neighbors: 3, assumptions: 'unproven' },
      threshold: 3,
      minimumCohort: 4,
    },
  ],
]

test.each(ROUNDS)('a round where the global Promise is replaced: %s', async (_, parameters) => {
  const getRandomValues = (view: Uint8Array<ArrayBuffer>) => globalThis.crypto.getRandomValues(view)
  const realm = unbundledRealm({ crypto: { getRandomValues }, Promise: ReplacedPromise })
  expect(realm.run('(async () => {})() instanceof Promise')).toBe(false)
  const { ClientSession, createRoundConfig, defaultCrypto, ed25519Signer, ed25519Verifier, ServerSession } =
    realm.load<typeof library>('index')
  const config = createRoundConfig({
    sessionId: new Uint8Array(32),
    clients: 5,
    adversary: 'honest-but-curious',
    segments: [{ length: LENGTH, bits: 16, bound: 'modular' }],
    ...parameters,
  })
  const { ed25519 } = await defaultCrypto()
  const keys = [1, 2, 3, 4, 5].map((byte) => new Uint8Array(32).fill(byte))
  const identities = await Promise.all(keys.map((key) => ed25519.publicKey(key)))
  const verifyIdentity = ed25519Verifier((seat) => identities[seat], ed25519)
  const clients = keys.map((key, seat) => {
    const input = new Uint16Array(LENGTH).fill(seat + 1)
    return new ClientSession({ config, seat, input, signer: ed25519Signer(key, ed25519), verifyIdentity })
  })
  const server = new ServerSession({ config, verifyIdentity })
  const first = await Promise.all(clients.map((client) => client.start()))
  // All at once, so that they wait for each other.
  const given = first.map((bytes, seat) => server.receive(seat, bytes))
  let outcome = await server.closePhase()
  expect(await Promise.all(given)).toEqual(Array(5).fill({ status: 'accepted' }))
  while (!outcome.done) {
    for (const [seat, bytes] of outcome.messages) {
      expect(await server.receive(seat, await clients[seat]!.receive(bytes))).toEqual({ status: 'accepted' })
      for await (const slice of clients[seat]!.slices()) {
        expect(await server.receive(seat, slice)).toEqual({ status: 'accepted' })
      }
    }
    outcome = await server.closePhase()
  }
  expect([...outcome.sum[0]!].map(Number)).toEqual(Array(LENGTH).fill(15))
})
