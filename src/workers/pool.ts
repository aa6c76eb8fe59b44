import { partsOf, reasonOf, requireFunction, requireInteger } from '../arguments.js'
import { equalBytes } from '../crypto/bytes.js'
import type { CryptoProvider, SymmetricSuite } from '../crypto/provider.js'
import type { SecAggError } from '../errors.js'
import { type DataPlane, type LocalPlaneOptions, localPlane } from '../plane/index.js'
import { checkExecution, executeMaskPlan, type MaskExecutor } from '../vector/mask.js'
import { segmentsInRange, streamLength } from '../vector/segments.js'
import { executeOnThreads, type SpareMemory } from './execution.js'
import { type MaskWorker, parallelism } from './host.js'
import { Dispatch, derivationOn, providerOn } from './key-requests.js'
import { spawnWorker } from './spawn.js'
import { startThread, type Thread } from './thread.js'
import { type KeystreamSample, nameOf, sampleOf } from './worker-messages.js'

/**
 * Options of {@link createMaskPool}.
 * @public
 */
export interface MaskPoolOptions {
  /** The number of workers to start, 0 to 1024. Default: one per processor, at most 8. */
  readonly workers?: number | undefined
  /**
   * Starts a worker that runs `secagg/workers/worker` of the same version. Default: starts the worker file next to the
   * file of the pool. Pass this option if your host or bundler does not find that file.
   */
  readonly spawn?: (() => MaskWorker) | undefined
}

/**
 * A pool of threads that execute mask plans.
 * @public
 */
export interface MaskPool {
  /**
   * Executes a mask plan on the workers. It gives the same result as `executeMaskPlan`, and refuses the same arguments.
   * Calls are executed one after the other. The function can be passed around without the pool. Its `deriveSeeds` derives
   * seeds on the workers; a server session that gets the function uses both.
   *
   * If the whole target is in shared memory, the workers change it in place. Otherwise they work on copies of at most
   * 1 MiB, two per worker. The calling thread works too if the masks have less than 96 MiB together. It does all of the work
   * if they have less than 16 MiB, if {@link MaskPool.threads} is 0, or if the caller's suite does not make the same keystream
   * as the standard one.
   * @throws {SecAggError} What `executeMaskPlan` throws. Also `crypto-failure` if a worker is lost while it changes the
   *   target in place. If a worker that uses copies is lost, the calling thread does its work.
   */
  readonly execute: MaskExecutor
  /**
   * Makes a plane for server sessions. Masked vectors are added up on the calling thread; masks are removed, and seeds
   * derived, on the workers.
   * @throws {SecAggError} `invalid-argument` if an option is of the wrong kind.
   */
  plane(options?: Omit<LocalPlaneOptions, 'maskExecutor'>): DataPlane
  /**
   * Makes a provider for client sessions. It divides the key agreements of a step between the workers and the calling thread,
   * and otherwise calls `provider`. The calling thread makes all of them if there are fewer than 80, if the workers are busy
   * with masks, if {@link MaskPool.threads} is 0, if a worker is lost, or if `provider` does not agree on the same secrets as
   * the standard one. Private keys are transferred to the workers as copies, which the workers wipe after use.
   * @throws {SecAggError} `invalid-argument` if this is not a crypto provider.
   */
  crypto<P extends CryptoProvider>(provider: P): P
  /** The number of workers that are running. */
  readonly threads: number
  /** Why there are fewer workers than requested, if there are. */
  readonly failure: SecAggError | undefined
  /** Ends the workers after the calls made so far. Later calls run on the calling thread. */
  close(): Promise<void>
}

/** More workers must be requested, because each takes tens of MiB of memory, and tens of milliseconds to start. */
const MOST_BY_DEFAULT = 8

/** Bytes of mask stream that take a few milliseconds. With less work than this, two threads are hardly faster than one. */
const LITTLE_WORK = 16 * 2 ** 20

/**
 * Bytes of mask stream that take the calling thread twenty milliseconds. If there are fewer, it works too instead of waiting: waking
 * other threads takes a noticeable part of the time then. If there are more, it is left free for other work.
 */
const LONG_WORK = 96 * 2 ** 20

/**
 * Starts workers for mask plans and waits until they are ready.
 *
 * If some workers cannot be started, the pool has fewer of them. On a host without workers, or under a content security
 * policy that forbids them, the pool has none, and the calling thread does the work. Idle workers do not keep a process
 * alive.
 *
 * @param options The number of workers, and how to start one.
 * @returns The pool. Pass its `execute` to clients as `maskExecutor`, and its `plane()` to servers as `plane`.
 * @throws {SecAggError} `invalid-argument` if `workers` is not a whole number from 0 to 1024, or `spawn` is not a function.
 * @example
 * ```ts
 * import { executeMaskPlan } from 'secagg/vector'
 * import { createMaskPool } from 'secagg/workers'
 * import { defaultCrypto } from 'secagg/crypto'
 *
 * const pool = await createMaskPool({ workers: 2 })
 * const suite = (await defaultCrypto('aes')).suites.aes!
 * const segments = [{ length: 2 ** 23, bits: 16 }]
 * const plan = [{ seed: new Uint8Array(16), sign: 1 }] as const
 * const [here, there] = [[new Uint16Array(2 ** 23)], [new Uint16Array(2 ** 23)]]
 * await executeMaskPlan(here, segments, plan, suite)
 * await pool.execute(there, segments, plan, suite)
 * console.log(there[0]?.at(-1) === here[0]?.at(-1)) // true
 * await pool.close()
 * ```
 * @public
 */
export function createMaskPool(options: MaskPoolOptions = {}): Promise<MaskPool> {
  return createPoolOn(parallelism(), options)
}

/** The same on a machine with this number of processors. */
export async function createPoolOn(processors: number, options: MaskPoolOptions): Promise<MaskPool> {
  const { workers = Math.min(processors, MOST_BY_DEFAULT), spawn = spawnWorker } = partsOf(
    'the options of a pool',
    options,
  )
  requireInteger('the number of workers', workers, 0, 1024)
  requireFunction('spawn', spawn)
  const starts = await Promise.allSettled(Array.from({ length: workers }, () => startThread(spawn)))
  const failedStart: SecAggError | undefined = starts.find((start) => start.status === 'rejected')?.reason
  const threads = starts.flatMap((start) => (start.status === 'fulfilled' ? start.value : []))
  const usable = (): readonly Thread[] => threads.filter(({ failure }) => failure === undefined)
  const sampleOfStandard = comparison(threads)
  // More threads than this cannot work at the same time as the calling thread.
  const besides = Math.max(processors - 1, 1)
  const inTurn = createQueue()
  const memory: SpareMemory = []
  let closing: Promise<void> | undefined

  const executeThere: MaskExecutor = async (target, given, plan, suite, options = {}) => {
    const { segments, range, terms, pacing } = checkExecution(target, given, plan, suite, options)
    const length = streamLength(segmentsInRange(segments, range))
    const isForThreads = closing === undefined && length * terms.length >= LITTLE_WORK && usable().length > 0
    const sample = isForThreads ? await sampleOfStandard(suite) : undefined
    if (sample === undefined) {
      return executeMaskPlan(target, segments, terms, suite, { ...pacing, range })
    }
    const execution = { target, segments, range, terms, suite, fills: sample.fills, length, ...pacing }
    const isShort = length * terms.length < LONG_WORK
    return inTurn(() => {
      const threads = isShort ? usable().slice(0, besides) : usable()
      return executeOnThreads(threads, execution, memory, isShort)
    }, pacing.signal)
  }
  const dispatch = new Dispatch(() => (closing === undefined ? usable() : []), besides)
  const deriveSeeds = derivationOn(dispatch)
  const execute = Object.assign(executeThere, { deriveSeeds })
  const close = async (): Promise<void> => {
    memory.length = 0
    await Promise.all(threads.splice(0).map((thread) => thread.close()))
  }
  return {
    execute,
    plane: (given = {}) => {
      const { sliceStore } = partsOf('the options of a plane', given)
      return localPlane({ sliceStore, maskExecutor: execute })
    },
    crypto: (provider) => providerOn(dispatch, provider),
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

/** Makes a function that samples a suite. It returns `undefined` unless the threads make the same keystream. */
function comparison(
  threads: readonly Thread[],
): (suite: SymmetricSuite) => Promise<KeystreamSample | undefined> {
  const known = new WeakMap<SymmetricSuite, Promise<KeystreamSample | undefined>>()
  const compare = async (suite: SymmetricSuite): Promise<KeystreamSample | undefined> => {
    try {
      const sample = await sampleOf(suite)
      const isSame = ({ samples }: Thread): boolean => equalBytes(samples[nameOf(suite)].bytes, sample.bytes)
      return threads.every(isSame) ? sample : undefined
    } catch {
      return undefined // executeMaskPlan will throw the same error to the caller
    }
  }
  return (suite) => {
    const answer = known.get(suite) ?? compare(suite)
    known.set(suite, answer)
    return answer
  }
}

/** Runs work after all earlier work. If the signal aborts while the work waits, the work does not run. */
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
