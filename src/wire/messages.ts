import * as P from 'micro-packed'
import { concatBytes } from '../crypto/bytes.js'
import { byteString, type Seated, seatBytes, seatList, seatMap, seatSet } from './coders.js'

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

/**
 * A client's two public keys.
 * @public
 */
export interface PublicKeys {
  /** c^PK: other clients encrypt shares to this key. */
  readonly cipherKey: Uint8Array
  /** s^PK: other clients agree on pairwise masks with this key. */
  readonly maskKey: Uint8Array
  /** The client's signature over both keys; empty in the honest-but-curious model. */
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
  /** One sealed pair of shares for each of the sender's peers, in ascending order of their seats, without gaps. */
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

/** `signatureLength` is that of the configuration, or 0 if keys are not signed. */
export function advertiseKeysCoder(signatureLength: number): P.CoderType<AdvertiseKeys> {
  return P.struct({
    configurationHash: byteString(HASH_LENGTH),
    cipherKey: byteString(KEY_LENGTH),
    maskKey: byteString(KEY_LENGTH),
    signature: byteString(signatureLength),
  })
}

/** `universe`: the seats that may take part, or their maximum number if the receiver does not know the seats. */
export function publishedKeysCoder(
  universe: readonly number[] | number,
  signatureLength: number,
): P.CoderType<PublishedKeys> {
  const keys = publicKeys(signatureLength)
  return typeof universe === 'number' ? seatList(universe, keys) : seatMap(universe, keys)
}

/** Codes both keys and the signature in one piece, because a round has n² of them. */
function publicKeys(signatureLength: number): P.CoderType<PublicKeys> {
  const length = 2 * KEY_LENGTH + signatureLength
  return P.wrap({
    encodeStream: (writer, { cipherKey, maskKey, signature }) => {
      const bytes = concatBytes(cipherKey, maskKey, signature)
      if (cipherKey.length !== KEY_LENGTH || maskKey.length !== KEY_LENGTH || bytes.length !== length) {
        throw writer.err('a key or a signature has the wrong length')
      }
      writer.bytes(bytes)
    },
    decodeStream: (reader) => {
      const bytes = reader.bytes(length)
      return {
        cipherKey: bytes.subarray(0, KEY_LENGTH),
        maskKey: bytes.subarray(KEY_LENGTH, 2 * KEY_LENGTH),
        signature: bytes.subarray(2 * KEY_LENGTH),
      }
    },
  })
}

/** `peers`: the number of clients to which the sender seals shares. */
export function shareKeysCoder(peers: number): P.CoderType<ShareKeys> {
  return P.struct({
    commitment: byteString(COMMITMENT_LENGTH),
    ciphertexts: byteString(peers * SEALED_SHARES_LENGTH),
  })
}

/** `peers`: the seats that may have sealed shares to the receiver. */
export function forwardedSharesCoder(peers: readonly number[]): P.CoderType<ForwardedShares> {
  return seatBytes(peers, () => SEALED_SHARES_LENGTH)
}

/** `universe`: the seats that may have survived. */
export function survivorsCoder(universe: readonly number[]): P.CoderType<Survivors> {
  return seatSet(universe)
}

export function consistencyCheckCoder(signatureLength: number): P.CoderType<ConsistencyCheck> {
  return byteString(signatureLength)
}

/** `universe`: the seats that may have signed. */
export function consistencySignaturesCoder(
  universe: readonly number[],
  signatureLength: number,
): P.CoderType<ConsistencySignatures> {
  return seatBytes(universe, () => signatureLength)
}

/** `owners`: the seats whose shares the sender may hold. `survivors`: the seats in U3. */
export function unmaskingCoder(
  owners: readonly number[],
  survivors: ReadonlySet<number>,
): P.CoderType<UnmaskingShares> {
  return seatBytes(owners, (seat) => (survivors.has(seat) ? SELF_MASK_SEED_LENGTH : KEY_LENGTH))
}
