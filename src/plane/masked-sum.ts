import { type Bytes, equalBytes, isBytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import { type Accumulator, createAccumulator, fingerprint } from '../vector/index.js'
import { sliceCount, sliceRange } from '../vector/segments.js'
import type { Folding, PlaneRound, PlaneShape } from './data-plane.js'

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
    const range = this.slices === 1 ? undefined : sliceRange(segments, sliceLength, slice)
    const fingerprint = this.#sum.add(packed, range)
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

/**
 * Where slices of incomplete masked vectors are kept. The host implements it, for example on disk. The session checks what
 * the store returns.
 * @public
 */
export interface SliceStore {
  /** Stores a slice, and replaces an earlier version of it. The store owns `bytes` from then on. */
  put(seat: number, slice: number, bytes: Bytes): void | Promise<void>
  /** Returns a stored slice. */
  get(seat: number, slice: number): Uint8Array | Promise<Uint8Array>
  /** Deletes all slices of a seat, if there are any. */
  discard(seat: number): void | Promise<void>
}

/** Deletes what an earlier process left in a store. */
export async function discardAllUploads(shape: PlaneShape, store: SliceStore): Promise<void> {
  if (sliceCount(shape.segments, shape.sliceLength) === 1) return
  for (let seat = 0; seat < shape.clients; seat++) {
    try {
      await store.discard(seat)
    } catch {
      // A store that keeps too much does not harm the round.
    }
  }
}

/** A {@link SliceStore} in memory. It needs as much memory as the incomplete vectors. */
export function memorySliceStore(): SliceStore {
  const kept = new Map<number, Map<number, Uint8Array>>()
  return {
    put: (seat, slice, bytes) => {
      const slices = kept.get(seat) ?? new Map<number, Uint8Array>()
      kept.set(seat, slices.set(slice, bytes))
    },
    get: (seat, slice) => kept.get(seat)?.get(slice) ?? new Uint8Array(0),
    discard: (seat) => {
      kept.delete(seat)
    },
  }
}

type Collection = Pick<PlaneRound, 'segments' | 'sliceLength' | 'maximumUploads' | 'onSlice'>

/** The fingerprints of the stored slices of one masked vector, by their numbers. */
type Upload = Map<number, Uint8Array>

/**
 * Masked vectors that arrive in slices. A vector is added to the sum once it is complete, so that a client that vanishes
 * midway leaves nothing in the sum.
 */
export class Uploads {
  readonly #slices: number
  readonly #sum: MaskedSum
  readonly #store: SliceStore
  readonly #most: number
  readonly #onSlice: (seat: number, slice: number, slices: number) => void
  readonly #unfinished = new Map<number, Upload>()
  /** Resolves when there is room. All senders that found no room share this promise. */
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  constructor(round: Collection, sum: MaskedSum, store: SliceStore) {
    this.#slices = sliceCount(round.segments, round.sliceLength)
    this.#sum = sum
    this.#store = store
    this.#most = round.maximumUploads
    this.#onSlice = (...slice) => round.onSlice?.(...slice)
  }

  /** Stores a new slice, whose form was checked. If the store fails, nothing is changed. */
  async keep(seat: number, slice: number, packed: Uint8Array): Promise<Folding> {
    const upload = this.#unfinished.get(seat)
    if (upload === undefined && this.#unfinished.size >= this.#most) {
      this.#room ??= roomToCome()
      return { room: this.#room.promise }
    }
    try {
      await this.#put(seat, slice, packed)
    } catch (error) {
      if (upload === undefined) await this.#rid(seat)
      throw error
    }
    const mark = fingerprint(packed)
    this.#unfinished.set(seat, (upload ?? new Map<number, Uint8Array>()).set(slice, mark))
    return { fingerprint: mark, finish: () => this.fold(seat) }
  }

  /** Stores a known slice again, because the store may have lost it. */
  async keepAgain(seat: number, slice: number, packed: Uint8Array): Promise<void> {
    if (this.isWaiting(seat) && slice >= this.#sum.slicesOf(seat)) await this.#put(seat, slice, packed)
  }

  /** Whether all slices of a vector have arrived, but not all of them are in the sum. */
  isWaiting(seat: number): boolean {
    return this.#unfinished.get(seat)?.size === this.#slices
  }

  /**
   * Adds a vector to the sum if all of its slices have arrived. If the store fails midway, a second call continues from
   * there, because the slices that are in the sum cannot be removed without the store.
   */
  async fold(seat: number): Promise<void> {
    const upload = this.#unfinished.get(seat)
    if (upload === undefined || !this.isWaiting(seat)) return
    for (let slice = this.#sum.slicesOf(seat); slice < this.#slices; slice++) {
      const packed = await this.#using(() => this.#store.get(seat, slice))
      if (!isBytes(packed) || !equalBytes(fingerprint(packed), upload.get(slice)!)) {
        throw usageError('storage-failure', `slice ${slice} of seat ${seat} is not what was stored`)
      }
      this.#sum.add(seat, packed)
      this.#onSlice(seat, slice, this.#slices)
    }
    await this.#forget(seat)
  }

  /** Forgets an incomplete vector. Returns `false` if there is none, or if a part of it is already in the sum. */
  async discard(seat: number): Promise<boolean> {
    if (!this.#unfinished.has(seat) || this.#sum.slicesOf(seat) > 0) return false
    await this.#forget(seat)
    return true
  }

  /**
   * Retries the vectors that are complete, but not in the sum because the store failed. A failure for one vector does not
   * affect the others.
   *
   * @returns the first failure, if there was one.
   */
  async foldAll(): Promise<{ readonly error: unknown } | undefined> {
    let failure: { readonly error: unknown } | undefined
    for (const seat of [...this.#unfinished.keys()]) {
      try {
        await this.fold(seat)
      } catch (error) {
        failure ??= { error }
      }
    }
    return failure
  }

  /** Forgets all incomplete vectors. */
  async close(): Promise<void> {
    for (const seat of [...this.#unfinished.keys()]) await this.#forget(seat)
  }

  #put(seat: number, slice: number, packed: Uint8Array): Promise<void> {
    return this.#using(() => this.#store.put(seat, slice, new Uint8Array(packed)))
  }

  async #forget(seat: number): Promise<void> {
    this.#unfinished.delete(seat)
    this.#room?.resolve()
    this.#room = undefined
    await this.#rid(seat)
  }

  /** Ignores failures, because a store that keeps too much does not harm the round. */
  async #rid(seat: number): Promise<void> {
    await this.#using(() => this.#store.discard(seat)).catch(() => undefined)
  }

  async #using<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      throw new SecAggError('storage-failure', 'usage', 'the store of slices has failed', { cause })
    }
  }
}

function roomToCome(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
