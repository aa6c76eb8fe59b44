import { SecAggError } from '../errors.js'
import type { Connection } from './connection.js'
import { Inbox } from './inbox.js'

/** What a browser's and Node's `MessagePort` have in common, and what a `Worker` has of it. */
export interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  start?(): void
  close?(): void
}

/** Messages that may be on their way before `send` waits for one to be read. */
const WINDOW = 4

/** In place of a message: one has been read; the port is closed, which the other side is not told otherwise. */
const READ = 'read'
const CLOSED = 'closed'

/** A connection over a `MessagePort`, both ends of it: to another window, worker or frame. */
export function messagePortConnection(port: Port): Connection {
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
  port.addEventListener('message', ({ data }) => {
    if (data instanceof Uint8Array) return inbox.push(data)
    if (data === CLOSED) return over()
    if (data !== READ) return
    unread--
    wake()
  })
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
      while (!closed && unread >= WINDOW) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve)
        })
      }
      if (closed) throw new SecAggError('connection-lost', 'network', 'the port is closed')
      unread++
      // A copy, as what is posted may be a part of a larger buffer, and that would go with it.
      const copy = bytes.slice()
      port.postMessage(copy, [copy.buffer])
    },
    close,
  }
}
