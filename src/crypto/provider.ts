import type { Bytes } from './bytes.js'
import type { KeyEncapsulation } from './encapsulation.js'

/**
 * The two ciphers of a round: one encrypts shares, the other generates masks.
 *
 * - `aes`: AES-128-GCM and AES-128-CTR. This is the paper's choice, and nearly all processors support it in hardware.
 * - `chacha`: ChaCha20-Poly1305 and ChaCha20. Use it if clients have no native cryptography, only JavaScript.
 * @public
 */
export type SuiteName = 'aes' | 'chacha'

/**
 * The cryptographic primitives that the library needs. All providers give the same bytes for the same arguments. The library
 * passes at most 2^30 bytes to a call and asks for at most 2^30 bytes; only the message of an HMAC can be longer.
 * @public
 */
export interface CryptoProvider {
  /** A name for messages to people, such as `node`. */
  readonly name: string
  /**
   * `length` bytes from a cryptographically secure generator.
   * @throws {SecAggError} `no-randomness` if the platform has no such generator.
   */
  randomBytes(length: number): Uint8Array
  /** Key agreement, for masks and for the encryption of shares. */
  readonly x25519: KeyAgreement
  /** Signatures, for the active model. */
  readonly ed25519: SignatureScheme
  /** HMAC and HKDF. */
  readonly sha256: HashSuite
  /** ML-KEM-768. `withPostQuantum` of `secagg/post-quantum` adds it to a provider. */
  readonly mlKem768?: KeyEncapsulation | undefined
  /**
   * What the protocol does in addition with hybrid key agreement. `withPostQuantum` of `secagg/post-quantum` adds it to a
   * provider.
   */
  readonly hybrid?: HybridKeyAgreement | undefined
  /** The suites that this provider has. */
  readonly suites: { readonly [name in SuiteName]?: SymmetricSuite }
}

/**
 * The code of hybrid key agreement, which only programs that import `secagg/post-quantum` have. Callers cannot write their own.
 * @public
 */
export interface HybridKeyAgreement {
  /** The name of the key agreement in a configuration. */
  readonly keyAgreement: 'x25519-ml-kem-768'
}

/**
 * X25519 (RFC 7748). Private and public keys have 32 bytes, and any 32 bytes are a valid private key.
 * @public
 */
export interface KeyAgreement {
  /** The public key of a private key. */
  publicKey(privateKey: Uint8Array): Promise<Uint8Array>
  /**
   * The raw shared secret with each of `publicKeys`, in the same order, 32 bytes each. It is `undefined` for a public key
   * that is a low-order point, with which the secret would be all zero (RFC 7748, section 6.1).
   */
  sharedSecrets(
    privateKey: Uint8Array,
    publicKeys: readonly Uint8Array[],
  ): Promise<(Uint8Array | undefined)[]>
}

/**
 * Ed25519 (RFC 8032). A private key is the 32-byte seed; a public key has 32 bytes, a signature 64 bytes.
 * @public
 */
export interface SignatureScheme {
  /** The public key of a private key. */
  publicKey(privateKey: Uint8Array): Promise<Uint8Array>
  /** The signature of `message`; the same arguments always give the same signature. */
  sign(privateKey: Uint8Array, message: Uint8Array): Promise<Uint8Array>
  /**
   * Whether the signature is valid. A key or signature that has the wrong length or cannot be decoded gives `false`, not an
   * error.
   */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>
}

/**
 * One of the library's own providers. Unlike those of an arbitrary {@link CryptoProvider}, its random bytes, public keys
 * and signatures have the type {@link Bytes}, which `fetch` and sockets accept.
 * @public
 */
export interface OwnProvider extends CryptoProvider {
  randomBytes(length: number): Bytes
  readonly x25519: OwnKeyAgreement
  readonly ed25519: OwnSignatureScheme
}

/** Where the JavaScript comes from that replaces what a platform lacks. It may have to be loaded. */
export interface Fallbacks {
  /** @throws {SecAggError} `unsupported` if it cannot be loaded. */
  curves(): Promise<Pick<OwnProvider, 'x25519' | 'ed25519'>>
  /** A whole provider, for platforms without native cryptography. @throws {SecAggError} `unsupported`, likewise. */
  provider(): Promise<OwnProvider>
}

/**
 * The X25519 functions of an {@link OwnProvider}.
 * @public
 */
export interface OwnKeyAgreement extends KeyAgreement {
  publicKey(privateKey: Uint8Array): Promise<Bytes>
}

/**
 * The Ed25519 functions of an {@link OwnProvider}.
 * @public
 */
export interface OwnSignatureScheme extends SignatureScheme {
  publicKey(privateKey: Uint8Array): Promise<Bytes>
  sign(privateKey: Uint8Array, message: Uint8Array): Promise<Bytes>
}

/**
 * The functions that are built on SHA-256.
 * @public
 */
export interface HashSuite {
  /** HMAC-SHA-256 (RFC 2104) of a message of any length; 32 bytes. */
  hmac(key: Uint8Array, message: Uint8Array): Promise<Uint8Array>
  /** HKDF-SHA-256 (RFC 5869), extract and expand; `length` is 1 to 64 bytes. */
  hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Promise<Uint8Array>
}

/**
 * The share encryption and the mask generator of one {@link SuiteName}.
 * @public
 */
export interface SymmetricSuite {
  /** The length in bytes of an encryption key and of a mask seed: 16 for `aes`, 32 for `chacha`. */
  readonly keyLength: 16 | 32
  /**
   * Encrypts with an AEAD and an all-zero 96-bit nonce, so a key must encrypt one message only. The result is the ciphertext
   * followed by the 16-byte tag.
   */
  seal(key: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array>
  /** The plaintext of what `seal` returned; `undefined` if the tag is wrong. */
  open(key: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array): Promise<Uint8Array | undefined>
  /**
   * The keystream of `seed` from byte `offset` on, a multiple of 64: AES-128-CTR with counter block 0 at byte 0, or ChaCha20
   * (RFC 8439) with nonce 0 and counter 0 at byte 0.
   */
  keystream(seed: Uint8Array, offset: number): Keystream
}

/**
 * A keystream that is read from front to back.
 * @public
 */
export interface Keystream {
  /**
   * The next `length` bytes. They are valid until the next call, which may reuse their memory. In every call except the
   * last, `length` is a multiple of 64.
   */
  next(length: number): Uint8Array | Promise<Uint8Array>
  /**
   * Fills `piece` with the next `piece.length` bytes, instead of `next` returning them. It is synchronous. Set it if it is
   * faster than `next`.
   */
  fill?(piece: Uint8Array): void
  /**
   * Called with a piece after its bytes have been used, in the order of the calls, so that its memory can be freed or reused.
   * Also called with pieces that were requested and are not used, because the work was aborted.
   */
  release?(piece?: Uint8Array): void
  /**
   * How many pieces may be requested before the bytes of the first one have been used. Default: 1. Set it if `next` returns
   * promises, and no two pieces share memory: pieces are then made while others are added.
   */
  readonly ahead?: number
  /**
   * The 32-byte key of a ChaCha20 keystream with nonce 0. If it is present, the vector core may generate the keystream
   * itself, from the requested offset on, instead of calling `next`. Set it if `next` is slower than WebAssembly.
   */
  readonly chacha20Key?: Uint8Array
}
