import * as P from '../codec/codec.js'
import { concatBytes } from '../crypto/bytes.js'
import { type SeatColumn, type Seated, seatBytes, seatColumn, seatMap, seatSet } from './coders.js'

/** The bytes of the configuration hash, with which AdvertiseKeys begins. */
export const HASH_LENGTH = 32

/** The bytes of a public or private X25519 key, and of a share of a private key. */
export const KEY_LENGTH = 32

/** The bytes of the seed b of a self-mask, and of a share of it. */
export const SELF_MASK_SEED_LENGTH = 16

/** The bytes of the commitment to a self-mask seed. */
export const COMMITMENT_LENGTH = 32

/** The bytes of a sealed pair of shares: the share of s^SK, the share of b, and the tag. */
export const SEALED_SHARES_LENGTH: number = KEY_LENGTH + SELF_MASK_SEED_LENGTH + 16

/** Bytes of the acknowledgement that a holder sends to an owner. */
export const ACKNOWLEDGEMENT_LENGTH = 16

/**
 * A client's public keys: two, or four with hybrid key agreement.
 * @public
 */
export interface PublicKeys {
  /** c^PK: other clients encrypt shares to this key. */
  readonly cipherKey: Uint8Array
  /** s^PK: other clients agree on pairwise masks with this key. */
  readonly maskKey: Uint8Array
  /** The seed of the client's choice of holders, 16 bytes; on the chosen graph only. */
  readonly choice?: Uint8Array | undefined
  /** The ML-KEM-768 key that goes with `cipherKey`, 1184 bytes; with hybrid key agreement only. */
  readonly cipherKemKey?: Uint8Array | undefined
  /** The ML-KEM-768 key that goes with `maskKey`, 1184 bytes; with hybrid key agreement only. */
  readonly maskKemKey?: Uint8Array | undefined
  /** The client's signature over all of these; empty in the honest-but-curious model. */
  readonly signature: Uint8Array
}

/**
 * Phase `advertise-keys`, client to server.
 * @public
 */
export interface AdvertiseKeys extends PublicKeys {
  /** Lets the server refuse a client that has another configuration. */
  readonly configurationHash: Uint8Array
}

/**
 * Phase `advertise-keys`, server to client: the clients in U1 and their keys, including those of the receiver.
 * @public
 */
export type PublishedKeys = readonly Seated<PublicKeys>[]

/**
 * Phase `share-keys`, client to server.
 * @public
 */
export interface ShareKeys {
  /** The commitment to the seed b of the client's self-mask. */
  readonly commitment: Uint8Array
  /**
   * One sealed pair of shares for each of the sender's peers, in ascending order of their seats, without gaps. With hybrid key
   * agreement, each is a parcel, which contains more.
   */
  readonly ciphertexts: Uint8Array
}

/**
 * Phase `share-keys`, server to client: the clients in U2 except the receiver, and what each sealed to the receiver.
 * @public
 */
export type ForwardedShares = readonly Seated<Uint8Array>[]

/**
 * Phase `masked-input`, server to client: the clients in U3.
 * @public
 */
export type Survivors = readonly number[]

/**
 * Phase `consistency-check`, client to server: the signature over U3.
 * @public
 */
export type ConsistencyCheck = Uint8Array

/**
 * Phase `consistency-check`, server to client: the clients in U4 and their signatures, including that of the receiver.
 * @public
 */
export type ConsistencySignatures = readonly Seated<Uint8Array>[]

/**
 * Phase `unmasking`, client to server: for each owner in U2, the share of b if the owner survived, or the share of s^SK if it
 * dropped out. Owners whose ciphertext could not be opened are left out.
 * @public
 */
export type UnmaskingShares = readonly Seated<Uint8Array>[]

/**
 * Phase `masked-input`, client to server, with hybrid key agreement: sent instead of a masked input by a client that cannot
 * open what these clients, ascending, have sealed to it for their masks.
 * @public
 */
export type Complaint = readonly number[]

/**
 * Sent before the masked input on the chosen graph: with which of its holders the sender has masked.
 * @public
 */
export interface Inclusion {
  /** One bit for each of the sender's k holders, ascending by seat, low bit first, padded with zero bits. */
  readonly holders: Uint8Array
  /** The sender's signature over these bits, and over the keys and the choice that it sent in this run. */
  readonly signature: Uint8Array
}

/**
 * Sent by the server after phase 2 on the chosen graph: the owners that are alive, among the clients of whose secrets the
 * receiver holds shares. Each has its {@link Inclusion}.
 * @public
 */
export type LivingOwners = readonly Seated<Inclusion>[]

/**
 * Acknowledgements of 16 bytes each, in phase 3 on the chosen graph. A client sends one for each owner that is alive, and
 * receives those of its holders.
 * @public
 */
export type Acknowledgements = readonly Seated<Uint8Array>[]

/** `peers`: the number of clients to which the sender seals shares. `length`: the bytes of what it seals to them. */
export function shareKeysCoder(
  peers: number,
  length: number = peers * SEALED_SHARES_LENGTH,
): P.Coder<ShareKeys> {
  return P.struct({
    commitment: P.bytes(COMMITMENT_LENGTH),
    ciphertexts: P.bytes(length),
  })
}

/**
 * `peers`: the receiver's peers; `owners`: the peers that seal shares to it. Without `owners`, all peers do. `lengthFrom`: the
 * bytes of what a peer seals to it.
 */
export function forwardedSharesCoder(
  peers: readonly number[],
  owners?: ReadonlySet<number>,
  lengthFrom: (peer: number) => number = () => SEALED_SHARES_LENGTH,
): P.Coder<ForwardedShares> {
  return seatBytes(peers, sealedLength(owners, lengthFrom))
}

/** The same bytes, from the ciphertexts in one piece. */
export function forwardedColumnCoder(
  peers: readonly number[],
  owners?: ReadonlySet<number>,
): P.Coder<SeatColumn> {
  return seatColumn(peers, sealedLength(owners))
}

/** How many bytes a message has for a seat: none if it does not seal shares to the receiver. */
export function sealedLength(
  owners: ReadonlySet<number> | undefined,
  lengthFrom: (peer: number) => number = () => SEALED_SHARES_LENGTH,
): (seat: number) => number {
  return (seat) => (owners?.has(seat) === false ? 0 : lengthFrom(seat))
}

/** `senders`: the clients of U2 that seal secrets for masks to the sender of the complaint. */
export function complaintCoder(senders: readonly number[]): P.Coder<Complaint> {
  return seatSet(senders)
}

/** `universe`: the seats that may have survived. */
export function survivorsCoder(universe: readonly number[]): P.Coder<Survivors> {
  return seatSet(universe)
}

export function consistencyCheckCoder(signatureLength: number): P.Coder<ConsistencyCheck> {
  return P.bytes(signatureLength)
}

/** `universe`: the seats that may have signed. */
export function consistencySignaturesCoder(
  universe: readonly number[],
  signatureLength: number,
): P.Coder<ConsistencySignatures> {
  return seatBytes(universe, () => signatureLength)
}

/** `neighbors`: how many holders a client has. */
export function inclusionCoder(neighbors: number, signatureLength: number): P.Coder<Inclusion> {
  const signatureAt = Math.ceil(neighbors / 8)
  const length = signatureAt + signatureLength
  // In one piece: there are nk of these in a round.
  return P.coder({
    encodeTo: (writer, { holders, signature }) => {
      if (holders.length !== signatureAt || signature.length !== signatureLength) {
        throw new RangeError('a proof has the wrong length')
      }
      writer.bytes(concatBytes(holders, signature))
    },
    decodeFrom: (reader) => {
      const bytes = reader.bytes(length)
      return { holders: bytes.subarray(0, signatureAt), signature: bytes.subarray(signatureAt) }
    },
  })
}

/** `owners`: the clients of U2 whose secrets the receiver holds shares of. */
export function livingOwnersCoder(
  owners: readonly number[],
  neighbors: number,
  signatureLength: number,
): P.Coder<LivingOwners> {
  return seatMap(owners, inclusionCoder(neighbors, signatureLength))
}

/** `seats`: the living owners that are acknowledged; or the holders that acknowledge. */
export function acknowledgementsCoder(seats: readonly number[]): P.Coder<Acknowledgements> {
  return seatBytes(seats, () => ACKNOWLEDGEMENT_LENGTH)
}

/** `owners`: the seats whose shares the sender may hold. `survivors`: the seats in U3. */
export function unmaskingCoder(
  owners: readonly number[],
  survivors: ReadonlySet<number>,
): P.Coder<UnmaskingShares> {
  return seatBytes(owners, (seat) => (survivors.has(seat) ? SELF_MASK_SEED_LENGTH : KEY_LENGTH))
}

/** The same bytes, as one piece. */
export function unmaskingColumnCoder(
  owners: readonly number[],
  lengthOf: (seat: number) => number,
): P.Coder<SeatColumn> {
  return seatColumn(owners, lengthOf)
}
