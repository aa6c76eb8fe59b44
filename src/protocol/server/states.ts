import type { DrawnGraph } from '../../graph/index.js'
import type { PublicKeys, Seated, Survivors } from '../../wire/index.js'
import { requireState } from '../checks.js'
import type { RoundConfig } from '../config.js'
import type { WrongShare } from './wrong-shares.js'

/**
 * The states of a server, one type each, in the order of the rounds; each is named after the message it collects. All
 * are plain data. None holds a vector: the host keeps the running sum of the masked inputs.
 *
 * A state must be durable before any message made from it leaves the server. Messages are functions of the state, so
 * after a crash they are made again.
 * @public
 */
export type ServerState =
  | ServerAdvertising
  | ServerSharing
  | ServerMasking
  | ServerChecking
  | ServerUnmasking
  | ServerFinished

export const SERVER_STATES: readonly ServerState['state'][] = [
  'server-advertising',
  'server-sharing',
  'server-masking',
  'server-checking',
  'server-unmasking',
  'server-unmasked',
]

interface ServerBase {
  readonly config: RoundConfig
}

/** From round 1 on the graph is drawn. */
interface ServerOnGraph extends ServerBase {
  readonly graph: DrawnGraph
}

/**
 * Round 0 is open.
 * @public
 */
export interface ServerAdvertising extends ServerBase {
  readonly state: 'server-advertising'
}

/**
 * A client of U1.
 * @public
 */
export interface AdvertisedClient {
  readonly seat: number
  readonly keys: PublicKeys
  /** Active model only. */
  readonly identity: string | undefined
}

/**
 * Round 1 is open: U1 is published.
 * @public
 */
export interface ServerSharing extends ServerOnGraph {
  readonly state: 'server-sharing'
  /** U1, ascending by seat. */
  readonly clients: readonly AdvertisedClient[]
}

/**
 * A client of U2.
 * @public
 */
export interface SharingClient extends AdvertisedClient {
  readonly commitment: Uint8Array
  /** The seats to which it sealed shares, ascending. */
  readonly peers: readonly number[]
  /** What it sealed to them, one after the other. */
  readonly ciphertexts: Uint8Array
}

/**
 * Round 2 is open: the shares of U2 are forwarded.
 * @public
 */
export interface ServerMasking extends ServerOnGraph {
  readonly state: 'server-masking'
  /** D: the digest of what was published; active model only. */
  readonly publishedDigest: Uint8Array | undefined
  /** U2, ascending by seat. */
  readonly clients: readonly SharingClient[]
}

/**
 * What the server needs to know of a client of U2 once its shares are forwarded.
 * @public
 */
export interface MaskedClient {
  readonly seat: number
  /** s^PK. */
  readonly maskKey: Uint8Array
  /** To b. */
  readonly commitment: Uint8Array
  /** Active model only. */
  readonly identity: string | undefined
}

/**
 * Round 3 is open, active model only: U3 is announced.
 * @public
 */
export interface ServerChecking extends ServerOnGraph {
  readonly state: 'server-checking'
  /** D. */
  readonly publishedDigest: Uint8Array
  /** U2, ascending by seat. */
  readonly clients: readonly MaskedClient[]
  /** U3, ascending. */
  readonly survivors: Survivors
}

/**
 * A client of U4 and its signature over U3.
 * @public
 */
export interface ConsistentClient {
  readonly seat: number
  readonly signature: Uint8Array
}

/**
 * Round 4 is open: U3, or in the active model U4 with its signatures, is announced.
 * @public
 */
export interface ServerUnmasking extends ServerOnGraph {
  readonly state: 'server-unmasking'
  /** U2, ascending by seat. */
  readonly clients: readonly MaskedClient[]
  /** U3, ascending. */
  readonly survivors: Survivors
  /** U4, ascending by seat; absent in the honest-but-curious model. */
  readonly consistent: readonly ConsistentClient[] | undefined
}

/**
 * The secrets behind the masks are known; what is left is to take the masks off the sum.
 * @public
 */
export interface ServerFinished extends ServerOnGraph {
  readonly state: 'server-unmasked'
  /** U2, ascending by seat. */
  readonly clients: readonly MaskedClient[]
  /** U3, ascending. */
  readonly survivors: Survivors
  /** b of every client of U3, ascending by seat. */
  readonly selfMasks: readonly Seated<Uint8Array>[]
  /** s^SK of every client of U2∖U3, ascending by seat. */
  readonly maskKeys: readonly Seated<Uint8Array>[]
  /** Shares that were found to misfit, ascending by owner and holder. Where a secret came out at once nobody looked. */
  readonly wrongShares: readonly WrongShare[]
  /** The clients that must have cheated if at most n_C have, ascending: they misfit with more than n_C others. */
  readonly culprits: readonly number[]
}

/**
 * The secrets that a state carries, to be overwritten once it is no longer needed: the very arrays. Until the last round
 * a server has none.
 * @public
 */
export function secretsIn(state: ServerState): readonly Uint8Array[] {
  requireState(state, ...SERVER_STATES)
  if (state.state !== 'server-unmasked') return []
  return [...state.selfMasks, ...state.maskKeys].map(({ value }) => value)
}
