import { hexToBytes } from '@noble/hashes/utils.js'

/** p = 2^255 − 19, the prime of Curve25519, little-endian. */
const FIELD_PRIME = hexToBytes(`ed${'ff'.repeat(30)}7f`)

/**
 * The points of order 1, 2, 4 and 8 of Curve25519 and its twist in all their 255-bit encodings: 0, 1, the two of
 * order 8, p − 1, p, p + 1; little-endian.
 */
const LOW_ORDER_POINTS: readonly Uint8Array[] = [
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
].map(hexToBytes)

/**
 * Whether `key` may stand as an X25519 public key in a round: 32 bytes, the one canonical encoding of its value
 * (below p = 2^255 − 19, so with the top bit clear), and not a point of low order.
 *
 * X25519 itself takes every 32-byte string (RFC 7748, section 5) and so gives several encodings the same secret.
 * Here a key has one encoding, so that two seats cannot hold the same key without anyone seeing it.
 */
export function isAcceptablePublicKey(key: Uint8Array): boolean {
  return key.length === 32 && key[31]! < 0x80 && isBelowFieldPrime(key) && !isLowOrder(key)
}

/**
 * Whether X25519 of any private key with the 32 bytes of `key` is all zero. A private key is clamped to 8·m with
 * 0 < m < 2^252, less than the prime orders of the curve and its twist, so the low-order points do that and no others.
 * Looking first spares each provider its own way to fail, and a hostile key never meets the private one.
 */
export function isLowOrder(key: Uint8Array): boolean {
  return LOW_ORDER_POINTS.some((point) =>
    point.every((byte, i) => byte === (i < 31 ? key[i] : key[i]! & 0x7f)),
  )
}

/** Whether the 255 lower bits of `key`, little-endian, are below p. */
export function isBelowFieldPrime(key: Uint8Array): boolean {
  return isBelow(withoutTopBit(key), FIELD_PRIME)
}

/** Whether `bytes` are below `limit`, both little-endian and of one length; not for secrets. */
export function isBelow(bytes: Uint8Array, limit: Uint8Array): boolean {
  for (let i = limit.length - 1; i >= 0; i--) {
    if (bytes[i] !== limit[i]) return bytes[i]! < limit[i]!
  }
  return false
}

/** A copy of 32 bytes without the bit that X25519 ignores and Ed25519 uses for the sign of x. */
export function withoutTopBit(key: Uint8Array): Uint8Array {
  const masked = Uint8Array.from(key)
  masked[31]! &= 0x7f
  return masked
}
