import * as P from 'micro-packed'
import { concatBytes } from '../crypto/bytes.js'
import { byteString, type Seated, seatBytes, seatList, seatMap, seatSet } from './coders.js'

/** Bytes of the configuration hash, with which AdvertiseKeys begins. */
export const HASH_LENGTH = 32

/** Bytes of an X25519 key, public or private, and so of a share of a private one. */
export const KEY_LENGTH = 32

/** Bytes of the seed b of a self-mask, and so of a share of it. */
export const SELF_MASK_SEED_LENGTH = 16

/** Bytes of the commitment to a self-mask seed. */
export const COMMITMENT_LENGTH = 32

/** Bytes of a sealed pair of shares: the share of s_sk, the share of b, the tag. */
export const SEALED_SHARES_LENGTH: number = KEY_LENGTH + SELF_MASK_SEED_LENGTH + 16

/**
 * A client's public keys: c^PK encrypts shares to it, s^PK agrees on masks with it.
 * @public
 */
export interface PublicKeys {
  readonly cipherKey: Uint8Array
  readonly maskKey: Uint8Array
  /** The client's signature over both; empty in the honest-but-curious model. */
  readonly signature: Uint8Array
}

/**
 * Round 0, client to server.
 * @public
 */
export interface AdvertiseKeys extends PublicKeys {
  /** So that a client with another configuration is told apart at once. */
  readonly configurationHash: Uint8Array
}

/**
 * Round 0, server to client: U1 and its keys, the receiver's own included.
 * @public
 */
export type PublishedKeys = readonly Seated<PublicKeys>[]

/**
 * Round 1, client to server.
 * @public
 */
export interface ShareKeys {
  /** To the seed b of the client's self-mask. */
  readonly commitment: Uint8Array
  /** The sealed pairs of shares for the sender's peers, ascending by their seats, one after the other. */
  readonly ciphertexts: Uint8Array
}

/**
 * Round 1, server to client: U2 without the receiver, with what each sealed to the receiver.
 * @public
 */
export type ForwardedShares = readonly Seated<Uint8Array>[]

/**
 * Round 2, server to client: U3.
 * @public
 */
export type Survivors = readonly number[]

/**
 * Round 3, client to server: the signature over U3.
 * @public
 */
export type ConsistencyCheck = Uint8Array

/**
 * Round 3, server to client: U4 and its signatures, the receiver's own included.
 * @public
 */
export type ConsistencySignatures = readonly Seated<Uint8Array>[]

/**
 * Round 4, client to server: for each owner in U2 the share of b where the owner survived and of s_sk where it dropped
 * out; owners whose ciphertext did not open are absent.
 * @public
 */
export type UnmaskingShares = readonly Seated<Uint8Array>[]

/** `signatureLength` is the configuration's, 0 where keys are not signed. */
export function advertiseKeysCoder(signatureLength: number): P.CoderType<AdvertiseKeys> {
  return P.struct({
    configurationHash: byteString(HASH_LENGTH),
    cipherKey: byteString(KEY_LENGTH),
    maskKey: byteString(KEY_LENGTH),
    signature: byteString(signatureLength),
  })
}

/** `universe`: the seats that may take part; or, where the receiver does not know them, how many there are at most. */
export function publishedKeysCoder(
  universe: readonly number[] | number,
  signatureLength: number,
): P.CoderType<PublishedKeys> {
  const keys = publicKeys(signatureLength)
  return typeof universe === 'number' ? seatList(universe, keys) : seatMap(universe, keys)
}

/** Both keys and the signature, in one piece: there are n² of these in a round. */
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

/** `peers`: the number of seats to which the sender seals shares. */
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

/** `owners`: the seats of which the sender may hold shares; `survivors`: those of them in U3. */
export function unmaskingCoder(
  owners: readonly number[],
  survivors: ReadonlySet<number>,
): P.CoderType<UnmaskingShares> {
  return seatBytes(owners, (seat) => (survivors.has(seat) ? SELF_MASK_SEED_LENGTH : KEY_LENGTH))
}
