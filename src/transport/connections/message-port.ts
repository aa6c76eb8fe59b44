import { partOf, requireCallback, requireMethods } from '../../arguments.js'
import { isBytes } from '../../crypto/bytes.js'
import { SecAggError } from '../../errors.js'
import { Inbox, type OwnConnection, otherThanBytes, requireMessage } from './connection.js'

/**
 * What a browser's and Node's `MessagePort` have in common, and what a `Worker` has of it.
 * @public
 */
export interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  addEventListener(
    type: 'message' | 'messageerror' | 'close' | 'error',
    listener: (event: unknown) => void,
  ): void
  start?(): void
  close?(): void
}

/** Messages that may be on their way before `send` waits for one to be read. */
const WINDOW = 4

/** In place of a message: one has been read; the port is closed, which the other side is not told otherwise. */
const READ = 'read'
const CLOSED = 'closed'

/**
 * A connection over a `MessagePort`, both ends of it: to another window, worker or frame. The port is for this alone:
 * anything else that arrives there ends the connection.
 *
 * @throws {SecAggError} `invalid-argument` where `port` is none.
 * @public
 */
export function messagePortConnection(port: Port): OwnConnection {
  requireMethods('a port', port, 'postMessage', 'addEventListener')
  for (const name of ['start', 'close']) requireCallback(`${name} of a port`, partOf('a port', port, name))
  let unread = 0
  let closed = false
  /** More than one where a farewell is sent while a message waits. */
  const waiting: (() => void)[] = []
  const wake = (): void => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  const inbox = new Inbox({ capacity: WINDOW, close: () => close() })
  const close = (): void => {
    if (closed) return
    port.postMessage(CLOSED, [])
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
    // A port may come from another realm, whose arrays are no instances of this one's.
    if (isBytes(data)) return inbox.push(data)
    if (data === CLOSED) return over()
    if (data !== READ) return fail(otherThanBytes(data))
    unread--
    wake()
  })
  // A message that cannot be read is one that is missing.
  port.addEventListener('messageerror', () => fail(lost('a message could not be read')))
  // Where there is such an event: of a thread that has died, of a port whose other side is gone.
  port.addEventListener('error', () => fail(lost('the other side has failed')))
  port.addEventListener('close', () => over())
  port.start?.()
  return {
    messages: {
      async *[Symbol.asyncIterator]() {
        for await (const bytes of inbox) {
          if (!closed) port.postMessage(READ, [])
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
      // A copy, as what is posted may be a part of a larger buffer, which would go with it. `slice` of a Buffer makes none.
      const copy = new Uint8Array(bytes)
      port.postMessage(copy, [copy.buffer])
    },
    close,
  }
}

function lost(text: string): SecAggError {
  return new SecAggError('connection-lost', 'network', text)
}
