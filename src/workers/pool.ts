import { partsOf, reasonOf, requireFunction, requireInteger } from '../arguments.js'
import { equalBytes } from '../crypto/bytes.js'
import type { SymmetricSuite } from '../crypto/provider.js'
import type { SecAggError } from '../errors.js'
import { checkExecution, executeMaskPlan, type MaskExecutor } from '../vector/mask.js'
import { segmentsInRange, streamLength } from '../vector/segments.js'
import { executeOnThreads, type SpareMemory } from './execution.js'
import { type MaskWorker, parallelism, spawnWorker } from './host.js'
import { startThread, type Thread } from './thread.js'
import { nameOf, sampleOf } from './worker-messages.js'

/**
 * How a {@link MaskPool} is made.
 * @public
 */
export interface MaskPoolOptions {
  /** How many workers it starts; by default one per processor, at most 8. */
  readonly workers?: number | undefined
  /**
   * Starts a worker that runs this version's `secagg/workers/worker`; by default the file that lies next to the pool's.
   * For hosts and bundlers where that is not found.
   */
  readonly spawn?: (() => MaskWorker) | undefined
}

/**
 * Threads that execute mask plans.
 * @public
 */
export interface MaskPool {
  /**
   * Executes a mask plan on the workers, calls one after the other. The result is that of `executeMaskPlan`, and so
   * is what it refuses; it can be handed around without the pool.
   *
   * A target all on shared memory is worked on in place, any other in copies of at most 1 MiB, two per worker. On the
   * calling thread run: plans of little work; everything where {@link MaskPool.threads} is 0; suites of the caller's
   * own that do not make the bytes of the standard ones.
   * @throws {SecAggError} as `executeMaskPlan` does; `crypto-failure` also where a worker is lost while it works in
   *   place. Elsewhere what it had in hand is done on the calling thread.
   */
  readonly execute: MaskExecutor
  /** Workers that are alive. */
  readonly threads: number
  /** Why there are fewer than asked for. */
  readonly failure: SecAggError | undefined
  /** Ends the workers after the calls that have been made; later ones run on the calling thread. */
  close(): Promise<void>
}

/** More have to be asked for, as each takes tens of MiB and of milliseconds to start. */
const MOST_BY_DEFAULT = 8

/** Bytes of mask stream, some milliseconds of work. On less than this, two threads are hardly faster than one. */
const LITTLE_WORK = 16 * 2 ** 20

/**
 * Starts workers for mask plans and waits until they are ready. Workers that cannot be started are left out: on a host
 * without any, or under a content security policy that forbids them, the pool has no threads, and works.
 *
 * Idle workers keep no process alive.
 * @throws {SecAggError} `invalid-argument` where `workers` is not a whole number from 0 to 1024.
 * @public
 */
export async function createMaskPool(options: MaskPoolOptions = {}): Promise<MaskPool> {
  const { workers = Math.min(parallelism(), MOST_BY_DEFAULT), spawn = spawnWorker } = partsOf(
    'the options of a pool',
    options,
  )
  requireInteger('the number of workers', workers, 0, 1024)
  requireFunction('spawn', spawn)
  const starts = await Promise.allSettled(Array.from({ length: workers }, () => startThread(spawn)))
  const failedStart: SecAggError | undefined = starts.find((start) => start.status === 'rejected')?.reason
  const threads = starts.flatMap((start) => (start.status === 'fulfilled' ? start.value : []))
  const usable = (): readonly Thread[] => threads.filter(({ failure }) => failure === undefined)
  const isStandard = comparison(threads)
  const inTurn = createQueue()
  const memory: SpareMemory = []
  let closing: Promise<void> | undefined

  const execute: MaskExecutor = async (target, given, plan, suite, options = {}) => {
    const { segments, range, terms, pacing } = checkExecution(target, given, plan, suite, options)
    const length = streamLength(segmentsInRange(segments, range))
    const isForThreads = closing === undefined && length * terms.length >= LITTLE_WORK && usable().length > 0
    if (!isForThreads || !(await isStandard(suite))) {
      return executeMaskPlan(target, segments, terms, suite, { ...pacing, range })
    }
    const execution = { target, segments, range, terms, suite, length, ...pacing }
    return inTurn(() => executeOnThreads(usable(), execution, memory), pacing.signal)
  }
  const close = async (): Promise<void> => {
    memory.length = 0
    await Promise.all(threads.splice(0).map((thread) => thread.close()))
  }
  return {
    execute,
    get threads() {
      return closing === undefined ? usable().length : 0
    },
    get failure() {
      return failedStart ?? threads.find(({ failure }) => failure !== undefined)?.failure
    },
    close: () => {
      closing ??= inTurn(close)
      return closing
    },
  }
}

/** Whether the threads make the bytes that a suite makes. */
function comparison(threads: readonly Thread[]): (suite: SymmetricSuite) => Promise<boolean> {
  const known = new WeakMap<SymmetricSuite, Promise<boolean>>()
  const compare = async (suite: SymmetricSuite): Promise<boolean> => {
    try {
      const sample = await sampleOf(suite)
      return threads.every(({ samples }) => equalBytes(samples[nameOf(suite)], sample))
    } catch {
      return false // it will fail again, where the caller sees it
    }
  }
  return (suite) => {
    const answer = known.get(suite) ?? compare(suite)
    known.set(suite, answer)
    return answer
  }
}

/** Runs work when all that came before is over. Work whose signal aborts while it waits is given up. */
export type Queue = (work: () => Promise<void>, signal?: AbortSignal) => Promise<void>

export function createQueue(): Queue {
  let last: Promise<void> = Promise.resolve()
  return (work, signal) => {
    const before = last
    const own = untilAborted(before, signal).then(work)
    last = Promise.allSettled([before, own]).then(() => undefined)
    return own
  }
}

function untilAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(reasonOf(signal))
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp)
    promise.then(() => {
      signal.removeEventListener('abort', giveUp)
      resolve()
    })
  })
}
