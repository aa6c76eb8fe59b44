import { ClientSession, ed25519Signer, ed25519Verifier, ServerSession, type VerifyIdentity } from 'secagg'
import { type CryptoProvider, defaultCrypto } from 'secagg/crypto'
import { withPostQuantum } from 'secagg/post-quantum'
import { describe, expect, test } from 'vitest'
import { inputFor, sumOf } from '../support/inputs.js'
import { type Random, seeded } from '../support/seeded.js'
import type { Parameters } from '../vectors/format.js'
import { configOf, elementsOf } from '../vectors/library.js'
import { hex } from './bytes.js'
import { Client } from './client/client.js'
import { type Configuration, configurationOf } from './configuration.js'
import type { Enrolment } from './parties.js'
import { ed25519PublicKey } from './primitives.js'
import { elements } from './round.js'
import { Server } from './server/server.js'

// Clients of the library, on the best provider of the platform and with its randomness, and clients of the model, in one
// round.

type Inbox = ReadonlyMap<number, Uint8Array>

interface AnyClient {
  start(): Promise<Uint8Array>
  receive(bytes: Uint8Array): Promise<readonly Uint8Array[]>
}

interface AnyServer {
  receive(seat: number, bytes: Uint8Array): Promise<void>
  /** The messages of the next round, or the sum. */
  close(): Promise<Inbox | string[][]>
}

/** What a round is on, and how many messages each client sends. */
interface Setting {
  readonly name: string
  readonly parameters: Omit<Parameters, 'sessionId'>
  readonly sends: readonly number[]
}

const COMMON = {
  suite: 'aes',
  neighbors: 0,
  assumptions: null,
  corruptClients: null,
  signatureLength: 0,
  sliceLength: null,
  context: [{ name: 'model', value: '0102' }],
} satisfies Partial<Parameters>

const SETTINGS: readonly Setting[] = [
  {
    name: 'honest-but-curious, complete, aes',
    parameters: {
      ...COMMON,
      adversary: 'honest-but-curious',
      clients: 8,
      threshold: 5,
      minimumCohort: 5,
      segments: [
        { length: 40, bits: 20, bound: '10000' },
        { length: 3, bits: 64, bound: 'modular' },
      ],
    },
    sends: [9, 9, 2, 1, 9, 9, 9, 3],
  },
  {
    name: 'active, complete, chacha, in slices',
    parameters: {
      ...COMMON,
      adversary: 'active',
      suite: 'chacha',
      clients: 7,
      threshold: 4,
      minimumCohort: 4,
      corruptClients: 0,
      signatureLength: 64,
      sliceLength: 64,
      segments: [{ length: 150, bits: 11, bound: '100' }],
    },
    sends: [9, 9, 9, 2, 4, 9, 9],
  },
  {
    name: 'honest-but-curious, sparse, chacha',
    parameters: {
      ...COMMON,
      adversary: 'honest-but-curious',
      suite: 'chacha',
      neighbors: 6,
      clients: 12,
      threshold: 2,
      minimumCohort: 6,
      segments: [{ length: 9, bits: 7, bound: 'modular' }],
    },
    sends: [9, 9, 9, 2, 9, 9, 1, 9, 9, 3, 9, 9],
  },
  // So few drop out that every client keeps t of its holders, whatever is drawn.
  {
    name: 'active, chosen, aes',
    parameters: {
      ...COMMON,
      adversary: 'active',
      neighbors: 11,
      clients: 16,
      threshold: 6,
      minimumCohort: 9,
      signatureLength: 64,
      segments: [{ length: 7, bits: 33, bound: '1000000' }],
    },
    sends: [9, 9, 0, 1, 9, 2, 9, 9, 3, 9, 4, 9, 9, 9, 9, 9],
  },
  {
    name: 'active, chosen, chacha, in slices',
    parameters: {
      ...COMMON,
      adversary: 'active',
      suite: 'chacha',
      neighbors: 6,
      clients: 9,
      threshold: 3,
      minimumCohort: 5,
      signatureLength: 64,
      sliceLength: 64,
      segments: [{ length: 130, bits: 9, bound: 'modular' }],
    },
    sends: [9, 9, 3, 9, 9, 4, 2, 9, 9],
  },
]

/** With hybrid key agreement, one round on each graph. */
const HYBRID: readonly Setting[] = SETTINGS.filter(({ name }) => name !== 'active, chosen, aes').map(
  ({ name, parameters, sends }) => ({
    name: `${name}, hybrid`,
    parameters: { ...parameters, keyAgreement: 'x25519-ml-kem-768' },
    sends,
  }),
)

type Kind = 'library' | 'model'

describe.each([...SETTINGS, ...HYBRID])('$name', (setting) => {
  test.each(['library', 'model'] as const)('library and model clients meet at a server of the %s', (kind) =>
    meet(setting, kind, (seat) => (seat % 2 === 0 ? 'library' : 'model')),
  )
})

const CHOSEN = [...SETTINGS, ...HYBRID].filter(({ name }) => name.startsWith('active, chosen'))

describe.each(CHOSEN)('$name', (setting) => {
  test('library clients at a server of the model', () => meet(setting, 'model', () => 'library'))

  test('model clients at a server of the library', () => meet(setting, 'library', () => 'model'))
})

/** A whole round, whose sum must be that of the inputs of U3. */
function meet(setting: Setting, serverKind: Kind, clientKind: (seat: number) => Kind): Promise<void> {
  return seeded(31, async (random) => {
    const parameters = { ...setting.parameters, sessionId: hex(random.bytes(32)) }
    const config = configOf(parameters)
    const seats = setting.sends.map((_, seat) => seat)
    const inputs = seats.map(() => inputFor(config, random))
    const signingKeys = seats.map(() => random.bytes(32))
    const enrolment = signingKeys.map(ed25519PublicKey)
    const clients = await Promise.all(
      seats.map((seat) =>
        clientKind(seat) === 'library'
          ? libraryClient(parameters, seat, inputs[seat]!, signingKeys[seat]!, enrolment)
          : modelClient(parameters, seat, elementsOf(inputs[seat]!), signingKeys[seat]!, enrolment, random),
      ),
    )
    const server = await (serverKind === 'library' ? libraryServer : modelServer)(
      parameters,
      enrolment,
      random,
    )

    let inbox: ReadonlyMap<number, Uint8Array | undefined> = new Map(seats.map((seat) => [seat, undefined]))
    let sum: string[][] | undefined
    for (let step = 0; sum === undefined; step++) {
      for (const [seat, inbound] of inbox) {
        if (setting.sends[seat]! <= step) continue
        const client = clients[seat]!
        const answers = inbound === undefined ? [await client.start()] : await client.receive(inbound)
        for (const answer of answers) await server.receive(seat, answer)
      }
      const closed = await server.close()
      if (closed instanceof Map) inbox = closed
      else sum = closed as string[][]
    }
    const survivors = seats.filter((seat) => setting.sends[seat]! > 2)
    expect(sum).toEqual(elementsOf(sumOf(config, survivors, inputs)))
  })
}

async function libraryClient(
  parameters: Parameters,
  seat: number,
  input: ReturnType<typeof inputFor>,
  signingKey: Uint8Array,
  enrolment: Enrolment,
): Promise<AnyClient> {
  const crypto = await providerFor(parameters)
  const { ed25519 } = crypto
  const session = new ClientSession({
    config: configOf(parameters),
    crypto,
    seat,
    input,
    signer: ed25519Signer(signingKey, ed25519),
    verifyIdentity: await verifierOf(parameters, enrolment),
  })
  return {
    start: () => session.start(),
    receive: async (bytes) => {
      const answers = [await session.receive(bytes)]
      for await (const slice of session.slices()) answers.push(slice)
      return answers
    },
  }
}

async function libraryServer(parameters: Parameters, enrolment: Enrolment): Promise<AnyServer> {
  const session = new ServerSession({
    config: configOf(parameters),
    crypto: await providerFor(parameters),
    verifyIdentity: await verifierOf(parameters, enrolment),
  })
  return {
    receive: async (seat, bytes) =>
      expect(await session.receive(seat, bytes)).toEqual({ status: 'accepted' }),
    close: async () => {
      const outcome = await session.closePhase()
      return outcome.done ? elementsOf(outcome.sum) : new Map(outcome.messages)
    },
  }
}

async function providerFor({ suite, keyAgreement }: Parameters): Promise<CryptoProvider> {
  const crypto = await defaultCrypto(suite)
  return keyAgreement === undefined ? crypto : withPostQuantum(crypto)
}

async function verifierOf(parameters: Parameters, enrolment: Enrolment): Promise<VerifyIdentity> {
  const { ed25519 } = await defaultCrypto(parameters.suite)
  return ed25519Verifier((seat) => enrolment[seat] ?? undefined, ed25519)
}

async function modelClient(
  parameters: Parameters,
  seat: number,
  input: string[][],
  signingKey: Uint8Array,
  enrolment: Enrolment,
  random: Random,
): Promise<AnyClient> {
  const coefficients = (length: number) =>
    Array.from({ length: parameters.threshold - 1 }, () => random.bytes(length))
  const isHybrid = parameters.keyAgreement !== undefined
  const client = new Client({
    configuration: configurationOf(parameters),
    seat,
    drawn: {
      cipherPrivateKey: random.bytes(32),
      maskPrivateKey: isHybrid ? null : random.bytes(32),
      hybrid: isHybrid
        ? {
            cipherSeed: random.bytes(64),
            masterSecret: random.bytes(32),
            encapsulationSeed: random.bytes(32),
          }
        : null,
      choice: random.bytes(16),
      selfMask: random.bytes(16),
      maskKeyCoefficients: coefficients(32),
      selfMaskCoefficients: coefficients(16),
    },
    input: input.map((segment) => segment.map(BigInt)),
    signingKey,
    enrolment,
  })
  return { start: async () => client.start(), receive: async (bytes) => client.receive(bytes) }
}

async function modelServer(parameters: Parameters, enrolment: Enrolment, random: Random): Promise<AnyServer> {
  const configuration: Configuration = configurationOf(parameters)
  const server = new Server(configuration, enrolment, (seats) => random.shuffle(seats))
  return {
    receive: async (seat, bytes) => expect(server.receive(seat, bytes)).toBe(true),
    close: async () => {
      const messages = server.close()
      return server.sum === undefined ? messages : elements(server.sum)
    },
  }
}
