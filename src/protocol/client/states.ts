import type { MaskPlan } from '../../vector/segments.js'
import type {
  AdvertiseKeys,
  ConsistencyCheck,
  ShareKeys,
  Survivors,
  UnmaskingShares,
} from '../../wire/index.js'
import { requireState } from '../checks.js'
import type { RoundConfig } from '../config.js'

/**
 * The states of a client, one type each, in the order of the rounds. All are plain data (numbers, strings, byte arrays,
 * bigints, arrays and records of these), can be stored and compared, and hold secrets: whoever stores one guards it
 * like a private key.
 *
 * A state must be durable before `outbound`, the message that it was made with, leaves the client. After a crash the
 * same `outbound` is sent again; nothing is drawn anew.
 * @public
 */
export type ClientState = ClientAdvertised | ClientShared | ClientMasked | ClientChecked | ClientFinished

export const CLIENT_STATES: readonly ClientState['state'][] = [
  'client-advertised',
  'client-shared',
  'client-masked',
  'client-checked',
  'client-unmasked',
]

/** What does not change during a round. */
interface ClientBase {
  readonly config: RoundConfig
  /** u: the client's own seat. */
  readonly seat: number
  /** The client's own lower bound on |U1|, |U2| and |U3| on the complete graph. */
  readonly minimumSurvivors: number
}

/** @public */
export interface KeyPair {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

/**
 * The shares that one seat holds of one owner's two secrets.
 * @public
 */
export interface SharePair {
  /** Of s^SK, 32 bytes. */
  readonly maskKeyShare: Uint8Array
  /** Of b, 16 bytes. */
  readonly selfMaskShare: Uint8Array
}

/**
 * Another client of U1 that holds shares of this client's secrets, and the reverse.
 * @public
 */
export interface Peer {
  readonly seat: number
  /** s^PK. */
  readonly maskKey: Uint8Array
  /** Opens what the peer seals to this client. */
  readonly openingKey: Uint8Array
  /** Who the peer is; active model only. */
  readonly identity: string | undefined
}

/**
 * A {@link Peer} of U2, with what it sealed to this client.
 * @public
 */
export interface Sharer {
  readonly seat: number
  readonly openingKey: Uint8Array
  readonly ciphertext: Uint8Array
  readonly identity: string | undefined
}

/**
 * After round 0: two key pairs drawn and advertised.
 * @public
 */
export interface ClientAdvertised extends ClientBase {
  readonly state: 'client-advertised'
  /** c: encrypts shares. */
  readonly cipherKeyPair: KeyPair
  /** s: makes masks. */
  readonly maskKeyPair: KeyPair
  readonly outbound: AdvertiseKeys
}

/**
 * After round 1: both secrets shared among the holders.
 * @public
 */
export interface ClientShared extends ClientBase {
  readonly state: 'client-shared'
  readonly maskKeyPair: KeyPair
  /** b. */
  readonly selfMask: Uint8Array
  /** The client's shares of its own secrets; absent where the graph gives it none. */
  readonly ownShares: SharePair | undefined
  readonly ownIdentity: string | undefined
  /** D; active model only. */
  readonly publishedDigest: Uint8Array | undefined
  /** U1 without the client, as far as the graph joins them; ascending. */
  readonly peers: readonly Peer[]
  /** Keys the digest of the input, so that a stored state says nothing about it. */
  readonly digestKey: Uint8Array
  readonly outbound: ShareKeys
}

/**
 * After round 2: the masks are determined and belong to one input. The masked vector itself is not part of the state;
 * it is made again from the same input and `plan`.
 * @public
 */
export interface ClientMasked extends ClientBase {
  readonly state: 'client-masked'
  readonly ownShares: SharePair | undefined
  readonly ownIdentity: string | undefined
  /** D; active model only. */
  readonly publishedDigest: Uint8Array | undefined
  /** U2 without the client, ascending. */
  readonly sharers: readonly Sharer[]
  /** What makes y from x. */
  readonly plan: MaskPlan
  readonly digestKey: Uint8Array
  /** The keyed digest of the input that `plan` may mask. */
  readonly inputDigest: Uint8Array
}

/**
 * After round 3, active model only: U3 fixed and signed.
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
 * After round 4: shares revealed, all secrets gone.
 * @public
 */
export interface ClientFinished extends ClientBase {
  readonly state: 'client-unmasked'
  /** U2, ascending. */
  readonly owners: readonly number[]
  /** U3, ascending. */
  readonly survivors: Survivors
  readonly outbound: UnmaskingShares
}

/**
 * The secrets that a state carries, to be overwritten once they are in no later state that is still needed: the very
 * arrays, which states may share.
 * @public
 */
export function secretsIn(state: ClientState): readonly Uint8Array[] {
  requireState(state, ...CLIENT_STATES)
  switch (state.state) {
    case 'client-advertised':
      return [state.cipherKeyPair.privateKey, state.maskKeyPair.privateKey]
    case 'client-shared': {
      const { maskKeyPair, selfMask, ownShares, peers, digestKey } = state
      const opening = peers.map(({ openingKey }) => openingKey)
      return [maskKeyPair.privateKey, selfMask, digestKey, ...sharesIn(ownShares), ...opening]
    }
    case 'client-masked': {
      const { ownShares, sharers, plan, digestKey } = state
      return [digestKey, ...sharesIn(ownShares), ...openingKeysIn(sharers), ...plan.map(({ seed }) => seed)]
    }
    case 'client-checked':
      return [...sharesIn(state.ownShares), ...openingKeysIn(state.sharers)]
    case 'client-unmasked':
      // The shares in it have been revealed.
      return []
  }
}

function sharesIn(pair: SharePair | undefined): readonly Uint8Array[] {
  return pair === undefined ? [] : [pair.maskKeyShare, pair.selfMaskShare]
}

function openingKeysIn(sharers: readonly Sharer[]): readonly Uint8Array[] {
  return sharers.map(({ openingKey }) => openingKey)
}
