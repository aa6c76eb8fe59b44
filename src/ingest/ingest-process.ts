import { type Bytes, bytesToHex } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import { type Clock, systemClock, timer } from '../transport/clock.js'
import type { Connection } from '../transport/connections/connection.js'
import { Ending, encodeNotice, ignore } from '../transport/notices.js'
import { Group } from './group.js'
import {
  answerOf,
  decodeRequest,
  encodeSealed,
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
  /** A connection is closed after this many milliseconds without a message. Default 60 000. */
  readonly maximumSilence?: number | undefined
  /** A round is forgotten after this many milliseconds without a request of its coordinator. Default 600 000. */
  readonly idleTime?: number | undefined
  readonly clock?: Clock | undefined
}

/** The groups of one round, by number. */
interface Round {
  readonly groups: Map<number, Group>
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
  /** The connection over which a seat sends its vector, by group and seat. A later connection replaces it. */
  readonly #senders = new WeakMap<Group, Map<number, Ending>>()
  #vectors = 0
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

  /** For metrics: the vectors and bytes that have arrived so far, and the groups that are open. */
  get counts(): { readonly vectors: number; readonly bytes: number; readonly groups: number } {
    const groups = [...this.#rounds.values()].reduce((sum, round) => sum + round.groups.size, 0)
    return { vectors: this.#vectors, bytes: this.#bytes, groups }
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
        return typeof group === 'string' ? refusalOf(group) : answerOf(encodeSealed(await group.seal()))
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
    let stop = ignore
    const listen = (): void => {
      stop()
      stop = timer(this.#clock, this.#silence, () => ending.end('silence'))
    }
    const messages = connection.messages[Symbol.asyncIterator]()
    const next = async (): Promise<Uint8Array> => {
      listen()
      const { done, value } = await ending.race(messages.next())
      if (done === true)
        throw new SecAggError('connection-lost', 'network', 'the client closed the connection')
      this.#bytes += value.length
      return value
    }
    try {
      await this.#collect(await next(), next, ending)
      this.#vectors++
      await ending.race(connection.send(encodeNotice({ kind: 'finished', included: true })))
    } catch (error) {
      if (error instanceof SecAggError && error.fault === 'peer') {
        const notice = encodeNotice({ kind: 'refused', code: error.code })
        // The client may be sending, and read nothing.
        listen()
        await ending.race((async () => connection.send(notice))()).catch(ignore)
      }
    } finally {
      stop()
      ending.end('closed')
      await (async () => connection.close())().catch(ignore)
    }
  }

  async #collect(first: Uint8Array, next: () => Promise<Uint8Array>, ending: Ending): Promise<void> {
    const ticket = first.length === TICKET_LENGTH ? openTicket(this.#key, first) : undefined
    if (ticket === undefined) throw refused('unexpected-message', 'the ticket is not valid')
    const group = this.#group(ticket)
    const { seat } = ticket
    if (typeof group === 'string' || !group.has(seat)) {
      throw refused('late-message', 'the group of this ticket is not served here, or not any more')
    }
    const senders = this.#senders.get(group) ?? new Map<number, Ending>()
    this.#senders.set(group, senders)
    senders.get(seat)?.end('replaced')
    senders.set(seat, ending)
    let begun = false
    try {
      for (;;) {
        const bytes = await next()
        for (;;) {
          if (ending.over) throw ending.reason
          const arrival = await group.receive(seat, bytes)
          if (arrival === 'complete') return
          begun = true
          if (arrival === 'more') break
          // Nothing is read from the connection in the meantime, so the client waits.
          await ending.race(arrival.room)
        }
      }
    } finally {
      if (senders.get(seat) === ending) {
        senders.delete(seat)
        // Its client will send the vector again from the beginning.
        if (begun) await group.discard(seat).catch(ignore)
      }
    }
  }

  #open({ id, shape }: Extract<Request, { kind: 'open' }>): Bytes {
    const name = bytesToHex(id.configHash)
    const round = this.#round(id.configHash) ?? { groups: new Map<number, Group>(), cancel: ignore }
    const before = round.groups.get(id.group)
    // A coordinator that was started again may not know that it has sealed this group before.
    const isSame = before?.epoch === id.epoch
    // A late request of another attempt to begin the round can name other seats.
    if (before !== undefined && (before.epoch > id.epoch || (isSame && !before.isOpenFor(shape)))) {
      return refusalOf('stale')
    }
    if (before === undefined || before.epoch < id.epoch)
      round.groups.set(id.group, new Group(shape, id.epoch))
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
    round.cancel = timer(this.#clock, this.#idleTime, () => this.#forget(name))
  }

  #group({ configHash, group, epoch }: GroupId): Group | 'unknown' | 'stale' {
    const found = this.#rounds.get(bytesToHex(configHash))?.groups.get(group)
    if (found === undefined) return 'unknown'
    return found.epoch === epoch ? found : 'stale'
  }

  #forget(name: string): void {
    this.#rounds.get(name)?.cancel()
    this.#rounds.delete(name)
  }
}

function refused(code: 'unexpected-message' | 'late-message', text: string): SecAggError {
  return new SecAggError(code, 'peer', text)
}
