import type { Bytes } from './bytes.js'

/**
 * The symmetric primitives of a round:
 *
 * - `aes`: AES-128-GCM seals shares, AES-128-CTR generates masks (the paper's choice, hardware nearly everywhere).
 * - `chacha`: ChaCha20-Poly1305 and ChaCha20, where only JavaScript runs.
 * @public
 */
export type SuiteName = 'aes' | 'chacha'

/**
 * Everything the library asks of a cryptographic backend. All providers give the same bytes. Only what an HMAC authenticates
 * may have any length; whatever else is signed, sealed, derived from or asked for at once has at most 2^30 bytes.
 * @public
 */
export interface CryptoProvider {
  readonly name: string
  /**
   * `length` bytes of a cryptographically secure generator.
   * @throws {SecAggError} `no-randomness` where there is none.
   */
  randomBytes(length: number): Uint8Array
  readonly x25519: KeyAgreement
  readonly ed25519: SignatureScheme
  readonly sha256: HashSuite
  /** The suites this provider has. */
  readonly suites: { readonly [name in SuiteName]?: SymmetricSuite }
}

/**
 * X25519 (RFC 7748). Private and public keys are 32 bytes; every 32 bytes are a private key.
 * @public
 */
export interface KeyAgreement {
  publicKey(privateKey: Uint8Array): Promise<Uint8Array>
  /**
   * The raw shared secret with each of `publicKeys`, in their order; `undefined` where it is all zero, that is
   * where the public key is a low-order point (RFC 7748, section 6.1).
   */
  sharedSecrets(
    privateKey: Uint8Array,
    publicKeys: readonly Uint8Array[],
  ): Promise<(Uint8Array | undefined)[]>
}

/**
 * Ed25519 (RFC 8032). Private keys are the 32-byte seed, public keys 32 bytes, signatures 64 bytes.
 * @public
 */
export interface SignatureScheme {
  publicKey(privateKey: Uint8Array): Promise<Uint8Array>
  sign(privateKey: Uint8Array, message: Uint8Array): Promise<Uint8Array>
  /** `false` for anything that does not verify, wrong lengths and undecodable points included; never throws on it. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>
}

/**
 * A provider that comes with the library: what it gives out lies in memory that is not shared.
 * @public
 */
export interface OwnProvider extends CryptoProvider {
  randomBytes(length: number): Bytes
  readonly x25519: OwnKeyAgreement
  readonly ed25519: OwnSignatureScheme
}

/**
 * X25519 of an {@link OwnProvider}.
 * @public
 */
export interface OwnKeyAgreement extends KeyAgreement {
  publicKey(privateKey: Uint8Array): Promise<Bytes>
}

/**
 * Ed25519 of an {@link OwnProvider}.
 * @public
 */
export interface OwnSignatureScheme extends SignatureScheme {
  publicKey(privateKey: Uint8Array): Promise<Bytes>
  sign(privateKey: Uint8Array, message: Uint8Array): Promise<Bytes>
}

/**
 * What is built on SHA-256.
 * @public
 */
export interface HashSuite {
  /** HMAC-SHA-256 (RFC 2104), 32 bytes, of a message of any length. */
  hmac(key: Uint8Array, message: Uint8Array): Promise<Uint8Array>
  /** HKDF-SHA-256 (RFC 5869), extract and expand, `length` at most 64 bytes. */
  hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Promise<Uint8Array>
}

/**
 * Share encryption and mask generator of one {@link SuiteName}.
 * @public
 */
export interface SymmetricSuite {
  /** Bytes of a sealing key and of a mask seed: 16 (`aes`) or 32 (`chacha`). */
  readonly keyLength: 16 | 32
  /**
   * AEAD with an all-zero 96-bit nonce, so a key seals one message. The result is the ciphertext followed by the
   * 16-byte tag.
   */
  seal(key: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array>
  /** The plaintext, or `undefined` where the tag does not fit. */
  open(key: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array): Promise<Uint8Array | undefined>
  /**
   * The keystream of `seed` from byte `offset` on, `offset` a multiple of 64: AES-128-CTR from a zero counter block,
   * or ChaCha20 (RFC 8439) with zero nonce and counter 0, over zeros.
   */
  keystream(seed: Uint8Array, offset: number): Keystream
}

/**
 * A keystream read front to back.
 * @public
 */
export interface Keystream {
  /**
   * The next `length` bytes. They are valid until the following call, which may reuse their memory. Every call but
   * the last asks for a multiple of 64 bytes.
   */
  next(length: number): Uint8Array | Promise<Uint8Array>
  /** Tells that the bytes of the last call have been used; the keystream may take their memory back at once. */
  release?(): void
  /**
   * The key, where this is ChaCha20 and the vector core had better make it itself than call `next`: from the offset
   * that was asked for on, zero nonce.
   */
  readonly chacha20Key?: Uint8Array
}
