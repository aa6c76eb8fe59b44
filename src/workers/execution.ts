import { reasonOf, throwIfAborted } from '../arguments.js'
import { isArrayBuffer, wipe } from '../crypto/bytes.js'
import type { SymmetricSuite } from '../crypto/provider.js'
import { executeMaskPlan } from '../vector/mask.js'
import type { PaceOptions } from '../vector/pace.js'
import { type ElementRange, type MaskPlan, nextBlock, type Segment, type Vector } from '../vector/segments.js'
import type { Thread } from './thread.js'
import { allocate, copyInto, copyPiece, isShared, nameOf, type Piece, piecesOf } from './worker-messages.js'

/** The checked arguments of one call of an executor. */
export interface Execution extends PaceOptions {
  readonly target: Vector
  readonly segments: readonly Segment[]
  readonly range: ElementRange
  readonly terms: MaskPlan
  readonly suite: SymmetricSuite
  /** The length of the mask stream that the range uses, per term, in bytes. */
  readonly length: number
}

/** Memory for copies, kept for later calls. With new memory for each call, small plans take 50 % longer. */
export type SpareMemory = ArrayBufferLike[]

/** A cipher is opened once per term and piece, which takes as long as a few KiB of keystream. */
const LARGEST_PIECE = 2 ** 20
const SMALLEST_PIECE = 2 ** 16

/** The largest piece, as a fraction of a thread's fair share of the work. A slower thread can then execute fewer pieces. */
const SHARE = 1 / 2

/** While a worker executes one piece, the next one is already queued there, so that it need not wait for the calling thread. */
const PIECES_AHEAD = 2

/**
 * Executes a plan on `threads`, which must do nothing else in the meantime. When it settles, no thread works on the target
 * any more. If a worker is lost, the calling thread executes its piece, unless the worker was changing the target in place: in
 * that case the call rejects.
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
  /** Executes pieces until none are left, the execution ends early, or the thread is lost. */
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

/** Combines the progress of the pieces into one fraction, which only rises and stays below 1. */
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

/** Makes a thread execute a piece. Resolves to `false` if it did not; the target is then unchanged. */
type Run = (thread: Thread, piece: Piece, progress: Progress) => Promise<boolean>

const runInPlace: Run = async (thread, piece, progress) => {
  const result = await thread.run(piece, [], (fraction) => progress(piece, fraction))
  // The thread may have changed part of the target before it was lost.
  if (result === undefined && thread.failure !== undefined) throw thread.failure
  return result !== undefined
}

/** Works on copies, in memory that is shared with the worker, or else transferred to it and back. */
function runOnCopies(memory: SpareMemory): Run {
  return async (thread, piece, progress) => {
    const own = memory.pop() ?? allocate(LARGEST_PIECE)
    const transfer = isArrayBuffer(own) ? [own] : []
    const result = await thread.run(copyPiece(piece, own), transfer, (fraction) => progress(piece, fraction))
    // Memory that does not come back is not used again, because a lost worker may still write to it.
    if (result === undefined) return false
    copyInto(piece.target, result)
    memory.push(result.at(-1)!.buffer)
    return true
  }
}
