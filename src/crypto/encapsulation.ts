import { requireArray } from '../arguments.js'
import { requireLength } from './bytes.js'

/** The bytes of a seed of ML-KEM-768: d, then z (FIPS 203, algorithm 16). */
export const KEM_SEED_LENGTH = 64

/** The bytes of a public key of ML-KEM-768, which FIPS 203 calls an encapsulation key. */
export const KEM_KEY_LENGTH = 1184

/** The bytes of a ciphertext of ML-KEM-768. */
export const KEM_CIPHERTEXT_LENGTH = 1088

/** The bytes of a shared secret. */
export const KEM_SECRET_LENGTH = 32

/**
 * A fresh shared secret, and the ciphertext that takes it to the owner of a public key.
 * @public
 */
export interface Encapsulated {
  /** 1088 bytes. */
  readonly ciphertext: Uint8Array
  /** 32 bytes. */
  readonly secret: Uint8Array
}

/**
 * ML-KEM-768 (FIPS 203). A private key is its 64-byte seed, d ‖ z. Providers exchange seeds only: expanded private keys have
 * several encodings, and nothing binds their parts to each other.
 * @public
 */
export interface KeyEncapsulation {
  /** The public key of a seed, 1184 bytes. */
  publicKey(seed: Uint8Array): Promise<Uint8Array>
  /**
   * A fresh secret for each of `publicKeys`, in the same order. It is `undefined` for a public key that fails the modulus
   * check (FIPS 203, section 7.2).
   */
  encapsulate(publicKeys: readonly Uint8Array[]): Promise<(Encapsulated | undefined)[]>
  /**
   * The secret in each of `ciphertexts`, in the same order, 32 bytes each. A ciphertext that was not made for this key, or
   * was changed, gives another secret and no error (implicit rejection).
   */
  decapsulate(seed: Uint8Array, ciphertexts: readonly Uint8Array[]): Promise<Uint8Array[]>
}

/** The prime modulus of ML-KEM. */
const MODULUS = 3329

/** The bytes of the three polynomials with which a public key begins; 12 bits for each coefficient. */
const POLYNOMIALS_LENGTH = 3 * 384

/**
 * Whether `key` is a public key of ML-KEM-768: it has 1184 bytes, and every coefficient is below the modulus (the type check
 * and the modulus check of FIPS 203, section 7.2).
 */
export function isEncapsulationKey(key: Uint8Array): boolean {
  if (key.length !== KEM_KEY_LENGTH) return false
  for (let at = 0; at < POLYNOMIALS_LENGTH; at += 3) {
    const middle = key[at + 1]!
    if ((key[at]! | ((middle & 15) << 8)) >= MODULUS) return false
    if (((middle >>> 4) | (key[at + 2]! << 4)) >= MODULUS) return false
  }
  return true
}

export function requireKemSeed(seed: Uint8Array): void {
  requireLength('a seed of ML-KEM-768', seed, KEM_SEED_LENGTH)
}

export function requireKemKeys(publicKeys: readonly Uint8Array[]): void {
  requireArray('the public keys of ML-KEM-768', publicKeys)
  for (const key of publicKeys) requireLength('a public key of ML-KEM-768', key, KEM_KEY_LENGTH)
}

export function requireKemCiphertexts(ciphertexts: readonly Uint8Array[]): void {
  requireArray('the ciphertexts of ML-KEM-768', ciphertexts)
  for (const one of ciphertexts) requireLength('a ciphertext of ML-KEM-768', one, KEM_CIPHERTEXT_LENGTH)
}
