import { ascii, concat, uint } from './bytes.js'
import type { Configuration } from './configuration.js'
import { seatSet, VERSION } from './messages.js'
import type { PublicKeys } from './parties.js'
import { hkdf, sha256 } from './primitives.js'

// Section "Keys and statements" of the specification.

/** A client and the public key that it uses for one purpose. */
export interface KeyOf {
  readonly seat: number
  readonly publicKey: Uint8Array
}

export interface Derived {
  readonly info: Uint8Array
  readonly key: Uint8Array
}

const label = (name: string): Uint8Array => {
  const text = ascii(`secagg ${VERSION} ${name}`)
  return concat(uint(1, text.length), text)
}

const seatBytes = (seat: number): Uint8Array => uint(4, seat)

function derive(ikm: Uint8Array, { hash }: Configuration, info: Uint8Array, length: number): Derived {
  return { info, key: hkdf(ikm, hash, info, length) }
}

/** The key under which `sender` seals to `receiver`. */
export function sealingKey(
  configuration: Configuration,
  agreement: Uint8Array,
  sender: KeyOf,
  receiver: KeyOf,
): Derived {
  const seats = concat(seatBytes(sender.seat), seatBytes(receiver.seat))
  const info = concat(label('seal shares'), seats, sender.publicKey, receiver.publicKey)
  return derive(agreement, configuration, info, configuration.suite.keyLength)
}

/** s_{u,v}, from the agreement of their s keys. */
export function pairwiseSeed(
  configuration: Configuration,
  agreement: Uint8Array,
  one: KeyOf,
  other: KeyOf,
): Derived {
  const [u, v] = one.seat < other.seat ? [one, other] : [other, one]
  const seats = concat(seatBytes(u.seat), seatBytes(v.seat))
  const info = concat(label('pairwise mask'), seats, u.publicKey, v.publicKey)
  return derive(agreement, configuration, info, configuration.suite.keyLength)
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
  return concat(label('sign keys'), hash, seatBytes(seat), keys.cipherKey, keys.maskKey, keys.choice)
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
): Derived {
  const seats = concat(seatBytes(holder.seat), seatBytes(owner.seat))
  const info = concat(label('acknowledge'), seats, holder.publicKey, owner.publicKey)
  return derive(agreement, configuration, info, 16)
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
