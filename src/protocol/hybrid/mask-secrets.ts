import { concatBytes, equalBytes, wipe } from '../../crypto/bytes.js'
import { dependableEncapsulation } from '../../crypto/dependable-encapsulation.js'
import { digestOf } from '../../crypto/digest.js'
import { KEM_CIPHERTEXT_LENGTH, KEM_SEED_LENGTH, type KeyEncapsulation } from '../../crypto/encapsulation.js'
import type { CryptoProvider } from '../../crypto/provider.js'
import { SEALED_SHARES_LENGTH } from '../../wire/index.js'
import type { RoundConfig } from '../config.js'
import {
  derivationInfo,
  deriveKey,
  type KeyHolder,
  label,
  type SecondSecret,
  seatBytes,
  suiteOf,
} from '../keys.js'

// Hybrid key agreement. Every key follows from X25519 and from a secret that ML-KEM-768 protects.
//
// What a client shares among its holders is its master secret. The keys of its masks follow from it, and so does the secret
// that it sends to each peer. So the server can remove the masks of a client that drops out, whichever side had sent.

/** The bytes of a master secret, which takes the place of s^SK among the holders, and of a secret for a mask. */
const MASTER_LENGTH = 32
const MASK_SECRET_LENGTH = 32
const CONFIRMATION_LENGTH = 32
const SEALED_SECRET_LENGTH = MASK_SECRET_LENGTH + 16

/** The provider's ML-KEM-768, wrapped in checks of its results. `hybridFor` has checked that there is one. */
export function kemOf({ mlKem768 }: CryptoProvider): KeyEncapsulation {
  return dependableEncapsulation(mlKem768!)
}

const LABELS = {
  maskKey: label('mask key'),
  maskKemSeed: label('mask seed'),
  maskSecret: label('mask secret'),
  sealSecret: label('seal mask secret'),
  confirmation: label('confirm mask secret'),
} as const

/** The parts of what a client seals to a holder with hybrid key agreement. */
export interface Parcel {
  /** The ciphertext to the holder's cipher key. */
  readonly ciphertext: Uint8Array
  readonly sealedShares: Uint8Array
  /** If the client sends the secret for the mask of the pair. */
  readonly sent: Uint8Array | undefined
}

/** The parts of a parcel, as views. Its length must be right. */
export function openParcel(parcel: Uint8Array): Parcel {
  const sharesEnd = KEM_CIPHERTEXT_LENGTH + SEALED_SHARES_LENGTH
  return {
    ciphertext: parcel.subarray(0, KEM_CIPHERTEXT_LENGTH),
    sealedShares: parcel.subarray(KEM_CIPHERTEXT_LENGTH, sharesEnd),
    sent: parcel.length === sharesEnd ? undefined : parcel.subarray(sharesEnd),
  }
}

/** The parts of a sent secret, as views. */
export function openSent(sent: Uint8Array): {
  ciphertext: Uint8Array
  sealed: Uint8Array
  confirmation: Uint8Array
} {
  const confirmationAt = KEM_CIPHERTEXT_LENGTH + SEALED_SECRET_LENGTH
  return {
    ciphertext: sent.subarray(0, KEM_CIPHERTEXT_LENGTH),
    sealed: sent.subarray(KEM_CIPHERTEXT_LENGTH, confirmationAt),
    confirmation: sent.subarray(confirmationAt),
  }
}

/** What the server keeps of a sent secret if the sender has dropped out. */
export function keptOf(sent: Uint8Array): Uint8Array {
  const { ciphertext, confirmation } = openSent(sent)
  return concatBytes(digestOf(ciphertext), confirmation)
}

/** s^SK and the seed of the ML-KEM-768 key for masks, which follow from a client's master secret. */
export async function deriveMaskKeys(
  config: RoundConfig,
  crypto: CryptoProvider,
  master: Uint8Array,
  seat: number,
): Promise<{ readonly privateKey: Uint8Array; readonly kemSeed: Uint8Array }> {
  const from = (what: Uint8Array, length: number): Promise<Uint8Array> =>
    crypto.sha256.hkdf(master, config.hash, concatBytes(what, seatBytes(seat)), length)
  return {
    privateKey: await from(LABELS.maskKey, MASTER_LENGTH),
    kemSeed: await from(LABELS.maskKemSeed, KEM_SEED_LENGTH),
  }
}

/** p: the secret that `sender` sends to `receiver` for the mask of the pair, from the sender's master secret. */
export function deriveMaskSecret(
  { hash }: RoundConfig,
  crypto: CryptoProvider,
  master: Uint8Array,
  sender: number,
  receiver: number,
): Promise<Uint8Array> {
  const info = concatBytes(LABELS.maskSecret, seatBytes(sender), seatBytes(receiver))
  return crypto.sha256.hkdf(master, hash, info, MASK_SECRET_LENGTH)
}

/**
 * The confirmation of p, which the server and the receiver compare with the p that they find. Its maker could gain from a
 * collision, so it has 32 bytes. p has 256 bits, so it reveals nothing.
 */
export function confirmMaskSecret(
  { hash }: RoundConfig,
  crypto: CryptoProvider,
  secret: Uint8Array,
  sender: number,
  receiver: number,
): Promise<Uint8Array> {
  const info = concatBytes(LABELS.confirmation, seatBytes(sender), seatBytes(receiver))
  return crypto.sha256.hkdf(secret, hash, info, CONFIRMATION_LENGTH)
}

/** The two sides of a pair, with their keys for masks, and the raw agreement of their s keys. */
export interface MaskPair {
  readonly sender: KeyHolder
  readonly receiver: KeyHolder
  readonly agreement: Uint8Array
}

/** The bytes with which the sender of a pair sends p. `second` is what it has encapsulated for the receiver. */
export async function sendMaskSecret(
  config: RoundConfig,
  crypto: CryptoProvider,
  { sender, receiver, agreement }: MaskPair,
  ciphertext: Uint8Array,
  second: SecondSecret,
  secret: Uint8Array,
): Promise<Uint8Array> {
  const key = await sealingKey(config, crypto, { sender, receiver, agreement }, second)
  const data = associatedData(config, sender, receiver)
  const sealed = await suiteOf(config, crypto).seal(key, data, secret)
  wipe(key)
  const confirmation = await confirmMaskSecret(config, crypto, secret, sender.seat, receiver.seat)
  return concatBytes(ciphertext, sealed, confirmation)
}

/**
 * The p in what was sent, if it opens and fits its confirmation. `encapsulated` is the secret in the ciphertext. With this
 * secret alone, a server that encapsulates one itself could put its own p in place of the sender's, so the key depends on the
 * agreement of the two s keys too.
 */
export async function receiveMaskSecret(
  config: RoundConfig,
  crypto: CryptoProvider,
  pair: MaskPair,
  sent: Uint8Array,
  encapsulated: Uint8Array,
): Promise<SecondSecret | undefined> {
  const { ciphertext, sealed, confirmation } = openSent(sent)
  const digest = digestOf(ciphertext)
  const { sender, receiver } = pair
  const key = await sealingKey(config, crypto, pair, { secret: encapsulated, digest })
  const secret = await suiteOf(config, crypto).open(key, associatedData(config, sender, receiver), sealed)
  wipe(key)
  if (secret === undefined) return undefined
  const expected = await confirmMaskSecret(config, crypto, secret, sender.seat, receiver.seat)
  if (equalBytes(expected, confirmation)) return { secret, digest }
  wipe(secret)
  return undefined
}

function sealingKey(
  config: RoundConfig,
  crypto: CryptoProvider,
  { sender, receiver, agreement }: MaskPair,
  second: SecondSecret,
): Promise<Uint8Array> {
  const info = derivationInfo(LABELS.sealSecret, sender, receiver, second)
  return deriveKey(config, crypto, agreement, second, info, suiteOf(config, crypto).keyLength)
}

function associatedData({ hash }: RoundConfig, sender: KeyHolder, receiver: KeyHolder): Uint8Array {
  return concatBytes(LABELS.maskSecret, hash, seatBytes(sender.seat), seatBytes(receiver.seat))
}
