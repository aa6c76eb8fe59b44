import type { Bytes } from '../../crypto/bytes.js'
import { type PhaseName, SecAggError } from '../../errors.js'
import type { ClientSession, MessageLimits } from '../../session/index.js'
import { type Clock, timer, timerIfAny } from '../clock.js'
import { type Connection, requireMessage } from '../connections/connection.js'
import { Lost, lossOf } from '../failures.js'
import { decodeNotice, Ending, encodeNotice, ignore, isNotice, type Notice } from '../notices.js'
import { PING, Pulse } from '../pulse.js'
import type { ClientEvent } from './client-options.js'

/** Milliseconds after which a connection holds: one that a message breaks is over before. */
const HOLDING = 10_000

/** The longest silence by default: so many milliseconds, and one for so many bytes of the longest message. */
const MINUTE = 60_000
const SLOWEST = 32

export interface ConversationOptions {
  readonly emit: (event: ClientEvent) => void
  readonly clock: Clock
  /** Milliseconds; see `RunClientOptions`. */
  readonly maximumSilence: number | undefined
  /** Whether the server is silent by nature: {@link Conversation.wasMute} of an earlier one. */
  readonly isMute: boolean
}

/** A client's session over one connection: it reads while it answers, as an answer may be long and come too late. */
export class Conversation {
  readonly #session: ClientSession
  readonly #connection: Connection
  readonly #limit: number
  readonly #emit: (event: ClientEvent) => void
  readonly #clock: Clock
  readonly #pulse: Pulse
  /** Whether heartbeats are wanted. */
  readonly #beats: boolean
  #isBeating = false
  #wasMute = false
  readonly #ending = new Ending()
  #answers: Promise<void> = Promise.resolve()
  /** The message that is being sent, whatever becomes of it. */
  #sending: Promise<unknown> = Promise.resolve()
  /** Answers that are not finished. */
  #unfinished = 0
  /** The number of messages that have called for an answer. */
  #asked = 0
  readonly #began: PhaseName
  #held = false
  #longest = 0
  /** Milliseconds are counted from the last message that was sent. */
  #stopHolding = ignore

  constructor(
    session: ClientSession,
    connection: Connection,
    { fromServer }: MessageLimits,
    { emit, clock, maximumSilence, isMute }: ConversationOptions,
  ) {
    this.#began = session.phase
    this.#beats = maximumSilence !== Number.POSITIVE_INFINITY
    this.#session = session
    this.#connection = connection
    this.#limit = fromServer
    this.#emit = emit
    this.#clock = clock
    this.#pulse = new Pulse({
      clock,
      maximumSilence: maximumSilence ?? MINUTE + fromServer / SLOWEST,
      counts: maximumSilence !== undefined ? 'always' : isMute ? 'known' : 'asked',
      speaks: false,
      send: (beat) => this.#sendBeat(beat),
      lost: (reason, known) => {
        this.#wasMute = !known
        this.end(new Lost(reason))
      },
    })
  }

  /** Resolves when the session does nothing more for this connection, once it is over. */
  get finished(): Promise<void> {
    return this.#answers
  }

  /**
   * Whether the round has gone on meanwhile, or the connection has held for a while with everything sent: the next one is
   * then not another attempt at the same.
   */
  get succeeded(): boolean {
    return this.#held || this.#session.phase !== this.#began
  }

  /** Whether it was lost to the silence of a server that has sent no heartbeat, and may know of none. */
  get wasMute(): boolean {
    return this.#wasMute
  }

  /** Bytes of the longest message that was sent, or was about to be. */
  get longest(): number {
    return this.#longest
  }

  /** Breaks off with this reason. */
  end(reason: unknown): void {
    this.#ending.end(reason)
  }

  /**
   * The server's last word.
   * @throws {Lost} where the connection is lost before.
   * @throws what the session throws.
   */
  async run(): Promise<Notice> {
    const messages = this.#connection.messages[Symbol.asyncIterator]()
    try {
      this.#emit({ type: 'connected' })
      this.#hold()
      // What the server cannot ask for: it does not know the client yet.
      if (this.#session.phase === 'advertise-keys') this.#answer(() => this.#session.start())
      this.#pulse.start()
      // After the first message, before which nothing is sent; and before a long one, behind which it would wait.
      if (this.#beats) this.#answers.then(() => this.#sendBeat(PING)).catch(ignore)
      for (;;) {
        const bytes = await this.#next(messages)
        if (this.#pulse.heard(bytes)) continue
        this.#emit({ type: 'received', bytes: bytes.length })
        if (isNotice(bytes)) return await this.#lastWord(bytes)
        this.#answer(() => this.#session.receive(bytes))
        // A server that floods is not read on.
        this.#pulse.listening = false
        if (this.#unfinished > 2) await this.#ending.race(this.#answers)
        this.#pulse.listening = true
      }
    } catch (error) {
      if (!(error instanceof Lost)) await this.#leave()
      throw error
    } finally {
      this.#stopHolding()
      this.#pulse.stop()
      this.#ending.end(new Lost('closed'))
      lostUnless(() => this.#connection.close()).catch(ignore)
    }
  }

  async #next(messages: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
    const next = await this.#ending.race(lostUnless(() => messages.next()))
    if (next.done === true) {
      throw new Lost(
        new SecAggError('connection-lost', 'network', 'the other side has closed the connection'),
      )
    }
    const bytes = requireMessage(next.value)
    if (bytes.length > this.#limit) {
      throw new SecAggError('malformed-message', 'server', 'a message is longer than any of the round', {
        expected: this.#limit,
        got: bytes.length,
      })
    }
    return bytes
  }

  async #lastWord(bytes: Uint8Array): Promise<Notice> {
    const notice = decodeNotice(bytes)
    if (notice?.kind === 'refused') await this.#leave()
    if (notice !== undefined) return notice
    throw new SecAggError('malformed-message', 'server', 'the server sent a malformed notice')
  }

  /** Makes and sends an answer once those before it are sent; of a vector no more slices than until the next message. */
  #answer(make: () => Promise<Bytes>): void {
    const asked = ++this.#asked
    this.#unfinished++
    this.#answers = this.#answers.then(async () => {
      if (this.#ending.over) return
      try {
        await this.#send(await make())
        for await (const slice of this.#session.slices()) {
          if (this.#ending.over || asked !== this.#asked) break
          await this.#send(slice)
        }
      } catch (error) {
        this.#ending.end(error)
      } finally {
        this.#unfinished--
      }
    })
  }

  async #send(bytes: Bytes): Promise<void> {
    if (this.#ending.over) throw this.#ending.reason
    const phase = this.#session.phase
    this.#longest = Math.max(this.#longest, bytes.length)
    await this.#ending.race(this.#inTurn(bytes))
    this.#emit({ type: 'sent', phase, bytes: bytes.length })
    this.#hold()
  }

  /** Sends when what is being sent is gone. */
  #inTurn(bytes: Bytes): Promise<void> {
    const sending = this.#sending.then(() => lostUnless(() => this.#connection.send(bytes)))
    this.#sending = sending.then(() => this.#pulse.sent(), ignore)
    return sending
  }

  /** One at a time: a server that floods gets no more. */
  #sendBeat(beat: Bytes): void {
    if (this.#isBeating || this.#ending.over) return
    this.#isBeating = true
    const done = (): void => {
      this.#isBeating = false
    }
    this.#inTurn(beat).then(done, (error) => this.#ending.end(error))
  }

  /** Begins to count how long the connection holds. */
  #hold(): void {
    this.#stopHolding()
    this.#stopHolding = timerIfAny(this.#clock, HOLDING, () => {
      if (this.#unfinished === 0) this.#held = true
    })
  }

  /** The part of this client is over for good, whoever is to blame; the others need not wait for it. */
  async #leave(): Promise<void> {
    this.#ending.end(new Lost('the client leaves'))
    await briefly(
      this.#clock,
      this.#sending.then(() => leave(this.#connection)),
    )
  }
}

/** What a connection throws means that it is lost, unless it is a mistake. */
async function lostUnless<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw lossOf(cause, true)
  }
}

/** Milliseconds that a client takes to say that nothing more will come from it. */
const FAREWELL = 2000

/** Waits for `work`, for a while, whatever becomes of it. */
export async function briefly(clock: Clock, work: Promise<unknown>): Promise<void> {
  let cancel = ignore
  const late = new Promise<void>((resolve) => {
    cancel = timer(clock, FAREWELL, resolve)
  })
  await Promise.race([work.then(ignore, ignore), late])
  cancel()
}

/** Tells the server that nothing more will come, so that nobody waits for this client. */
export async function leave(connection: Connection): Promise<void> {
  await connection.send(encodeNotice({ kind: 'leaving' }))
}
