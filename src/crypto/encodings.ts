import { hexToBytes } from '@noble/hashes/utils.js'
import type { Bytes } from './bytes.js'

/** The names of the curves in JWK and WebCrypto (RFC 8037). */
export type Curve = 'X25519' | 'Ed25519'

/** The last byte of the object identifiers 1.3.101.110 and 1.3.101.112 (RFC 8410, section 3). */
const CURVE_IDENTIFIERS: { readonly [curve in Curve]: number } = { X25519: 0x6e, Ed25519: 0x70 }

/**
 * A 32-byte private key as PKCS #8 (RFC 8410, section 7). It is the only format in which native interfaces import a private
 * key without its public key.
 */
export function toPkcs8(curve: Curve, privateKey: Uint8Array): Uint8Array<ArrayBuffer> {
  const identifier = CURVE_IDENTIFIERS[curve]
  // SEQUENCE { INTEGER 0, SEQUENCE { OID 1.3.101.x }, OCTET STRING { OCTET STRING { key } } }
  const header = [0x30, 46, 0x02, 1, 0, 0x30, 5, 0x06, 3, 0x2b, 0x65, identifier, 0x04, 34, 0x04, 32]
  const encoded = new Uint8Array(header.length + 32)
  encoded.set(header)
  encoded.set(privateKey, header.length)
  return encoded
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** A key in the form that a JWK has it. Realms other than Node's own have its module, and neither `Buffer` nor `btoa`. */
export function toBase64url(key: Uint8Array): string {
  let text = ''
  let bits = 0
  let count = 0
  for (const byte of key) {
    bits = ((bits << 8) | byte) & 0xffff
    for (count += 8; count >= 6; count -= 6) text += BASE64URL[(bits >>> (count - 6)) & 63]
  }
  return count === 0 ? text : text + BASE64URL[(bits << (6 - count)) & 63]
}

/** The public key of a JWK of a {@link Curve}. It is decoded here because some engines have no `atob`. */
export function fromJwk(jwk: { readonly x?: string | undefined }): Bytes {
  const bytes = new Uint8Array(32)
  let bits = 0
  let count = 0
  let at = 0
  for (const digit of jwk.x ?? '') {
    bits = ((bits << 6) | BASE64URL.indexOf(digit)) & 0xfff
    count += 6
    if (count < 8) continue
    count -= 8
    bytes[at++] = bits >>> count
  }
  return bytes
}

/** p = 2^255 − 19, the prime of Curve25519, little-endian. */
const FIELD_PRIME = hexToBytes(`ed${'ff'.repeat(30)}7f`)

/**
 * The points of order 1, 2, 4 and 8 on Curve25519 and its twist, in all their 255-bit encodings: 0, 1, the two points of
 * order 8, p − 1, p and p + 1. Little-endian.
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
 * Whether a client may advertise `key` as an X25519 public key: it has 32 bytes, its value is below p = 2^255 − 19 (so the
 * top bit is clear), and it is not a point of low order.
 *
 * X25519 accepts every 32-byte string (RFC 7748, section 5), and several strings can encode the same key. This library
 * accepts one encoding per key. Otherwise two seats could hold the same key in different encodings, and nobody would notice.
 */
export function isAcceptablePublicKey(key: Uint8Array): boolean {
  return key.length === 32 && key[31]! < 0x80 && isBelowFieldPrime(key) && !isLowOrder(key)
}

/**
 * Whether X25519 gives an all-zero secret for the public key `key`, 32 bytes, and any private key. A private key is clamped
 * to 8·m with 0 < m < 2^252, and m is less than the prime orders of the curve and its twist. So exactly the low-order points
 * give zero.
 *
 * Providers fail in different ways for such a key. Checking first makes them behave alike, and a hostile key is never
 * combined with a private key.
 */
export function isLowOrder(key: Uint8Array): boolean {
  return isAmong(LOW_ORDER_POINTS, key)
}

/** Whether one of `points` has the lower 255 bits of `key`. */
function isAmong(points: readonly Uint8Array[], key: Uint8Array): boolean {
  for (const point of points) {
    let i = 0
    while (i < 31 && point[i] === key[i]) i++
    if (i === 31 && point[31] === (key[31]! & 0x7f)) return true
  }
  return false
}

/** Whether the lower 255 bits of `key`, read as a little-endian number, are below p. */
export function isBelowFieldPrime(key: Uint8Array): boolean {
  const last = key[31]! & 0x7f
  if (last !== FIELD_PRIME[31]) return last < FIELD_PRIME[31]!
  return isBelow(withoutTopBit(key), FIELD_PRIME)
}

/** Whether `bytes` are below `limit`. Both are little-endian and of the same length. Not for secrets: the time varies. */
export function isBelow(bytes: Uint8Array, limit: Uint8Array): boolean {
  for (let i = limit.length - 1; i >= 0; i--) {
    if (bytes[i] !== limit[i]) return bytes[i]! < limit[i]!
  }
  return false
}

/** A copy of a 32-byte key with its top bit cleared, which X25519 ignores and Ed25519 uses for the sign of x. */
export function withoutTopBit(key: Uint8Array): Uint8Array<ArrayBuffer> {
  const masked = Uint8Array.from(key)
  masked[31]! &= 0x7f
  return masked
}

/** The order of Ed25519's prime subgroup, 2^252 + 27742317777372353535851937790883648493, little-endian. */
const GROUP_ORDER = hexToBytes('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')

/** The y coordinates of the eight Ed25519 points of order 1, 2, 4 and 8, little-endian, with the sign bit of x clear. */
const SMALL_ORDER_POINTS: readonly Uint8Array[] = [
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
].map(hexToBytes)

/**
 * Whether an Ed25519 public key and signature have the form that every provider requires before it verifies: the right
 * lengths, both points canonical (RFC 8032, section 5.1.3) and not of small order, and S below the group order (section
 * 5.1.7).
 *
 * Implementations differ in exactly these cases. If one participant accepted a signature and another refused it, the signer
 * could choose who leaves the round. Checking here makes all providers agree.
 */
export function isStrictSignature(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === 32 &&
    signature.length === 64 &&
    isStrictPoint(publicKey) &&
    isStrictPoint(signature.subarray(0, 32)) &&
    isBelow(signature.subarray(32), GROUP_ORDER)
  )
}

function isStrictPoint(point: Uint8Array): boolean {
  return isBelowFieldPrime(point) && !isAmong(SMALL_ORDER_POINTS, point)
}
