import {
  ClientSession,
  createRoundConfig,
  defaultCrypto,
  ed25519Signer,
  ed25519Verifier,
  type RoundConfig,
  type RoundParameters,
  ServerSession,
  type Vector,
} from 'secagg'
import { inputFor } from '../../support/inputs.js'
import { randomOf } from '../../support/seeded.js'
import type { ClientTask, Setup } from './tasks.js'

/** The parties of one round, each of which may be in this process or in another. */
export interface ProcessRound {
  readonly config: RoundConfig
  readonly setup: Omit<Setup, 'folder'>
  readonly inputs: readonly Vector[]
  /** The same client, to be hosted by another process. */
  clientTask(folder: string, seat: number, act: ClientTask['act'], more?: Partial<ClientTask>): ClientTask
  client(seat: number): ClientSession
  server(): ServerSession
}

export async function processRound(
  seed: number,
  shape: Omit<RoundParameters, 'sessionId'>,
): Promise<ProcessRound> {
  const random = randomOf(seed)
  const parameters: RoundParameters = { ...shape, sessionId: random.bytes(32) }
  const config = createRoundConfig(parameters)
  const crypto = await defaultCrypto()
  const seats = Array.from({ length: config.clients }, (_, seat) => seat)
  const inputs = seats.map(() => inputFor(config, random))
  const privateKeys = seats.map(() => (config.adversary === 'active' ? random.bytes(32) : undefined))
  const publicKeys = await Promise.all(
    privateKeys.filter((key) => key !== undefined).map((key) => crypto.ed25519.publicKey(key)),
  )
  const verifyIdentity = ed25519Verifier((seat) => publicKeys[seat], crypto.ed25519)
  const setup = { parameters, publicKeys }
  return {
    config,
    setup,
    inputs,
    clientTask: (folder, seat, act, more) => ({
      party: 'client',
      ...setup,
      folder: `${folder}/${seat}`,
      seat,
      input: inputs[seat]!,
      privateKey: privateKeys[seat],
      act,
      ...more,
    }),
    client: (seat) => {
      const key = privateKeys[seat]
      const signer = key && ed25519Signer(key, crypto.ed25519)
      return new ClientSession({ config, seat, input: inputs[seat]!, crypto, signer, verifyIdentity })
    },
    server: () => new ServerSession({ config, crypto, verifyIdentity }),
  }
}

const SEGMENTS = [{ length: 200, bits: 16, bound: 'modular' }] as const

/** Both models, the sparse graph, and vectors in slices. */
export const SHAPES: readonly {
  readonly name: string
  readonly shape: Omit<RoundParameters, 'sessionId'>
}[] = [
  {
    name: 'honest-but-curious',
    shape: { clients: 10, adversary: 'honest-but-curious', segments: SEGMENTS },
  },
  { name: 'active', shape: { clients: 10, adversary: 'active', segments: SEGMENTS } },
  {
    name: 'sparse',
    shape: {
      clients: 11,
      adversary: 'honest-but-curious',
      graph: { neighbors: 4, assumptions: 'unproven' },
      threshold: 2,
      minimumCohort: 6,
      segments: SEGMENTS,
    },
  },
  {
    name: 'in slices',
    shape: { clients: 10, adversary: 'honest-but-curious', segments: SEGMENTS, sliceLength: 64 },
  },
]
