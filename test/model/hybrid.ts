import { concat, equal } from './bytes.js'
import type { Configuration } from './configuration.js'
import { type Derived, type DerivedBetween, derive, deriveBetween, label, seatBytes } from './keys.js'
import type { KeyOf } from './parties.js'
import {
  decapsulate,
  type Encapsulated,
  encapsulate,
  kemPublicKey,
  sha256,
  x25519PublicKey,
} from './primitives.js'

// Section "Hybrid key agreement" of the specification.

/** What client u draws in place of s_u^SK, and the seed of what it encapsulates. */
export interface HybridDrawn {
  /** Of ck_u. */
  readonly cipherSeed: Uint8Array
  /** m_u. */
  readonly masterSecret: Uint8Array
  readonly encapsulationSeed: Uint8Array
}

/** What follows from m_u for everybody. */
interface MaskKeys {
  readonly maskPrivateKey: Uint8Array
  /** Of sk_u. */
  readonly maskSeed: Uint8Array
  readonly maskKey: Uint8Array
  readonly maskKemKey: Uint8Array
}

export function maskKeysOf(configuration: Configuration, masterSecret: Uint8Array, u: number): MaskKeys {
  const from = (name: string, length: number): Uint8Array =>
    derive(masterSecret, configuration, concat(label(name), seatBytes(u)), length).key
  const maskPrivateKey = from('mask key', 32)
  const maskSeed = from('mask seed', 64)
  return {
    maskPrivateKey,
    maskSeed,
    maskKey: x25519PublicKey(maskPrivateKey),
    maskKemKey: kemPublicKey(maskSeed),
  }
}

const between = (name: string, u: number, v: number): Uint8Array =>
  concat(label(name), seatBytes(u), seatBytes(v))

/** p_{u→v}. */
export function maskSecret(
  configuration: Configuration,
  masterSecret: Uint8Array,
  u: number,
  v: number,
): Derived {
  return derive(masterSecret, configuration, between('mask secret', u, v), 32)
}

export function confirmation(configuration: Configuration, p: Uint8Array, u: number, v: number): Derived {
  return derive(p, configuration, between('confirm mask secret', u, v), 32)
}

/** Of two neighbors, whether u sends; `holds(v, u)` says whether v is a holder of u. */
export function isSender(u: number, v: number, holds: (holder: number, owner: number) => boolean): boolean {
  const [isHolderOfU, isHolderOfV] = [holds(v, u), holds(u, v)]
  if (isHolderOfU && isHolderOfV) return (u + v) % 2 === 1 ? u < v : u > v
  return isHolderOfU
}

/** What goes with a ciphertext to the receiver of a secret for a mask. */
export interface SentMaskSecret {
  /** C'. */
  readonly ciphertext: Uint8Array
  /** p, sealed. */
  readonly sealed: Uint8Array
  readonly confirmation: Uint8Array
}

/** What the vectors draw when they encapsulate to a public key. */
export const encapsulateFrom = (seed: Uint8Array, publicKey: Uint8Array): Encapsulated =>
  encapsulate(publicKey, sha256(concat(seed, publicKey)))

/** The key under which the sender seals p. */
export function maskSecretKey(
  configuration: Configuration,
  agreement: Uint8Array,
  sender: KeyOf,
  receiver: KeyOf,
  encapsulated: Encapsulated,
): DerivedBetween {
  const { keyLength } = configuration.suite
  return deriveBetween(
    configuration,
    'seal mask secret',
    agreement,
    sender,
    receiver,
    encapsulated,
    keyLength,
  )
}

export function maskSecretData({ hash }: Configuration, u: number, v: number): Uint8Array {
  return concat(label('mask secret'), hash, seatBytes(u), seatBytes(v))
}

/** p of `sender`, by the receiver's keys; null where it does not open or does not fit. */
export function openMaskSecret(
  configuration: Configuration,
  agreement: Uint8Array,
  sender: KeyOf,
  receiver: KeyOf,
  receiverSeed: Uint8Array,
  sent: SentMaskSecret,
): Uint8Array | null {
  const encapsulated = decapsulate(receiverSeed, sent.ciphertext)
  const { key } = maskSecretKey(configuration, agreement, sender, receiver, encapsulated)
  const data = maskSecretData(configuration, sender.seat, receiver.seat)
  const p = configuration.suite.open(key, data, sent.sealed)
  if (p === null) return null
  const expected = confirmation(configuration, p, sender.seat, receiver.seat).key
  return equal(expected, sent.confirmation) ? p : null
}

/** What u sends to one client: parts of a message, and where it has a secret for a mask. */
export interface Parcel {
  /** [hybrid] C; empty otherwise. */
  readonly channel: Uint8Array
  /** The sealed shares. */
  readonly shares: Uint8Array
  readonly maskSecret: SentMaskSecret | null
}

interface Bytes {
  bytes(length: number): Uint8Array
}

export function readParcel({ hybrid }: Configuration, reader: Bytes, hasMaskSecret: boolean): Parcel {
  return {
    channel: reader.bytes(hybrid ? 1088 : 0),
    shares: reader.bytes(64),
    maskSecret: hasMaskSecret
      ? { ciphertext: reader.bytes(1088), sealed: reader.bytes(48), confirmation: reader.bytes(32) }
      : null,
  }
}

export function parcelBytes({ channel, shares, maskSecret }: Parcel): Uint8Array {
  const sent = maskSecret === null ? [] : [maskSecret.ciphertext, maskSecret.sealed, maskSecret.confirmation]
  return concat(channel, shares, ...sent)
}
