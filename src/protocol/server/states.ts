import type { DrawnGraph } from '../../graph/index.js'
import type {
  Acknowledgements,
  Complaint,
  Inclusion,
  PublicKeys,
  Seated,
  Survivors,
} from '../../wire/index.js'
import { requireState } from '../checks.js'
import type { RoundConfig } from '../config.js'
import type { WrongShare } from './wrong-shares.js'

/**
 * The states of the server: one type for each, in the order of the phases. Each is named after the message that it
 * collects. All are plain data. None contains a vector: the host keeps the running sum of the masked inputs.
 *
 * A state must be stored durably before any message made from it leaves the server. Messages are functions of the state,
 * so after a crash the server makes the same messages again.
 * @public
 */
export type ServerState =
  | ServerAdvertising
  | ServerSharing
  | ServerMasking
  | ServerChecking
  | ServerAcknowledging
  | ServerUnmasking
  | ServerFinished

export const SERVER_STATES: readonly ServerState['state'][] = [
  'server-advertising',
  'server-sharing',
  'server-masking',
  'server-checking',
  'server-acknowledging',
  'server-unmasking',
  'server-unmasked',
]

interface ServerBase {
  readonly config: RoundConfig
}

/** The graph is drawn when the phase AdvertiseKeys closes. */
interface ServerOnGraph extends ServerBase {
  readonly graph: DrawnGraph
}

/**
 * The phase AdvertiseKeys is open.
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
 * The phase ShareKeys is open: the keys of U1 are published.
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
  /** The seats to which the client sealed shares, ascending. */
  readonly peers: readonly number[]
  /** The ciphertexts for these seats, one after the other. */
  readonly ciphertexts: Uint8Array
}

/**
 * The phase MaskedInputCollection is open: the shares of U2 are forwarded.
 * @public
 */
export interface ServerMasking extends ServerOnGraph {
  readonly state: 'server-masking'
  /** D: the digest of the published keys; active model on the complete graph only. */
  readonly publishedDigest: Uint8Array | undefined
  /** U2, ascending by seat. */
  readonly clients: readonly SharingClient[]
}

/**
 * A client of U2, with what the server still needs to know about it once the shares are forwarded.
 * @public
 */
export interface MaskedClient {
  readonly seat: number
  /** s^PK. */
  readonly maskKey: Uint8Array
  /** The commitment to b. */
  readonly commitment: Uint8Array
  /** Active model only. */
  readonly identity: string | undefined
  /** With hybrid key agreement only. */
  readonly hybrid: MaskedHybrid | undefined
}

/**
 * What the server still needs to know about a client for hybrid key agreement once U3 is fixed.
 * @public
 */
export interface MaskedHybrid {
  /** SHA-256 of its ML-KEM-768 key for masks. */
  readonly maskKemDigest: Uint8Array
  /**
   * If it has dropped out: for each survivor with which it shares a mask, ascending, the secret that the survivor has sent, 1168
   * bytes; or if it was the sender, SHA-256 of the ciphertext, and the confirmation, 64 bytes.
   */
  readonly crossing: Uint8Array
  /** The senders that it has complained about, ascending. */
  readonly complaint: Complaint
}

/**
 * The phase ConsistencyCheck is open (active model only): U3 is announced.
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
 * A client of U3, and its proof of the holders with which it has masked.
 * @public
 */
export interface IncludingClient {
  readonly seat: number
  readonly inclusion: Inclusion
}

/**
 * Phase 3 is open, on the chosen graph: each client of U3 is told which of its owners are alive.
 * @public
 */
export interface ServerAcknowledging extends ServerOnGraph {
  readonly state: 'server-acknowledging'
  /** U2, ascending by seat. */
  readonly clients: readonly MaskedClient[]
  /** U3, ascending. */
  readonly survivors: Survivors
  /** U3 with its proofs, ascending by seat. */
  readonly including: readonly IncludingClient[]
}

/**
 * A client of U4 with its acknowledgements, which only their receivers can check.
 * @public
 */
export interface AcknowledgingClient {
  readonly seat: number
  /** Ascending by the owner that is acknowledged. */
  readonly acknowledgements: Acknowledgements
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
 * The phase Unmasking is open: U3 is announced, or in the active model U4 with its signatures.
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
  /** U4 with its acknowledgements, ascending by seat; chosen graph only. */
  readonly acknowledging: readonly AcknowledgingClient[] | undefined
}

/**
 * The server knows the secrets behind the masks. It only has to remove the masks from the sum.
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
  /**
   * With hybrid key agreement, for every client of U2∖U3, ascending by seat: for each survivor with which it shares a mask,
   * ascending, the secret for the mask, 32 bytes, and SHA-256 of the ciphertext that it was sent with.
   */
  readonly maskSecrets: readonly Seated<Uint8Array>[] | undefined
  /**
   * The wrong shares that were found, ascending by owner and holder. If the first attempt recovered an owner's secret, the
   * other shares of that owner were not checked.
   */
  readonly wrongShares: readonly WrongShare[]
  /**
   * The clients that must have cheated if at most n_C have, ascending: their shares conflict with more than n_C other
   * clients. With hybrid key agreement also those whose complaint was false, and those that more than n_C others complain about.
   */
  readonly culprits: readonly number[]
}

/**
 * The secrets in a state of the server: the arrays themselves, not copies, so that the caller can overwrite them when the
 * state is no longer needed. Only the last state, `server-unmasked`, has any.
 *
 * @param state - Any state of the server.
 * @returns The arrays.
 * @throws {SecAggError} `out-of-order` if this is not a state of the server.
 * @example
 * ```ts
 * // Continues the example of server.reconstructSecrets.
 * for (const secret of server.secretsIn(finished)) secret.fill(0)
 * console.log(finished.selfMasks[0]!.value.every((byte) => byte === 0)) // true
 * ```
 * @public
 */
export function secretsIn(state: ServerState): readonly Uint8Array[] {
  requireState(state, ...SERVER_STATES)
  if (state.state !== 'server-unmasked') return []
  return [...state.selfMasks, ...state.maskKeys, ...(state.maskSecrets ?? [])].map(({ value }) => value)
}
