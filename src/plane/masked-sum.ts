import { SecAggError, usageError } from '../errors.js'
import { type Accumulator, createAccumulator } from '../vector/index.js'
import { sliceCount, sliceRange } from '../vector/segments.js'
import type { PlaneShape } from './data-plane.js'

/** The sum of some masked vectors, and the seats that sent them. */
export interface Folded {
  readonly seats: readonly number[]
  readonly sum: Accumulator
}

type Shape = Pick<PlaneShape, 'segments' | 'sliceLength'>

/**
 * The running sum, together with the seats whose vectors are in it. The synchronous call that adds the last part of a
 * vector also adds its seat to `seats`. Therefore no later failure can separate the two, and no vector is added twice.
 */
export class MaskedSum {
  readonly #shape: Shape
  /** The number of slices of a vector. */
  readonly slices: number
  readonly #sum: Accumulator
  readonly #seats: Set<number>
  /** How many slices of each incomplete vector are in the sum. */
  readonly #partial = new Map<number, number>()

  constructor(shape: Shape, folded?: Folded) {
    this.#shape = shape
    this.slices = sliceCount(shape.segments, shape.sliceLength)
    this.#sum = folded?.sum ?? createAccumulator(shape.segments)
    this.#seats = new Set(folded?.seats)
  }

  /** The seats whose complete vectors are in the sum, in the order in which they were completed. */
  get seats(): ReadonlySet<number> {
    return this.#seats
  }

  /** How many slices of the seat's vector are in the sum. */
  slicesOf(seat: number): number {
    return this.#seats.has(seat) ? this.slices : (this.#partial.get(seat) ?? 0)
  }

  /**
   * Adds the next slice of the seat's vector, or the whole vector if vectors are not sent in slices.
   *
   * @returns the fingerprint of `packed`.
   * @throws {SecAggError} `internal` if the whole vector is already in the sum; also what `Accumulator.add` throws. After an
   *   error, the sum is unchanged.
   */
  add(seat: number, packed: Uint8Array): Uint8Array {
    const slice = this.slicesOf(seat)
    if (slice >= this.slices) {
      throw new SecAggError('internal', 'internal', `the vector of seat ${seat} is already in the sum`)
    }
    const { segments, sliceLength } = this.#shape
    const fingerprint = this.#sum.add(packed, sliceRange(segments, sliceLength, slice))
    if (slice + 1 < this.slices) {
      this.#partial.set(seat, slice + 1)
    } else {
      this.#partial.delete(seat)
      this.#seats.add(seat)
    }
    return fingerprint
  }

  /** Whether no vector is only partly in the sum. */
  get isWhole(): boolean {
    return this.#partial.size === 0
  }

  /**
   * The sum of the vectors of `seats`.
   * @throws {SecAggError} `storage-failure` while a vector is only partly in the sum.
   */
  get whole(): Accumulator {
    if (!this.isWhole) throw usageError('storage-failure', 'a masked vector is only partly in the sum')
    return this.#sum
  }
}
