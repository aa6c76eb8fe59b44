import { type Bytes, bytesToHex } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import { type Clock, systemClock, timer } from '../transport/clock.js'
import type { Connection } from '../transport/connections/connection.js'
import { Ending, encodeNotice, ignore } from '../transport/notices.js'
import { Group, replyToSeal } from './group.js'
import {
  answerOf,
  decodeRequest,
  encodeStatus,
  type GroupId,
  openTicket,
  type Request,
  refusalOf,
  TICKET_LENGTH,
  type Ticket,
} from './group-messages.js'
import { Senders } from './senders.js'

/** Options of an {@link IngestProcess}. */
export interface IngestProcessOptions {
  /** The key with which the coordinator signs tickets. */
  readonly key: Uint8Array
  /**
   * A connection is closed after this many milliseconds without a message. Time spent waiting for a place does not count. While
   * others wait, a vector in slices may take twice as long in total, and its next slice half as long. Default 60 000.
   */
  readonly maximumSilence?: number | undefined
  /** A round is forgotten after this many milliseconds without a request of its coordinator. Default 600 000. */
  readonly idleTime?: number | undefined
  /** Called when a client has shown a valid ticket. The function that it returns is called when the connection is over. */
  readonly onUpload?: ((ticket: Ticket) => ((end: UploadEnd) => void) | undefined) | undefined
  readonly clock?: Clock | undefined
}

/** How the connection of a client with a ticket has ended. */
export interface UploadEnd {
  /** How many messages came after the ticket. */
  readonly messages: number
  /** Their length. */
  readonly bytes: number
  /** A code; `undefined` if the vector is complete. */
  readonly failure: string | undefined
}

/** What a process has counted so far: vectors and bytes that have arrived, connections that were refused, and what is open. */
export interface IngestCounts {
  readonly vectors: number
  readonly refused: number
  readonly bytes: number
  readonly groups: number
  readonly connections: number
  /** The clients that wait because too many vectors are incomplete. */
  readonly waiting: number
  /** When a coordinator asked last, in milliseconds; of several rounds, the earliest. Infinity without rounds. */
  readonly asked: number
}

/** The groups of one round, by number. */
interface Round {
  readonly groups: Map<number, Group>
  /** When its coordinator asked last, in milliseconds. */
  asked: number
  cancel(): void
}

/**
 * A process that collects masked vectors of groups of seats for a coordinator. It keeps them in memory only: if it is lost
 * before its groups are sealed, their clients send their vectors again, to another process.
 */
export class IngestProcess {
  readonly #key: Uint8Array
  readonly #silence: number
  readonly #idleTime: number
  readonly #clock: Clock
  readonly #onUpload: IngestProcessOptions['onUpload']
  readonly #rounds = new Map<string, Round>()
  readonly #senders = new WeakMap<Group, Senders>()
  readonly #connections = new Set<Ending>()
  #isClosed = false
  #vectors = 0
  #refused = 0
  #bytes = 0

  constructor(options: IngestProcessOptions) {
    const { key, maximumSilence = 60_000, idleTime = 600_000, onUpload, clock = systemClock } = options
    if (key.length < 32)
      throw usageError('invalid-argument', 'the key for tickets must have 32 bytes or more')
    this.#key = Uint8Array.from(key)
    this.#silence = maximumSilence
    this.#idleTime = idleTime
    this.#clock = clock
    this.#onUpload = onUpload
  }

  /** For metrics. */
  get counts(): IngestCounts {
    const rounds = [...this.#rounds.values()]
    const groups = rounds.flatMap((round) => [...round.groups.values()])
    const waiting = groups.reduce((sum, group) => sum + (this.#senders.get(group)?.waiting ?? 0), 0)
    return {
      vectors: this.#vectors,
      refused: this.#refused,
      bytes: this.#bytes,
      groups: groups.length,
      connections: this.#connections.size,
      waiting,
      asked: Math.min(...rounds.map(({ asked }) => asked)),
    }
  }

  /** Answers a request of the coordinator. The same request can come again, and late. */
  async handle(bytes: Uint8Array): Promise<Bytes> {
    let request: Request
    try {
      request = decodeRequest(bytes)
    } catch {
      return refusalOf('malformed')
    }
    switch (request.kind) {
      case 'open':
        return this.#open(request)
      case 'status': {
        const groups = this.#round(request.configHash)?.groups ?? new Map<number, Group>()
        const served = [...new Set(request.groups)].flatMap((group) => {
          const found = groups.get(group)
          return found === undefined ? [] : [{ group, epoch: found.epoch, arrived: found.arrived }]
        })
        return answerOf(encodeStatus(served))
      }
      case 'seal': {
        const group = this.#group(request.id)
        return typeof group === 'string' ? refusalOf(group) : replyToSeal(group, this.#clock)
      }
      case 'block': {
        const group = this.#group(request.id)
        const block = typeof group === 'string' ? undefined : group.block(request.index)
        return block === undefined
          ? refusalOf(typeof group === 'string' ? group : 'unknown')
          : answerOf(block)
      }
      case 'forget':
        this.#forget(bytesToHex(request.configHash))
        return answerOf()
    }
  }

  /**
   * Serves a client's connection: reads its ticket, then its vector, and tells it when the vector is complete. Resolves when
   * the connection is closed. Never rejects.
   */
  async accept(connection: Connection): Promise<void> {
    const ending = new Ending()
    this.#connections.add(ending)
    if (this.#isClosed) ending.end('closed')
    let stop = ignore
    const listen = (): void => {
      stop()
      stop = timer(this.#clock, this.#silence, () => ending.end('silence'))
    }
    const messages = connection.messages[Symbol.asyncIterator]()
    let [count, length] = [0, 0]
    const next = async (): Promise<Uint8Array> => {
      listen()
      const { done, value } = await ending.race(messages.next())
      // What this side does in the meantime is not the client's silence.
      stop()
      if (done === true)
        throw new SecAggError('connection-lost', 'network', 'the client closed the connection')
      this.#bytes += value.length
      count++
      length += value.length
      return value
    }
    let tell: ReturnType<NonNullable<IngestProcessOptions['onUpload']>>
    let failure: string | undefined = 'connection-lost'
    try {
      const first = await next()
      const ticket = first.length === TICKET_LENGTH ? openTicket(this.#key, first) : undefined
      if (ticket === undefined) throw refused('unexpected-message', 'the ticket is not valid')
      tell = this.#onUpload?.(ticket)
      ;[count, length] = [0, 0]
      await this.#sendersOf(ticket).collect(ticket.seat, next, ending)
      failure = undefined
      listen()
      await ending.race(connection.send(encodeNotice({ kind: 'finished', included: true })))
    } catch (error) {
      if (error instanceof SecAggError && error.fault === 'peer') {
        this.#refused++
        failure = error.code
        const notice = encodeNotice({ kind: 'refused', code: error.code })
        // The client may be sending, and read nothing.
        listen()
        await ending.race((async () => connection.send(notice))()).catch(ignore)
      }
    } finally {
      stop()
      ending.end('closed')
      this.#connections.delete(ending)
      tell?.({ messages: count, bytes: length, failure })
      await (async () => connection.close())().catch(ignore)
    }
  }

  /** Forgets all groups, and closes all connections. */
  close(): void {
    this.#isClosed = true
    for (const name of [...this.#rounds.keys()]) this.#forget(name)
    for (const ending of [...this.#connections]) ending.end('closed')
  }

  /** The senders of the group of a ticket. */
  #sendersOf(ticket: Ticket): Senders {
    const group = this.#group(ticket)
    if (typeof group === 'string' || !group.has(ticket.seat)) {
      throw refused('late-message', 'the group of this ticket is not served here, or not any more')
    }
    const known = this.#senders.get(group)
    if (known !== undefined) return known
    const senders = new Senders(group, this.#clock, this.#silence, () => this.#vectors++)
    this.#senders.set(group, senders)
    return senders
  }

  #open({ id, shape }: Extract<Request, { kind: 'open' }>): Bytes {
    const name = bytesToHex(id.configHash)
    const round = this.#round(id.configHash) ?? { groups: new Map<number, Group>(), asked: 0, cancel: ignore }
    const before = round.groups.get(id.group)
    // A coordinator that was started again may not know that it has sealed this group before.
    const isSame = before?.epoch === id.epoch
    // A late request of another attempt to begin the round can name other seats.
    if (before !== undefined && (before.epoch > id.epoch || (isSame && !before.isOpenFor(shape)))) {
      return refusalOf('stale')
    }
    if (before === undefined || before.epoch < id.epoch) {
      round.groups.set(id.group, new Group(shape, id.epoch))
      if (before !== undefined) this.#senders.get(before)?.drop()
    }
    this.#rounds.set(name, round)
    this.#touch(name, round)
    return answerOf()
  }

  #round(configHash: Uint8Array): Round | undefined {
    const name = bytesToHex(configHash)
    const round = this.#rounds.get(name)
    if (round !== undefined) this.#touch(name, round)
    return round
  }

  #touch(name: string, round: Round): void {
    round.cancel()
    round.asked = Date.now()
    if (!this.#isClosed) round.cancel = timer(this.#clock, this.#idleTime, () => this.#forget(name))
  }

  #group({ configHash, group, epoch }: GroupId): Group | 'unknown' | 'stale' {
    const found = this.#rounds.get(bytesToHex(configHash))?.groups.get(group)
    if (found === undefined) return 'unknown'
    return found.epoch === epoch ? found : 'stale'
  }

  #forget(name: string): void {
    const round = this.#rounds.get(name)
    round?.cancel()
    this.#rounds.delete(name)
    for (const group of round?.groups.values() ?? []) this.#senders.get(group)?.drop()
  }
}

function refused(code: 'unexpected-message' | 'late-message', text: string): SecAggError {
  return new SecAggError(code, 'peer', text)
}
