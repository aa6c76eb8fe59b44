import { isBytes } from '../crypto/bytes.js'
import type { SuiteName } from '../crypto/provider.js'
import { SecAggError, usageError } from '../errors.js'
import type { MaskPlan, Vector } from '../vector/segments.js'
import { listen, type MaskWorker } from './host.js'
import {
  type FromWorker,
  GREETING,
  type PackedAnswer,
  type Part,
  type Piece,
  type Request,
  type ToWorker,
} from './worker-messages.js'

/** Samples of what a worker derives; see `sampleOf` and `sampleSeeds`. */
type Samples = (FromWorker & { type: 'ready' })['samples']

/** Something that the worker has been asked for. It answers in order. */
interface Asked {
  readonly onProgress: ((fraction: number) => void) | undefined
  readonly settle: (answer: FromWorker | undefined) => void
}

/** A worker that has started. It executes one plan at a time, and answers requests at any time. */
export class Thread {
  readonly samples: Samples
  readonly #worker: MaskWorker
  readonly #asked: Asked[] = []
  /** For how many purposes the worker is in use. */
  #uses = 0
  #isExecuting = false
  #failure: SecAggError | undefined

  constructor(worker: MaskWorker, samples: Samples) {
    this.#worker = worker
    this.samples = samples
    listen(
      worker,
      (message) => this.#hear(message as FromWorker),
      (cause) => this.#lose(cause),
    )
  }

  /** Why the worker can no longer be used, if it was lost. */
  get failure(): SecAggError | undefined {
    return this.#failure
  }

  /** Whether it has begun a plan that has not ended. */
  get isExecuting(): boolean {
    return this.#isExecuting
  }

  /** Begins a plan, which applies to the pieces that follow. */
  begin(suite: SuiteName, fills: boolean, terms: MaskPlan, reports: boolean): void {
    this.#use()
    this.#isExecuting = true
    const seeds = new Uint8Array(terms.length * terms[0]!.seed.length)
    terms.forEach(({ seed }, index) => {
      seeds.set(seed, index * seed.length)
    })
    const signs = Int8Array.from(terms, ({ sign }) => sign)
    // Transferred, so that this thread keeps no copy of the seeds.
    this.#say({ type: 'plan', suite, seeds, signs, reports, fills }, [seeds.buffer])
  }

  /**
   * Masks a piece after the earlier ones. The memory in `transfer` is not available until it comes back with the result,
   * which is the target of the piece. Resolves to `undefined` if the thread was stopped or lost. Never rejects.
   */
  async run(
    piece: Piece,
    part: Part,
    transfer: ArrayBuffer[],
    onProgress: (fraction: number) => void,
  ): Promise<Vector | undefined> {
    const answer = await this.#ask({ type: 'piece', piece, ...part }, transfer, onProgress)
    return answer?.type === 'done' ? answer.target : undefined
  }

  /**
   * Answers a request, whose memory is transferred. Resolves to `undefined` if the thread was lost, or is now, because there
   * are not `count` results of `length` bytes in its answer. Never rejects.
   */
  async request(request: Request, count: number, length: number): Promise<PackedAnswer | undefined> {
    this.#use()
    const answer = await this.#ask(request, memoryOf(request))
    this.#leave()
    if (answer === undefined) return undefined
    if (answer.type === 'answer') {
      const { results, present } = answer
      if (
        isBytes(results) &&
        isBytes(present) &&
        results.length === count * length &&
        present.length === count
      )
        return answer
    }
    this.#lose('it gave a wrong answer')
    return undefined
  }

  /** Stops the pieces in progress. */
  stop(): void {
    this.#say({ type: 'stop' })
  }

  /** Ends the plan. No piece may be in progress. */
  end(): void {
    this.#say({ type: 'end' })
    this.#isExecuting = false
    this.#leave()
  }

  /** Ends the worker. What it has been asked for resolves to `undefined`: some hosts do not report that a worker has ended. */
  async close(): Promise<void> {
    await this.#end(undefined)
  }

  #use(): void {
    if (this.#uses++ === 0) this.#worker.ref?.()
  }

  #leave(): void {
    if (--this.#uses === 0) this.#worker.unref?.()
  }

  #ask(
    message: ToWorker,
    transfer: ArrayBuffer[],
    onProgress?: (fraction: number) => void,
  ): Promise<FromWorker | undefined> {
    if (this.#failure !== undefined) return Promise.resolve(undefined)
    return new Promise((settle) => {
      this.#asked.push({ onProgress, settle })
      this.#say(message, transfer)
    })
  }

  #say(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (this.#failure !== undefined) return
    try {
      this.#worker.postMessage(message, transfer)
    } catch (error) {
      this.#lose(error)
    }
  }

  #hear(message: FromWorker): void {
    if (message.type === 'progress') this.#asked[0]?.onProgress?.(message.fraction)
    else if (message.type === 'failed') this.#lose(message.reason)
    else if (message.type !== 'ready') this.#asked.shift()?.settle(message)
  }

  #lose(cause: unknown): void {
    if (this.#failure === undefined) this.#end(cause)
  }

  #end(cause: unknown): unknown {
    this.#failure ??= new SecAggError('crypto-failure', 'crypto', 'a worker of a mask pool was lost', {
      cause,
    })
    for (const { settle } of this.#asked.splice(0)) settle(undefined)
    return this.#worker.terminate()
  }
}

/** The memory of what a request holds. */
function memoryOf(request: Request): ArrayBuffer[] {
  return Object.values(request).flatMap((part) => (isBytes(part) ? (part.buffer as ArrayBuffer) : []))
}

/**
 * Starts a worker and waits until it is ready.
 * @throws {SecAggError} `unsupported` if it cannot be started.
 */
export async function startThread(spawn: () => MaskWorker): Promise<Thread> {
  let worker: MaskWorker | undefined
  try {
    worker = spawn()
    const samples = await greeting(worker)
    worker.unref?.()
    return new Thread(worker, samples)
  } catch (cause) {
    worker?.terminate()
    throw usageError('unsupported', `a worker of a mask pool could not be started: ${reasonIn(cause)}`, {
      cause,
    })
  }
}

/** What to read in a log. Most workers that cannot be started are missing in the output of a bundler. */
function reasonIn(cause: unknown): string {
  const [reason] = String((cause as Error | undefined)?.message ?? cause).split('\n')
  return cause instanceof SecAggError
    ? cause.message
    : `${reason} (if a bundler has left the file out, start secagg/workers/worker by the option spawn)`
}

function greeting(worker: MaskWorker): Promise<Samples> {
  return new Promise((resolve, reject) => {
    const hear = (message: FromWorker): void => {
      if (message.type === 'ready' && message.greeting === GREETING) resolve(message.samples)
      else reject(message.type === 'failed' ? message.reason : 'its file belongs to another version')
    }
    listen(worker, (message) => hear(message as FromWorker), reject)
  })
}
