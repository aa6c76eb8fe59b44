import { equalBytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import type { RoundConfig } from '../protocol/index.js'
import { fingerprint } from '../vector/index.js'
import { sliceCount } from '../vector/slices.js'
import type { MaskedSum } from './masked-sum.js'
import type { SliceStore } from './slice-store.js'

/** The fingerprints of the slices that are there of one masked vector, by their number. */
type Upload = Map<number, Uint8Array>

/** What became of a slice: kept, or the last of its vector, which is now in the sum; or there is no room for it. */
export type SliceOutcome = 'kept' | 'folded' | { readonly room: Promise<void> }

/**
 * Masked vectors that come in slices. One is folded into the sum once it is whole, so that a client that vanishes in the
 * middle leaves nothing behind.
 */
export class Uploads {
  readonly #config: RoundConfig
  readonly #sum: MaskedSum
  readonly #store: SliceStore
  readonly #most: number
  readonly #unfinished = new Map<number, Upload>()
  /** What those wait for who have found no room: one promise for all, however often they try. */
  #room: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  constructor(config: RoundConfig, sum: MaskedSum, store: SliceStore, most: number) {
    this.#config = config
    this.#sum = sum
    this.#store = store
    this.#most = most
  }

  /** Takes in a slice that has not been there, and that has the form of one. */
  async take(seat: number, slice: number, packed: Uint8Array): Promise<SliceOutcome> {
    let upload = this.#unfinished.get(seat)
    if (upload === undefined) {
      if (this.#unfinished.size >= this.#most) {
        this.#room ??= roomToCome()
        return { room: this.#room.promise }
      }
      upload = new Map()
      this.#unfinished.set(seat, upload)
    }
    await this.#using(() => this.#store.put(seat, slice, Uint8Array.from(packed)))
    upload.set(slice, fingerprint(packed))
    if (upload.size < this.#slices) return 'kept'
    await this.#fold(seat, upload)
    return 'folded'
  }

  /** Forgets an unfinished vector; `false` where there is none, or where a part of it is in the sum already. */
  async discard(seat: number): Promise<boolean> {
    const upload = this.#unfinished.get(seat)
    if (upload === undefined || this.#sum.slicesOf(seat) > 0) return false
    await this.#forget(seat)
    return true
  }

  /**
   * Tries once more to fold the vectors that are whole, but not in the sum because the store has failed. One failure
   * keeps no other vector out.
   *
   * @returns the first failure, where there was one.
   */
  async finish(): Promise<{ readonly error: unknown } | undefined> {
    let failure: { readonly error: unknown } | undefined
    for (const [seat, upload] of [...this.#unfinished]) {
      if (upload.size < this.#slices) continue
      try {
        await this.#fold(seat, upload)
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

  /** Goes on where the store has failed before: what is in the sum once cannot be taken out without the store. */
  async #fold(seat: number, upload: Upload): Promise<void> {
    for (let slice = this.#sum.slicesOf(seat); slice < this.#slices; slice++) {
      const packed = await this.#using(() => this.#store.get(seat, slice))
      if (!equalBytes(fingerprint(packed), upload.get(slice)!)) {
        throw usageError('storage-failure', `slice ${slice} of seat ${seat} is not as it was stored`)
      }
      this.#sum.add(seat, packed)
    }
    await this.#forget(seat)
  }

  async #forget(seat: number): Promise<void> {
    this.#unfinished.delete(seat)
    this.#room?.resolve()
    this.#room = undefined
    // A store that keeps too much is no reason to end a round.
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
