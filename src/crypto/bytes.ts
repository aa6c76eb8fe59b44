import { equalBytes as equalBytesOfNoble } from '@noble/ciphers/utils.js'
import { bytesToHex as bytesToHexOfNoble } from '@noble/hashes/utils.js'
import { described, requireArray, requireInteger, shown, wrongKind } from '../arguments.js'
import { usageError } from '../errors.js'

/**
 * Bytes in memory that is not shared, as `fetch`, `Blob`, sockets and WebCrypto ask for. With TypeScript 5.7 and later it is
 * `Uint8Array<ArrayBuffer>`; before that there was one kind of Uint8Array only.
 * @public
 */
export type Bytes = ReturnType<Uint8Array['slice']>

/** Whether `value` is a Uint8Array, of whatever realm; a Node Buffer is one. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && Object.prototype.toString.call(value) === '[object Uint8Array]'
}

/**
 * The same memory as this realm's plain Uint8Array; a copy where it is shared, and others could change it meanwhile. The
 * packages underneath refuse some of what {@link isBytes} accepts, such as a Node Buffer that reaches a sandbox from outside.
 */
export function plainBytes(bytes: Uint8Array): Bytes {
  const { buffer, byteOffset, length } = bytes
  return isArrayBuffer(buffer) ? new Uint8Array(buffer, byteOffset, length) : new Uint8Array(bytes)
}

/** Whether `memory` is an ArrayBuffer, of whatever realm. Memory that is shared is not one. */
export function isArrayBuffer(memory: unknown): memory is ArrayBuffer {
  return Object.prototype.toString.call(memory) === '[object ArrayBuffer]'
}

/**
 * `length` zeros.
 * @throws {SecAggError} `unsupported` where the engine has no array of this length, or no memory for it.
 */
export function createBytes(length: number): Bytes {
  return allocated(length, () => new Uint8Array(length))
}

/** What `allocate` makes of so many bytes of memory; that they cannot be had is said in the library's own error. */
export function allocated<T>(bytes: number, allocate: () => T): T {
  try {
    return allocate()
  } catch (cause) {
    throw usageError('unsupported', `${bytes} bytes of memory cannot be had in one piece`, {
      got: bytes,
      cause,
    })
  }
}

/** The bytes of `parts` one after the other, in a new array. */
export function concatBytes(...parts: Uint8Array[]): Bytes {
  return joinBytes(parts)
}

/** The same for a list of any length; engines take some ten thousand arguments, and no more. */
export function joinBytes(parts: readonly Uint8Array[]): Bytes {
  // Noble's own takes four times as long, and there are three of these to every pair of clients.
  let length = 0
  for (const part of parts) length += part.length
  const whole = createBytes(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Whether `a` and `b` hold the same bytes; for equal lengths the time does not depend on what they hold. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return equalBytesOfNoble(plainBytes(a), plainBytes(b))
}

/** Lowercase hexadecimal, two digits per byte. */
export function bytesToHex(bytes: Uint8Array): string {
  return bytesToHexOfNoble(plainBytes(bytes))
}

/**
 * One byte per character; needs no `TextEncoder`.
 * @throws {SecAggError} `invalid-argument` where a character is not ASCII.
 */
export function ascii(text: string): Bytes {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) throw usageError('invalid-argument', `character ${index} of a label is not ASCII`)
    bytes[index] = code
  }
  return bytes
}

/** UTF-16, low bytes first: unlike in UTF-8, unpaired surrogates of different strings stay different. */
export function codeUnits(text: string): Bytes {
  const bytes = new Uint8Array(2 * text.length)
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    bytes[2 * index] = unit
    bytes[2 * index + 1] = unit >>> 8
  }
  return bytes
}

/** The text of {@link codeUnits}; a last odd byte is left out. */
export function fromCodeUnits(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index + 1 < bytes.length; index += 2) {
    text += String.fromCharCode(bytes[index]! | (bytes[index + 1]! << 8))
  }
  return text
}

/** Views on `bytes`, one after the other, of at most `length` bytes each. */
export function* portionsOf(bytes: Uint8Array, length: number): Generator<Uint8Array, void, void> {
  for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length)
}

/** Overwrites `arrays` with zeros. Copies the engine may have made stay where they are. */
export function wipe(...arrays: Uint8Array[]): void {
  wipeAll(arrays)
}

/** The same for a list of any length. */
export function wipeAll(arrays: Iterable<Uint8Array>): void {
  for (const bytes of arrays) bytes.fill(0)
}

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
