import {
  type AdversaryModel,
  ClientSession,
  type CryptoProvider,
  createRoundConfig,
  defaultCrypto,
  ed25519Signer,
  ed25519Verifier,
  type RoundConfig,
  type Signer,
  type VerifyIdentity,
} from 'secagg'
import { PIXELS } from '../../../examples/mnist/examples.js'

/** What the server does: it follows the protocol, or tells one of two lies. */
export type ServerKind = 'honest' | 'invented-clients' | 'two-stories'

/** What the visitor has chosen. */
export interface RoundSetup {
  readonly clients: number
  readonly graph: 'complete' | 'sparse'
  readonly adversary: AdversaryModel
  readonly server: ServerKind
}

/** Whether every client chooses its own holders. */
export function choosesHolders({ graph, adversary }: RoundSetup): boolean {
  return graph === 'sparse' && adversary === 'active'
}

/** The client that a lying server attacks. */
export const VICTIM = 0

/** A pixel is below this bound, and a sum of pixels is below {@link MODULUS}. */
const PIXEL_BOUND = 256
const BITS = 16
export const MODULUS: number = 2 ** BITS

/** Who takes part in one round, and what everybody knows beforehand. */
export interface Cohort {
  readonly config: RoundConfig
  readonly crypto: CryptoProvider
  /** The sessions, by seat. */
  readonly clients: readonly ClientSession[]
  readonly signers: readonly (Signer | undefined)[]
  /** Active model only: checks that a signature is from the client enrolled at its seat. */
  readonly verifyIdentity: VerifyIdentity | undefined
  /** Clients that help a lying server, and the session that each stored last. */
  readonly helpers: ReadonlyMap<number, { saved: Uint8Array }>
}

export async function openCohort(setup: RoundSetup, pictures: readonly Uint8Array[]): Promise<Cohort> {
  const crypto = await defaultCrypto()
  const config = configOf(setup, crypto)
  const seats = pictures.map((_, seat) => seat)
  const active = config.adversary === 'active'
  const privateKeys = seats.map(() => crypto.randomBytes(32))
  const enrolled = active ? await Promise.all(privateKeys.map((key) => crypto.ed25519.publicKey(key))) : []
  const signers = privateKeys.map((key) => (active ? ed25519Signer(key, crypto.ed25519) : undefined))
  const verifyIdentity = active ? ed25519Verifier((seat) => enrolled[seat], crypto.ed25519) : undefined
  const helpers = new Map(helpersOf(setup).map((seat) => [seat, { saved: new Uint8Array(0) }]))
  const clients = seats.map((seat) => {
    const helper = helpers.get(seat)
    const keep = (bytes: Uint8Array): void => {
      if (helper !== undefined) helper.saved = bytes.slice()
    }
    const save = helper && keep
    const input = Uint16Array.from(pictures[seat]!)
    return new ClientSession({ config, seat, input, crypto, signer: signers[seat], verifyIdentity, save })
  })
  return { config, crypto, clients, signers, verifyIdentity, helpers }
}

function configOf({ clients, graph, adversary }: RoundSetup, crypto: CryptoProvider): RoundConfig {
  const neighbors = neighborsOf(clients)
  const active = adversary === 'active'
  // Too few for the proofs, which need hundreds of clients, but enough to see how these graphs work.
  const sparse = {
    graph: { neighbors, assumptions: 'unproven' },
    threshold: active ? Math.floor((2 * neighbors) / 3) + 1 : neighbors / 2 + 1,
    minimumCohort: active ? Math.floor(clients / 2) + 1 : Math.ceil(clients / 2),
  } as const
  return createRoundConfig({
    sessionId: crypto.randomBytes(32),
    clients,
    adversary,
    segments: [{ length: PIXELS, bits: BITS, bound: PIXEL_BOUND }],
    ...(graph === 'sparse' ? sparse : {}),
  })
}

/** On the sparse ring: how many others a client shares masks with. In the active model: how many holders it chooses. */
export function neighborsOf(clients: number): number {
  return clients < 12 ? 4 : 6
}

/**
 * The clients that help the server to tell two stories. Each story needs t shares; a helper gives its share to both
 * stories, and an honest client to only one.
 */
function helpersOf({ server, clients, graph }: RoundSetup): readonly number[] {
  if (server !== 'two-stories' || graph === 'sparse') return []
  const threshold = Math.floor(clients / 2) + 1
  return Array.from({ length: 2 * threshold - clients }, (_, index) => clients - 1 - index)
}
