import type { Keystream } from '../crypto/provider.js'

/** The maximum number of pieces that were requested and are not used yet, if the keystreams return promises. */
const MOST_AHEAD = 4

/** Reads keystreams piece by piece: in each block of the vector, one piece of every stream, in order. */
export interface PieceReader {
  /** The next piece. It is valid until {@link PieceReader.used} is called, which must happen before the next piece is taken. */
  take(): Uint8Array | Promise<Uint8Array>
  used(piece: Uint8Array): void
}

/**
 * A reader of `length` bytes of each of some keystreams, in blocks of at most `blockLength` bytes. Pieces that are returned as
 * promises are requested before their turn, also for the blocks that follow: a provider that has threads can use them, and
 * need not wait while a piece is added.
 */
export function readAhead(streams: readonly Keystream[], length: number, blockLength: number): PieceReader {
  const total = streams.length * Math.ceil(length / blockLength)
  const waiting: { readonly stream: Keystream; readonly piece: Uint8Array | Promise<Uint8Array> }[] = []
  let requested = 0
  const request = (): void => {
    const stream = streams[requested % streams.length]!
    const start = blockLength * Math.floor(requested / streams.length)
    const piece = stream.next(Math.min(blockLength, length - start))
    // A rejection is handled when the piece is awaited. Until then it must not count as unhandled.
    if (isPromise(piece)) piece.catch(() => undefined)
    waiting.push({ stream, piece })
    requested++
  }
  const mayRequest = (): boolean => {
    if (requested === total || waiting.length >= MOST_AHEAD) return false
    const next = streams[requested % streams.length]!
    const { ahead = 1 } = next
    return waiting.filter(({ stream }) => stream === next).length < ahead
  }
  return {
    take() {
      if (waiting.length === 0) request()
      const { piece } = waiting[0]!
      if (isPromise(piece)) while (mayRequest()) request()
      return piece
    },
    used: (piece) => waiting.shift()?.stream.release?.(piece),
  }
}

/** Whether a piece is still being made. */
export function isPromise(piece: Uint8Array | Promise<Uint8Array>): piece is Promise<Uint8Array> {
  return typeof (piece as Promise<Uint8Array>).then === 'function'
}
