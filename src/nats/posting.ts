import { defaultCrypto } from '../crypto/default.js'
import type { Broker } from './broker.js'
import { CONSUMER, isMissing, PAUSE, QUESTION_TIMEOUT, sleep } from './broker.js'
import type { Counters } from './reports.js'
import type { Seal } from './sealing.js'
import type { ClusterNames } from './subjects.js'
import { type JobNames, type StreamNames, seedsSubject, taskSubject } from './subjects.js'

/** The options of an unmasker that its jobs use, checked. Times are in milliseconds. */
export interface JobOptions {
  readonly redeliverAfter: number
  readonly checkEvery: number
  readonly patience: number
  readonly attempts: number
  readonly replicas: number
  /** In bytes of mask stream. */
  readonly taskBytes: number | undefined
}

/** What all jobs of an unmasker share. */
export interface UnmaskerContext {
  readonly broker: Broker
  readonly cluster: ClusterNames
  readonly seal: Seal
  readonly counters: Counters
  readonly options: JobOptions
  /** The maximum number of bytes in a message before it is sealed. */
  readonly largestMessage: number
}

/** What the broker holds of a job: `lost` if it has lost everything, `empty` if no task waits there or is being done. */
export type PostState = 'unknown' | 'lost' | 'empty' | 'busy'

/** The tasks of a job that the broker holds: that wait, that workers have, and how many of these it gave out again. */
export interface Held {
  readonly pending: number
  readonly atWorkers: number
  readonly again: number
}

interface Letter {
  readonly subject: (stream: StreamNames) => string
  readonly data: Uint8Array
  readonly id: string
}

/** The number of messages that are sent before the broker has confirmed them. */
const UNCONFIRMED = 32

/**
 * If the broker does not say what is in a stream for this time, in milliseconds, the stream counts as lost: the node that had it
 * may never come back. An election of a leader is shorter.
 */
const SILENCE = 6000

/** What the broker may hold longer than any job lasts, in nanoseconds: a day. */
const MAXIMUM_AGE = 24 * 3600 * 1e9

/**
 * Brings the messages of a job to the broker, in a stream in memory. The NATS client silently
 * drops what is published while the connection is down, and the broker can lose what it has confirmed when it ends. So every
 * message is published until it is confirmed, and can be published again.
 */
export class Posting {
  readonly #context: UnmaskerContext
  readonly #names: JobNames
  /** What must be there as long as the job lasts. */
  readonly #kept: Letter[] = []
  readonly #queue: Letter[] = []
  /** The streams that were created and must be deleted. */
  readonly created: Set<string> = new Set()
  #sending = 0
  #count = 0
  #isClosed = false
  /** The stream, if it was created and is not known to be lost. */
  #stream: StreamNames | undefined
  #checking: Promise<PostState> | undefined
  /** Since when the broker has not said what it holds. */
  #silentSince: number | undefined
  #held: Held = { pending: 0, atWorkers: 0, again: 0 }

  constructor(context: UnmaskerContext, names: JobNames) {
    this.#context = context
    this.#names = names
  }

  /** What the broker held when it was asked last. */
  get held(): Held {
    return this.#held
  }

  /** Whether a check is in progress. */
  get isChecking(): boolean {
    return this.#checking !== undefined
  }

  /** Creates the stream, and tells the workers. If that fails, the next check tries again. */
  async open(): Promise<void> {
    const { broker, cluster, options, counters } = this.#context
    this.#stream = undefined
    try {
      const stream = this.#names.stream((await defaultCrypto('aes')).randomBytes(16))
      const { stream: name, subject } = stream
      this.created.add(name)
      await broker.manager.streams.add({
        name,
        subjects: [`${subject}.task.*`, `${subject}.seeds.*`],
        retention: 'workqueue',
        storage: 'memory',
        num_replicas: options.replicas,
        max_age: MAXIMUM_AGE,
        allow_direct: true,
      })
      await broker.manager.consumers.add(name, {
        durable_name: CONSUMER,
        filter_subject: `${subject}.task.*`,
        ack_policy: 'explicit',
        ack_wait: options.redeliverAfter * 1e6,
        max_ack_pending: -1,
        max_deliver: -1,
      })
      broker.connection.publish(cluster.jobs, name)
      this.#stream = stream
      this.#pump()
    } catch {
      counters.add('broker_failures_total')
    }
  }

  /** Sends seeds, which must be there as long as the job lasts. The message must not change. */
  keep(name: string, data: Uint8Array): void {
    const letter = this.#letter((stream) => seedsSubject(stream, name), data)
    this.#kept.push(letter)
    this.#queue.push(letter)
    this.#pump()
  }

  /** Sends again what must be there. */
  sendKept(): void {
    this.#queue.unshift(...this.#kept.map((letter) => ({ ...letter, id: this.#nextId() })))
    this.#pump()
  }

  /** Sends a task, which goes once a worker is done with it. The message must not change. */
  send(name: string, data: Uint8Array): void {
    this.#queue.push(this.#letter((stream) => taskSubject(stream, name), data))
    this.#pump()
  }

  /** Asks the broker. If it has lost the stream, everything that was kept is sent again, and the caller sends the rest. */
  check(): Promise<PostState> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined
    })
    return this.#checking
  }

  /** Stops sending. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#queue.length = 0
    // A stream that is being created would otherwise be created after it has been deleted.
    await this.#checking
  }

  async #check(): Promise<PostState> {
    const { broker, counters } = this.#context
    if (!broker.isUp()) return 'unknown'
    try {
      if (this.#stream === undefined) return await this.#openAgain()
      const info = await broker.manager.consumers.info(this.#stream.stream, CONSUMER)
      this.#held = {
        pending: info.num_pending,
        atWorkers: info.num_ack_pending,
        again: info.num_redelivered,
      }
      this.#silentSince = undefined
      const isEmpty = info.num_pending + info.num_ack_pending + this.#queue.length + this.#sending === 0
      return isEmpty ? 'empty' : 'busy'
    } catch (error) {
      if (!isMissing(error) || this.#isClosed) {
        counters.add('broker_failures_total')
        this.#silentSince ??= Date.now()
        if (this.#isClosed || Date.now() - this.#silentSince < SILENCE) return 'unknown'
      }
    }
    return this.#openAgain()
  }

  async #openAgain(): Promise<PostState> {
    if (this.#isClosed) return 'unknown'
    this.#silentSince = undefined
    this.#queue.length = 0
    await this.open()
    if (this.#stream === undefined) return 'unknown'
    this.#queue.push(...this.#kept)
    this.#pump()
    return 'lost'
  }

  #letter(subject: Letter['subject'], data: Uint8Array): Letter {
    return { subject, data, id: this.#nextId() }
  }

  #nextId(): string {
    return `${this.#count++}`
  }

  #pump(): void {
    while (this.#stream !== undefined && this.#sending < UNCONFIRMED && !this.#isClosed) {
      const letter = this.#queue.shift()
      if (letter === undefined) return
      this.#sending++
      void this.#publish(letter, this.#stream).finally(() => {
        this.#sending--
        this.#pump()
      })
    }
  }

  /** Never rejects. */
  async #publish(letter: Letter, stream: StreamNames): Promise<void> {
    const { broker, counters } = this.#context
    const { subject, data, id } = letter
    try {
      if (!broker.isUp()) throw new Error('the connection is down')
      await broker.stream.publish(subject(stream), data, { msgID: id, retries: 1, timeout: QUESTION_TIMEOUT })
      counters.add('sent_bytes_total', data.length)
    } catch {
      counters.add('broker_failures_total')
      // Everything is sent again to a new stream.
      if (this.#isClosed || stream !== this.#stream) return
      this.#queue.push(letter)
      await sleep(PAUSE)
    }
  }
}
