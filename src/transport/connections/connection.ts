import { partsOf, reading, requireCallback, requireInteger } from '../../arguments.js'
import { type Bytes, isBytes, plainBytes } from '../../crypto/bytes.js'
import { SecAggError, usageError } from '../../errors.js'

/**
 * What a round needs from the network: a channel that is authenticated and encrypted, and delivers whole messages in
 * order. A message must not be changed, reordered or dropped. If one cannot be delivered, the connection ends. A message
 * may arrive twice, if the second copy directly follows the first.
 * @public
 */
export interface Connection {
  /**
   * Sends one message. Resolves when there is room for the next message; the caller waits for that before it sends
   * again. Rejects or throws if the connection is gone. The caller does not change the bytes afterwards.
   */
  send(bytes: Bytes): void | Promise<void>
  /**
   * The messages that arrive. They are iterated over once, and one at a time. A message that nobody has asked for yet
   * should stay with its sender. The iteration ends, or throws, when the connection ends.
   */
  readonly messages: AsyncIterable<Uint8Array>
  /** Ends the connection after everything sent so far has gone out. Calling it again has no effect. */
  close(): void
}

/**
 * A connection that this library makes. It can send any bytes, including those in shared memory.
 * @public
 */
export interface OwnConnection extends Connection {
  send(bytes: Uint8Array): Promise<void>
}

/** @throws {SecAggError} `invalid-argument` if `connection` is not a connection, for example an unwrapped socket. */
export function requireConnection(connection: unknown): Connection {
  const isConnection = reading('a connection', () => {
    const { send, messages, close } = (connection ?? {}) as Partial<Connection>
    const iterates = typeof messages?.[Symbol.asyncIterator] === 'function'
    return typeof send === 'function' && iterates && typeof close === 'function'
  })
  if (isConnection) return connection as Connection
  throw usageError(
    'invalid-argument',
    'a connection must have send, messages and close; socketConnection makes one from a WebSocket',
    {
      got: typeof connection,
    },
  )
}

/**
 * Checks a message that a connection has delivered or is to send.
 * @throws {SecAggError} `invalid-argument` if it is not a Uint8Array; the connection was then implemented wrongly.
 */
export function requireMessage(message: unknown): Bytes {
  if (isBytes(message)) return plainBytes(message)
  throw usageError('invalid-argument', 'a message of a connection must be a Uint8Array', {
    got: typeof message,
  })
}

const CAPACITY = 64

/**
 * How an {@link Inbox} slows down its sender, and how much it holds.
 * @public
 */
export interface InboxOptions {
  /** Called when a message arrives before anybody asks for it: the host should stop reading from the network. */
  readonly pause?: (() => void) | undefined
  /** Called when no message is waiting any more: the host can read again. */
  readonly resume?: (() => void) | undefined
  /** Called with the reason when too many messages are waiting, or something other than bytes has arrived: the host should close. */
  readonly close?: ((reason: SecAggError) => void) | undefined
  /** How many messages may wait, 1 or more. One more ends the connection. Default 64. */
  readonly capacity?: number | undefined
}

/**
 * Turns messages that arrive through callbacks into an `AsyncIterable`, which can be read once. Use it to implement a
 * {@link Connection} over a transport that pushes messages. The number of waiting messages is limited, because some
 * transports cannot be paused.
 * @public
 */
export class Inbox implements AsyncIterable<Uint8Array> {
  readonly #options: InboxOptions
  readonly #waiting: Uint8Array[] = []
  #reader: { resolve(result: IteratorResult<Uint8Array>): void; reject(error: unknown): void } | undefined
  #ended: { readonly error: unknown } | undefined
  #paused = false

  /** @throws {SecAggError} `invalid-argument` if an option has the wrong type or range. */
  constructor(options: InboxOptions = {}) {
    this.#options = partsOf('the options of an inbox', options)
    const { pause, resume, close, capacity = CAPACITY } = this.#options
    for (const [name, callback] of Object.entries({ pause, resume, close })) requireCallback(name, callback)
    requireInteger('capacity', capacity, 1, Number.MAX_SAFE_INTEGER)
  }

  /** Adds a message that has arrived. Anything other than a Uint8Array (from any realm) ends the connection. */
  push(bytes: Uint8Array): void {
    if (this.#ended !== undefined) return
    if (!isBytes(bytes)) {
      this.#break(otherThanBytes(bytes))
      return
    }
    const message = plainBytes(bytes)
    const reader = this.#reader
    this.#reader = undefined
    if (reader !== undefined) {
      reader.resolve({ done: false, value: message })
      return
    }
    const { capacity = CAPACITY, pause } = this.#options
    if (this.#waiting.length >= capacity) {
      this.#break(new SecAggError('connection-lost', 'network', 'too many messages are waiting to be read'))
      return
    }
    this.#waiting.push(message)
    if (!this.#paused) pause?.()
    this.#paused = true
  }

  /** Stops reading from this connection and tells the host to close it. */
  #break(error: SecAggError): void {
    this.end(error)
    this.#options.close?.(error)
  }

  /** Ends the iteration, with an error if one is given. Messages that have arrived before can still be read. */
  end(error?: unknown): void {
    if (this.#ended !== undefined) return
    this.#ended = { error }
    const reader = this.#reader
    this.#reader = undefined
    if (reader === undefined) return
    if (error === undefined) reader.resolve({ done: true, value: undefined })
    else reader.reject(error)
  }

  /** Iterates over the messages in the order in which they were pushed. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.end()
        this.#waiting.length = 0
        return { done: true, value: undefined }
      },
    }
  }

  #next(): Promise<IteratorResult<Uint8Array>> {
    const value = this.#waiting.shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#ended !== undefined) {
      const { error } = this.#ended
      return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error)
    }
    const next = new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
      this.#reader = { resolve, reject }
    })
    const paused = this.#paused
    this.#paused = false
    // This comes last, because the sender may continue immediately.
    if (paused) this.#options.resume?.()
    return next
  }
}

/** The error that ends a connection when something other than bytes arrives. */
export function otherThanBytes(data: unknown): SecAggError {
  const what = typeof data === 'string' ? 'text' : 'something else'
  const text = `the other side sent ${what} instead of bytes`
  return new SecAggError('malformed-message', 'network', text, { got: typeof data })
}
