import { described, partsOf, requireFunction, requireMethods, shown } from '../arguments.js'
import { type Bytes, bytesToHex, isBytes, plainBytes, requireBytes } from '../crypto/bytes.js'
import { dependableSignatures } from '../crypto/dependable.js'
import type { SignatureScheme } from '../crypto/provider.js'
import { type PhaseName, SecAggError, usageError } from '../errors.js'
import { type Blame, requireSeatNumber, violation } from './checks.js'
import type { RoundConfig } from './config.js'

/**
 * Signs for one identity, for example with a key in memory, a non-extractable WebCrypto key or a key management service.
 * @public
 */
export interface Signer {
  /** Returns a signature of exactly `signatureLength` bytes, as the configuration states. */
  sign(message: Bytes): Promise<Uint8Array>
}

/**
 * A signer that this library makes. It signs any bytes, including bytes in shared memory.
 * @public
 */
export interface OwnSigner extends Signer {
  sign(message: Uint8Array): Promise<Uint8Array>
}

/**
 * A signature that the client at `seat` claims to have made.
 * @public
 */
export interface SignedClaim {
  readonly seat: number
  readonly message: Bytes
  readonly signature: Bytes
}

/**
 * Verifies a signature. It returns a stable name of the identity that signed, the same in every round and at every seat; or
 * `undefined` if the signature is not valid, or if this identity may not have this seat. Identities must be known before the
 * round: the guarantees of the active model depend on them.
 * @public
 */
export type VerifyIdentity = (claim: SignedClaim) => Promise<string | undefined>

/**
 * Creates a signer with an Ed25519 private key in memory.
 *
 * @param privateKey - The private key: its seed of 32 bytes. It is copied.
 * @param ed25519 - The signature scheme of a crypto provider, such as `(await defaultCrypto()).ed25519`.
 * @returns A signer, for `ClientCapabilities` or a client session.
 * @throws {SecAggError} `invalid-argument` if the key does not have 32 bytes, or `ed25519` is not a signature scheme.
 * @example
 * ```ts
 * import { defaultCrypto } from 'secagg/crypto'
 * import { ed25519Signer } from 'secagg/protocol'
 *
 * const crypto = await defaultCrypto()
 * const privateKeys = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte)) // real ones are random and secret
 * const signers = privateKeys.map((privateKey) => ed25519Signer(privateKey, crypto.ed25519))
 *
 * const signature = await signers[0]!.sign(Uint8Array.of(1, 2, 3))
 * console.log(signature.length) // 64
 * ```
 * @public
 */
export function ed25519Signer(privateKey: Uint8Array, ed25519: SignatureScheme): OwnSigner {
  if (!isBytes(privateKey) || privateKey.length !== 32) {
    throw usageError('invalid-argument', 'an Ed25519 private key must be its seed of 32 bytes')
  }
  const key = Uint8Array.from(privateKey)
  const scheme = dependableSignatures(ed25519)
  return {
    sign: async (message) => {
      requireBytes('what is signed', message)
      return scheme.sign(key, message)
    },
  }
}

/**
 * Creates a verifier for Ed25519 signatures with public keys that are known before the round, one for each seat.
 *
 * @param publicKeyOf - Returns the public key of a seat: 32 bytes, or `undefined` for a seat without a key. If it returns
 *   anything else, the verifier throws `invalid-argument` with fault `usage`.
 * @param ed25519 - The signature scheme of a crypto provider, such as `(await defaultCrypto()).ed25519`.
 * @returns A verifier. It names an identity by its public key in hexadecimal.
 * @throws {SecAggError} `invalid-argument` if `publicKeyOf` is not a function, or `ed25519` is not a signature scheme.
 * @example
 * ```ts
 * // Continues the example of ed25519Signer.
 * import { ed25519Verifier } from 'secagg/protocol'
 *
 * const publicKeys = await Promise.all(privateKeys.map((key) => crypto.ed25519.publicKey(key)))
 * const verifyIdentity = ed25519Verifier((seat) => publicKeys[seat], crypto.ed25519)
 *
 * const claim = { message: Uint8Array.of(1, 2, 3), signature: Uint8Array.from(signature) }
 * console.log((await verifyIdentity({ seat: 0, ...claim }))?.slice(0, 8)) // '8a88e3dd'
 * console.log(await verifyIdentity({ seat: 1, ...claim })) // undefined
 * ```
 * @public
 */
export function ed25519Verifier(
  publicKeyOf: (seat: number) => Uint8Array | undefined,
  ed25519: SignatureScheme,
): VerifyIdentity {
  requireFunction('publicKeyOf', publicKeyOf)
  const scheme = dependableSignatures(ed25519)
  return async (claim) => {
    const { seat, message, signature } = checkedClaim(claim)
    const publicKey: unknown = publicKeyOf(seat)
    if (publicKey === undefined) return undefined
    // Without this check, keys in another form, such as hexadecimal, would look like forged signatures of all clients.
    if (!isBytes(publicKey) || publicKey.length !== 32) {
      const got = isBytes(publicKey) ? publicKey.length : publicKey
      const text = `the public key of seat ${seat} must be a Uint8Array of 32 bytes, not ${described(got)}`
      throw usageError('invalid-argument', text, { got: shown(got) })
    }
    return (await scheme.verify(publicKey, message, signature)) ? bytesToHex(publicKey) : undefined
  }
}

/**
 * Creates a verifier that accepts every signature. With it, the active model protects no better than the honest-but-curious
 * model. Use it for tests and simulations only.
 *
 * @returns A verifier. It names an identity by its seat.
 * @example
 * ```ts
 * import { dangerouslyTrustAnyIdentity } from 'secagg/protocol'
 *
 * const verify = dangerouslyTrustAnyIdentity()
 * console.log(await verify({ seat: 3, message: new Uint8Array(9), signature: new Uint8Array(64) })) // 'unverified seat 3'
 * ```
 * @public
 */
export function dangerouslyTrustAnyIdentity(): VerifyIdentity {
  return async (claim) => `unverified seat ${checkedClaim(claim).seat}`
}

function checkedClaim(claim: SignedClaim): SignedClaim {
  const parts = partsOf('a signed claim', claim)
  requireSeatNumber(parts.seat)
  requireBytes('what is signed', parts.message)
  requireBytes('a signature', parts.signature)
  return parts
}

/** @throws {SecAggError} `invalid-argument` if this is not a signer. */
export function requireSigner(signer: Signer | undefined, phase?: PhaseName): asserts signer is Signer {
  if (signer === undefined || signer === null) {
    throw usageError('invalid-argument', 'the active model needs a signer', { phase })
  }
  requireMethods('a signer', signer, 'sign')
}

/** @throws {SecAggError} `invalid-argument` if this is not a verifier. */
export function requireVerifier(
  verifyIdentity: VerifyIdentity | undefined,
  phase?: PhaseName,
): asserts verifyIdentity is VerifyIdentity {
  if (verifyIdentity === undefined || verifyIdentity === null) {
    throw usageError('invalid-argument', 'the active model needs verifyIdentity', { phase })
  }
  requireFunction('verifyIdentity', verifyIdentity)
}

/** Whether this is a mistake of the calling program, which must not be reported as a failure of cryptography. */
function isUsage(error: unknown): boolean {
  return error instanceof SecAggError && error.fault === 'usage'
}

/** Signs with the caller's signer, and checks the length of the signature. */
export async function signStatement(
  config: RoundConfig,
  signer: Signer | undefined,
  statement: Bytes,
  phase: PhaseName,
): Promise<Uint8Array> {
  requireSigner(signer, phase)
  let signature: unknown
  try {
    signature = await signer.sign(statement)
  } catch (cause) {
    if (isUsage(cause)) throw cause
    throw new SecAggError('crypto-failure', 'crypto', 'the signer failed', { phase, cause })
  }
  if (!isBytes(signature) || signature.length !== config.signatureLength) {
    throw usageError('invalid-argument', 'the signer must return a signature of the configured length', {
      phase,
      expected: config.signatureLength,
      got: isBytes(signature) ? signature.length : shown(signature),
    })
  }
  return Uint8Array.from(signature)
}

/**
 * Verifies a signature with the caller's verifier, and returns the identity that signed.
 * @throws {SecAggError} `invalid-signature` if the signature is not valid, or if `identity` is given and another one signed.
 */
export async function verifyStatement(
  { signatureLength }: RoundConfig,
  verifyIdentity: VerifyIdentity | undefined,
  claim: { readonly seat: number; readonly message: Uint8Array; readonly signature: Uint8Array },
  identity: string | undefined,
  blame: Blame,
): Promise<string> {
  requireVerifier(verifyIdentity, blame.phase)
  // A decoded message always has the right length. A message that a caller of single steps has built may not.
  if (claim.signature.length !== signatureLength) {
    const details = { expected: signatureLength, got: claim.signature.length }
    throw violation(
      'invalid-signature',
      blame,
      `the signature of seat ${claim.seat} has the wrong length`,
      details,
    )
  }
  let signer: unknown
  try {
    signer = await verifyIdentity({
      seat: claim.seat,
      message: plainBytes(claim.message),
      signature: plainBytes(claim.signature),
    })
  } catch (cause) {
    if (isUsage(cause)) throw cause
    const details = { phase: blame.phase, concerning: [claim.seat], cause }
    throw new SecAggError('crypto-failure', 'crypto', 'verifyIdentity failed', details)
  }
  // A verifier without types may reject with another falsy value, such as `false` or ''. Any other value is a mistake.
  if (signer && typeof signer !== 'string') {
    throw usageError('invalid-argument', 'verifyIdentity must return a string or undefined', {
      phase: blame.phase,
      concerning: [claim.seat],
      got: shown(signer),
    })
  }
  if (typeof signer !== 'string' || signer === '') {
    throw violation('invalid-signature', blame, `the signature of seat ${claim.seat} does not verify`)
  }
  if (identity !== undefined && signer !== identity) {
    throw violation('invalid-signature', blame, `the signature of seat ${claim.seat} is by another identity`)
  }
  return signer
}
