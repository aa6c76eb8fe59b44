import { partOf, requireCallback, requireMethods } from '../../arguments.js'
import { isBytes } from '../../crypto/bytes.js'
import { SecAggError } from '../../errors.js'
import { Inbox, type OwnConnection, otherThanBytes, requireMessage } from './connection.js'

/**
 * What {@link messagePortConnection} needs from a port. The `MessagePort` of browsers and of Node has it, and so does a
 * `Worker`.
 * @public
 */
export interface Port {
  /** Sends a message, and hands over the buffers in `transfer`. */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  /** Calls `listener` for each event of this type. */
  addEventListener(
    type: 'message' | 'messageerror' | 'close' | 'error',
    listener: (event: unknown) => void,
  ): void
  /** Starts the delivery of messages. A `Worker` does not have this, and needs no start. */
  start?(): void
  /** Disconnects the port. A `Worker` does not have this. */
  close?(): void
}

/** How many messages may be unread before `send` waits. */
const WINDOW = 4

/**
 * Posted in place of a message: one of the other side's messages has been read; or this side has closed the port, which
 * the other side would not notice otherwise.
 */
const READ = 'read'
const CLOSED = 'closed'

/**
 * Makes a connection from a `MessagePort`, to another window, worker or frame. Call it on both sides. Use the port for
 * nothing else: any other message that arrives on it ends the connection.
 *
 * @param port One end of a `MessageChannel`, or a `Worker`.
 * @returns The connection.
 * @throws {SecAggError} `invalid-argument` if `port` is not a port.
 * @example
 * ```ts
 * import { messagePortConnection } from 'secagg/transport'
 *
 * const { port1, port2 } = new MessageChannel() // pass port2 to a worker
 * const [here, there] = [messagePortConnection(port1), messagePortConnection(port2)]
 * await here.send(Uint8Array.of(1, 2, 3))
 * here.close()
 * for await (const message of there.messages) console.log(message) // Uint8Array(3) [ 1, 2, 3 ]
 * ```
 * @public
 */
export function messagePortConnection(port: Port): OwnConnection {
  requireMethods('a port', port, 'postMessage', 'addEventListener')
  for (const name of ['start', 'close']) requireCallback(`${name} of a port`, partOf('a port', port, name))
  let unread = 0
  let closed = false
  /** The calls of `send` that wait. There are two if a client sends that it leaves while another message waits. */
  const waiting: (() => void)[] = []
  const wake = (): void => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  let transfers = true
  /** Ports of workerd refuse every list of what is handed over, also an empty one. They get a copy. */
  const post = (message: unknown, transfer: ArrayBuffer[]): void => {
    if (transfers) {
      try {
        port.postMessage(message, transfer)
        return
      } catch {
        transfers = false
      }
    }
    Reflect.apply(port.postMessage, port, [message])
  }
  const inbox = new Inbox({ capacity: WINDOW, close: () => close() })
  const close = (): void => {
    if (closed) return
    post(CLOSED, [])
    over()
    port.close?.()
  }
  const over = (): void => {
    closed = true
    inbox.end()
    wake()
  }
  const fail = (error: SecAggError): void => {
    inbox.end(error)
    close()
  }
  port.addEventListener('message', (event) => {
    const { data } = event as { readonly data: unknown }
    // The port may come from another realm. Arrays of that realm are not instances of this realm's Uint8Array.
    if (isBytes(data)) return inbox.push(data)
    if (data === CLOSED) return over()
    if (data !== READ) return fail(otherThanBytes(data))
    unread--
    wake()
  })
  // A message that cannot be read is lost.
  port.addEventListener('messageerror', () => fail(lost('a message could not be read')))
  // Not every port has these events: an error of a thread that has died, and the close of a port whose other side is gone.
  port.addEventListener('error', () => fail(lost('the other side has failed')))
  port.addEventListener('close', () => over())
  port.start?.()
  return {
    messages: {
      async *[Symbol.asyncIterator]() {
        for await (const bytes of inbox) {
          if (!closed) post(READ, [])
          yield bytes
        }
      },
    },
    send: async (bytes) => {
      requireMessage(bytes)
      while (!closed && unread >= WINDOW) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
        })
      }
      if (closed) throw lost('the port is closed')
      unread++
      // The message may be a view of a larger buffer, all of which would be transferred. `slice` of a Buffer does not copy.
      const copy = new Uint8Array(bytes)
      post(copy, [copy.buffer])
    },
    close,
  }
}

function lost(text: string): SecAggError {
  return new SecAggError('connection-lost', 'network', text)
}
