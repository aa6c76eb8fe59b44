import type { Bytes } from './bytes.js'
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
