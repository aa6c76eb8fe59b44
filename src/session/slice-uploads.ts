import { type Bytes, equalBytes, isBytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import { allSeats } from '../protocol/config.js'
import type { RoundConfig } from '../protocol/index.js'
import { fingerprint } from '../vector/index.js'
import { sliceCount } from '../vector/segments.js'
import type { TellServer } from './events.js'
import type { MaskedSum } from './masked-sum.js'

/**
 * Where the slices of unfinished masked vectors wait. It is the host's, which may keep them on disk; what it gives back
 * is checked before it is used.
 * @public
 */
export interface SliceStore {
  /** Keeps a slice; `bytes` are the store's own from then on. A second time for the same slice replaces the first. */
  put(seat: number, slice: number, bytes: Bytes): void | Promise<void>
  /** Gives back what was kept. */
  get(seat: number, slice: number): Uint8Array | Promise<Uint8Array>
  /** Forgets what is kept of a seat, if anything. */
  discard(seat: number): void | Promise<void>
}

/** Rids a store of what a process that is gone has left in it. */
export async function discardAllUploads(config: RoundConfig, store: SliceStore): Promise<void> {
  if (sliceCount(config.segments, config.sliceLength) === 1) return
  for (const seat of allSeats(config)) {
    try {
      await store.discard(seat)
    } catch {
      // A store that keeps too much is no reason to end a round.
    }
  }
}

/** A {@link SliceStore} in memory, as large as the unfinished vectors. */
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

/** The fingerprints of the slices that are there of one masked vector, by their number. */
type Upload = Map<number, Uint8Array>

/** A slice is kept, and this is its fingerprint; or there is no room for it. */
export type SliceOutcome = { readonly fingerprint: Uint8Array } | { readonly room: Promise<void> }

/**
 * Masked vectors that come in slices. One is folded into the sum once it is whole, so that a client that vanishes in the
 * middle leaves nothing behind.
 */
export class Uploads {
  readonly #config: RoundConfig
  readonly #sum: MaskedSum
  readonly #store: SliceStore
  readonly #most: number
  readonly #tell: TellServer
  readonly #unfinished = new Map<number, Upload>()
  /** What those wait for who have found no room: one promise for all, however often they try. */
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  constructor(
    config: RoundConfig,
    sum: MaskedSum,
    {
      sliceStore,
      maximumUploads,
      tell,
    }: { readonly sliceStore: SliceStore; readonly maximumUploads: number; readonly tell: TellServer },
  ) {
    this.#config = config
    this.#sum = sum
    this.#store = sliceStore
    this.#most = maximumUploads
    this.#tell = tell
  }

  /** Keeps a slice that has not been there, and that has the form of one. Nothing is changed where the store fails. */
  async keep(seat: number, slice: number, packed: Uint8Array): Promise<SliceOutcome> {
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
    return { fingerprint: mark }
  }

  /** Keeps a slice once more that is kept already: it may be one that the store has lost. */
  async keepAgain(seat: number, slice: number, packed: Uint8Array): Promise<void> {
    if (this.isWaiting(seat) && slice >= this.#sum.slicesOf(seat)) await this.#put(seat, slice, packed)
  }

  /** Whether all slices of a vector are here, and not all of them in the sum. */
  isWaiting(seat: number): boolean {
    return this.#unfinished.get(seat)?.size === this.#slices
  }

  /**
   * Folds a vector into the sum if all of its slices are here. Where the store fails it may be tried again, and goes on
   * from there: what is in the sum once cannot be taken out without the store.
   */
  async fold(seat: number): Promise<void> {
    const upload = this.#unfinished.get(seat)
    if (upload === undefined || !this.isWaiting(seat)) return
    for (let slice = this.#sum.slicesOf(seat); slice < this.#slices; slice++) {
      const packed = await this.#using(() => this.#store.get(seat, slice))
      if (!isBytes(packed) || !equalBytes(fingerprint(packed), upload.get(slice)!)) {
        throw usageError('storage-failure', `slice ${slice} of seat ${seat} is not as it was stored`)
      }
      this.#sum.add(seat, packed)
      this.#tell({ type: 'slice-folded', phase: 'masked-input', seat, slice, slices: this.#slices })
    }
    await this.#forget(seat)
  }

  /** Forgets an unfinished vector; `false` where there is none, or where a part of it is in the sum already. */
  async discard(seat: number): Promise<boolean> {
    if (!this.#unfinished.has(seat) || this.#sum.slicesOf(seat) > 0) return false
    await this.#forget(seat)
    return true
  }

  /**
   * Tries once more to fold the vectors that are whole, but not in the sum because the store has failed. One failure
   * keeps no other vector out.
   *
   * @returns the first failure, where there was one.
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

  /** Forgets all unfinished vectors. */
  async close(): Promise<void> {
    for (const seat of [...this.#unfinished.keys()]) await this.#forget(seat)
  }

  get #slices(): number {
    return sliceCount(this.#config.segments, this.#config.sliceLength)
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

  /** A store that keeps too much is no reason to end a round. */
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
