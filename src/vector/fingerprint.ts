import type { Bytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { createPackingKernel } from './kernels/kernel.js'
import { typedArrayName } from './lanes.js'
import { nextBlock } from './segments.js'

/**
 * Bytes that are copied and worked on at a time, a multiple of 64. They stay in the first-level cache; more would come
 * more slowly from beyond the caches, and fewer cost more calls.
 */
export const PIECE_BYTES: number = 63 * 64

// What the kernel's memory holds: the sums, and a piece.
const PIECE_AT = 64

type Fingerprint = (bytes: Uint8Array) => Bytes

let kept: Fingerprint | undefined

/**
 * The fingerprint of a message, 72 bytes, which tells a repetition of the message from a second version of it. It is
 * no cryptographic hash, and no security rests on it: whoever makes up two messages with one fingerprint achieves that
 * the second is taken for a repetition, and ignored, where it would be refused.
 *
 * Little-endian words of 32 bits, padded with zeros to a multiple of 64 bytes, are dealt to eight lanes in turn. Each
 * lane has two sums modulo 2^32 that begin at 0: with each word `first += word`, and then `second += first`. The
 * fingerprint is the eight first sums, the eight second sums, and the number of bytes in 8 bytes, all little-endian.
 * Messages of one length and at most 64 bytes never share one, nor do messages that differ in one word.
 * @throws {SecAggError} `invalid-argument` where `bytes` is no Uint8Array.
 * @public
 */
export function fingerprint(bytes: Uint8Array): Bytes {
  if (typedArrayName(bytes) !== 'Uint8Array') {
    throw usageError('invalid-argument', 'what has a fingerprint is a Uint8Array', { got: typeof bytes })
  }
  kept ??= createKernelFingerprint() ?? plainFingerprint
  return kept(bytes)
}

/** Fingerprints in WebAssembly SIMD; `undefined` where there is none. It overwrites what it held before it returns. */
export function createKernelFingerprint(): Fingerprint | undefined {
  const kernel = createPackingKernel(PIECE_AT + PIECE_BYTES)
  if (kernel === undefined) return undefined
  const { memory, packing } = kernel
  const sums = new Uint32Array(memory.buffer, 0, 16)
  const piece = new Uint8Array(memory.buffer, PIECE_AT, PIECE_BYTES)
  return (bytes) => {
    forEachPiece(bytes, piece, (length) => packing.fingerprint(PIECE_AT, PIECE_AT + length, 0, 0, 0))
    const result = fingerprintOf(sums, bytes.length)
    sums.fill(0)
    piece.fill(0, 0, bytes.length)
    return result
  }
}

/** The same in plain JavaScript. */
export function plainFingerprint(bytes: Uint8Array): Bytes {
  const sums = new Uint32Array(16)
  const words = new Uint32Array(nextBlock(Math.min(bytes.length, PIECE_BYTES)) / 4)
  forEachPiece(bytes, new Uint8Array(words.buffer), (length) => addWords(sums, words, length / 4))
  return fingerprintOf(sums, bytes.length)
}

/** The fingerprint of `length` bytes with these sums. */
export function fingerprintOf(sums: Uint32Array, length: number): Bytes {
  const words = new Uint32Array(18)
  words.set(sums)
  words[16] = length
  words[17] = length / 2 ** 32
  return new Uint8Array(words.buffer)
}

/** Copies one piece after the other to `piece`, zeros after the last, and gives `visit` its length, a multiple of 64. */
function forEachPiece(bytes: Uint8Array, piece: Uint8Array, visit: (length: number) => void): void {
  const { buffer, byteOffset, length } = bytes
  for (let from = 0; from < length; from += PIECE_BYTES) {
    const taken = Math.min(PIECE_BYTES, length - from)
    piece.set(new Uint8Array(buffer, byteOffset + from, taken))
    piece.fill(0, taken, nextBlock(taken))
    visit(nextBlock(taken))
  }
}

/** Lane by lane, so that the sums of a lane are two local variables. */
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
