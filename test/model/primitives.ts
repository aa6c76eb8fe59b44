import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { AES } from '@stablelib/aes'
import { stream } from '@stablelib/chacha'
import { ChaCha20Poly1305 } from '@stablelib/chacha20poly1305'
import { CTR } from '@stablelib/ctr'
import { generateKeyPairFromSeed, sign, verify } from '@stablelib/ed25519'
import { GCM } from '@stablelib/gcm'
import { HKDF } from '@stablelib/hkdf'
import { hash, SHA256 } from '@stablelib/sha256'
import { scalarMult } from '@stablelib/x25519'
import { hex, integerOf, uint, unhex } from './bytes.js'

// Section "Primitives" of the specification.

/** What a round takes of symmetric cryptography. */
export interface Suite {
  /** K: bytes of a key and of a mask seed. */
  readonly keyLength: number
  seal(key: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** `null` where the tag does not fit. */
  open(key: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array | null
  /** The first `length` bytes of the mask generator's stream. */
  stream(seed: Uint8Array, length: number): Uint8Array
}

const NONCE = new Uint8Array(12)

export const SUITES: { readonly aes: Suite; readonly chacha: Suite } = {
  aes: {
    keyLength: 16,
    seal: (key, associatedData, plaintext) => new GCM(new AES(key)).seal(NONCE, plaintext, associatedData),
    open: (key, associatedData, sealed) => new GCM(new AES(key)).open(NONCE, sealed, associatedData),
    stream: (seed, length) => {
      const bytes = new Uint8Array(length)
      new CTR(new AES(seed), new Uint8Array(16)).stream(bytes)
      return bytes
    },
  },
  chacha: {
    keyLength: 32,
    seal: (key, associatedData, plaintext) =>
      new ChaCha20Poly1305(key).seal(NONCE, plaintext, associatedData),
    open: (key, associatedData, sealed) => new ChaCha20Poly1305(key).open(NONCE, sealed, associatedData),
    stream: (seed, length) => stream(seed, NONCE, new Uint8Array(length)),
  },
}

export const sha256: (bytes: Uint8Array) => Uint8Array = hash

export function hkdf(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return new HKDF(SHA256, ikm, salt, info).expand(length)
}

export function x25519(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return scalarMult(privateKey, publicKey)
}

export function x25519PublicKey(privateKey: Uint8Array): Uint8Array {
  return scalarMult(privateKey, uint(32, 9))
}

const P = 2n ** 255n - 19n

const LOW_ORDER = [
  0n,
  1n,
  P - 1n,
  integerOf(unhex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800')),
  integerOf(unhex('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157')),
]

export function isAcceptablePublicKey(key: Uint8Array): boolean {
  return key.length === 32 && integerOf(key) < P && !LOW_ORDER.includes(integerOf(key))
}

/** What is encapsulated with a public key, by the 32 bytes m that FIPS 203 has the sender draw. */
export interface Encapsulated {
  readonly secret: Uint8Array
  readonly ciphertext: Uint8Array
}

export const kemPublicKey = (seed: Uint8Array): Uint8Array => ml_kem768.keygen(seed).publicKey

export function encapsulate(publicKey: Uint8Array, m: Uint8Array): Encapsulated {
  const { sharedSecret, cipherText } = ml_kem768.encapsulate(publicKey, m)
  return { secret: sharedSecret, ciphertext: cipherText }
}

export function decapsulate(seed: Uint8Array, ciphertext: Uint8Array): Encapsulated {
  return { secret: ml_kem768.decapsulate(ciphertext, ml_kem768.keygen(seed).secretKey), ciphertext }
}

/** The modulus check: 768 coefficients of 12 bits, little-endian, and then 32 bytes that may be anything. */
export function isAcceptableKemKey(key: Uint8Array): boolean {
  if (key.length !== 1184) return false
  const coefficients = integerOf(key.slice(0, 1152))
  return Array.from({ length: 768 }, (_, i) => (coefficients >> BigInt(12 * i)) & 4095n).every(
    (c) => c < 3329n,
  )
}

export function ed25519PublicKey(seed: Uint8Array): Uint8Array {
  return generateKeyPairFromSeed(seed).publicKey
}

export function ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return sign(generateKeyPairFromSeed(seed).secretKey, message)
}

const L = 2n ** 252n + 27742317777372353535851937790883648493n

const SMALL_ORDER = [
  0n,
  1n,
  P - 1n,
  integerOf(unhex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')),
  integerOf(unhex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')),
]

const verified = new Map<string, boolean>()

/** Keeps its answers, since every client of a round asks about the same signatures. */
export function ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const question = [publicKey, message, signature].map(hex).join()
  const answer = verified.get(question) ?? isValidSignature(publicKey, message, signature)
  verified.set(question, answer)
  return answer
}

function isValidSignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  if (integerOf(signature.slice(32)) >= L) return false
  for (const point of [publicKey, signature.slice(0, 32)]) {
    const y = integerOf(point) % 2n ** 255n
    if (y >= P || SMALL_ORDER.includes(y)) return false
  }
  // This package compares encodings too, so it has no cofactor.
  return verify(publicKey, message, signature)
}

/** A name for what signed. */
export const identityOf: (publicKey: Uint8Array) => string = hex
