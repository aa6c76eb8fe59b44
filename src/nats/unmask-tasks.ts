import { reasonOf } from '../arguments.js'
import { wipeAll } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'
import type { SumBlock, UnmaskJob } from '../plane/index.js'
import type { MaskPlan, MaskTerm } from '../vector/segments.js'
import { answer, subscribe } from './broker.js'
import type { NatsMessage, NatsSubscription } from './nats-packages.js'
import {
  type CutPiece,
  cutPieces,
  defaultTaskBytes,
  OpenPiece,
  type OpenTask,
  type SeedBlock,
} from './pieces.js'
import { type Held, Posting, type UnmaskerContext } from './posting.js'
import { type JobNames, lastPart } from './subjects.js'
import { decodeResult, REFUSED, sealSeeds, sealTask, TAKEN } from './task-messages.js'

/** The memory for masks of pieces in progress, in bytes of mask stream. */
const WINDOW_BYTES = 32 * 2 ** 20

/**
 * One call of `unmask`: cuts the masks into tasks, and adds up the results. Only what is here counts. What the broker holds
 * can be sent again at any time.
 */
export class UnmaskTasks {
  readonly #context: UnmaskerContext
  readonly #job: UnmaskJob
  readonly #names: JobNames
  readonly #trace: string | undefined
  readonly #posting: Posting
  readonly #pieces: Iterator<CutPiece, void, void>
  readonly #open: OpenPiece[] = []
  readonly #tasks = new Map<string, OpenTask>()
  readonly #blocks: SeedBlock[] = []
  readonly #blockTerms: number
  readonly #totalBytes: number
  readonly #taskBytes: number
  #doneBytes = 0
  #reported = 0
  #allBlocks = false
  #openBytes = 0
  #failure: { readonly reason: unknown } | undefined
  #wake: () => void = () => undefined
  #lastProgress = Date.now()
  #silentChecks = 0

  constructor(
    context: UnmaskerContext,
    job: UnmaskJob,
    names: JobNames,
    bytesPerTerm: number,
    trace?: string,
  ) {
    this.#context = context
    this.#job = job
    this.#names = names
    this.#trace = trace
    this.#posting = new Posting(context, names)
    const { largestMessage } = context
    this.#pieces = cutPieces(job.segments, Math.floor(Math.min(2 ** 19, largestMessage) / 64) * 64)
    this.#blockTerms = Math.min(2 ** 13, Math.floor(largestMessage / (job.suite.keyLength + 1)))
    this.#totalBytes = bytesPerTerm * job.terms
    this.#taskBytes = context.options.taskBytes ?? defaultTaskBytes(this.#totalBytes)
  }

  /** Yields the unmasked sum in blocks. Whoever calls this deletes the stream in the end. */
  async *run(): AsyncGenerator<SumBlock, void, void> {
    const { signal, onProgress } = this.#job
    const { broker, options } = this.#context
    const onAbort = (): void => this.#fail(reasonOf(signal!))
    signal?.addEventListener('abort', onAbort)
    if (signal?.aborted) onAbort()
    let results: NatsSubscription | undefined
    let timer: ReturnType<typeof setInterval> | undefined
    let feeding: Promise<void> | undefined
    try {
      this.#throwFailure()
      const hear = (message: NatsMessage): void =>
        void this.#hear(message).catch((reason) => this.#fail(reason))
      results = subscribe(broker, this.#names.results, hear)
      await this.#posting.open()
      timer = setInterval(() => void this.#check().catch((reason) => this.#fail(reason)), options.checkEvery)
      feeding = this.#feed().catch((reason) => this.#fail(reason))
      for (;;) {
        await this.#fill()
        const [head] = this.#open
        if (head === undefined) break
        while (this.#failure === undefined && (!this.#allBlocks || head.waiting > 0)) await this.#change()
        this.#throwFailure()
        this.#open.shift()
        this.#openBytes -= head.cut.bytes
        yield await head.unmask(this.#job)
        this.#throwFailure()
      }
      await feeding
      this.#throwFailure()
      onProgress?.(1)
    } finally {
      signal?.removeEventListener('abort', onAbort)
      clearInterval(timer)
      this.#failure ??= { reason: undefined }
      this.#tasks.clear()
      results?.unsubscribe()
      await this.#posting.close()
      // The plans end before this call does. They are stopped at the next plan.
      if (feeding === undefined) await this.#job.plans[Symbol.asyncIterator]().return?.()
      await feeding
    }
  }

  /** The streams that were created, and must be deleted in the end. */
  get streams(): ReadonlySet<string> {
    return this.#posting.created
  }

  /** For metrics: the tasks that are open, since when the oldest one is, and what the broker holds of them. */
  get standing(): Held & { readonly open: number; readonly since: number } {
    const [oldest] = this.#tasks.values()
    return { ...this.#posting.held, open: this.#tasks.size, since: oldest?.since ?? Number.POSITIVE_INFINITY }
  }

  /** Makes it fail. Nothing is sent to the broker any more. */
  stop(reason: unknown): Promise<void> {
    this.#fail(reason)
    return this.#posting.close()
  }

  /** Publishes the seeds of the plans in blocks, and tasks for the pieces that are open. */
  async #feed(): Promise<void> {
    const terms: MaskTerm[] = []
    try {
      for await (const plan of this.#job.plans) {
        terms.push(...plan)
        if (this.#failure !== undefined) return
        while (terms.length >= this.#blockTerms || this.#isIdle(terms)) {
          await this.#addBlock(terms.splice(0, this.#blockTerms))
        }
      }
      if (terms.length > 0) await this.#addBlock(terms)
    } finally {
      wipeSeeds(terms)
    }
    this.#allBlocks = true
    this.#wake()
  }

  /** Whether some terms are enough for tasks, and workers may be waiting for them. */
  #isIdle(terms: MaskPlan): boolean {
    const head = this.#open[0]
    return head !== undefined && terms.length * head.cut.bytes >= this.#taskBytes / 2 && this.#tasks.size < 64
  }

  async #addBlock(terms: MaskPlan): Promise<void> {
    const { name, sealed } = await sealSeeds(this.#context.seal, this.#names.id, terms).finally(() =>
      wipeSeeds(terms),
    )
    const block = { name, terms: terms.length }
    this.#posting.keep(name, sealed)
    this.#blocks.push(block)
    for (const piece of [...this.#open]) await this.#addTasks(piece, block)
  }

  /** Opens as many pieces as the window holds. */
  async #fill(): Promise<void> {
    while (this.#openBytes < WINDOW_BYTES) {
      const { value: cut } = this.#pieces.next()
      if (cut === undefined) return
      const piece = new OpenPiece(cut)
      // The blocks that are published from now on add their tasks themselves.
      const blocks = [...this.#blocks]
      this.#open.push(piece)
      this.#openBytes += cut.bytes
      for (const block of blocks) await this.#addTasks(piece, block)
    }
  }

  async #addTasks(piece: OpenPiece, { name: block, terms }: SeedBlock): Promise<void> {
    const { cut } = piece
    const size = Math.max(Math.floor(this.#taskBytes / cut.bytes), 4)
    const tasks = Math.ceil(terms / size)
    piece.waiting += tasks
    for (let index = 0; index < tasks; index++) {
      const [first, last] = [Math.ceil((index * terms) / tasks), Math.ceil(((index + 1) * terms) / tasks)]
      await this.#addTask(piece, block, first, last)
    }
  }

  async #addTask(piece: OpenPiece, block: string, first: number, last: number): Promise<void> {
    const { seal, options } = this.#context
    const { segments, local: range, bytes } = piece.cut
    const [suite, redeliverAfter] = [this.#job.suiteName, options.redeliverAfter]
    const task = { suite, block, first, last, segments, range, redeliverAfter, trace: this.#trace }
    const { name, sealed } = await sealTask(seal, this.#names.id, task)
    this.#tasks.set(name, { piece, bytes: bytes * (last - first), sealed, since: Date.now(), failures: 0 })
    this.#context.counters.add('tasks_total')
    this.#posting.send(name, sealed)
  }

  /** A worker has sent a result. It is told whether the result was taken. */
  async #hear(message: NatsMessage): Promise<void> {
    const { seal, counters } = this.#context
    const name = lastPart(message.subject)
    counters.add('results_total')
    counters.add('result_bytes_total', message.data.length)
    const opened = this.#tasks.has(name) ? await seal.open('result', name, message.data) : undefined
    // Another worker may have sent it in the meantime, or have sent it before: a task can be done twice.
    const task = this.#tasks.get(name)
    if (task === undefined) {
      counters.add('duplicate_results_total')
      answer(message, TAKEN)
      return
    }
    const problem =
      opened === undefined ? 'it was not sealed by this cluster' : this.#take(name, task, opened)
    answer(message, problem === undefined ? TAKEN : REFUSED)
    if (problem !== undefined) this.#refuse(task, problem)
  }

  /** Adds a result. Returns what is wrong with it otherwise. */
  #take(name: string, task: OpenTask, opened: Uint8Array): string | undefined {
    const { piece } = task
    const result = decodeResult(opened)
    if (result?.type === 'no-seeds') {
      this.#posting.sendKept()
      return 'the broker had lost its seeds'
    }
    if (result?.type === 'failed') return `the worker failed: ${result.reason}`
    if (result === undefined || !piece.add(result.lanes)) return 'its length is wrong'
    this.#tasks.delete(name)
    piece.waiting--
    this.#lastProgress = Date.now()
    this.#doneBytes += task.bytes
    this.#report()
    this.#wake()
    return undefined
  }

  #report(): void {
    const fraction = this.#doneBytes / this.#totalBytes
    if (fraction <= this.#reported || fraction >= 1) return
    this.#reported = fraction
    try {
      this.#job.onProgress?.(fraction)
    } catch (error) {
      this.#fail(error)
    }
  }

  #refuse(task: OpenTask, problem: string): void {
    const { counters, options } = this.#context
    counters.add('refused_results_total')
    task.failures++
    if (task.failures < options.attempts) return
    const text = `a task of the unmasking has failed ${task.failures} times; the last time, ${problem}`
    this.#fail(new SecAggError('crypto-failure', 'crypto', text))
  }

  /** Sends again what the broker or the workers have lost, and gives up if nothing happens for too long. */
  async #check(): Promise<void> {
    if (this.#failure !== undefined || this.#posting.isChecking) return
    const { counters, options } = this.#context
    if (this.#tasks.size === 0) this.#lastProgress = Date.now()
    if (Date.now() - this.#lastProgress > options.patience) {
      const text = `no worker has finished a task for ${options.patience} ms`
      this.#fail(new SecAggError('connection-lost', 'network', text))
      return
    }
    const state = await this.#posting.check()
    this.#silentChecks = state === 'empty' && this.#tasks.size > 0 ? this.#silentChecks + 1 : 0
    // Once may be a coincidence: the worker says that it is done after it has sent the result.
    if (state !== 'lost' && this.#silentChecks < 2) return
    this.#silentChecks = 0
    for (const [name, task] of this.#tasks) {
      counters.add('reissued_tasks_total')
      this.#posting.send(name, task.sealed)
      if (state === 'empty') this.#refuse(task, 'no result has arrived')
    }
  }

  #fail(reason: unknown): void {
    this.#failure ??= { reason }
    this.#wake()
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.reason
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

function wipeSeeds(terms: MaskPlan): void {
  wipeAll(terms.map(({ seed }) => seed))
}
