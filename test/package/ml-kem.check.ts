import { ClientSession, createRoundConfig, ServerSession } from 'secagg'
import { defaultCrypto } from 'secagg/crypto'
import { customMlKem768, type MlKemFunctions, withPostQuantum } from 'secagg/post-quantum'
import { expect, test } from 'vitest'
import { noble, testKem } from '../post-quantum/kem-suite.js'

// A path that is not a constant, because the package has types that this project's compiler settings refuse.
const path = new URL('../../docs/examples/post-quantum/liboqs.ts', import.meta.url).href
const { liboqs } = (await import(path)) as { readonly liboqs: MlKemFunctions }
const wasmMlKem768 = await customMlKem768(liboqs)

testKem('the example, in WebAssembly', wasmMlKem768)

test('clients and a server with it and with noble are in one round, of which clients drop out', async () => {
  const own = await defaultCrypto('chacha')
  const providers = [
    await withPostQuantum(own, { mlKem768: wasmMlKem768 }),
    await withPostQuantum(own, { mlKem768: noble }),
  ]
  const clients = 8
  const config = createRoundConfig({
    sessionId: own.randomBytes(32),
    clients,
    adversary: 'honest-but-curious',
    suite: 'chacha',
    keyAgreement: 'x25519-ml-kem-768',
    segments: [{ length: 3, bits: 16, bound: 1000 }],
  })
  const sessions = Array.from({ length: clients }, (_, seat) => {
    const input = Uint16Array.of(seat, 1, 2 * seat)
    return new ClientSession({ config, seat, input, crypto: providers[seat % 2]! })
  })
  const server = new ServerSession({ config, crypto: providers[0]! })
  for (const [seat, session] of sessions.entries()) await server.receive(seat, await session.start())
  let closed = await server.closePhase()
  // One with each provider drops out after its shares.
  const dropped = [2, 5]
  while (!closed.done) {
    const { phase } = server
    for (const [seat, bytes] of closed.messages) {
      if (phase !== 'share-keys' && dropped.includes(seat)) continue
      expect(await server.receive(seat, await sessions[seat]!.receive(bytes))).toEqual({ status: 'accepted' })
    }
    closed = await server.closePhase()
  }
  const left = [0, 1, 3, 4, 6, 7]
  const sum = left.reduce((total, seat) => total + seat, 0)
  expect(closed.sum).toEqual([Uint16Array.of(sum, left.length, 2 * sum)])
})
