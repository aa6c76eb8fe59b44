import type { Complaint } from '../../wire/index.js'
import type { RoundConfig } from '../config.js'

/**
 * After the phase MaskedInputCollection with hybrid key agreement, if the client could not open what some peers have sealed for
 * their masks: it has complained, and takes no further part. The state contains no secrets.
 * @public
 */
export interface ClientComplained {
  readonly state: 'client-complained'
  readonly config: RoundConfig
  readonly seat: number
  readonly minimumSurvivors: number
  /** The clients of U2 that had to send this client a secret for a mask, ascending. */
  readonly nameable: readonly number[]
  /** Those of them whose secrets do not open or do not fit. */
  readonly outbound: Complaint
}

/**
 * The secrets that a client draws for hybrid key agreement.
 * @public
 */
export interface AdvertisedHybrid {
  /** The seed of the ML-KEM-768 key for the encryption of shares, 64 bytes. */
  readonly cipherSeed: Uint8Array
  /** The master secret, 32 bytes. s^SK follows from it, and so does all else that masks need. It is shared instead of s^SK. */
  readonly master: Uint8Array
}

/**
 * What a client keeps for hybrid key agreement until it has opened what its peers sealed to it.
 * @public
 */
export interface SharedHybrid extends AdvertisedHybrid {
  /** c^PK. */
  readonly cipherKey: Uint8Array
  /** SHA-256 of each of its ML-KEM-768 keys. */
  readonly cipherKemDigest: Uint8Array
  readonly maskKemDigest: Uint8Array
}

/**
 * What a client keeps of a `Peer` for hybrid key agreement.
 * @public
 */
export interface PeerHybrid {
  /** The raw agreement of the two c keys. */
  readonly cipherAgreement: Uint8Array
  /** c^PK of the peer. */
  readonly cipherKey: Uint8Array
  /** SHA-256 of each of its ML-KEM-768 keys. */
  readonly cipherKemDigest: Uint8Array
  readonly maskKemDigest: Uint8Array
}

/** What a client has computed for the mask with a peer to which it sends a secret, and needs again in the next phase. */
export interface SentMask {
  /** The raw agreement of the s keys. */
  readonly agreement: Uint8Array
  /** What it sends, 32 bytes. */
  readonly secret: Uint8Array
  /** SHA-256 of the ciphertext. */
  readonly digest: Uint8Array
}

/** A cache: all of it follows from the state. */
export const sentMasks: WeakMap<PeerHybrid, SentMask> = new WeakMap()

/** The secrets of a client with hybrid key agreement. */
export function hybridIn(
  hybrid: AdvertisedHybrid | undefined,
  peers: readonly { readonly hybrid: PeerHybrid | undefined }[] = [],
): readonly Uint8Array[] {
  const own = hybrid === undefined ? [] : [hybrid.cipherSeed, hybrid.master]
  return [
    ...own,
    ...peers.flatMap(({ hybrid: peer }) =>
      peer === undefined ? [] : [peer.cipherAgreement, ...knownWith(peer)],
    ),
  ]
}

function knownWith(peer: PeerHybrid): Uint8Array[] {
  const known = sentMasks.get(peer)
  return known === undefined ? [] : [known.agreement, known.secret]
}
