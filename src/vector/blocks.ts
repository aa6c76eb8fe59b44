import { isPromise } from '../arguments.js'
import type { Keystream } from '../crypto/provider.js'
import type { LaneRun } from './kernels/plain-adder.js'
import { bytesOf, plainLanes } from './lanes.js'
import {
  cutSegments,
  type ElementRange,
  laneBytes,
  nextBlock,
  type Segment,
  type Vector,
} from './segments.js'

/** The elements of one segment of the target that a block covers. */
export interface BlockPiece {
  /** The position of the elements in the block, in bytes. */
  readonly at: number
  readonly bits: number
  readonly lanes: Vector[number]
  /** The memory of `lanes`. */
  readonly bytes: Uint8Array
}

/** A part of the mask stream, and the elements that it masks. */
export interface Block {
  /** The position of the block in the mask stream, in bytes, a multiple of 64. */
  readonly start: number
  /** In bytes, a multiple of 64. */
  readonly length: number
  readonly pieces: readonly BlockPiece[]
  readonly runs: readonly LaneRun[]
}

/** The elements of one segment to mask, and their bytes in the mask stream. */
interface Stretch {
  readonly bits: number
  /** The bytes of a lane. */
  readonly width: 1 | 2 | 4 | 8
  readonly lanes: Vector[number]
  readonly from: number
  readonly to: number
}

/** The part of the mask stream that a range of elements needs. */
export interface StreamWindow {
  /** The first byte, a multiple of 64. */
  readonly from: number
  readonly to: number
  readonly stretches: readonly Stretch[]
}

/**
 * Assigns the elements of `target`, which holds the elements of `range`, to the bytes of the mask stream. In that stream,
 * segment s begins at the next multiple of 64 bytes after the lanes of segment s − 1. The mask of element i of a segment is
 * the little-endian word at the start of the segment + i · lane bytes.
 */
export function layOut(target: Vector, segments: readonly Segment[], range: ElementRange): StreamWindow {
  const cuts = cutSegments(segments, range)
  const stretches: Stretch[] = []
  let start = 0
  segments.forEach(({ bits, length }, index) => {
    const width = laneBytes(bits)
    const { from, to } = cuts[index]!
    if (from < to) {
      const lanes = plainLanes(target[index]!)
      stretches.push({ bits, width, lanes, from: start + from * width, to: start + to * width })
    }
    start = nextBlock(start + length * width)
  })
  const from = stretches[0]?.from ?? 0
  return { from: from - (from % 64), to: nextBlock(stretches.at(-1)?.to ?? 0), stretches }
}

/** Cuts a window into blocks of at most `capacity` bytes, a multiple of 64. */
export function* blocksOf(
  { from, to, stretches }: StreamWindow,
  capacity: number,
): Generator<Block, void, void> {
  let first = 0
  for (let start = from; start < to; start += capacity) {
    const end = Math.min(start + capacity, to)
    const pieces: BlockPiece[] = []
    const runs: LaneRun[] = []
    while (stretches[first]!.to <= start) first++
    for (let index = first; index < stretches.length && stretches[index]!.from < end; index++) {
      const stretch = stretches[index]!
      const pieceFrom = Math.max(stretch.from, start)
      const pieceTo = Math.min(stretch.to, end)
      pieces.push(pieceOf(stretch, pieceFrom, pieceTo, pieceFrom - start))
      const runFrom = pieceFrom - start - ((pieceFrom - start) % 64)
      extendRuns(runs, { from: runFrom, to: nextBlock(pieceTo - start), width: stretch.width })
    }
    yield { start, length: end - start, pieces, runs }
  }
}

function pieceOf(
  { bits, width, lanes, from }: Stretch,
  pieceFrom: number,
  pieceTo: number,
  at: number,
): BlockPiece {
  const piece = plainLanes(lanes, (pieceFrom - from) / width, (pieceTo - from) / width)
  return { at, bits, lanes: piece, bytes: bytesOf(piece) }
}

/** Merges adjacent runs of the same width, so that many small segments are as fast as a large one. */
function extendRuns(runs: LaneRun[], next: LaneRun): void {
  const last = runs.at(-1)
  if (last?.width === next.width && last.to === next.from) runs[runs.length - 1] = { ...last, to: next.to }
  else runs.push(next)
}

/** The maximum number of pieces that were requested and are not used yet, if the keystreams return promises. */
const MOST_AHEAD = 4

interface Requested {
  readonly stream: Keystream
  readonly piece: Uint8Array | Promise<Uint8Array>
}

/** Reads keystreams piece by piece: in each block of the vector, one piece of every stream, in order. */
export interface PieceReader {
  /** The next piece. It is valid until {@link PieceReader.used} is called, which must happen before the next piece is taken. */
  take(): Uint8Array | Promise<Uint8Array>
  used(piece: Uint8Array): void
  /** Releases the pieces that were requested and are not used, each once it has arrived. For work that ends early. */
  close(): void
}

/**
 * A reader of `length` bytes of each of some keystreams, in blocks of at most `blockLength` bytes. Pieces that are returned as
 * promises are requested before their turn, also for the blocks that follow: a provider that has threads can use them, and
 * need not wait while a piece is added.
 */
export function readAhead(streams: readonly Keystream[], length: number, blockLength: number): PieceReader {
  const total = streams.length * Math.ceil(length / blockLength)
  const waiting: Requested[] = []
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
    close: () => void releaseAll(waiting.splice(0)),
  }
}

/** Releases pieces in order. A piece that fails is not there to be released, and nobody waits for it anymore. */
async function releaseAll(waiting: readonly Requested[]): Promise<void> {
  for (const { stream, piece } of waiting) {
    try {
      stream.release?.(await piece)
    } catch {}
  }
}
