import type { MaskPlan } from '../../vector/segments.js'
import type {
  Acknowledgements,
  AdvertiseKeys,
  ConsistencyCheck,
  Inclusion,
  Seated,
  ShareKeys,
  Survivors,
  UnmaskingShares,
} from '../../wire/index.js'
import { requireState } from '../checks.js'
import type { RoundConfig } from '../config.js'
import {
  type AdvertisedHybrid,
  type ClientComplained,
  hybridIn,
  type PeerHybrid,
  type SharedHybrid,
} from './hybrid-states.js'

/**
 * The states of a client: one type for each, in the order of the phases. All are plain data (numbers, strings, byte arrays,
 * bigints, arrays and records of these), so they can be stored and compared. They contain secrets: guard a stored state
 * like a private key.
 *
 * A state must be stored durably before its message, `outbound`, leaves the client. After a crash the client sends the same
 * `outbound` again; nothing is drawn again.
 * @public
 */
export type ClientState =
  | ClientAdvertised
  | ClientShared
  | ClientMasked
  | ClientChecked
  | ClientAcknowledging
  | ClientComplained
  | ClientFinished

export const CLIENT_STATES: readonly ClientState['state'][] = [
  'client-advertised',
  'client-shared',
  'client-masked',
  'client-checked',
  'client-acknowledging',
  'client-complained',
  'client-unmasked',
]

interface ClientBase {
  readonly config: RoundConfig
  /** u: the client's own seat. */
  readonly seat: number
  /** The client's own lower bound on |U1|, |U2| and |U3| on the complete graph. */
  readonly minimumSurvivors: number
}

/**
 * An X25519 key pair.
 * @public
 */
export interface KeyPair {
  /** 32 bytes. */
  readonly privateKey: Uint8Array
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

/**
 * The shares that one seat holds of one owner's two secrets.
 * @public
 */
export interface SharePair {
  /** The share of s^SK, 32 bytes. */
  readonly maskKeyShare: Uint8Array
  /** The share of b, 16 bytes. */
  readonly selfMaskShare: Uint8Array
}

/**
 * What a client knows of a {@link Peer} on the chosen graph, where holding shares is not mutual.
 * @public
 */
export interface PeerChoice {
  /** Whether the peer is among this client's holders. */
  readonly isHolder: boolean
  /** The index of this client among the peer's holders; `undefined` if the peer has not chosen it. */
  readonly place: number | undefined
  /** SHA-256 of what the peer signed in phase 0. */
  readonly keysDigest: Uint8Array
  /**
   * The acknowledgement for the peer: it says that this client counts the peer as alive. Secret until phase 3; empty if the
   * peer has not chosen this client.
   */
  readonly given: Uint8Array
  /** The acknowledgement that the peer may send to this client; empty if the peer is not a holder. */
  readonly expected: Uint8Array
}

/**
 * Another client of U1 with which this client shares a mask. Each of the two holds shares of the other's secrets; on the chosen
 * graph, it is enough that one of them does.
 * @public
 */
export interface Peer {
  readonly seat: number
  /** s^PK. */
  readonly maskKey: Uint8Array
  /** The key that opens the shares that the peer seals to this client. With hybrid key agreement it is empty until they arrive. */
  readonly openingKey: Uint8Array
  /** The identity of the peer; active model only. */
  readonly identity: string | undefined
  /** Chosen graph only. */
  readonly choice: PeerChoice | undefined
  /** With hybrid key agreement only. */
  readonly hybrid: PeerHybrid | undefined
}

/**
 * A {@link Peer} in U2, with the shares that it sealed to this client.
 * @public
 */
export interface Sharer {
  readonly seat: number
  readonly openingKey: Uint8Array
  /** Empty on the chosen graph if the peer has not chosen this client, and so has sealed no shares to it. */
  readonly ciphertext: Uint8Array
  readonly identity: string | undefined
  /** Chosen graph only. */
  readonly choice: PeerChoice | undefined
}

/** A client's own choice of holders, on the chosen graph. @public */
export interface OwnChoice {
  /** The k seats that hold shares of its secrets, ascending. */
  readonly holders: readonly number[]
  /** SHA-256 of what it signed in phase 0. */
  readonly keysDigest: Uint8Array
}

/**
 * After the phase AdvertiseKeys: the client has drawn its keys and advertised the public ones.
 * @public
 */
export interface ClientAdvertised extends ClientBase {
  readonly state: 'client-advertised'
  /** c: for the encryption of shares. */
  readonly cipherKeyPair: KeyPair
  /** s: for the pairwise masks. */
  readonly maskKeyPair: KeyPair
  /** With hybrid key agreement only. */
  readonly hybrid: AdvertisedHybrid | undefined
  readonly outbound: AdvertiseKeys
}

/**
 * After the phase ShareKeys: the client has shared both secrets among the holders.
 * @public
 */
export interface ClientShared extends ClientBase {
  readonly state: 'client-shared'
  readonly maskKeyPair: KeyPair
  /** With hybrid key agreement only. */
  readonly hybrid: SharedHybrid | undefined
  /** b: the secret from which the self-mask is computed. */
  readonly selfMask: Uint8Array
  /** The client's shares of its own secrets; `undefined` on the sparse graph. */
  readonly ownShares: SharePair | undefined
  readonly ownIdentity: string | undefined
  /** D; active model on the complete graph only. */
  readonly publishedDigest: Uint8Array | undefined
  /** Chosen graph only. */
  readonly ownChoice: OwnChoice | undefined
  /** The other clients of U1 to which the graph connects this client; ascending by seat. */
  readonly peers: readonly Peer[]
  /** The key for the digest of the input. Without it, a stored digest reveals nothing about the input. */
  readonly digestKey: Uint8Array
  readonly outbound: ShareKeys
}

/**
 * After the phase MaskedInputCollection: the masks are fixed and belong to one input. The masked vector is not part of the
 * state; it can be computed again from the same input and `plan`.
 * @public
 */
export interface ClientMasked extends ClientBase {
  readonly state: 'client-masked'
  readonly ownShares: SharePair | undefined
  readonly ownIdentity: string | undefined
  /** D; active model on the complete graph only. */
  readonly publishedDigest: Uint8Array | undefined
  /** The proof that is sent before the masked vector; chosen graph only. */
  readonly inclusion: Inclusion | undefined
  /** The other clients of U2 to which the graph connects this client; ascending by seat. */
  readonly sharers: readonly Sharer[]
  /** The masks that turn the input x into the masked vector y. */
  readonly plan: MaskPlan
  readonly digestKey: Uint8Array
  /** The keyed digest of the only input that `plan` may mask. */
  readonly inputDigest: Uint8Array
}

/**
 * After the phase ConsistencyCheck (active model only): the client has checked and signed U3.
 * @public
 */
export interface ClientChecked extends ClientBase {
  readonly state: 'client-checked'
  readonly ownShares: SharePair | undefined
  readonly ownIdentity: string | undefined
  /** D. */
  readonly publishedDigest: Uint8Array
  readonly sharers: readonly Sharer[]
  /** U3, ascending. */
  readonly survivors: Survivors
  readonly outbound: ConsistencyCheck
}

/**
 * After phase 3 on the chosen graph: the client has decided for every owner whether it is alive, and has acknowledged the
 * owners that are. Of each owner it has kept only the share that it may reveal.
 * @public
 */
export interface ClientAcknowledging extends ClientBase {
  readonly state: 'client-acknowledging'
  /** The clients of U2 that have chosen this client as a holder, ascending. */
  readonly owners: readonly number[]
  /** The owners that are alive, ascending. */
  readonly survivors: Survivors
  /** Shares of b for living owners, and of s^SK for the others; ascending by owner. */
  readonly shares: UnmaskingShares
  /** The acknowledgements that this client expects from its holders in U2, ascending by seat. */
  readonly expected: readonly Seated<Uint8Array>[]
  readonly outbound: Acknowledgements
}

/**
 * After the phase Unmasking: the client has revealed its shares. The state contains no other secrets.
 * @public
 */
export interface ClientFinished extends ClientBase {
  readonly state: 'client-unmasked'
  /** U2 as far as the client knows it, ascending. */
  readonly owners: readonly number[]
  /** U3, ascending. */
  readonly survivors: Survivors
  readonly outbound: UnmaskingShares
}

/**
 * The secrets in a state of a client: the arrays themselves, not copies, so that the caller can overwrite them. Successive
 * states can share arrays: overwrite an array only if no later state that is still needed has it.
 *
 * @param state - Any state of a client.
 * @returns The arrays.
 * @throws {SecAggError} `out-of-order` if this is not a state of a client.
 * @example
 * ```ts
 * // Continues the example of client.advertiseKeys.
 * for (const secret of client.secretsIn(advertised[0]!.state)) secret.fill(0)
 * console.log(advertised[0]!.state.maskKeyPair.privateKey.every((byte) => byte === 0)) // true
 * ```
 * @public
 */
export function secretsIn(state: ClientState): readonly Uint8Array[] {
  requireState(state, ...CLIENT_STATES)
  switch (state.state) {
    case 'client-advertised':
      return [state.cipherKeyPair.privateKey, state.maskKeyPair.privateKey, ...hybridIn(state.hybrid)]
    case 'client-shared': {
      const { maskKeyPair, selfMask, ownShares, peers, digestKey, hybrid } = state
      const others = [...openingKeysIn(peers), ...hybridIn(hybrid, peers)]
      return [maskKeyPair.privateKey, selfMask, digestKey, ...sharesIn(ownShares), ...others]
    }
    case 'client-masked': {
      const { ownShares, sharers, plan, digestKey } = state
      return [digestKey, ...sharesIn(ownShares), ...openingKeysIn(sharers), ...plan.map(({ seed }) => seed)]
    }
    case 'client-checked':
      return [...sharesIn(state.ownShares), ...openingKeysIn(state.sharers)]
    case 'client-acknowledging':
      return [...state.shares, ...state.expected].map(({ value }) => value)
    case 'client-complained':
    case 'client-unmasked':
      // The client has revealed the shares in this state, so they are no longer secret.
      return []
  }
}

function sharesIn(pair: SharePair | undefined): readonly Uint8Array[] {
  return pair === undefined ? [] : [pair.maskKeyShare, pair.selfMaskShare]
}

function openingKeysIn(peers: readonly (Peer | Sharer)[]): readonly Uint8Array[] {
  return peers.flatMap(({ openingKey, choice }) =>
    choice === undefined ? [openingKey] : [openingKey, choice.given, choice.expected],
  )
}
