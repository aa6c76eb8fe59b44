import type { laneBytes } from './segments.js'

/** Bytes `[from, to)` of a block that hold lanes of one width; both ends are multiples of 64. */
export interface LaneRun {
  readonly from: number
  readonly to: number
  readonly width: ReturnType<typeof laneBytes>
}

/**
 * Holds one block of a sum and adds keystreams to it. Positions are bytes within the block; what lies between the
 * loaded pieces has no meaning, so runs may cover it. All methods are synchronous; one execution uses an adder at a
 * time.
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
