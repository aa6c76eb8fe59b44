import type { Bytes } from '../../crypto/bytes.js'
import type { PhaseName } from '../../errors.js'
import type { Clock } from '../clock.js'
import { type Connection, requireMessage } from '../connections/connection.js'
import { Ending, encodeNotice, ignore } from '../notices.js'
import { Pulse } from '../pulse.js'

/** What one seat is to be told now. */
export interface Due {
  /** Nothing, where the connection is to be closed without a word. */
  readonly bytes?: Bytes
  /** The round to which it belongs, if any. */
  readonly phase?: PhaseName
  /** Whether nothing follows. */
  readonly last: boolean
}

/** What a link asks of its round. */
export interface LinkHost {
  /** What the seat is to be told now, if anything; asked again after {@link Link.wake}. */
  due(link: Link): Due | undefined
  /** Takes in a message; `false`: read nothing more of this connection. */
  take(link: Link, bytes: Uint8Array): Promise<boolean>
}

/** One connection of one seat. Messages are asked for when they can be sent, so a slow client holds up nobody. */
export class Link {
  readonly seat: number
  /** Breaks off what waits for this connection. */
  readonly ending: Ending = new Ending()
  /** The round whose message went over this connection last. */
  told: PhaseName | undefined
  /** Why a message of this connection was refused, until it is told. */
  refused: string | undefined
  readonly #connection: Connection
  readonly #host: LinkHost
  readonly #pulse: Pulse
  /** The heartbeat that is due, if any. */
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

  /** Something may be due. */
  wake(): void {
    this.#wake()
  }

  /** Another connection takes the place of this one, which is told so unless a message is still being sent. */
  replace(): void {
    if (!this.#isSending) {
      attempt(() => this.#connection.send(encodeNotice({ kind: 'replaced' }))).catch(ignore)
    }
    this.end('replaced')
  }

  /** Closes the connection and breaks off what waits for it. */
  end(reason: unknown): void {
    if (this.ending.over) return
    this.#pulse.stop()
    this.ending.end(reason)
    attempt(() => this.#connection.close()).catch(ignore)
  }

  /** Resolves when the connection is over and nothing of it is under way, with why it is over. */
  async run(): Promise<unknown> {
    const over = (reason: unknown): void => this.end(reason)
    if (!this.ending.over) this.#pulse.start()
    const reading = this.#read().catch(over)
    const writing = this.#write().then(() => over(undefined), over)
    // Read and written to its end it is over; where only reading has stopped, the last word is still to be said.
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
      // As long as there is no room for more, the other side is not read, and so not silent.
      this.#pulse.listening = false
      if (!(await this.#host.take(this, bytes))) return
      this.#pulse.listening = true
    }
  }
}

/** What is thrown at once is a rejection like any other. */
async function attempt<T>(work: () => T | Promise<T>): Promise<T> {
  return work()
}
