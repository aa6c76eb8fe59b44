import { reading, requireArray, requireInteger, shown } from '../../arguments.js'
import { createBytes, requireBytes } from '../../crypto/bytes.js'
import { usageError } from '../../errors.js'
import { type laneBytes, requireSign } from '../segments.js'

/**
 * Bytes `[from, to)` of a block that hold lanes of one width; both ends are multiples of 64.
 * @public
 */
export interface LaneRun {
  readonly from: number
  readonly to: number
  readonly width: ReturnType<typeof laneBytes>
}

/**
 * Holds one block of a sum and adds keystreams to it. Positions are bytes within the block; what lies between the
 * loaded pieces has no meaning, so runs may cover it. All methods are synchronous; one execution uses an adder at a
 * time.
 * @public
 */
export interface BlockAdder {
  /** The bytes of the largest block it holds, a multiple of 64. */
  readonly capacity: number
  /** Puts a piece of the sum at `at`. */
  load(at: number, piece: Uint8Array): void
  /** Adds (`1`) or subtracts (`-1`) a keystream that starts where the block does, lane by lane within each run. */
  add(keystream: Uint8Array, sign: 1 | -1, runs: readonly LaneRun[]): void
  /**
   * Does the same with the ChaCha20 keystream of `seed` (RFC 8439, zero nonce), which it makes itself: from block
   * `counter` on, 64 bytes each. An adder that makes none does without.
   */
  addChaCha20?(seed: Uint8Array, counter: number, sign: 1 | -1, runs: readonly LaneRun[]): void
  /** Fills `piece` with the sum from `at` on. */
  store(at: number, piece: Uint8Array): void
  /** Overwrites what the adder holds, keystream included. */
  wipe(): void
}

/**
 * An adder in plain JavaScript, for hosts without WebAssembly. Every width is worked on in 32-bit words, several
 * narrow lanes or half a wide one at a time, so each loop sees one kind of array only.
 *
 * @throws {SecAggError} `invalid-argument` where the capacity is no multiple of 64; 0 is one.
 * @public
 */
export function createPlainAdder(capacity: number): BlockAdder {
  if (!(Number.isSafeInteger(capacity) && capacity >= 0 && capacity % 64 === 0)) {
    throw usageError('invalid-argument', 'the capacity of an adder is a multiple of 64', {
      got: shown(capacity),
    })
  }
  const block = createBytes(capacity)
  const sum = new Int32Array(block.buffer)
  const piece = createBytes(capacity)
  const aligned = new Int32Array(piece.buffer)
  const requirePiece = (at: number, bytes: Uint8Array): void => {
    requireBytes('a piece of a block', bytes)
    requireInteger('where a piece stands in a block', at, 0, capacity - bytes.length)
  }
  return {
    capacity,
    load: (at, bytes) => {
      requirePiece(at, bytes)
      block.set(bytes, at)
    },
    store: (at, bytes) => {
      requirePiece(at, bytes)
      bytes.set(block.subarray(at, at + bytes.length))
    },
    add: (keystream, sign, runs) => {
      requirePiece(0, keystream)
      requireSign(sign)
      requireArray('the runs of a block', runs)
      let source: Int32Array = aligned
      if (keystream.byteOffset % 4 === 0) {
        source = new Int32Array(keystream.buffer, keystream.byteOffset, keystream.length / 4)
      } else {
        piece.set(keystream)
      }
      const operations = sign === 1 ? ADDITIONS : SUBTRACTIONS
      for (const run of runs) {
        const { from, to, width } = reading('a run', () => ({ ...run }))
        requireInteger('the width of a run', width, 1, 8)
        const operation = operations[width]
        requireInteger('the end of a run', to, 0, capacity)
        requireInteger('the start of a run', from, 0, to)
        if (operation === undefined) {
          throw usageError('invalid-argument', 'the lanes of a run have 1, 2, 4 or 8 bytes', {
            got: shown(width),
          })
        }
        operation(sum, source, from / 4, to / 4)
      }
    },
    wipe: () => {
      block.fill(0)
      piece.fill(0)
    },
  }
}

/** `sum[i] ±= source[i]` for the words from `from` on and before `to`, both multiples of 16. */
type WordOperation = (sum: Int32Array, source: Int32Array, from: number, to: number) => void

const ADDITIONS: Readonly<Record<1 | 2 | 4 | 8, WordOperation>> = {
  // The top bit of a narrow lane is added without its carry, which would go to the neighbor.
  1: (sum, source, from, to) => {
    for (let i = from; i < to; i++) {
      const a = sum[i]!
      const b = source[i]!
      sum[i] = ((a & 0x7f7f7f7f) + (b & 0x7f7f7f7f)) ^ ((a ^ b) & 0x80808080)
    }
  },
  2: (sum, source, from, to) => {
    for (let i = from; i < to; i++) {
      const a = sum[i]!
      const b = source[i]!
      sum[i] = ((a & 0x7fff7fff) + (b & 0x7fff7fff)) ^ ((a ^ b) & 0x80008000)
    }
  },
  // Four words a turn take a third less time than one.
  4: (sum, source, from, to) => {
    for (let i = from; i < to; i += 4) {
      sum[i] = sum[i]! + source[i]!
      sum[i + 1] = sum[i + 1]! + source[i + 1]!
      sum[i + 2] = sum[i + 2]! + source[i + 2]!
      sum[i + 3] = sum[i + 3]! + source[i + 3]!
    }
  },
  // The carry in bit operations, which no engine leaves 32-bit registers for.
  8: (sum, source, from, to) => {
    for (let i = from; i < to; i += 2) {
      const a = sum[i]!
      const b = source[i]!
      const low = (a + b) | 0
      const carry = ((a & b) | ((a | b) & ~low)) >>> 31
      sum[i] = low
      sum[i + 1] = sum[i + 1]! + source[i + 1]! + carry
    }
  },
}

const SUBTRACTIONS: Readonly<Record<1 | 2 | 4 | 8, WordOperation>> = {
  // The top bit of a narrow lane is set, so that nothing is borrowed from the neighbor, and made right afterwards.
  1: (sum, source, from, to) => {
    for (let i = from; i < to; i++) {
      const a = sum[i]!
      const b = source[i]!
      sum[i] = ((a | 0x80808080) - (b & 0x7f7f7f7f)) ^ ((a ^ ~b) & 0x80808080)
    }
  },
  2: (sum, source, from, to) => {
    for (let i = from; i < to; i++) {
      const a = sum[i]!
      const b = source[i]!
      sum[i] = ((a | 0x80008000) - (b & 0x7fff7fff)) ^ ((a ^ ~b) & 0x80008000)
    }
  },
  4: (sum, source, from, to) => {
    for (let i = from; i < to; i += 4) {
      sum[i] = sum[i]! - source[i]!
      sum[i + 1] = sum[i + 1]! - source[i + 1]!
      sum[i + 2] = sum[i + 2]! - source[i + 2]!
      sum[i + 3] = sum[i + 3]! - source[i + 3]!
    }
  },
  8: (sum, source, from, to) => {
    for (let i = from; i < to; i += 2) {
      const a = sum[i]!
      const b = source[i]!
      const low = (a - b) | 0
      const borrow = ((~a & b) | ((~a | b) & low)) >>> 31
      sum[i] = low
      sum[i + 1] = sum[i + 1]! - source[i + 1]! - borrow
    }
  },
}
