import { described, requireArray, requireInteger, shown, wrongKind } from '../arguments.js'
import { usageError } from '../errors.js'
import { isBytes } from './bytes.js'

/** The most bytes that a primitive takes which works on all of them at once: platforms refuse 2^31, each in its own way. */
export const LONGEST_AT_ONCE: number = 2 ** 30

/** @throws {SecAggError} `invalid-argument` for anything but a Uint8Array, of whatever realm. */
export function requireBytes(what: string, value: unknown): asserts value is Uint8Array {
  if (!isBytes(value)) throw wrongKind(what, 'a Uint8Array', value)
}

/** The same where all the bytes are worked on at once, {@link LONGEST_AT_ONCE} of them and no more. */
export function requireShort(what: string, value: unknown): asserts value is Uint8Array {
  requireBytes(what, value)
  requireInteger(`the length of ${what}`, value.length, 0, LONGEST_AT_ONCE)
}

/** @throws {SecAggError} `invalid-argument` where `bytes` are not `length` bytes. */
export function requireLength(what: string, bytes: Uint8Array, length: number): void {
  const got = isBytes(bytes) ? bytes.length : bytes
  if (got === length) return
  const text = `${what} takes ${length} bytes, not ${described(got)}`
  throw usageError('invalid-argument', text, { expected: length, got: shown(got) })
}

/** @throws {SecAggError} `invalid-argument` where X25519 cannot agree with these public keys. */
export function requireKeys(publicKeys: readonly Uint8Array[]): void {
  requireArray('the public keys of X25519', publicKeys)
  // By index, so that a hole is seen.
  for (let index = 0; index < publicKeys.length; index++) {
    requireLength('an X25519 public key', publicKeys[index]!, 32)
  }
}

/** Their lengths and contents are a peer's; that they are bytes is up to the caller. */
export function requireSignature(publicKey: unknown, message: unknown, signature: unknown): void {
  requireBytes('a public key', publicKey)
  requireShort('what is signed', message)
  requireBytes('a signature', signature)
}

/** @throws {SecAggError} `invalid-argument` where these are not what an AEAD takes besides its key. */
export function requireSealing(associatedData: unknown, text: unknown): void {
  requireShort('associated data', associatedData)
  requireShort('what is sealed', text)
}

/** @throws {SecAggError} `invalid-argument` where HKDF cannot give `length` bytes under {@link HashSuite}. */
export function requireDerivation(secret: unknown, salt: unknown, info: unknown, length: number): void {
  requireShort('the secret of HKDF', secret)
  requireShort('the salt of HKDF', salt)
  requireShort('the info of HKDF', info)
  requireInteger('the length of a derived key', length, 1, 64)
}
