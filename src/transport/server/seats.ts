import { usageError } from '../../errors.js'
import { type MessageLimits, messageLimits, type ServerSession, type SumSink } from '../../session/index.js'
import { type Clock, checkTime, systemClock, timer } from '../clock.js'
import { type Connection, requireConnection } from '../connections/connection.js'
import { decodeNotice, Ending, encodeNotice, ignore, isNotice, type Notice } from '../notices.js'
import { checkSilence } from '../pulse.js'
import { Absence, type Answers } from './answers.js'
import { type Due, Link, type LinkHost } from './link.js'
import type { ServeRoundOptions, ServerEvent } from './server-options.js'
import { Floods, UploadPlaces, uploadTimeFor } from './upload-places.js'

/** How a round ended, as its clients are told; `silent` if they are not told, because the round can be resumed. */
export type End = { readonly sum: ReadonlySet<number> } | { readonly code: string } | 'silent'

/** The parts of a round that its connections need. */
export interface RoundView {
  opening(): Promise<ServerSession<SumSink | undefined>>
  /** The answers of the open phase; `undefined` before the first phase. */
  answers(): Answers | undefined
  end(): End | undefined
  tell(event: ServerEvent): void
}

/** The seats of a round: who is connected, what to send to each seat, and what arrives from it. */
export class Seats implements LinkHost {
  readonly absence: Absence
  readonly #options: ServeRoundOptions<SumSink | undefined>
  readonly #round: RoundView
  readonly #clock: Clock
  readonly #farewell: number
  readonly #limits: MessageLimits
  #session: ServerSession<SumSink | undefined> | undefined
  /** The current connection of each seat. */
  readonly #links = new Map<number, Link>()
  /** All connections that have not ended yet. */
  readonly #running = new Map<Link, Promise<void>>()
  readonly #floods = new Floods()
  readonly #uploads: UploadPlaces
  #sinceCheckpoint = 0

  constructor(options: ServeRoundOptions<SumSink | undefined>, round: RoundView) {
    const { clock = systemClock, uploadTime, farewell = 5000 } = options
    const { reconnectTime = Number.POSITIVE_INFINITY } = options
    if (uploadTime !== undefined) checkTime('uploadTime', uploadTime)
    checkTime('farewell', farewell)
    checkTime('reconnectTime', reconnectTime)
    checkSilence(options.maximumSilence)
    if (options.checkpointEvery !== undefined && options.save === undefined) {
      throw usageError('invalid-argument', 'checkpointEvery needs the option save')
    }
    this.#options = options
    this.#round = round
    this.#clock = clock
    this.#farewell = farewell
    this.absence = new Absence(clock, reconnectTime, () => round.answers()?.check())
    this.#limits = messageLimits(options.config)
    const time = uploadTime ?? uploadTimeFor(options)
    this.#uploads = new UploadPlaces(clock, time, (seat) => this.#evict(seat))
  }

  connect(seat: number, connection: Connection): void {
    const { clients } = this.#options.config
    if (!(Number.isInteger(seat) && seat >= 0 && seat < clients)) {
      throw usageError('invalid-argument', `the seat must be a whole number from 0 to ${clients - 1}`, {
        got: seat,
      })
    }
    requireConnection(connection)
    const before = this.#links.get(seat)
    const { maximumSilence = Number.POSITIVE_INFINITY } = this.#options
    const link = new Link(seat, connection, this, { clock: this.#clock, maximumSilence })
    this.#links.set(seat, link)
    if (!this.#floods.isShutOut(seat)) this.absence.comeBack(seat)
    before?.replace()
    this.#running.set(link, this.#serve(link, before && this.#running.get(before)))
  }

  /** Call this when there may be something to send to every seat. */
  wake(): void {
    for (const link of this.#links.values()) link.wake()
  }

  /** Call this when no more vectors are collected. */
  endUploads(): void {
    this.#uploads.endAll()
  }

  /** Gives the clients some time to fetch the last notice, then closes all connections. */
  async close(): Promise<void> {
    this.absence.close()
    const late = new Ending()
    const cancel = timer(this.#clock, this.#farewell, () => late.end(undefined))
    const left = (async () => {
      while (this.#running.size > 0) await Promise.all(this.#running.values())
    })()
    await late.race(left).catch(ignore)
    cancel()
    for (const link of this.#running.keys()) link.end('the round is over')
  }

  async #serve(link: Link, before: Promise<void> | undefined): Promise<void> {
    const { seat } = link
    this.#round.tell({ type: 'connected', seat })
    // First, finish the work of the seat's earlier connection.
    await before
    this.#session ??= await this.#round.opening().catch(() => undefined)
    // A connection that comes after the end of the round needs its own timer.
    const cancel =
      this.#round.end() === undefined
        ? ignore
        : timer(this.#clock, this.#farewell, () => link.end('the round is over'))
    const cause = await link.run()
    cancel()
    if (this.#links.get(seat) === link) {
      this.#links.delete(seat)
      if (this.#round.end() === undefined) this.absence.lose(seat)
    }
    await this.#discardUpload(seat)
    this.#running.delete(link)
    this.#round.tell({ type: 'disconnected', seat, cause })
  }

  /** Frees the place of an incomplete vector. Its client will send the vector again from the beginning. */
  async #discardUpload(seat: number): Promise<void> {
    this.#uploads.end(seat)
    if (this.#limits.slices === 1 || this.#round.end() !== undefined) return
    try {
      await this.#session?.discardUpload(seat)
    } catch (error) {
      this.#round.tell({ type: 'failed', seat, error })
    }
  }

  due(link: Link): Due | undefined {
    const { seat } = link
    const end = this.#round.end()
    if (end !== undefined) return end === 'silent' ? { last: true } : last(lastWord(end, seat))
    const shutOut = this.#floods.isShutOut(seat)
    if (shutOut !== undefined) return last({ kind: 'refused', code: shutOut })
    const session = this.#session
    const answers = this.#round.answers()
    if (session === undefined || answers === undefined) return undefined
    if (link.refused !== undefined) {
      const bytes = encodeNotice({ kind: 'refused', code: link.refused })
      link.refused = undefined
      return { bytes, last: false }
    }
    const upload = answers.phase === 'masked-input' && answers.isWaitingFor(seat) && session.uploadFor(seat)
    if (upload === 'later') return undefined
    if (upload && upload.ticket !== link.ticket) {
      // The client sends its vector in answer to the message of the phase, so that message is sent again after the notice.
      link.ticket = upload.ticket
      link.told = undefined
      const { address, ticket } = upload
      return { bytes: encodeNotice({ kind: 'upload', address, ticket }), last: false }
    }
    if (answers.phase === 'advertise-keys' || link.told === answers.phase) return undefined
    const bytes = session.messageFor(seat)
    if (bytes === undefined) return last({ kind: 'late' })
    return answers.isWaitingFor(seat) ? { bytes, phase: answers.phase, last: false } : undefined
  }

  async take(link: Link, bytes: Uint8Array): Promise<boolean> {
    if (this.#round.end() !== undefined || this.#floods.isShutOut(link.seat) !== undefined) return false
    if (bytes.length > this.#limits.fromClient) {
      return this.#shutOut(link, 'message-too-long')
    }
    if (isNotice(bytes)) return this.#heed(link, bytes)
    try {
      return await this.#give(link, bytes)
    } catch (error) {
      if (link.ending.over) return false
      this.#round.tell({ type: 'failed', seat: link.seat, error })
      throw error
    }
  }

  /** Passes a message to the session when there is room for it. */
  async #give(link: Link, bytes: Uint8Array): Promise<boolean> {
    const { seat } = link
    const session = this.#session!
    let answers: Answers | undefined
    const receipt = await this.#uploads.deliver(seat, link.ending, () => {
      answers = this.#round.answers()
      return session.receive(seat, bytes)
    })
    switch (receipt.status) {
      case 'accepted':
        this.#floods.useful(seat)
        await this.#accepted(session, seat, answers)
        return true
      case 'duplicate':
        return this.#useless(link)
      case 'refused':
        // A late client gets a notice of its own from `due`.
        if (receipt.error.code !== 'late-message') link.refused = receipt.error.code
        link.wake()
        return this.#useless(link)
    }
  }

  /** `answers` belong to the phase that was open when the session received the message. */
  async #accepted(
    session: ServerSession<SumSink | undefined>,
    seat: number,
    answers: Answers | undefined,
  ): Promise<void> {
    if (session.uploadFor(seat) !== undefined && session.waitingFor.includes(seat)) {
      // This was the proof before the vector. Now the client gets its ticket.
      this.#links.get(seat)?.wake()
      return
    }
    if (this.#limits.slices > 1 && session.phase === 'masked-input') {
      if (session.waitingFor.includes(seat)) {
        this.#uploads.progress(seat)
        return
      }
      this.#uploads.end(seat)
    }
    try {
      await this.#checkpoint(session)
    } finally {
      // If the next phase was opened in the meantime, the seat still has to answer there.
      if (answers === this.#round.answers()) {
        answers?.answer(seat, session.complaining.includes(seat))
        this.#tally(session, answers)
      }
    }
  }

  /** A checkpoint completes vectors that waited for the store of slices. Their clients have nothing more to send. */
  #tally(session: ServerSession<SumSink | undefined>, answers: Answers | undefined): void {
    if (this.#limits.slices === 1 || session.phase !== 'masked-input' || answers?.phase !== session.phase)
      return
    const waiting = new Set(session.waitingFor)
    for (const seat of answers.missing) if (!waiting.has(seat)) answers.answer(seat)
  }

  async #checkpoint(session: ServerSession<SumSink | undefined>): Promise<void> {
    const { checkpointEvery = Number.POSITIVE_INFINITY } = this.#options
    if (++this.#sinceCheckpoint < checkpointEvery || session.phase === undefined) return
    this.#sinceCheckpoint = 0
    await session.checkpoint().catch((error: unknown) => {
      // If the sum was computed in the meantime, the checkpoint is no longer needed.
      if (session.phase !== undefined) throw error
    })
  }

  #useless(link: Link): boolean {
    return this.#floods.useless(link.seat) || this.#shutOut(link, 'too-many-messages')
  }

  #heed(link: Link, bytes: Uint8Array): boolean {
    const { seat } = link
    if (decodeNotice(bytes)?.kind !== 'leaving') return this.#useless(link)
    this.#round.tell({ type: 'left', seat })
    this.absence.leave(seat)
    return true
  }

  #shutOut(link: Link, code: string): boolean {
    const { seat } = link
    this.#floods.shutOut(seat, code)
    this.#round.tell({ type: 'shut-out', seat, code })
    this.absence.leave(seat)
    link.wake()
    return false
  }

  #evict(seat: number): void {
    this.#round.tell({ type: 'evicted', seat })
    this.#links.get(seat)?.end('its vector took too long, or stalled, while others waited')
  }
}

function last(notice: Notice): Due {
  return { bytes: encodeNotice(notice), last: true }
}

function lastWord(end: Exclude<End, 'silent'>, seat: number): Notice {
  if ('sum' in end) return { kind: 'finished', included: end.sum.has(seat) }
  return { kind: 'aborted', code: end.code }
}
