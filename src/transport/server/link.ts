import type { Bytes } from '../../crypto/bytes.js'
import type { PhaseName } from '../../errors.js'
import type { Clock } from '../clock.js'
import { type Connection, requireMessage } from '../connections/connection.js'
import { Ending, encodeNotice, ignore } from '../notices.js'
import { Pulse } from '../pulse.js'

/** What the server should send to one seat now. */
export interface Due {
  /** The message; `undefined` to close the connection without sending anything. */
  readonly bytes?: Bytes
  /** The phase to which the message belongs, if any. */
  readonly phase?: PhaseName
  /** Whether it is the last message over this connection. */
  readonly last: boolean
}

/** What a link needs from its round. */
export interface LinkHost {
  /** What to send to the seat now, if anything. The link asks again after {@link Link.wake}. */
  due(link: Link): Due | undefined
  /** Handles a message that has arrived. `false` means: read nothing more from this connection. */
  take(link: Link, bytes: Uint8Array): Promise<boolean>
}

/** One connection of one seat. It fetches a message only when it can send it, so a slow client does not delay others. */
export class Link {
  readonly seat: number
  /** Ends everything that waits for this connection. */
  readonly ending: Ending = new Ending()
  /** The phase whose message was sent over this connection last. */
  told: PhaseName | undefined
  /** The ticket that was sent over this connection last, if vectors are sent elsewhere. */
  ticket: Bytes | undefined
  /** The code with which a message of this connection was refused, until the client has been told. */
  refused: string | undefined
  readonly #connection: Connection
  readonly #host: LinkHost
  readonly #pulse: Pulse
  /** The heartbeat to send next, if any. */
  #beat: Bytes | undefined
  #isSending = false
  #wake = ignore

  constructor(
    seat: number,
    connection: Connection,
    host: LinkHost,
    time: { readonly clock: Clock; readonly maximumSilence: number },
  ) {
    this.seat = seat
    this.#connection = connection
    this.#host = host
    this.#pulse = new Pulse({
      ...time,
      counts: 'known',
      speaks: true,
      send: (beat) => {
        this.#beat = beat
        this.#wake()
      },
      lost: (reason) => this.end(reason),
    })
  }

  /** Call this when there may be something to send. */
  wake(): void {
    this.#wake()
  }

  /** Closes this connection because another one takes its place. Tells the client, unless a message is being sent. */
  replace(): void {
    if (!this.#isSending) {
      attempt(() => this.#connection.send(encodeNotice({ kind: 'replaced' }))).catch(ignore)
    }
    this.end('replaced')
  }

  /** Closes the connection and ends everything that waits for it. */
  end(reason: unknown): void {
    if (this.ending.over) return
    this.#pulse.stop()
    this.ending.end(reason)
    attempt(() => this.#connection.close()).catch(ignore)
  }

  /** Runs the connection. Resolves with the reason of its end, once nothing of it is in progress. */
  async run(): Promise<unknown> {
    const over = (reason: unknown): void => this.end(reason)
    if (!this.ending.over) this.#pulse.start()
    const reading = this.#read().catch(over)
    const writing = this.#write().then(() => over(undefined), over)
    // Wait for both: after the last message was read, a last notice may still have to be sent.
    await Promise.all([reading, writing])
    return this.ending.reason
  }

  async #write(): Promise<void> {
    for (;;) {
      const due = this.#host.due(this) ?? this.#takeBeat()
      if (due === undefined) {
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        await this.ending.race(woken)
        continue
      }
      this.told = due.phase ?? this.told
      const { bytes } = due
      if (bytes !== undefined) await this.ending.race(this.#send(bytes))
      if (due.last) return this.#pulse.stop()
    }
  }

  #takeBeat(): Due | undefined {
    const bytes = this.#beat
    this.#beat = undefined
    return bytes && { bytes, last: false }
  }

  async #send(bytes: Bytes): Promise<void> {
    this.#isSending = true
    try {
      await this.#connection.send(bytes)
      this.#pulse.sent()
    } finally {
      this.#isSending = false
    }
  }

  async #read(): Promise<void> {
    const messages = this.#connection.messages[Symbol.asyncIterator]()
    for (;;) {
      const next = await this.ending.race(attempt(() => messages.next()))
      if (next.done === true) {
        this.end(undefined)
        return
      }
      const bytes = requireMessage(next.value)
      if (this.#pulse.heard(bytes)) continue
      // While this side has no room for the message, it does not read, so silence does not count.
      this.#pulse.listening = false
      if (!(await this.#host.take(this, bytes))) return
      this.#pulse.listening = true
    }
  }
}

/** Turns an error that `work` throws synchronously into a rejection. */
async function attempt<T>(work: () => T | Promise<T>): Promise<T> {
  return work()
}
