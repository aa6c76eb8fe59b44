import type { Hex, RoundVector, ShareKeysValues } from './format.js'
import { flip, overwrite, valuesOf } from './transcript-support.js'

/** The bases of transcripts with hybrid key agreement. */
export const HYBRID = 'round-hybrid-complete-small'
export const HYBRID_SLICES = 'round-hybrid-complete-chacha'
export const HYBRID_ACTIVE = 'round-hybrid-active-chacha'
export const HYBRID_SPARSE = 'round-hybrid-sparse-aes'
export const HYBRID_CHOSEN = 'round-hybrid-chosen-aes'

/** The bytes of a key of ML-KEM-768. */
const KEM_KEY = 1184

/** Of the 12 bits of a coefficient, all. */
export const UNREDUCED: Hex = 'ff0f'

/** Both ML-KEM-768 keys of a client. */
export function kemKeysOf(base: RoundVector, seat: number): { cipherKemKey: Hex; maskKemKey: Hex } {
  return valuesOf(base, seat).advertiseKeys.hybrid!
}

/** Where these bytes are in a message, which has them once. */
export function placeOf(message: Hex, bytes: Hex): number {
  const at = message.indexOf(bytes)
  if (at < 0 || at % 2 !== 0) throw new Error('the message does not have these bytes')
  return at / 2
}

/** A copy with other bytes in place of some. */
export function replaced(message: Hex, bytes: Hex, others: Hex): Hex {
  return overwrite(message, placeOf(message, bytes), others)
}

/** A copy in which one bit of these bytes is flipped. */
export function spoiled(message: Hex, bytes: Hex): Hex {
  return flip(message, placeOf(message, bytes))
}

/** A key that differs from this one in its last bit only, and so is acceptable too. */
export const similarKey = (key: Hex): Hex => flip(key, KEM_KEY - 1)

/** The secret for a mask that one client sends to another. */
export function secretFrom(
  base: RoundVector,
  sender: number,
  receiver: number,
): NonNullable<ShareKeysValues['maskSecrets']>[number] {
  const all = valuesOf(base, sender).shareKeys.maskSecrets!
  return all.find((each) => each.receiver === receiver)!
}

/** C', the sealed secret and the confirmation. */
export function sentTo(base: RoundVector, sender: number, receiver: number): Hex {
  const { encapsulated, sealed, confirmation } = secretFrom(base, sender, receiver)
  return encapsulated.ciphertext + sealed + confirmation
}

/** C: what one client encapsulates to another for the shares. */
export function channelFrom(base: RoundVector, sender: number, receiver: number): Hex {
  const each = valuesOf(base, sender).shareKeys.sealed.find((sealed) => sealed.receiver === receiver)!
  return each.encapsulated!.ciphertext
}

/** The bytes before the ML-KEM-768 keys of AdvertiseKeys, without a choice. */
export const KEM_KEYS_AT: number = 2 + 32 + 64
