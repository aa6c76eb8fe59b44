import { ascii, concat, uint } from './bytes.js'
import type { Configuration } from './configuration.js'
import { seatSet, VERSION } from './messages.js'
import type { KeyOf, PublicKeys } from './parties.js'
import { type Encapsulated, hkdf, sha256 } from './primitives.js'

// Section "Keys and statements" of the specification.

export interface Derived {
  readonly info: Uint8Array
  readonly key: Uint8Array
}

export const label = (name: string): Uint8Array => {
  const text = ascii(`secagg ${VERSION} ${name}`)
  return concat(uint(1, text.length), text)
}

export const seatBytes = (seat: number): Uint8Array => uint(4, seat)

/** What is derived from an agreement; `secret` is the input of HKDF. */
export interface DerivedBetween extends Derived {
  readonly secret: Uint8Array
}

export function derive(ikm: Uint8Array, { hash }: Configuration, info: Uint8Array, length: number): Derived {
  return { info, key: hkdf(ikm, hash, info, length) }
}

/** A key from an agreement of two clients and, [hybrid], from what one has encapsulated or sent to the other. */
export function deriveBetween(
  configuration: Configuration,
  name: string,
  agreement: Uint8Array,
  first: KeyOf,
  second: KeyOf,
  sent: Encapsulated | null,
  length: number,
): DerivedBetween {
  const seats = concat(seatBytes(first.seat), seatBytes(second.seat))
  const info = concat(label(name), seats, first.publicKey, second.publicKey)
  if (sent === null) return { secret: agreement, ...derive(agreement, configuration, info, length) }
  const digests = [first.kemKey, second.kemKey, sent.ciphertext].map(sha256)
  const secret = concat(agreement, sent.secret)
  return { secret, ...derive(secret, configuration, concat(info, ...digests), length) }
}

/** The key under which `sender` seals to `receiver`. */
export function sealingKey(
  configuration: Configuration,
  agreement: Uint8Array,
  sender: KeyOf,
  receiver: KeyOf,
  sent: Encapsulated | null,
): DerivedBetween {
  const { keyLength } = configuration.suite
  return deriveBetween(configuration, 'seal shares', agreement, sender, receiver, sent, keyLength)
}

/** s_{u,v}, from the agreement of their s keys and, [hybrid], from p. */
export function pairwiseSeed(
  configuration: Configuration,
  agreement: Uint8Array,
  one: KeyOf,
  other: KeyOf,
  sent: Encapsulated | null,
): DerivedBetween {
  const { keyLength } = configuration.suite
  const [u, v] = one.seat < other.seat ? [one, other] : [other, one]
  return deriveBetween(configuration, 'pairwise mask', agreement, u, v, sent, keyLength)
}

export function selfMaskSeed(configuration: Configuration, b: Uint8Array, owner: number): Derived {
  const info = concat(label('self mask'), seatBytes(owner))
  return derive(b, configuration, info, configuration.suite.keyLength)
}

export function commitment(configuration: Configuration, b: Uint8Array, owner: number): Derived {
  return derive(b, configuration, concat(label('commitment'), seatBytes(owner)), 32)
}

export function associatedData({ hash }: Configuration, sender: number, receiver: number): Uint8Array {
  return concat(label('shares'), hash, seatBytes(sender), seatBytes(receiver))
}

export function keysStatement(
  { hash }: Configuration,
  seat: number,
  keys: Omit<PublicKeys, 'signature'>,
): Uint8Array {
  const { cipherKey, maskKey, choice, cipherKemKey, maskKemKey } = keys
  const all = [cipherKey, maskKey, choice, cipherKemKey, maskKemKey]
  return concat(label('sign keys'), hash, seatBytes(seat), ...all)
}

/** Q_u. */
export function keysDigest(
  configuration: Configuration,
  seat: number,
  keys: Omit<PublicKeys, 'signature'>,
): Uint8Array {
  return sha256(keysStatement(configuration, seat, keys))
}

export function inclusionStatement(
  { hash }: Configuration,
  seat: number,
  digest: Uint8Array,
  bits: Uint8Array,
): Uint8Array {
  return concat(label('sign inclusion'), hash, seatBytes(seat), digest, bits)
}

/** With which `holder` acknowledges `owner`. */
export function acknowledgement(
  configuration: Configuration,
  agreement: Uint8Array,
  holder: KeyOf,
  owner: KeyOf,
  sent: Encapsulated | null,
): DerivedBetween {
  return deriveBetween(configuration, 'acknowledge', agreement, holder, owner, sent, 16)
}

/** D, of the whole PublishedKeys message. */
export const publishedDigest = (published: Uint8Array): Uint8Array => sha256(published)

export function survivorsStatement(
  { hash, clients }: Configuration,
  published: Uint8Array,
  seat: number,
  survivors: readonly number[],
): Uint8Array {
  const everybody = Array.from({ length: clients }, (_, other) => other)
  return concat(label('sign survivors'), hash, published, seatBytes(seat), seatSet(everybody, survivors))
}
