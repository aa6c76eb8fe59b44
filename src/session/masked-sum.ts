import { SecAggError, usageError } from '../errors.js'
import type { RoundConfig } from '../protocol/index.js'
import { type Accumulator, createAccumulator } from '../vector/index.js'
import { sliceCount, sliceRange } from '../vector/segments.js'

/** Masked vectors that are in the sum already: whose, and the sum. */
export interface Folded {
  readonly seats: readonly number[]
  readonly sum: Accumulator
}

/**
 * The running sum together with the seats whose vectors are in it. A seat joins `seats` in the same synchronous call
 * that adds the last of its vector, so nothing that fails later can separate the two, and no vector is added twice.
 */
export class MaskedSum {
  readonly #config: RoundConfig
  readonly #slices: number
  readonly #sum: Accumulator
  readonly #seats: Set<number>
  /** The vectors that are partly in: how many slices of each. */
  readonly #partial = new Map<number, number>()

  constructor(config: RoundConfig, folded?: Folded) {
    this.#config = config
    this.#slices = sliceCount(config.segments, config.sliceLength)
    this.#sum = folded?.sum ?? createAccumulator(config.segments)
    this.#seats = new Set(folded?.seats)
  }

  /** The seats whose whole vectors are in, in the order in which they were finished. */
  get seats(): ReadonlySet<number> {
    return this.#seats
  }

  /** How many slices of the seat's vector are in. */
  slicesOf(seat: number): number {
    return this.#seats.has(seat) ? this.#slices : (this.#partial.get(seat) ?? 0)
  }

  /**
   * Adds the next slice of the seat's vector, or the whole of it where vectors do not go in slices.
   *
   * @returns the fingerprint of `packed`.
   * @throws {SecAggError} `internal` where the whole vector is in already; otherwise as `Accumulator.add` does. The sum is
   *   then as it was.
   */
  add(seat: number, packed: Uint8Array): Uint8Array {
    const slice = this.slicesOf(seat)
    if (slice >= this.#slices) {
      throw new SecAggError('internal', 'internal', `the vector of seat ${seat} is in the sum already`)
    }
    const { segments, sliceLength } = this.#config
    const fingerprint = this.#sum.add(packed, sliceRange(segments, sliceLength, slice))
    if (slice + 1 < this.#slices) {
      this.#partial.set(seat, slice + 1)
    } else {
      this.#partial.delete(seat)
      this.#seats.add(seat)
    }
    return fingerprint
  }

  /** Whether every vector is wholly in or not at all. */
  get isWhole(): boolean {
    return this.#partial.size === 0
  }

  /**
   * The sum of the vectors of `seats`.
   * @throws {SecAggError} `storage-failure` while a vector is only partly in.
   */
  get whole(): Accumulator {
    if (!this.isWhole) throw usageError('storage-failure', 'a masked vector is only partly in the sum')
    return this.#sum
  }
}
