import type { Bytes } from '../crypto/bytes.js'
import type { RoundConfig } from '../protocol/index.js'
import { allSeats } from '../protocol/seats.js'
import { sliceCount } from '../vector/slices.js'

/**
 * Where the slices of unfinished masked vectors wait. It is the host's, which may keep them on disk; what it gives back
 * is checked before it is used.
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
