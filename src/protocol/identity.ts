import { sha256 } from '@noble/hashes/sha2.js'
import { type Bytes, bytesToHex, concatBytes, isBytes, plainBytes } from '../crypto/bytes.js'
import type { SignatureScheme } from '../crypto/provider.js'
import { type RoundName, SecAggError, usageError } from '../errors.js'
import { publishableSeats } from '../graph/index.js'
import { encodeMessage, type PublishedKeys, publishedKeysCoder, seatSet } from '../wire/index.js'
import { type Blame, violation } from './blame.js'
import type { RoundConfig } from './config.js'
import { label, seatBytes } from './keys.js'
import { allSeats } from './seats.js'

/** Signs as one identity: a key in memory, a non-extractable WebCrypto key, a key management service. */
export interface Signer {
  /** A signature of exactly the configuration's `signatureLength` bytes. */
  sign(message: Bytes): Promise<Uint8Array>
}

/** A signer that the library makes: it signs any bytes, of shared memory too. */
export interface OwnSigner extends Signer {
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** A signature that somebody claims to have made, sitting at `seat`. */
export interface SignedClaim {
  readonly seat: number
  readonly message: Bytes
  readonly signature: Bytes
}

/**
 * Who made a signature: a stable name of that identity, the same in every round and for every seat it may take; or
 * `undefined` where the signature is not valid or not by somebody who may sit at this seat. Identities must be known
 * beforehand, since the active model stands on them.
 */
export type VerifyIdentity = (claim: SignedClaim) => Promise<string | undefined>

/** A signer with an Ed25519 private key (the 32-byte seed) in memory. */
export function ed25519Signer(privateKey: Uint8Array, ed25519: SignatureScheme): OwnSigner {
  if (!isBytes(privateKey) || privateKey.length !== 32) {
    throw usageError('invalid-argument', 'an Ed25519 private key must be its seed of 32 bytes')
  }
  const key = Uint8Array.from(privateKey)
  return { sign: (message) => ed25519.sign(key, message) }
}

/**
 * Checks Ed25519 signatures against an enrolment: the public key that may sit at each seat, `undefined` for none. The
 * identity is the public key in hexadecimal.
 */
export function ed25519Verifier(
  publicKeyOf: (seat: number) => Uint8Array | undefined,
  ed25519: SignatureScheme,
): VerifyIdentity {
  return async ({ seat, message, signature }) => {
    const publicKey = publicKeyOf(seat)
    if (publicKey === undefined) return undefined
    return (await ed25519.verify(publicKey, message, signature)) ? bytesToHex(publicKey) : undefined
  }
}

/**
 * Takes every signature for valid. With it the active model protects against nothing that the honest-but-curious one
 * does not; for tests and simulations only.
 */
export function dangerouslyTrustAnyIdentity(): VerifyIdentity {
  return async ({ seat }) => `unverified seat ${seat}`
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

/** Asks the caller's signer, and holds it to the agreed length. */
export async function signStatement(
  config: RoundConfig,
  signer: Signer | undefined,
  statement: Bytes,
  round: RoundName,
): Promise<Uint8Array> {
  if (signer === undefined) throw usageError('invalid-argument', 'the active model needs a signer', { round })
  let signature: unknown
  try {
    signature = await signer.sign(statement)
  } catch (cause) {
    throw new SecAggError('crypto-failure', 'crypto', 'the signer failed', { round, cause })
  }
  if (!isBytes(signature) || signature.length !== config.signatureLength) {
    throw usageError('invalid-argument', 'the signer returned no signature of the configured length', {
      round,
      expected: config.signatureLength,
      got: isBytes(signature) ? signature.length : typeof signature,
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
  if (verifyIdentity === undefined) {
    throw usageError('invalid-argument', 'the active model needs verifyIdentity', { round: blame.round })
  }
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
    const details = { round: blame.round, concerning: [claim.seat], cause }
    throw new SecAggError('crypto-failure', 'crypto', 'verifyIdentity failed', details)
  }
  // Whatever else a verifier without types says, such as `false` or '', is a no.
  if (typeof signer !== 'string' || signer === '') {
    throw violation('invalid-signature', blame, `the signature of seat ${claim.seat} does not verify`)
  }
  if (identity !== undefined && signer !== identity) {
    throw violation('invalid-signature', blame, `the signature of seat ${claim.seat} is by another identity`)
  }
  return signer
}
