import { wipe } from '../crypto/bytes.js'
import type { SymmetricSuite } from '../crypto/provider.js'
import type { Span, Tracing } from '../telemetry/tracing.js'
import { createVector } from '../vector/arithmetic.js'
import { segmentsInRange, streamLength } from '../vector/segments.js'
import type { MaskPool } from '../workers/pool.js'
import type { PerSuite } from '../workers/worker-messages.js'
import { type Broker, CONSUMER, isMissing, PAUSE, sleep, streamsOn } from './broker.js'
import type { TaskConsumer, TaskMessage } from './nats-packages.js'
import { type Counters, secondsSince } from './reports.js'
import type { Seal } from './sealing.js'
import {
  clusterNames,
  lastPart,
  resultSubject,
  type StreamNames,
  seedsSubject,
  streamNames,
} from './subjects.js'
import {
  decodeSeeds,
  decodeTask,
  encodeResult,
  packLanes,
  SUM,
  TAKEN,
  type Task,
  type TaskResult,
} from './task-messages.js'

/** How long a worker waits for a task of one job before it looks at the next, in milliseconds. */
const TASK_WAIT = 1000

/** The coordinator answers a result at once, unless the connection of one of the two is down. In milliseconds. */
const RESULT_TIMEOUT = 5000

/** A task that was given out more often than this may be what ends the workers. */
const MOST_DELIVERIES = 10

/** A refused or failed task is given out again after this time, in milliseconds. */
const RETRY_DELAY = 200

/** Finds jobs, executes their tasks and sends the results. */
export class TaskWorker {
  readonly #broker: Broker
  readonly #seal: Seal
  readonly #suites: PerSuite<SymmetricSuite>
  readonly #pool: MaskPool
  readonly #counters: Counters
  readonly #tracing: Tracing | undefined
  readonly #stop = new AbortController()
  readonly #jobs = new Map<string, { readonly names: StreamNames; readonly consumer: TaskConsumer }>()
  /** Called when there is a job. */
  readonly #idle: (() => void)[] = []
  #turn = 0
  #wake: () => void = () => undefined

  constructor(
    broker: Broker,
    seal: Seal,
    suites: PerSuite<SymmetricSuite>,
    pool: MaskPool,
    counters: Counters,
    tracing?: Tracing,
  ) {
    this.#broker = broker
    this.#seal = seal
    this.#suites = suites
    this.#pool = pool
    this.#counters = counters
    this.#tracing = tracing
  }

  stop(): void {
    this.#stop.abort()
    this.#wake()
    this.#beginWork()
  }

  #beginWork(): void {
    for (const begin of this.#idle.splice(0)) begin()
  }

  /** Executes tasks, `slots` at a time. Never rejects. */
  async run(slots: number): Promise<void> {
    const { jobs, tasks } = await clusterNames(this.#seal)
    const { connection } = this.#broker
    const news = connection.subscribe(jobs, { callback: () => this.#wake() })
    const closed = connection.closed().then(() => this.stop())
    const looking = this.#look(tasks)
    await Promise.all([looking, ...Array.from({ length: slots }, () => this.#work())])
    if (!connection.isClosed()) news.unsubscribe()
    else await closed
  }

  get #isStopped(): boolean {
    return this.#stop.signal.aborted
  }

  /** Looks for jobs: when one is announced, and from time to time, because an announcement can be lost. */
  async #look(tasks: string): Promise<void> {
    while (!this.#isStopped) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      try {
        const streams = await streamsOn(this.#broker, tasks)
        for (const name of this.#jobs.keys()) if (!streams.includes(name)) this.#jobs.delete(name)
        // A stream whose node is lost must not keep this worker from the others.
        await Promise.all(streams.map((name) => this.#enter(name)))
        this.#counters.set('jobs', this.#jobs.size)
      } catch {
        this.#counters.add('broker_failures_total')
      }
      await Promise.race([woken, sleep(TASK_WAIT)])
    }
  }

  async #enter(stream: string): Promise<void> {
    const names = streamNames(stream)
    if (names === undefined || this.#jobs.has(stream)) return
    try {
      const consumer = await this.#broker.stream.consumers.get(stream, CONSUMER)
      this.#jobs.set(stream, { names, consumer })
      this.#beginWork()
    } catch (error) {
      // The coordinator has deleted the stream, or has not created the consumer yet.
      if (!isMissing(error)) this.#counters.add('broker_failures_total')
    }
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      const jobs = [...this.#jobs.values()]
      const job = jobs[this.#turn++ % Math.max(jobs.length, 1)]
      if (job === undefined) {
        await new Promise<void>((resolve) => this.#idle.push(resolve))
        continue
      }
      try {
        const message = await job.consumer.next({ expires: TASK_WAIT })
        this.#observe(message)
        if (message !== null) await this.#handle(job.names, message)
      } catch {
        // The job has ended, or the broker does not answer. In the second case, the job is found again.
        this.#jobs.delete(job.names.stream)
        this.#observe(null)
      }
    }
  }

  /** Notes how far behind the workers are. */
  #observe(message: TaskMessage | null): void {
    this.#counters.set('queue_depth', message?.info.pending ?? 0)
    this.#counters.set('lag_seconds', message === null ? 0 : secondsSince(message.info.timestampNanos / 1e6))
  }

  async #handle(names: StreamNames, message: TaskMessage): Promise<void> {
    const name = lastPart(message.subject)
    this.#counters.add('tasks_in_progress')
    const start = Date.now()
    if (message.redelivered) this.#counters.add('redelivered_tasks_total')
    let timer: ReturnType<typeof setInterval> | undefined
    let span: Span | undefined
    let failure: string | undefined = 'not taken'
    try {
      const opened = await this.#seal.open('task', name, message.data)
      const task = opened && decodeTask(opened)
      if (task === undefined) throw new Error('the task cannot be read')
      span = this.#begin(task, message)
      timer = setInterval(
        () => {
          try {
            message.working()
          } catch {
            // The connection was closed for good, and the task goes to another worker.
          }
        },
        Math.max(task.redeliverAfter / 4, 20),
      )
      const result = await this.#resultOf(names, task, message.info.deliveryCount)
      if (this.#isStopped) {
        failure = 'stopped'
        message.nak(0)
        return
      }
      if (await this.#deliver(names, name, result)) {
        failure = result[0] === SUM ? undefined : 'failed'
        message.ack()
        this.#counters.add(failure === undefined ? 'tasks_total' : 'failed_tasks_total')
        return
      }
      throw new Error('the result was not taken')
    } catch {
      this.#counters.add('failed_tasks_total')
      message.nak(RETRY_DELAY)
    } finally {
      clearInterval(timer)
      span?.end({}, failure)
      this.#counters.add('tasks_in_progress', -1)
      this.#counters.add('task_seconds_total', secondsSince(start))
    }
  }

  #begin({ trace, first, last, range }: Task, { info }: TaskMessage): Span | undefined {
    return this.#tracing?.join(trace, 'task', 'consumer', {
      'secagg.terms': last - first,
      'secagg.elements': range.to - range.from,
      'secagg.deliveries': info.deliveryCount,
    })
  }

  /** The bytes of a result, or of the reason why there is none. */
  async #resultOf(names: StreamNames, task: Task, deliveries: number): Promise<Uint8Array> {
    try {
      if (deliveries > MOST_DELIVERIES) throw new Error(`it was given out ${deliveries} times`)
      return encodeResult(await this.#sumOf(names, task))
    } catch (error) {
      return encodeResult({ type: 'failed', reason: error instanceof Error ? error.message : 'unknown' })
    }
  }

  async #sumOf(names: StreamNames, task: Task): Promise<TaskResult> {
    const { segments, range, block } = task
    const suite = this.#suites[task.suite]
    const stored = await this.#broker.manager.direct.getMessage(names.stream, {
      last_by_subj: seedsSubject(names, block),
    })
    const seeds = stored && (await this.#seal.open('seeds', block, stored.data))
    if (!seeds) return { type: 'no-seeds' }
    try {
      const terms = decodeSeeds(seeds, suite.keyLength, task)
      if (terms === undefined) throw new Error('its seeds cannot be read')
      const shape = segmentsInRange(segments, range)
      const sum = createVector(shape)
      await this.#pool.execute(sum, segments, terms, suite, { range, signal: this.#stop.signal })
      this.#counters.add('mask_bytes_total', streamLength(shape) * terms.length)
      return { type: 'sum', lanes: packLanes(sum) }
    } finally {
      wipe(seeds)
    }
  }

  /** Sends a result to the coordinator. Returns whether it was taken. */
  async #deliver(names: StreamNames, name: string, plain: Uint8Array): Promise<boolean> {
    const sealed = await this.#seal.seal('result', name, plain)
    for (let attempt = 0; attempt < 4 && !this.#isStopped; attempt++) {
      if (attempt > 0) await sleep(PAUSE * 2)
      try {
        const answer = await this.#broker.connection.request(resultSubject(names, name), sealed, {
          timeout: RESULT_TIMEOUT,
        })
        this.#counters.add('result_bytes_total', sealed.length)
        return answer.string() === TAKEN
      } catch {
        this.#counters.add('broker_failures_total')
      }
    }
    return false
  }
}
