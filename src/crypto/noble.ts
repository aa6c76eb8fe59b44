import { ctr, gcm } from '@noble/ciphers/aes.js'
import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, equalBytes, plainBytes } from './bytes.js'
import {
  requireBytes,
  requireDerivation,
  requireKeys,
  requireLength,
  requireSealing,
  requireShort,
  requireSignature,
} from './checks.js'
import { ed25519, x25519 } from './curve25519.js'
import { AES_CTR, CHACHA20, readForward } from './keystream.js'
import type {
  HashSuite,
  OwnKeyAgreement,
  OwnProvider,
  OwnSignatureScheme,
  SymmetricSuite,
} from './provider.js'
import { isLowOrder } from './public-key.js'
import { platformRandomBytes } from './random.js'
import { isStrictSignature } from './signature-encoding.js'

/**
 * The provider in plain JavaScript, on the noble packages: both suites, on every platform that has `BigInt`, and
 * nothing asked of it but `crypto.getRandomValues`.
 *
 * Slower than the native ones by a factor of ten and more. Its AES looks up tables and its curve arithmetic uses
 * `BigInt`, so on a machine shared with an attacker prefer a native provider, or at least the suite `chacha`.
 */
export function nobleCrypto(): OwnProvider {
  return {
    name: 'noble',
    randomBytes: platformRandomBytes,
    x25519: keyAgreement,
    ed25519: signatureScheme,
    sha256: hashSuite,
    suites: { aes, chacha },
  }
}

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
    requireShort('what is signed', message)
    return ed25519.sign(plainBytes(message), plainBytes(privateKey))
  },
  async verify(publicKey, message, signature) {
    requireSignature(publicKey, message, signature)
    return isStrictSignature(publicKey, signature) && fulfillsEquation(publicKey, message, signature)
  },
}

/**
 * Whether [S]B = R + [k]A (RFC 8032, section 5.1.7). Noble's own `verify` multiplies both sides by eight, as the RFC
 * permits. OpenSSL, BoringSSL and the WebCrypto specification do not, and a signature with a small-order part would
 * pass here and fail there.
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

const hashSuite: HashSuite = {
  async hmac(key, message) {
    requireShort('the key of an HMAC', key)
    requireBytes('what an HMAC authenticates', message)
    return hmac(sha256, plainBytes(key), plainBytes(message))
  },
  async hkdf(secret, salt, info, length) {
    requireDerivation(secret, salt, info, length)
    return hkdf(sha256, plainBytes(secret), plainBytes(salt), plainBytes(info), length)
  },
}

const aesGcm = (key: Uint8Array, associatedData: Uint8Array) =>
  gcm(plainBytes(key), new Uint8Array(12), plainBytes(associatedData))

const chachaPoly = (key: Uint8Array, associatedData: Uint8Array) =>
  chacha20poly1305(plainBytes(key), new Uint8Array(12), plainBytes(associatedData))

/** AES-128-GCM (NIST SP 800-38D) and AES-128-CTR (SP 800-38A). */
const aes: SymmetricSuite = {
  keyLength: 16,
  async seal(key, associatedData, plaintext) {
    requireLength('an AES-128 key', key, 16)
    requireSealing(associatedData, plaintext)
    return aesGcm(key, associatedData).encrypt(plainBytes(plaintext))
  },
  async open(key, associatedData, sealed) {
    requireLength('an AES-128 key', key, 16)
    requireSealing(associatedData, sealed)
    return decrypted(() => aesGcm(key, associatedData).decrypt(plainBytes(sealed)))
  },
  keystream(seed, offset) {
    requireLength('an AES-128 key', seed, 16)
    const key = Uint8Array.from(seed)
    return readForward(AES_CTR, offset, (position, length) =>
      ctr(key, AES_CTR.block(position)).encrypt(new Uint8Array(length)),
    )
  },
}

/** ChaCha20-Poly1305 and ChaCha20 (RFC 8439). */
const chacha: SymmetricSuite = {
  keyLength: 32,
  async seal(key, associatedData, plaintext) {
    requireLength('a ChaCha20 key', key, 32)
    requireSealing(associatedData, plaintext)
    return chachaPoly(key, associatedData).encrypt(plainBytes(plaintext))
  },
  async open(key, associatedData, sealed) {
    requireLength('a ChaCha20 key', key, 32)
    requireSealing(associatedData, sealed)
    return decrypted(() => chachaPoly(key, associatedData).decrypt(plainBytes(sealed)))
  },
  keystream(seed, offset) {
    requireLength('a ChaCha20 key', seed, 32)
    const key = Uint8Array.from(seed)
    const reader = readForward(CHACHA20, offset, (position, length) => {
      const piece = new Uint8Array(length)
      return chacha20(key, new Uint8Array(12), piece, piece, position / 64)
    })
    return { ...reader, chacha20Key: key }
  },
}

/** Noble throws for a wrong tag and for a message too short to have one. */
function decrypted(decrypt: () => Uint8Array): Uint8Array | undefined {
  try {
    return decrypt()
  } catch {
    return undefined
  }
}
