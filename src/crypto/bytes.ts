import { bytesToHex as bytesToHexOfNoble } from '@noble/hashes/utils.js'
import { described, requireArray, requireInteger, shown, wrongKind } from '../arguments.js'
import { usageError } from '../errors.js'

/**
 * Bytes in memory that is not shared between threads, as `fetch`, `Blob`, sockets and WebCrypto require. In TypeScript 5.7
 * and later this is `Uint8Array<ArrayBuffer>`; in earlier versions it is `Uint8Array`.
 * @public
 */
export type Bytes = ReturnType<Uint8Array['slice']>

const typeTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get as (this: unknown) => string | undefined

/**
 * The name of a typed array's type; `undefined` if `value` is not a typed array. Unlike `instanceof`, it recognizes arrays
 * from other realms. Unlike `constructor.name`, it cannot be forged.
 */
export function typedArrayName(value: unknown): string | undefined {
  return typeTag.call(value)
}

/** Whether `value` is a Uint8Array from any realm. A Node Buffer is one. */
export function isBytes(value: unknown): value is Uint8Array {
  return typedArrayName(value) === 'Uint8Array'
}

/**
 * The same memory as a plain Uint8Array of this realm. Shared memory is copied instead, because another thread could change
 * it during the work. The underlying packages refuse some arrays that {@link isBytes} accepts, such as a Node Buffer passed
 * into a sandbox.
 */
export function plainBytes(bytes: Uint8Array): Bytes {
  const { buffer, byteOffset, length } = bytes
  return isArrayBuffer(buffer) ? new Uint8Array(buffer, byteOffset, length) : new Uint8Array(bytes)
}

/** Whether `memory` is an ArrayBuffer from any realm. A SharedArrayBuffer is not one. */
export function isArrayBuffer(memory: unknown): memory is ArrayBuffer {
  return memory instanceof ArrayBuffer || Object.prototype.toString.call(memory) === '[object ArrayBuffer]'
}

/**
 * `length` zeros.
 * @throws {SecAggError} `unsupported` if the engine does not allow an array of this length or has no memory for it.
 */
export function createBytes(length: number): Bytes {
  return allocated(length, () => new Uint8Array(length))
}

/**
 * The result of `allocate`, which allocates `bytes` bytes in one piece.
 * @throws {SecAggError} `unsupported` if `allocate` throws.
 */
export function allocated<T>(bytes: number, allocate: () => T): T {
  try {
    return allocate()
  } catch (cause) {
    throw usageError('unsupported', `${bytes} bytes of memory could not be allocated`, {
      got: bytes,
      cause,
    })
  }
}

/** The bytes of all `parts`, concatenated into a new array. */
export function concatBytes(...parts: Uint8Array[]): Bytes {
  return joinBytes(parts)
}

/** Like {@link concatBytes}, for a list of any length. Engines limit the number of arguments to some ten thousand. */
export function joinBytes(parts: readonly Uint8Array[]): Bytes {
  // Noble's version takes four times as long, and a round calls this three times for every pair of clients.
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

/**
 * Moves arrays into one piece of memory, and returns a view for each. The given arrays are overwritten. Memory of its own costs
 * an array of a few bytes several times as much as the bytes.
 */
export function moveTogether(parts: readonly Uint8Array[]): Uint8Array[] {
  const whole = joinBytes(parts)
  wipeAll(parts)
  let at = 0
  return parts.map((part) => {
    at += part.length
    return part.length === 0 ? part : whole.subarray(at - part.length, at)
  })
}

/** Whether `a` and `b` hold the same bytes. If their lengths are equal, the time does not depend on the contents. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

/** Lowercase hexadecimal, two digits per byte. */
export function bytesToHex(bytes: Uint8Array): string {
  return bytesToHexOfNoble(plainBytes(bytes))
}

/**
 * ASCII text as one byte per character, without a `TextEncoder`.
 * @throws {SecAggError} `invalid-argument` if a character is not ASCII.
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

/**
 * UTF-16 little-endian. UTF-8 would encode all unpaired surrogates as the same bytes, so different strings could have the
 * same encoding.
 */
export function codeUnits(text: string): Bytes {
  const bytes = new Uint8Array(2 * text.length)
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    bytes[2 * index] = unit
    bytes[2 * index + 1] = unit >>> 8
  }
  return bytes
}

/** The inverse of {@link codeUnits}. If the number of bytes is odd, the last byte is ignored. */
export function fromCodeUnits(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index + 1 < bytes.length; index += 2) {
    text += String.fromCharCode(bytes[index]! | (bytes[index + 1]! << 8))
  }
  return text
}

/** Consecutive views of `bytes`, each of at most `length` bytes. */
export function* portionsOf(bytes: Uint8Array, length: number): Generator<Uint8Array, void, void> {
  for (let from = 0; from < bytes.length; from += length) yield bytes.subarray(from, from + length)
}

/** Overwrites `arrays` with zeros. Copies that the engine may have made are not reached. */
export function wipe(...arrays: Uint8Array[]): void {
  wipeAll(arrays)
}

/** Like {@link wipe}, for a list of any length. */
export function wipeAll(arrays: Iterable<Uint8Array>): void {
  for (const bytes of arrays) bytes.fill(0)
}

/**
 * The maximum number of bytes for a primitive that processes its whole input in one call. Platforms fail from 2^31 bytes
 * on, each in a different way.
 */
export const LONGEST_AT_ONCE: number = 2 ** 30

/** @throws {SecAggError} `invalid-argument` unless `value` is a Uint8Array from any realm. */
export function requireBytes(what: string, value: unknown): asserts value is Uint8Array {
  if (!isBytes(value)) throw wrongKind(what, 'a Uint8Array', value)
}

/** Like {@link requireBytes}, for input that is processed in one call: at most {@link LONGEST_AT_ONCE} bytes. */
export function requireShort(what: string, value: unknown): asserts value is Uint8Array {
  requireBytes(what, value)
  requireInteger(`the length of ${what}`, value.length, 0, LONGEST_AT_ONCE)
}

/** @throws {SecAggError} `invalid-argument` unless `bytes` are exactly `length` bytes. */
export function requireLength(what: string, bytes: Uint8Array, length: number): void {
  const got = isBytes(bytes) ? bytes.length : bytes
  // A number is not as many bytes.
  if (got === length && got !== (bytes as unknown)) return
  const text = `${what} must be ${length} bytes, not ${described(got)}`
  throw usageError('invalid-argument', text, { expected: length, got: shown(got) })
}

/** @throws {SecAggError} `invalid-argument` unless `publicKeys` is an array of 32-byte X25519 public keys. */
export function requireKeys(publicKeys: readonly Uint8Array[]): void {
  requireArray('the public keys of X25519', publicKeys)
  // `forEach` would skip the holes of a sparse array.
  for (let index = 0; index < publicKeys.length; index++) {
    requireLength('an X25519 public key', publicKeys[index]!, 32)
  }
}

/**
 * Checks the types of the arguments of `verify`. Key and signature come from a peer: if their lengths or contents are wrong,
 * `verify` returns false and does not throw.
 * @throws {SecAggError} `invalid-argument`.
 */
export function requireSignature(publicKey: unknown, message: unknown, signature: unknown): void {
  requireBytes('a public key', publicKey)
  requireShort('a signed message', message)
  requireBytes('a signature', signature)
}

/**
 * Checks the arguments of an AEAD except its key. `text` is the plaintext or the sealed text.
 * @throws {SecAggError} `invalid-argument`.
 */
export function requireSealing(associatedData: unknown, text: unknown): void {
  requireShort('the associated data of an AEAD', associatedData)
  requireShort('the text of an AEAD', text)
}

/**
 * Checks the arguments of {@link HashSuite.hkdf}.
 * @throws {SecAggError} `invalid-argument`.
 */
export function requireDerivation(secret: unknown, salt: unknown, info: unknown, length: number): void {
  requireShort('the secret of HKDF', secret)
  requireShort('the salt of HKDF', salt)
  requireShort('the info of HKDF', info)
  requireInteger('the length of a derived key', length, 1, 64)
}
