import { described, requireArray, requireInteger, shown, wrongKind } from '../arguments.js'
import { usageError } from '../errors.js'
import { isBytes } from './bytes.js'

/** @throws {SecAggError} `invalid-argument` for anything but a Uint8Array, of whatever realm. */
export function requireBytes(what: string, value: unknown): asserts value is Uint8Array {
  if (!isBytes(value)) throw wrongKind(what, 'a Uint8Array', value)
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
  requireBytes('what is signed', message)
  requireBytes('a signature', signature)
}

/** @throws {SecAggError} `invalid-argument` where these are not what an AEAD takes besides its key. */
export function requireSealing(associatedData: unknown, text: unknown): void {
  requireBytes('associated data', associatedData)
  requireBytes('what is sealed', text)
}

/** @throws {SecAggError} `invalid-argument` where HKDF cannot give `length` bytes under {@link HashSuite}. */
export function requireDerivation(secret: unknown, salt: unknown, info: unknown, length: number): void {
  requireBytes('the secret of HKDF', secret)
  requireBytes('the salt of HKDF', salt)
  requireBytes('the info of HKDF', info)
  requireInteger('the length of a derived key', length, 1, 64)
}
