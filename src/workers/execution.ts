import { reasonOf, throwIfAborted } from '../arguments.js'
import { isArrayBuffer, wipe } from '../crypto/bytes.js'
import type { SymmetricSuite } from '../crypto/provider.js'
import { executeMaskPlan } from '../vector/mask.js'
import type { PaceOptions } from '../vector/pace.js'
import { type ElementRange, type MaskPlan, nextBlock, type Segment, type Vector } from '../vector/segments.js'
import type { Thread } from './thread.js'
import { allocate, copyInto, copyPiece, isShared, nameOf, type Piece, piecesOf } from './worker-messages.js'

/** One call of an executor, checked. */
export interface Execution extends PaceOptions {
  readonly target: Vector
  readonly segments: readonly Segment[]
  readonly range: ElementRange
  readonly terms: MaskPlan
  readonly suite: SymmetricSuite
  /** The mask stream that the range takes, per term, in bytes. */
  readonly length: number
}

/** Memory for copies, kept for later calls: with new memory each time, small plans take half as long again. */
export type SpareMemory = ArrayBufferLike[]

/** Opening a cipher, once per term and piece, costs what some KiB of keystream cost. */
const LARGEST_PIECE = 2 ** 20
const SMALLEST_PIECE = 2 ** 16

/** The most that a thread gets at once of its part of the whole, so that a slower thread can get fewer pieces. */
const SHARE = 1 / 2

/** While a worker has one piece in hand the next waits there, so that it need not wait for the calling thread. */
const PIECES_AHEAD = 2

/**
 * Executes a plan on `threads`, which do nothing else meanwhile. When it settles, no thread works on the target any
 * more. The piece of a lost worker is done here, unless the worker was at it in place: then this rejects.
 */
export async function executeOnThreads(
  threads: readonly Thread[],
  execution: Execution,
  memory: SpareMemory,
): Promise<void> {
  const { target, segments, range, terms, suite, length, signal, onProgress } = execution
  throwIfAborted(signal)
  const share = (SHARE * length) / threads.length
  const pieceBytes = nextBlock(Math.min(Math.max(share, SMALLEST_PIECE), LARGEST_PIECE))
  const pieces = piecesOf(target, segments, range, pieceBytes)
  const end = new AbortController()
  let reason: unknown
  const endFor = (cause: unknown): void => {
    if (end.signal.aborted) return
    reason = cause
    end.abort()
  }
  const endOnAbort = (): void => endFor(reasonOf(signal!))
  const progress = createProgress(length, (fraction) => {
    if (end.signal.aborted) return
    try {
      onProgress?.(fraction)
    } catch (error) {
      endFor(error)
    }
  })
  const runThere = isShared(target) ? runInPlace : runOnCopies(memory)
  const runHere = (piece: Piece): Promise<void> =>
    executeMaskPlan(piece.target, piece.segments, terms, suite, {
      range: piece.range,
      signal: end.signal,
      onProgress: (fraction) => progress(piece, fraction),
    })
  /** Does pieces until there are none left, or the end has come, or the thread is lost. */
  const drain = async (thread?: Thread): Promise<void> => {
    try {
      while (!end.signal.aborted && thread?.failure === undefined) {
        const { value: piece } = pieces.next()
        if (piece === undefined) return
        const isDone = thread !== undefined && (await runThere(thread, piece, progress))
        if (!isDone && !end.signal.aborted) await runHere(piece)
        progress(piece, 1)
      }
    } catch (error) {
      endFor(error)
    }
  }

  signal?.addEventListener('abort', endOnAbort)
  end.signal.addEventListener('abort', () => {
    for (const thread of threads) thread.stop()
  })
  for (const thread of threads) thread.begin(nameOf(suite), terms, onProgress !== undefined)
  await Promise.all(Array.from({ length: PIECES_AHEAD }, () => threads.map(drain)).flat())
  for (const thread of threads) thread.end()
  for (const buffer of memory) wipe(new Uint8Array(buffer))
  await drain()
  signal?.removeEventListener('abort', endOnAbort)
  if (end.signal.aborted) throw reason
  onProgress?.(1)
}

type Progress = (piece: Piece, fraction: number) => void

/** Reports rising fractions below 1 from those of the pieces. */
function createProgress(length: number, report: (fraction: number) => void): Progress {
  const bytesOf = new WeakMap<Piece, number>()
  let done = 0
  let reported = 0
  return (piece, fraction) => {
    const bytes = fraction * piece.bytes
    done += bytes - (bytesOf.get(piece) ?? 0)
    bytesOf.set(piece, bytes)
    if (done / length <= reported || done >= length) return
    reported = done / length
    report(reported)
  }
}

/** Has a thread do a piece, and tells whether it did; the alternative is that the target is as it was. */
type Run = (thread: Thread, piece: Piece, progress: Progress) => Promise<boolean>

const runInPlace: Run = async (thread, piece, progress) => {
  const result = await thread.run(piece, [], (fraction) => progress(piece, fraction))
  // What the thread did before it was lost, nobody knows.
  if (result === undefined && thread.failure !== undefined) throw thread.failure
  return result !== undefined
}

/** On copies, in memory that the worker shares, or else that is moved to it and back. */
function runOnCopies(memory: SpareMemory): Run {
  return async (thread, piece, progress) => {
    const own = memory.pop() ?? allocate(LARGEST_PIECE)
    const transfer = isArrayBuffer(own) ? [own] : []
    const result = await thread.run(copyPiece(piece, own), transfer, (fraction) => progress(piece, fraction))
    // Memory that does not come back is never used again: a lost worker may still be writing to it.
    if (result === undefined) return false
    copyInto(piece.target, result)
    memory.push(result.at(-1)!.buffer)
    return true
  }
}
