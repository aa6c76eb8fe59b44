import { SecAggError } from '../../errors.js'
import { Inbox, type OwnConnection, requireMessage } from './connection.js'

/**
 * Two ends of a connection within one program: for tests, and for transports that come in requests, as HTTP with long
 * polling does. There the host keeps one end: a request that brings a message is answered when `send` resolves, one that
 * fetches a message with the next of `messages`.
 * @public
 */
export function connectionPair(): [OwnConnection, OwnConnection] {
  const ends: readonly [End, End] = [new End(() => ends[1]), new End(() => ends[0])]
  return [ends[0], ends[1]]
}

class End implements OwnConnection {
  readonly #other: () => End
  #room: { readonly settled: Promise<void>; resolve(): void } | undefined
  #closed = false
  readonly messages: Inbox = new Inbox({ pause: () => this.#pause(), resume: () => this.#resume() })

  constructor(other: () => End) {
    this.#other = other
  }

  /** Resolves when the other end has read it. */
  async send(bytes: Uint8Array): Promise<void> {
    const copy = new Uint8Array(requireMessage(bytes))
    const other = this.#other()
    if (this.#closed || other.#closed) throw closed()
    other.messages.push(copy)
    await other.#room?.settled
    if (other.#closed && !this.#closed) throw closed()
  }

  close(): void {
    const other = this.#other()
    this.#closed = true
    this.messages.end()
    other.messages.end()
    this.#resume()
    // What this end has sent is not waited for any longer; it can still be read.
    other.#resume()
  }

  #pause(): void {
    let resolve = (): void => {}
    const settled = new Promise<void>((done) => {
      resolve = done
    })
    this.#room = { settled, resolve }
  }

  #resume(): void {
    this.#room?.resolve()
    this.#room = undefined
  }
}

function closed(): SecAggError {
  return new SecAggError('connection-lost', 'network', 'the other end is closed')
}
