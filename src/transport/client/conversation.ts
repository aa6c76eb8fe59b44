import type { Bytes } from '../../crypto/bytes.js'
import { type PhaseName, SecAggError } from '../../errors.js'
import type { ClientSession, MessageLimits } from '../../session/index.js'
import { type Clock, timerIfAny } from '../clock.js'
import { type Connection, requireMessage } from '../connections/connection.js'
import { Lost, lossOf } from '../failures.js'
import {
  decodeNotice,
  Ending,
  encodeNotice,
  ignore,
  isNotice,
  type LastWord,
  LONGEST_UPLOAD,
} from '../notices.js'
import { PING, Pulse } from '../pulse.js'
import type { ClientEvent, RunClientOptions } from './client-options.js'
import { silenceOf, watch } from './opening.js'
import { Uploads } from './upload.js'

/**
 * A connection that stays open for this many milliseconds after the last message counts as a success. If a message breaks
 * a connection, it does so earlier.
 */
const HOLDING = 10_000

export interface ConversationOptions {
  readonly emit: (event: ClientEvent) => void
  readonly clock: Clock
  /** Milliseconds; see `RunClientOptions`. */
  readonly maximumSilence: number | undefined
  /** Whether an earlier conversation showed that the server may not send heartbeats: its {@link Conversation.wasMute}. */
  readonly isMute: boolean
  readonly config: RunClientOptions['config']
  readonly openUpload: RunClientOptions['openUpload']
}

/**
 * A client's session over one connection. It reads while it answers, because an answer can be long, and the server may
 * stop waiting for it.
 */
export class Conversation {
  readonly #session: ClientSession
  readonly #connection: Connection
  readonly #limit: number
  readonly #emit: (event: ClientEvent) => void
  readonly #clock: Clock
  readonly #pulse: Pulse
  /** Milliseconds without anything from the server after which the connection counts as lost. */
  readonly #silence: number
  #hasBegun = false
  /** Whether heartbeats are wanted. */
  readonly #beats: boolean
  #isBeating = false
  #wasMute = false
  readonly #ending = new Ending()
  #answers: Promise<void> = Promise.resolve()
  /** Settles when the current message was sent, or could not be sent. */
  #sending: Promise<unknown> = Promise.resolve()
  /** Answers that are not finished. */
  #unfinished = 0
  /** The number of messages from the server that call for an answer. */
  #asked = 0
  readonly #began: PhaseName
  #held = false
  #longest = 0
  readonly #uploads: Uploads
  /** Stops the timer of {@link HOLDING}. */
  #stopHolding = ignore

  constructor(
    session: ClientSession,
    connection: Connection,
    { fromServer }: MessageLimits,
    { emit, clock, maximumSilence, isMute, config, openUpload }: ConversationOptions,
  ) {
    this.#silence = silenceOf(maximumSilence, fromServer)
    this.#uploads = new Uploads(config, openUpload, { clock, time: this.#silence, ending: this.#ending })
    this.#began = session.phase
    this.#beats = maximumSilence !== Number.POSITIVE_INFINITY
    this.#session = session
    this.#connection = connection
    this.#limit = fromServer
    this.#emit = emit
    this.#clock = clock
    this.#pulse = new Pulse({
      clock,
      maximumSilence: this.#silence,
      counts: maximumSilence !== undefined ? 'always' : isMute ? 'known' : 'asked',
      speaks: false,
      send: (beat) => this.#sendBeat(beat),
      lost: (reason, known) => {
        this.#wasMute = !known
        this.end(new Lost(reason))
      },
    })
  }

  /** After the end of the conversation: resolves when the session no longer works on an answer for this connection. */
  get finished(): Promise<void> {
    return this.#answers
  }

  /**
   * Whether the round has moved on during the conversation, or the connection stayed open long enough after everything
   * was sent. The next connection is then not a repetition of this attempt.
   */
  get succeeded(): boolean {
    return this.#held || this.#session.phase !== this.#began
  }

  /** Whether it ended because of silence and the server had sent no heartbeats. The server may not support them. */
  get wasMute(): boolean {
    return this.#wasMute
  }

  /** The length of the longest message that was sent or was about to be sent, in bytes. */
  get longest(): number {
    return this.#longest
  }

  /** Ends the conversation with this reason. */
  end(reason: unknown): void {
    this.#ending.end(reason)
  }

  /**
   * Runs the conversation and returns the server's last notice.
   * @throws {Lost} if the connection is lost before that.
   * @throws what the session throws.
   */
  async run(): Promise<LastWord> {
    const messages = this.#connection.messages[Symbol.asyncIterator]()
    try {
      this.#emit({ type: 'connected' })
      this.#hold()
      // The server cannot ask for the first message, because it does not know the client yet.
      if (this.#session.phase === 'advertise-keys') this.#answer(() => this.#session.start())
      this.#pulse.start()
      // The server expects the first message before anything else. A later, longer message would delay the heartbeat.
      if (this.#beats) this.#answers.then(() => this.#sendBeat(PING)).catch(ignore)
      for (;;) {
        const bytes = await this.#next(messages)
        if (this.#pulse.heard(bytes)) continue
        this.#emit({ type: 'received', bytes: bytes.length })
        const notice = isNotice(bytes) ? decodeNotice(bytes) : undefined
        this.#uploads.heard(notice)
        if (notice?.kind === 'upload') continue
        if (isNotice(bytes)) return await this.#lastWord(notice)
        this.#answer(() => this.#session.receive(bytes))
        // Stop reading for a while, in case the server floods this client with messages.
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
      throw new Lost(new SecAggError('connection-lost', 'network', 'the other side closed the connection'))
    }
    const bytes = requireMessage(next.value)
    if (bytes.length > (isNotice(bytes) ? Math.max(this.#limit, LONGEST_UPLOAD) : this.#limit)) {
      throw new SecAggError(
        'malformed-message',
        'server',
        'a message is longer than any message of this round can be',
        {
          expected: this.#limit,
          got: bytes.length,
        },
      )
    }
    return bytes
  }

  async #lastWord(notice: LastWord | undefined): Promise<LastWord> {
    if (notice?.kind === 'refused') await this.#leave()
    if (notice !== undefined) return notice
    throw new SecAggError('malformed-message', 'server', 'the server sent a malformed notice')
  }

  /** Makes and sends an answer after the earlier ones. It stops sending slices when the next message arrives. */
  #answer(make: () => Promise<Bytes>): void {
    const asked = ++this.#asked
    this.#unfinished++
    this.#answers = this.#answers.then(async () => {
      if (this.#ending.over) return
      try {
        const first = await make()
        const proof = this.#uploads.proofFor(first)
        if (proof === 'none') {
          const slices = () => this.#session.slices()
          return await this.#uploads.send({ first, make, slices, isWanted: () => asked === this.#asked })
        }
        if (proof !== undefined) return await this.#send(proof)
        await this.#send(first)
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

  /** Sends after the current message. */
  #inTurn(bytes: Bytes): Promise<void> {
    const sending = this.#sending.then(() => lostUnless(() => this.#connection.send(bytes)))
    this.#sending = sending.then(() => this.#pulse.sent(), ignore)
    if (!this.#hasBegun) {
      this.#hasBegun = true
      watch(sending, { clock: this.#clock, time: this.#silence }, (reason) => this.end(reason))
    }
    return sending
  }

  /** Only one heartbeat waits at a time, so that a server that floods this client gets no more. */
  #sendBeat(beat: Bytes): void {
    if (this.#isBeating || this.#ending.over) return
    this.#isBeating = true
    const done = (): void => {
      this.#isBeating = false
    }
    this.#inTurn(beat).then(done, (error) => this.#ending.end(error))
  }

  /** Restarts the timer that shows whether the connection stays open. */
  #hold(): void {
    this.#stopHolding()
    this.#stopHolding = timerIfAny(this.#clock, HOLDING, () => {
      if (this.#unfinished === 0) this.#held = true
    })
  }

  /** Tells the server that this client will not continue, so that the others need not wait for it. */
  async #leave(): Promise<void> {
    this.#ending.end(new Lost('the client leaves'))
    await briefly(
      this.#clock,
      this.#sending.then(() => leave(this.#connection)),
    )
  }
}

/** Turns what a connection throws into a {@link Lost}, unless it shows a mistake in the program. */
async function lostUnless<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw lossOf(cause, true)
  }
}

/** The longest time that a client takes to tell the server that it leaves, in milliseconds. */
const FAREWELL = 2000

/** Waits until `work` settles, but not longer than {@link FAREWELL} if there are timers. */
export async function briefly(clock: Clock, work: Promise<unknown>): Promise<void> {
  let cancel = ignore
  const late = new Promise<void>((resolve) => {
    cancel = timerIfAny(clock, FAREWELL, resolve)
  })
  await Promise.race([work.then(ignore, ignore), late])
  cancel()
}

/** Tells the server that this client leaves, so that nobody waits for it. */
export async function leave(connection: Connection): Promise<void> {
  await connection.send(encodeNotice({ kind: 'leaving' }))
}
