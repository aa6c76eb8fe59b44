import { SecAggError } from '../../errors.js'
import { Inbox, type OwnConnection, requireMessage } from './connection.js'

/**
 * Makes the two ends of a connection within one program.
 *
 * Use it in tests, and for transports that consist of requests, such as HTTP with long polling. There the server passes
 * one end to `connect` and keeps the other one for the client's requests. It answers a request that brings a message
 * when `send` resolves, and a request that fetches a message with the next one of `messages`.
 *
 * @returns The two ends. What is sent on one arrives on the other.
 * @example
 * ```ts
 * import { connectionPair } from 'secagg/transport'
 *
 * const [here, there] = connectionPair()
 * here.send(Uint8Array.of(1, 2, 3))
 * here.close()
 * for await (const message of there.messages) console.log(message) // Uint8Array(3) [ 1, 2, 3 ]
 * ```
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

  /** Resolves when the other end has read the message. */
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
    // Calls of `send` on this end stop waiting. The other end can still read what they sent.
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
