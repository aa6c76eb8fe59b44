import type * as library from 'secagg'
import { type CryptoProvider, nodeCrypto, type SuiteName, type SymmetricSuite } from 'secagg/crypto'
import type * as federated from 'secagg/federated'
import { expect, test } from 'vitest'
import { unbundledRealm } from '../support/unbundled.js'

/** How a program in a sandbox, such as that of Jest, sees bytes from outside: a Node Buffer of another realm. */
function foreign(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(1, 2, 3), bytes]).subarray(3)
}

const getRandomValues = (view: Uint8Array<ArrayBuffer>) => globalThis.crypto.getRandomValues(view)

/** What the library can find in its realm, and what it then calls its provider. */
const surroundings: readonly [finds: string, globals: object, suite: SuiteName][] = [
  ['noble', { crypto: { getRandomValues } }, 'aes'],
  ['noble', { crypto: { getRandomValues } }, 'chacha'],
  ['webcrypto', { crypto: globalThis.crypto }, 'aes'],
  ['webcrypto+noble', { crypto: globalThis.crypto }, 'chacha'],
  ['node', { crypto: { getRandomValues }, process, Buffer }, 'aes'],
  ['node', { crypto: { getRandomValues }, process, Buffer }, 'chacha'],
]

test.each(surroundings)(
  'a round in a sandbox, in which all bytes that the library is handed are Buffers from outside: %s, suite %#',
  async (finds, globals, suite) => {
    const { ClientSession, createRoundConfig, defaultCrypto, ed25519Signer, ed25519Verifier, ServerSession } =
      unbundledRealm(globals).load<typeof library>('index')
    const crypto = await defaultCrypto(suite)
    expect(crypto.name).toBe(finds)
    const { ed25519 } = crypto
    const keys = [1, 2, 3, 4].map((byte) => foreign(new Uint8Array(32).fill(byte)))
    const identities = await Promise.all(keys.map(async (key) => foreign(await ed25519.publicKey(key))))
    const config = createRoundConfig({
      sessionId: foreign(new Uint8Array(32).fill(9)),
      clients: 4,
      adversary: 'active',
      suite,
      segments: [
        { length: 80, bits: 8, bound: 'modular' },
        { length: 20, bits: 32, bound: 'modular' },
        { length: 2, bits: 64, bound: 'modular' },
      ],
      sliceLength: 64,
      context: { model: foreign(new Uint8Array(10)) },
    })
    const verifyIdentity = ed25519Verifier((seat) => identities[seat], ed25519)
    const stored = new Map<string, Buffer>()
    const saveAs = (name: string) => (bytes: Uint8Array) => void stored.set(name, foreign(bytes))
    const optionsOf = (seat: number) => {
      const { sign } = ed25519Signer(keys[seat]!, ed25519)
      const signer = { sign: async (message: Uint8Array) => foreign(await sign(message)) }
      const input = [
        foreign(new Uint8Array(80).fill(seat)),
        new Uint32Array(20).fill(5),
        BigUint64Array.of(1n, 2n),
      ]
      return { config, input, signer, verifyIdentity, save: saveAs(`client ${seat}`) }
    }
    const clients = keys.map((_, seat) => new ClientSession({ ...optionsOf(seat), seat }))
    const serverOptions = { config, verifyIdentity, save: saveAs('server') }
    let server = new ServerSession(serverOptions)
    const deliver = async (seat: number, bytes: Uint8Array): Promise<void> => {
      const receipt = await server.receive(seat, foreign(bytes))
      expect(receipt.status === 'refused' ? receipt.error : receipt.status).toBe('accepted')
    }

    for (const [seat, client] of clients.entries()) await deliver(seat, await client.start())
    await server.checkpoint()
    let outcome = await server.closePhase()
    while (!outcome.done) {
      for (const [seat, bytes] of outcome.messages) {
        if (outcome.phase === 'masked-input' && seat === 3) continue
        const client = ClientSession.resume(stored.get(`client ${seat}`)!, optionsOf(seat))
        await deliver(seat, await client.receive(foreign(bytes)))
        for await (const slice of client.slices()) await deliver(seat, slice)
      }
      await server.checkpoint()
      server = await ServerSession.resume(stored.get('server')!, serverOptions)
      outcome = await server.closePhase()
    }
    expect(outcome.sum.map((lanes) => String(lanes[0]))).toEqual(['3', '15', '3'])
    expect(outcome.report.survivors).toEqual([0, 1, 2])
  },
)

test('a provider from outside, all of whose answers are Buffers', async () => {
  const { ClientSession, createRoundConfig, ServerSession } = unbundledRealm({
    crypto: { getRandomValues },
  }).load<typeof library>('index')
  const config = createRoundConfig({
    sessionId: new Uint8Array(32),
    clients: 3,
    adversary: 'honest-but-curious',
    segments: [{ length: 2, bits: 16, bound: 'modular' }],
  })
  const options = { config, crypto: foreignProvider(), save: () => {} }
  const clients = [0, 1, 2].map(
    (seat) => new ClientSession({ ...options, seat, input: Uint16Array.of(seat, 7) }),
  )
  const server = new ServerSession(options)
  for (const [seat, client] of clients.entries()) await server.receive(seat, await client.start())
  let outcome = await server.closePhase()
  while (!outcome.done) {
    for (const [seat, bytes] of outcome.messages) {
      if (outcome.phase === 'masked-input' && seat === 0) continue
      expect(await server.receive(seat, await clients[seat]!.receive(bytes))).toEqual({ status: 'accepted' })
    }
    outcome = await server.closePhase()
  }
  expect([...outcome.sum[0]!]).toEqual([3, 14])
})

function foreignProvider(): CryptoProvider {
  const { randomBytes, x25519, ed25519, sha256, suites } = nodeCrypto()!
  const aes = suites.aes!
  const sealing: SymmetricSuite = {
    keyLength: 16,
    seal: async (...parts) => foreign(await aes.seal(...parts)),
    open: async (...parts) => {
      const plaintext = await aes.open(...parts)
      return plaintext && foreign(plaintext)
    },
    keystream: (...parts) => aes.keystream(...parts),
  }
  return {
    name: 'from outside',
    randomBytes: (length) => foreign(randomBytes(length)),
    x25519: {
      publicKey: async (key) => foreign(await x25519.publicKey(key)),
      sharedSecrets: async (...parts) =>
        (await x25519.sharedSecrets(...parts)).map((secret) => secret && foreign(secret)),
    },
    ed25519,
    sha256: {
      hmac: async (...parts) => foreign(await sha256.hmac(...parts)),
      hkdf: async (...parts) => foreign(await sha256.hkdf(...parts)),
    },
    suites: { aes: sealing },
  }
}

test('updates of arrays from outside are encoded like those of the realm', () => {
  const realm = unbundledRealm({ crypto: { getRandomValues } })
  const { encodeUpdate, openRound, planRound } = realm.load<typeof federated>('federated/index')
  const task = {
    clients: 3,
    adversary: 'honest-but-curious',
    dropoutFraction: 0,
    corruptFraction: 0,
  } as const
  const privacy = { epsilon: 1, delta: 1e-6, rounds: 1, clipNorm: 10 }
  const occasion = { sessionId: foreign(new Uint8Array(32)) }
  const exact = openRound(planRound({ ...task, length: 3, clip: 1, rounding: 'nearest' }), occasion)
  const noisy = openRound(planRound({ ...task, length: 3, privacy }), occasion)
  const own = realm.run('Float32Array.of(0.5, -0.5, 1)') as Float32Array
  const expected = encodeUpdate(own, 1, exact).input.vector.map((lanes) => Array.from<unknown>(lanes))
  for (const update of [Float32Array.from(own), Float64Array.from(own), Array.from(own)]) {
    expect(encodeUpdate(update, 1, exact).input.vector.map((lanes) => Array.from<unknown>(lanes))).toEqual(
      expected,
    )
    expect(encodeUpdate(update, 1, noisy)).toMatchObject({
      clipped: false,
      clipping: { norm: Math.hypot(...own) },
    })
  }
})
