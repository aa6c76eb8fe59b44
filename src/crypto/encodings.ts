import { hexToBytes } from '@noble/hashes/utils.js'
import { type Bytes, bytesToHex } from './bytes.js'

/** The curves by their names in JWK and WebCrypto (RFC 8037). */
export type Curve = 'X25519' | 'Ed25519'

/** The last byte of the object identifiers 1.3.101.110 and 1.3.101.112 (RFC 8410, section 3). */
const CURVE_IDENTIFIERS: { readonly [curve in Curve]: number } = { X25519: 0x6e, Ed25519: 0x70 }

/**
 * A 32-byte private key as PKCS #8 (RFC 8410, section 7), the one private form that native interfaces take without
 * the public key.
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

/** The public key of a JWK of {@link Curve}. Decoded here, as not every engine has `atob`. */
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

/** The order of Ed25519's prime subgroup, 2^252 + 27742317777372353535851937790883648493, little-endian. */
const GROUP_ORDER = hexToBytes('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')

/** The y coordinates of the eight points of order 1, 2, 4 and 8, little-endian, without the sign of x. */
const SMALL_ORDER_POINTS: ReadonlySet<string> = new Set([
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
])

/**
 * What an Ed25519 public key and signature must look like before any provider is asked: the right lengths, both
 * points canonical (RFC 8032, section 5.1.3) and not of small order, and S below the group order (section 5.1.7).
 *
 * Implementations differ in exactly these cases. A signature one participant takes and another refuses would let
 * its maker decide who leaves a round, so they are settled here for all.
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
  return isBelowFieldPrime(point) && !SMALL_ORDER_POINTS.has(bytesToHex(withoutTopBit(point)))
}
