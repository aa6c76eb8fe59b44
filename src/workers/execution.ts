import { reasonOf, throwIfAborted } from '../arguments.js'
import { isArrayBuffer, wipe } from '../crypto/bytes.js'
import type { SymmetricSuite } from '../crypto/provider.js'
import { addInto, reduceInto } from '../vector/arithmetic.js'
import { executeMaskPlan } from '../vector/mask.js'
import { inTurns, nextTurn, type PaceOptions } from '../vector/pace.js'
import {
  type ElementRange,
  type MaskPlan,
  type Segment,
  segmentsInRange,
  type Vector,
} from '../vector/segments.js'
import type { Thread } from './thread.js'
import {
  allocate,
  copyInto,
  isShared,
  nameOf,
  type Part,
  type Piece,
  piecesOf,
  placePiece,
} from './worker-messages.js'

/** The checked arguments of one call of an executor. */
export interface Execution extends PaceOptions {
  readonly target: Vector
  readonly segments: readonly Segment[]
  readonly range: ElementRange
  readonly terms: MaskPlan
  readonly suite: SymmetricSuite
  /** Whether its keystreams fill memory. */
  readonly fills: boolean
  /** The length of the mask stream that the range uses, per term, in bytes. */
  readonly length: number
}

/** Memory for copies, kept for later calls. With new memory for each call, small plans take 50 % longer. */
export type SpareMemory = ArrayBufferLike[]

/**
 * A cipher is opened once per term and piece, which takes as long as a few KiB of keystream. A vector that fits into one
 * piece is therefore not cut at all; its terms are.
 */
const LARGEST_PIECE = 2 ** 20

/**
 * If the vector is short, a task has the terms that are left, divided by this number for each thread. Tasks become smaller,
 * so that the threads finish at nearly the same time, although one of them may be slower or have other work in between. Short
 * plans are divided into fewer tasks.
 */
const TASKS_PER_THREAD = { long: 4, short: 2 }

/** Bytes of mask stream that take about a millisecond. With less, a task takes hardly longer than the addition of its result. */
const LEAST_WORK = 4 * 2 ** 20

/** While a worker executes one piece, the next one is already queued there, so that it need not wait for the calling thread. */
const PIECES_AHEAD = 2

/**
 * Executes a plan on `threads`, which must execute no other in the meantime. If `helps`, the calling thread executes tasks too
 * while they work. When it settles, no thread works on the target any more. If a worker is lost, the calling thread executes its
 * piece, unless the worker was changing the target in place: in that case the call rejects.
 */
export async function executeOnThreads(
  threads: readonly Thread[],
  execution: Execution,
  memory: SpareMemory,
  helps: boolean,
): Promise<void> {
  const { target, segments, range, terms, suite, fills, length, signal, onProgress } = execution
  throwIfAborted(signal)
  const shares = helps
    ? TASKS_PER_THREAD.short * (threads.length + 1)
    : TASKS_PER_THREAD.long * threads.length
  const tasks = tasksOf(piecesOf(target, segments, range, LARGEST_PIECE), length, terms.length, shares)
  const end = new AbortController()
  let reason: unknown
  const endFor = (cause: unknown): void => {
    if (end.signal.aborted) return
    reason = cause
    end.abort()
  }
  const endOnAbort = (): void => endFor(reasonOf(signal!))
  const progress = createProgress(length * terms.length, (fraction) => {
    if (end.signal.aborted) return
    try {
      onProgress?.(fraction)
    } catch (error) {
      endFor(error)
    }
  })
  const runThere = runOnCopies(memory)
  const inPlace = isShared(target)
  // Whatever changes the target on this thread: results of threads may arrive while this thread executes a task.
  const inTurn = inTurns()
  const runHere = (task: Task): Promise<void> =>
    inTurn(async () => {
      const { piece, from, to } = task
      await executeMaskPlan(piece.target, piece.segments, terms.slice(from, to), suite, {
        range: piece.range,
        signal: end.signal,
        onProgress: (fraction) => progress(task, fraction),
      })
    })
  /** Executes tasks until none are left, the execution ends early, or the thread is lost. */
  const drain = async (thread?: Thread): Promise<void> => {
    const partial = new PartialSum(memory)
    try {
      while (!end.signal.aborted && thread?.failure === undefined) {
        const { value: task } = tasks.next()
        if (task === undefined) break
        const run = task.fresh ? partial.run : inPlace ? runInPlace : runThere
        const isDone = thread !== undefined && (await run(thread, task, progress))
        if (!isDone) for (const lost of partial.takeLost(task)) if (!end.signal.aborted) await runHere(lost)
        progress(task, 1)
        // So that this thread hears from the others between its own tasks.
        if (thread === undefined) await nextTurn()
      }
      await inTurn(() => {
        if (!end.signal.aborted) partial.finish()
      })
    } catch (error) {
      endFor(error)
    } finally {
      partial.release()
    }
  }

  signal?.addEventListener('abort', endOnAbort)
  end.signal.addEventListener('abort', () => {
    for (const thread of threads) thread.stop()
  })
  for (const thread of threads) thread.begin(nameOf(suite), fills, terms, onProgress !== undefined)
  // The first task is the largest. The calling thread takes it: it needs no message, and its code is the most likely to be compiled.
  const own = helps ? [drain()] : []
  await Promise.all([...own, ...Array.from({ length: PIECES_AHEAD }, () => threads.map(drain)).flat()])
  for (const thread of threads) thread.end()
  for (const buffer of memory) wipe(new Uint8Array(buffer, 0, Math.min(length, LARGEST_PIECE)))
  await drain()
  signal?.removeEventListener('abort', endOnAbort)
  if (end.signal.aborted) throw reason
  onProgress?.(1)
}

/** Some terms of the plan on one piece. Those of a short vector are added up elsewhere, beginning with zero. */
interface Task extends Part {
  readonly piece: Piece
  /** The length of the mask streams that it uses, all terms together. */
  readonly bytes: number
}

function* tasksOf(
  pieces: Iterable<Piece>,
  length: number,
  terms: number,
  shares: number,
): Generator<Task, void, void> {
  const fewest = Math.ceil(LEAST_WORK / length)
  const areCut = length <= LARGEST_PIECE && terms > fewest
  for (const piece of pieces) {
    for (let from = 0, to = 0; from < terms; from = to) {
      const size = Math.ceil((terms - from) / shares)
      to = areCut ? Math.min(from + Math.max(size, fewest), terms) : terms
      yield { piece, from, to, fresh: areCut, bytes: piece.bytes * (to - from) }
    }
  }
}

type Progress = (task: Task, fraction: number) => void

/** Combines the progress of the tasks into one fraction, which only rises and stays below 1. */
function createProgress(length: number, report: (fraction: number) => void): Progress {
  const bytesOf = new WeakMap<Task, number>()
  let done = 0
  let reported = 0
  return (task, fraction) => {
    const bytes = fraction * task.bytes
    done += bytes - (bytesOf.get(task) ?? 0)
    bytesOf.set(task, bytes)
    if (done / length <= reported || done >= length) return
    reported = done / length
    report(reported)
  }
}

/** Makes a thread execute a task. Resolves to `false` if it did not; the target is then unchanged. */
type Run = (thread: Thread, task: Task, progress: Progress) => Promise<boolean>

const runInPlace: Run = async (thread, task, progress) => {
  const result = await thread.run(task.piece, partOf(task), [], (fraction) => progress(task, fraction))
  // The thread may have changed part of the target before it was lost.
  if (result === undefined && thread.failure !== undefined) throw thread.failure
  return result !== undefined
}

/** Works on copies, in memory that is shared with the worker, or else transferred to it and back. */
function runOnCopies(memory: SpareMemory): Run {
  return async (thread, task, progress) => {
    const copy = placePiece(task.piece, memory.pop() ?? allocate(LARGEST_PIECE))
    copyInto(copy.target, task.piece.target)
    const result = await runOn(thread, copy, partOf(task), memory, (fraction) => progress(task, fraction))
    if (result === undefined) return false
    copyInto(task.piece.target, result)
    memory.push(memoryOf(result))
    return true
  }
}

/**
 * Makes a thread execute a part of the plan on a copy, in memory that is shared or transferred. If it does not, what the copy
 * holds is wiped, and its memory is spare again. The memory of a lost worker is not used again, because the worker may still write to it.
 */
async function runOn(
  thread: Thread,
  copy: Piece,
  part: Part,
  memory: SpareMemory,
  onProgress: (fraction: number) => void,
): Promise<Vector | undefined> {
  const buffer = memoryOf(copy.target)
  const result = await thread.run(copy, part, isArrayBuffer(buffer) ? [buffer] : [], onProgress)
  // Memory that was transferred and has not come back is wiped by the worker.
  if (result === undefined && buffer.byteLength > 0) {
    wipe(new Uint8Array(buffer))
    if (thread.failure === undefined) memory.push(buffer)
  }
  return result
}

/** All of a copy is in the same memory. */
function memoryOf(copy: Vector): ArrayBufferLike {
  return copy.at(-1)!.buffer
}

/**
 * What tasks of a thread add up to, if only terms are divided. The thread adds all of them to the same memory, so that the
 * calling thread adds one result to the target instead of one for each task.
 */
class PartialSum {
  readonly #memory: SpareMemory
  #copy: Piece | undefined
  #tasks: Task[] = []

  constructor(memory: SpareMemory) {
    this.#memory = memory
  }

  readonly run: Run = async (thread, task, progress) => {
    const copy = this.#copy ?? placePiece(task.piece, this.#memory.pop() ?? allocate(LARGEST_PIECE))
    const part = { ...partOf(task), fresh: this.#copy === undefined }
    const target = await runOn(thread, copy, part, this.#memory, (fraction) => progress(task, fraction))
    this.#copy = target && { ...copy, target }
    if (target !== undefined) this.#tasks.push(task)
    return target !== undefined
  }

  /** The tasks that must be executed again if a thread does not execute `task`: what it has added up so far is lost too. */
  takeLost(task: Task): readonly Task[] {
    const lost = [...this.#tasks, task]
    this.#tasks = []
    return lost
  }

  /** Adds what is there to the target. */
  finish(): void {
    if (this.#copy !== undefined) addResult(this.#tasks[0]!.piece, this.#copy.target)
  }

  /** Gives the memory back, also if the execution has ended early. The caller wipes all memory that it has back. */
  release(): void {
    if (this.#copy !== undefined) this.#memory.push(memoryOf(this.#copy.target))
  }
}

/** Adds what some terms of the plan add up to. */
function addResult({ target, segments, range }: Piece, result: Vector): void {
  const shape = segmentsInRange(segments, range)
  addInto(target, result, shape)
  reduceInto(target, shape)
}

function partOf({ from, to, fresh }: Task): Part {
  return { from, to, fresh }
}
