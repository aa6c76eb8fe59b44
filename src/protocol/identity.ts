import { sha256 } from '@noble/hashes/sha2.js'
import { described, partsOf, requireFunction, requireMethods, shown } from '../arguments.js'
import { type Bytes, bytesToHex, concatBytes, isBytes, plainBytes, requireBytes } from '../crypto/bytes.js'
import { dependableSignatures } from '../crypto/dependable.js'
import type { SignatureScheme } from '../crypto/provider.js'
import { type PhaseName, SecAggError, usageError } from '../errors.js'
import { publishableSeats } from '../graph/index.js'
import { encodeMessage, type PublishedKeys, publishedKeysCoder, seatSet } from '../wire/index.js'
import { type Blame, requireSeatNumber, violation } from './checks.js'
import { allSeats, type RoundConfig } from './config.js'
import { label, seatBytes } from './keys.js'

/**
 * Signs as one identity: a key in memory, a non-extractable WebCrypto key, a key management service.
 * @public
 */
export interface Signer {
  /** A signature of exactly the configuration's `signatureLength` bytes. */
  sign(message: Bytes): Promise<Uint8Array>
}

/**
 * A signer that the library makes: it signs any bytes, of shared memory too.
 * @public
 */
export interface OwnSigner extends Signer {
  sign(message: Uint8Array): Promise<Uint8Array>
}

/**
 * A signature that somebody claims to have made, sitting at `seat`.
 * @public
 */
export interface SignedClaim {
  readonly seat: number
  readonly message: Bytes
  readonly signature: Bytes
}

/**
 * Who made a signature: a stable name of that identity, the same in every round and for every seat it may take; or
 * `undefined` where the signature is not valid or not by somebody who may sit at this seat. Identities must be known
 * beforehand, since the active model stands on them.
 * @public
 */
export type VerifyIdentity = (claim: SignedClaim) => Promise<string | undefined>

/**
 * A signer with an Ed25519 private key (the 32-byte seed) in memory.
 * @param ed25519 - Of a crypto provider, such as `(await defaultCrypto()).ed25519`.
 * @throws {SecAggError} `invalid-argument` for another key, or where `ed25519` is no signature scheme.
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
 * Checks Ed25519 signatures against an enrolment: the public key that may sit at each seat, `undefined` for none. The
 * identity is the public key in hexadecimal.
 *
 * @param publicKeyOf - Gives the 32 bytes of a key; with anything else but `undefined` the verifier throws
 *   `invalid-argument`, fault `usage`.
 * @param ed25519 - Of a crypto provider, such as `(await defaultCrypto()).ed25519`.
 * @throws {SecAggError} `invalid-argument` where `publicKeyOf` is no function, or `ed25519` no signature scheme.
 * @public
 */
export function ed25519Verifier(
  publicKeyOf: (seat: number) => Uint8Array | undefined,
  ed25519: SignatureScheme,
): VerifyIdentity {
  requireFunction('what gives the public key of a seat', publicKeyOf)
  const scheme = dependableSignatures(ed25519)
  return async (claim) => {
    const { seat, message, signature } = checkedClaim(claim)
    const publicKey: unknown = publicKeyOf(seat)
    if (publicKey === undefined) return undefined
    // An enrolment in another form, such as hexadecimal, would else look like forged signatures of everybody.
    if (!isBytes(publicKey) || publicKey.length !== 32) {
      const got = isBytes(publicKey) ? publicKey.length : publicKey
      const text = `the public key of seat ${seat} is a Uint8Array of 32 bytes, not ${described(got)}`
      throw usageError('invalid-argument', text, { got: shown(got) })
    }
    return (await scheme.verify(publicKey, message, signature)) ? bytesToHex(publicKey) : undefined
  }
}

/**
 * Takes every signature for valid. With it the active model protects against nothing that the honest-but-curious one
 * does not; for tests and simulations only.
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

/** What a client signs in round 0. */
export function keysStatement(
  config: RoundConfig,
  seat: number,
  keys: { readonly cipherKey: Uint8Array; readonly maskKey: Uint8Array },
): Bytes {
  return concatBytes(label('sign keys'), config.hash, seatBytes(seat), keys.cipherKey, keys.maskKey)
}

/**
 * D: SHA-256 of the PublishedKeys message, which on the complete graph is the same for all of U1. It tells two runs under
 * one configuration apart, since every client has drawn new keys for each.
 */
export function publishedDigest(config: RoundConfig, published: PublishedKeys): Uint8Array {
  const universe = publishableSeats(config.graph, config.clients)
  const coder = publishedKeysCoder(universe, config.signatureLength)
  return sha256(encodeMessage('publishedKeys', coder, published))
}

/**
 * What a client signs in round 3: that it was told of these survivors, U3, after the keys whose digest D is `published`.
 * Without D a signature of an earlier run under the same session id would count in a later one.
 */
export function survivorsStatement(
  config: RoundConfig,
  published: Uint8Array,
  seat: number,
  survivors: readonly number[],
): Bytes {
  const set = seatSet(allSeats(config)).encode(survivors)
  return concatBytes(label('sign survivors'), config.hash, published, seatBytes(seat), set)
}

/** @throws {SecAggError} `invalid-argument` where there is none, or something else. */
export function requireSigner(signer: Signer | undefined, phase?: PhaseName): asserts signer is Signer {
  if (signer === undefined || signer === null) {
    throw usageError('invalid-argument', 'the active model needs a signer', { phase })
  }
  requireMethods('a signer', signer, 'sign')
}

/** @throws {SecAggError} `invalid-argument` where there is none, or something else. */
export function requireVerifier(
  verifyIdentity: VerifyIdentity | undefined,
  phase?: PhaseName,
): asserts verifyIdentity is VerifyIdentity {
  if (verifyIdentity === undefined || verifyIdentity === null) {
    throw usageError('invalid-argument', 'the active model needs verifyIdentity', { phase })
  }
  requireFunction('verifyIdentity', verifyIdentity)
}

/** A mistake of the program, which is not to be taken for a failure of cryptography. */
function isUsage(error: unknown): boolean {
  return error instanceof SecAggError && error.fault === 'usage'
}

/** Asks the caller's signer, and holds it to the agreed length. */
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
    throw usageError('invalid-argument', 'the signer returned no signature of the configured length', {
      phase,
      expected: config.signatureLength,
      got: isBytes(signature) ? signature.length : shown(signature),
    })
  }
  return Uint8Array.from(signature)
}

/**
 * Asks the caller's verifier who signed.
 * @throws {SecAggError} `invalid-signature` where nobody did, or somebody else than `identity` where that is given.
 */
export async function verifyStatement(
  { signatureLength }: RoundConfig,
  verifyIdentity: VerifyIdentity | undefined,
  claim: { readonly seat: number; readonly message: Uint8Array; readonly signature: Uint8Array },
  identity: string | undefined,
  blame: Blame,
): Promise<string> {
  requireVerifier(verifyIdentity, blame.phase)
  // Bytes that were read have it; what a caller of single steps made by itself may not.
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
  // A verifier without types may say no with something else, such as `false` or ''. Anything else is no name of anybody.
  if (signer && typeof signer !== 'string') {
    throw usageError('invalid-argument', 'verifyIdentity gives a string, or undefined', {
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
