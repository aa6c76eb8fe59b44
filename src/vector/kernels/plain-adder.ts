import { reading, requireArray, requireInteger, shown } from '../../arguments.js'
import { createBytes, requireBytes } from '../../crypto/bytes.js'
import { usageError } from '../../errors.js'
import { type laneBytes, requireSign } from '../segments.js'

/**
 * The bytes `from` (included) to `to` (excluded) of a block, which hold lanes of the same width. Both are multiples of 64.
 * @public
 */
export interface LaneRun {
  readonly from: number
  readonly to: number
  /** The bytes of a lane. */
  readonly width: ReturnType<typeof laneBytes>
}

/**
 * Holds one block of a sum and adds keystreams to it. Positions are in bytes from the start of the block. Only the loaded
 * pieces have a meaning; a run may also cover the bytes between them. All methods are synchronous. An adder must not be used
 * by two executions at the same time.
 * @public
 */
export interface BlockAdder {
  /** The maximum length of a block in bytes, a multiple of 64. */
  readonly capacity: number
  /** Copies a piece of the sum into the block, to position `at`. */
  load(at: number, piece: Uint8Array): void
  /** Adds (`1`) or subtracts (`-1`) a keystream that begins at the start of the block, lane by lane within each run. */
  add(keystream: Uint8Array, sign: 1 | -1, runs: readonly LaneRun[]): void
  /**
   * Adds or subtracts a keystream of `length` bytes that `fill` writes into the adder's own memory, which saves a copy.
   * Optional.
   */
  addFilled?(fill: (piece: Uint8Array) => void, length: number, sign: 1 | -1, runs: readonly LaneRun[]): void
  /**
   * Adds or subtracts the ChaCha20 keystream of `seed` (RFC 8439, nonce 0), which the adder generates itself. The start of
   * the block is at keystream block `counter`, of 64 bytes. An adder that cannot generate it does not have this method.
   */
  addChaCha20?(seed: Uint8Array, counter: number, sign: 1 | -1, runs: readonly LaneRun[]): void
  /** Fills `piece` with the sum from position `at` on. */
  store(at: number, piece: Uint8Array): void
  /** Overwrites the block and all keystream with zeros. */
  wipe(): void
}

/**
 * Creates an adder in plain JavaScript, for hosts without WebAssembly. It processes lanes of every width as 32-bit words, so
 * that each loop sees only one kind of array: a word is several narrow lanes or half of a wide lane.
 *
 * @param capacity - The maximum length of a block in bytes: 0 or a multiple of 64.
 * @returns The adder.
 * @throws {SecAggError} `invalid-argument` if the capacity is not a multiple of 64.
 * @example
 * ```ts
 * import { createPlainAdder } from 'secagg/vector'
 *
 * const adder = createPlainAdder(64)
 * const sum = Uint8Array.of(1, 2, 3)
 * adder.load(0, sum)
 * adder.add(new Uint8Array(64).fill(10), 1, [{ from: 0, to: 64, width: 1 }])
 * adder.store(0, sum)
 * console.log(sum) // Uint8Array(3) [ 11, 12, 13 ]
 * ```
 * @public
 */
export function createPlainAdder(capacity: number): BlockAdder {
  if (!(Number.isSafeInteger(capacity) && capacity >= 0 && capacity % 64 === 0)) {
    throw usageError('invalid-argument', 'the capacity of an adder must be a multiple of 64', {
      got: shown(capacity),
    })
  }
  const block = createBytes(capacity)
  const sum = new Int32Array(block.buffer)
  const piece = createBytes(capacity)
  const aligned = new Int32Array(piece.buffer)
  const requirePiece = (at: number, bytes: Uint8Array): void => {
    requireBytes('a piece of a block', bytes)
    requireInteger('the position of a piece in a block', at, 0, capacity - bytes.length)
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
          throw usageError('invalid-argument', 'the width of a run must be 1, 2, 4 or 8', {
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

/** `sum[i] ±= source[i]` for the words `from` (included) to `to` (excluded), both multiples of 16. */
type WordOperation = (sum: Int32Array, source: Int32Array, from: number, to: number) => void

const ADDITIONS: Readonly<Record<1 | 2 | 4 | 8, WordOperation>> = {
  // The top bit of a narrow lane is added separately, so that its carry does not reach the next lane.
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
  // Four words per turn take a third less time than one.
  4: (sum, source, from, to) => {
    for (let i = from; i < to; i += 4) {
      sum[i] = sum[i]! + source[i]!
      sum[i + 1] = sum[i + 1]! + source[i + 1]!
      sum[i + 2] = sum[i + 2]! + source[i + 2]!
      sum[i + 3] = sum[i + 3]! + source[i + 3]!
    }
  },
  // The carry is computed with bit operations, because every engine keeps those in 32-bit registers.
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
  // The top bit of a narrow lane is set first, so that the lane does not borrow from the next one, and corrected afterwards.
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
