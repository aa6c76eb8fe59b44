import type { Bytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { createPackingKernel, madeOnce, sharedPackingKernel } from './kernels/kernel.js'
import { typedArrayName } from './lanes.js'
import { nextBlock } from './segments.js'

/**
 * The number of bytes that are copied and processed at a time, a multiple of 64. This many bytes fit into the first-level
 * cache. Longer pieces would be read from slower memory, and shorter pieces would need more calls.
 */
export const PIECE_BYTES: number = 63 * 64

// The kernel's memory holds the sums, then a piece.
const PIECE_AT = 64

/** The length of a fingerprint in bytes. */
export const FINGERPRINT_LENGTH = 72

/** Writes the fingerprint of `bytes` to `target`, from byte `at` on, and returns `target`. Default: a new array. */
type Fingerprint = (bytes: Uint8Array, target?: Bytes, at?: number) => Bytes

const shared = /* @__PURE__ */ madeOnce(() => createKernelFingerprint(true) ?? plainFingerprint)

/**
 * The fingerprint of a message. The server uses it to tell whether a second message from a client repeats the first one. It
 * is not a cryptographic hash, and security does not depend on it: if a client finds two messages with the same fingerprint,
 * the server ignores the second one as a repetition, instead of refusing it.
 *
 * The message is padded with zeros to a multiple of 64 bytes and read as little-endian 32-bit words. Word i goes to lane
 * i mod 8. Each of the eight lanes has two sums modulo 2^32, which begin at 0. Each word of a lane is added to the first sum,
 * then the first sum is added to the second sum. The fingerprint is the eight first sums, the eight second sums, and the
 * number of bytes of the message as an 8-byte number, all little-endian.
 *
 * Two messages of the same length have different fingerprints if they have at most 64 bytes or differ in a single word.
 *
 * @param bytes - The message.
 * @returns 72 bytes.
 * @throws {SecAggError} `invalid-argument` if `bytes` is not a Uint8Array.
 * @example
 * ```ts
 * import { fingerprint } from 'secagg/vector'
 *
 * const first = fingerprint(Uint8Array.of(1, 2, 3))
 * const second = fingerprint(Uint8Array.of(1, 2, 4))
 * console.log(first.length) // 72
 * console.log(String(first) === String(second)) // false
 * ```
 * @public
 */
export function fingerprint(bytes: Uint8Array): Bytes {
  if (typedArrayName(bytes) !== 'Uint8Array') {
    throw usageError('invalid-argument', 'the bytes of a fingerprint must be a Uint8Array', {
      got: typeof bytes,
    })
  }
  return fingerprintInto(bytes)
}

/** Like {@link fingerprint}, for bytes that are certainly a Uint8Array. A server keeps many, so they need not be arrays. */
export const fingerprintInto: Fingerprint = (bytes, target, at) => shared()(bytes, target, at)

/**
 * Computes fingerprints in WebAssembly SIMD; `undefined` if the host does not have it. Each call wipes the memory that it
 * used.
 */
export function createKernelFingerprint(shares = false): Fingerprint | undefined {
  const kernel = (shares ? sharedPackingKernel : createPackingKernel)(PIECE_AT + PIECE_BYTES)
  if (kernel === undefined) return undefined
  const { memory, packing } = kernel
  const sums = new Uint32Array(memory.buffer, 0, 16)
  const piece = new Uint8Array(memory.buffer, PIECE_AT, PIECE_BYTES)
  return (bytes, target = new Uint8Array(FINGERPRINT_LENGTH), at = 0) => {
    sums.fill(0)
    forEachPiece(bytes, piece, (length) => packing.fingerprint(PIECE_AT, PIECE_AT + length, 0, 0, 0))
    putFingerprint(sums, bytes.length, target, at)
    sums.fill(0)
    piece.fill(0, 0, bytes.length)
    return target
  }
}

/** Computes fingerprints in plain JavaScript. */
export function plainFingerprint(
  bytes: Uint8Array,
  target: Bytes = new Uint8Array(FINGERPRINT_LENGTH),
  at = 0,
): Bytes {
  const sums = new Uint32Array(16)
  const words = new Uint32Array(nextBlock(Math.min(bytes.length, PIECE_BYTES)) / 4)
  forEachPiece(bytes, new Uint8Array(words.buffer), (length) => addWords(sums, words, length / 4))
  putFingerprint(sums, bytes.length, target, at)
  return target
}

/** The fingerprint of a message of `length` bytes whose lanes have these sums. */
export function fingerprintOf(sums: Uint32Array, length: number): Bytes {
  const result = new Uint8Array(FINGERPRINT_LENGTH)
  putFingerprint(sums, length, result, 0)
  return result
}

function putFingerprint(sums: Uint32Array, length: number, target: Uint8Array, at: number): void {
  for (let i = 0; i < 18; i++) {
    const word = i < 16 ? sums[i]! : i === 16 ? length : length / 2 ** 32
    for (let byte = 0; byte < 4; byte++) target[at + 4 * i + byte] = word >>> (8 * byte)
  }
}

/** Copies each piece of `bytes` to `piece`, pads it with zeros to a multiple of 64, and calls `visit` with that length. */
function forEachPiece(bytes: Uint8Array, piece: Uint8Array, visit: (length: number) => void): void {
  const { buffer, byteOffset, length } = bytes
  for (let from = 0; from < length; from += PIECE_BYTES) {
    const taken = Math.min(PIECE_BYTES, length - from)
    piece.set(taken === length ? bytes : new Uint8Array(buffer, byteOffset + from, taken))
    piece.fill(0, taken, nextBlock(taken))
    visit(nextBlock(taken))
  }
}

/** Goes lane by lane, so that the two sums of the lane are local variables. */
function addWords(sums: Uint32Array, words: Uint32Array, count: number): void {
  for (let lane = 0; lane < 8; lane++) {
    let first = sums[lane]!
    let second = sums[lane + 8]!
    for (let i = lane; i < count; i += 8) {
      first = (first + words[i]!) | 0
      second = (second + first) | 0
    }
    sums[lane] = first
    sums[lane + 8] = second
  }
}
