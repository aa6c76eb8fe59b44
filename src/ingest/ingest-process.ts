import { type Bytes, bytesToHex } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import { type Clock, systemClock, timer } from '../transport/clock.js'
import type { Connection } from '../transport/connections/connection.js'
import { Ending, encodeNotice, ignore } from '../transport/notices.js'
import { UploadPlaces } from '../transport/server/upload-places.js'
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
} from './group-messages.js'

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
  readonly clock?: Clock | undefined
}

/** The clients that send vectors of one group. */
interface Senders {
  /** The connection over which a seat sends its vector. A later connection replaces it. */
  readonly connections: Map<number, Ending>
  readonly places: UploadPlaces
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
  readonly #rounds = new Map<string, Round>()
  readonly #senders = new WeakMap<Group, Senders>()
  readonly #connections = new Set<Ending>()
  #isClosed = false
  #vectors = 0
  #refused = 0
  #bytes = 0

  constructor(options: IngestProcessOptions) {
    const { key, maximumSilence = 60_000, idleTime = 600_000, clock = systemClock } = options
    if (key.length < 32)
      throw usageError('invalid-argument', 'the key for tickets must have 32 bytes or more')
    this.#key = Uint8Array.from(key)
    this.#silence = maximumSilence
    this.#idleTime = idleTime
    this.#clock = clock
  }

  /** For metrics. */
  get counts(): IngestCounts {
    const rounds = [...this.#rounds.values()]
    const groups = rounds.flatMap((round) => [...round.groups.values()])
    const waiting = groups.reduce((sum, group) => sum + (this.#senders.get(group)?.places.waiting ?? 0), 0)
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
        return answerOf(
          encodeStatus([...groups].map(([group, { epoch, arrived }]) => ({ group, epoch, arrived }))),
        )
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
    const next = async (): Promise<Uint8Array> => {
      listen()
      const { done, value } = await ending.race(messages.next())
      // What this side does in the meantime is not the client's silence.
      stop()
      if (done === true)
        throw new SecAggError('connection-lost', 'network', 'the client closed the connection')
      this.#bytes += value.length
      return value
    }
    try {
      await this.#collect(await next(), next, ending)
      listen()
      await ending.race(connection.send(encodeNotice({ kind: 'finished', included: true })))
    } catch (error) {
      if (error instanceof SecAggError && error.fault === 'peer') {
        this.#refused++
        const notice = encodeNotice({ kind: 'refused', code: error.code })
        // The client may be sending, and read nothing.
        listen()
        await ending.race((async () => connection.send(notice))()).catch(ignore)
      }
    } finally {
      stop()
      ending.end('closed')
      this.#connections.delete(ending)
      await (async () => connection.close())().catch(ignore)
    }
  }

  /** Forgets all groups, and closes all connections. */
  close(): void {
    this.#isClosed = true
    for (const name of [...this.#rounds.keys()]) this.#forget(name)
    for (const ending of [...this.#connections]) ending.end('closed')
  }

  async #collect(first: Uint8Array, next: () => Promise<Uint8Array>, ending: Ending): Promise<void> {
    const ticket = first.length === TICKET_LENGTH ? openTicket(this.#key, first) : undefined
    if (ticket === undefined) throw refused('unexpected-message', 'the ticket is not valid')
    const group = this.#group(ticket)
    const { seat } = ticket
    if (typeof group === 'string' || !group.has(seat)) {
      throw refused('late-message', 'the group of this ticket is not served here, or not any more')
    }
    const { connections, places } = this.#sendersOf(group)
    const earlier = connections.get(seat)
    earlier?.end('replaced')
    connections.set(seat, ending)
    try {
      // The vector comes again from the beginning.
      if (earlier !== undefined) await this.#discard(group, seat, places)
      for (let isComplete = false; !isComplete; ) {
        const bytes = await next()
        // While there is no room, nothing is read from the connection, so the client waits.
        await places.deliver(seat, ending, async () => {
          if (ending.over) throw ending.reason
          const arrival = await group.receive(seat, bytes)
          if (arrival === 'complete') this.#vectors++
          isComplete = arrival === 'complete' || arrival === 'known'
          return typeof arrival === 'string' ? { status: 'accepted' } : { status: 'busy', ...arrival }
        })
        if (!isComplete) places.progress(seat)
      }
    } finally {
      if (connections.get(seat) === ending) {
        connections.delete(seat)
        await this.#discard(group, seat, places)
      }
    }
  }

  #sendersOf(group: Group): Senders {
    const known = this.#senders.get(group)
    if (known !== undefined) return known
    const connections = new Map<number, Ending>()
    const evict = (seat: number): void => connections.get(seat)?.end('evicted')
    const senders = { connections, places: new UploadPlaces(this.#clock, 2 * this.#silence, evict) }
    this.#senders.set(group, senders)
    return senders
  }

  /** Forgets an incomplete vector, and frees its place. */
  async #discard(group: Group, seat: number, places: UploadPlaces): Promise<void> {
    await group.discard(seat).catch(ignore)
    places.end(seat)
  }

  /** Closes the connections to a group that is not served any more: no place in it becomes free. */
  #drop(group: Group): void {
    for (const ending of this.#senders.get(group)?.connections.values() ?? []) ending.end('dropped')
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
      if (before !== undefined) this.#drop(before)
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
    for (const group of round?.groups.values() ?? []) this.#drop(group)
  }
}

function refused(code: 'unexpected-message' | 'late-message', text: string): SecAggError {
  return new SecAggError(code, 'peer', text)
}
