import { type EdDSA, eddsa, edwards } from '@noble/curves/abstract/edwards.js'
import { mod, pow2 } from '@noble/curves/abstract/modular.js'
import { type MontgomeryECDH, montgomery } from '@noble/curves/abstract/montgomery.js'
import { sha512 } from '@noble/hashes/sha2.js'
import {
  concatBytes,
  equalBytes,
  plainBytes,
  requireKeys,
  requireLength,
  requireShort,
  requireSignature,
} from './bytes.js'
import { isLowOrder, isStrictSignature } from './encodings.js'
import type { OwnKeyAgreement, OwnProvider, OwnSignatureScheme } from './provider.js'

// The platforms on which this library mostly runs have both curves. `default.ts` loads this module where one is missing.

const keyAgreement: OwnKeyAgreement = {
  async publicKey(privateKey) {
    requireLength('an X25519 private key', privateKey, 32)
    return x25519.getPublicKey(plainBytes(privateKey))
  },
  async sharedSecrets(privateKey, publicKeys) {
    requireLength('an X25519 private key', privateKey, 32)
    requireKeys(publicKeys)
    const own = plainBytes(privateKey)
    return publicKeys.map((publicKey) =>
      isLowOrder(publicKey) ? undefined : x25519.getSharedSecret(own, plainBytes(publicKey)),
    )
  },
}

const signatureScheme: OwnSignatureScheme = {
  async publicKey(privateKey) {
    requireLength('an Ed25519 private key', privateKey, 32)
    return ed25519.getPublicKey(plainBytes(privateKey))
  },
  async sign(privateKey, message) {
    requireLength('an Ed25519 private key', privateKey, 32)
    requireShort('a message to sign', message)
    return ed25519.sign(plainBytes(message), plainBytes(privateKey))
  },
  async verify(publicKey, message, signature) {
    requireSignature(publicKey, message, signature)
    return isStrictSignature(publicKey, signature) && fulfillsEquation(publicKey, message, signature)
  },
}

/**
 * Whether [S]B = R + [k]A (RFC 8032, section 5.1.7). Noble's own `verify` multiplies both sides by eight, which the RFC
 * allows. OpenSSL, BoringSSL and the WebCrypto specification do not multiply, so they refuse signatures with a small-order
 * component that noble accepts.
 */
function fulfillsEquation(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const { Point } = ed25519
  const commitment = signature.subarray(0, 32)
  try {
    const challenge = Point.Fn.create(fromLittleEndian(sha512(concatBytes(commitment, publicKey, message))))
    const response = Point.BASE.multiplyUnsafe(fromLittleEndian(signature.subarray(32)))
    const product = Point.fromBytes(plainBytes(publicKey)).multiplyUnsafe(challenge)
    return equalBytes(response.subtract(product).toBytes(), commitment)
  } catch {
    return false // the public key is not on the curve
  }
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
}

/** X25519 and Ed25519 in JavaScript. */
export const nobleCurves: Pick<OwnProvider, 'x25519' | 'ed25519'> = {
  x25519: keyAgreement,
  ed25519: signatureScheme,
}

// The curves are defined here from their parameters. `@noble/curves/ed25519.js` defines them too, but it also sets up FROST
// when it loads, which needs a `TextEncoder`. Engines without a `TextEncoder` could not load this library.

/** The prime of the field. */
const P = (1n << 255n) - 19n
/** 2^((p − 1)/4), a square root of −1 (RFC 8032, section 5.1). */
const ROOT_OF_MINUS_ONE = 19681161376707505956807079304988542015446066515923890162744021073123829784752n

/** Edwards25519 (RFC 8032, section 5.1). */
const Point = /* @__PURE__ */ edwards(
  {
    p: P,
    n: (1n << 252n) + 27742317777372353535851937790883648493n,
    h: 8n,
    a: P - 1n,
    d: 37095705934669439343138083508754565189542113879843219016388785533085940283555n,
    Gx: 15112221349535400772501151409588531511454012693041857206046113283949847762202n,
    Gy: 46316835694926478169428394003475163141307993866256225615783033603165251855960n,
  },
  { uvRatio: rootOfRatio },
)

/** Ed25519 (RFC 8032). Its `verify` is noble's, which accepts signatures that {@link isStrictSignature} refuses. */
export const ed25519: EdDSA = /* @__PURE__ */ eddsa(Point, sha512, { adjustScalarBytes: clamp, zip215: true })

/** X25519 (RFC 7748). */
export const x25519: MontgomeryECDH = /* @__PURE__ */ montgomery({
  P,
  type: 'x25519',
  adjustScalarBytes: clamp,
  powPminus2: inverse,
  // Multiplies on the Edwards curve, for whose base point noble has a table, and converts by u = (1 + y)/(1 − y). This is
  // three times as fast. A clamped scalar is 8·m with 0 < m < 2^252, and the order is a larger prime. So the scalar is not 0
  // modulo the order.
  scalarMultBase(scalar) {
    const { Y, Z } = Point.BASE.multiply(mod(scalar, Point.Fn.ORDER))
    return mod((Z + Y) * inverse(mod(Z - Y, P)), P)
  },
})

/** Clamps a private key in place (RFC 7748, section 5; RFC 8032, section 5.1.5). */
function clamp(bytes: Uint8Array): Uint8Array {
  bytes[0]! &= 0xf8
  bytes[31]! &= 0x7f
  bytes[31]! |= 0x40
  return bytes
}

/** √(u/v), for decoding points, which are public (RFC 8032, section 5.1.3). */
function rootOfRatio(u: bigint, v: bigint): { isValid: boolean; value: bigint } {
  const v3 = mod(v * v * v, P)
  const candidate = mod(u * v3 * powers(mod(u * v3 * v3 * v, P)).high, P)
  const square = mod(v * candidate * candidate, P)
  if (square === mod(u, P)) return { isValid: true, value: candidate }
  if (square === mod(-u, P)) return { isValid: true, value: mod(candidate * ROOT_OF_MINUS_ONE, P) }
  return { isValid: false, value: 0n }
}

/** x^(p − 2) = x^(8·(2^252 − 3) + 3). */
function inverse(x: bigint): bigint {
  const { high, cube } = powers(x)
  return mod(pow2(high, 3n, P) * cube, P)
}

/** x^((p − 5)/8) = x^(2^252 − 3), and x³, which occurs on the way. The variable `xN` is x to the power of 2^N − 1. */
function powers(x: bigint): { readonly high: bigint; readonly cube: bigint } {
  const x2 = (((x * x) % P) * x) % P
  const x4 = (pow2(x2, 2n, P) * x2) % P
  const x5 = (pow2(x4, 1n, P) * x) % P
  const x10 = (pow2(x5, 5n, P) * x5) % P
  const x20 = (pow2(x10, 10n, P) * x10) % P
  const x40 = (pow2(x20, 20n, P) * x20) % P
  const x80 = (pow2(x40, 40n, P) * x40) % P
  const x160 = (pow2(x80, 80n, P) * x80) % P
  const x240 = (pow2(x160, 80n, P) * x80) % P
  const x250 = (pow2(x240, 10n, P) * x10) % P
  return { high: (pow2(x250, 2n, P) * x) % P, cube: x2 }
}
