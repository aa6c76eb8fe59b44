import { partsOf, reading, requireCallback, requireInteger } from '../../arguments.js'
import { type Bytes, isBytes, plainBytes } from '../../crypto/bytes.js'
import { SecAggError, usageError } from '../../errors.js'

/**
 * What a round needs of a network: whole messages, in order, over a channel that is authenticated and encrypted. A
 * message arrives once, or again in the same place, or the connection ends; it is never changed or overtaken.
 * @public
 */
export interface Connection {
  /**
   * Sends one message. It settles when there is room for the next, which is not sent before that; it rejects or throws
   * where the connection is gone. The bytes are not changed afterwards.
   */
  send(bytes: Bytes): void | Promise<void>
  /**
   * The messages that arrive, read once and one at a time: a message that is not asked for yet should stay with its
   * sender. It ends, or throws, with the connection.
   */
  readonly messages: AsyncIterable<Uint8Array>
  /** Ends the connection, after what was sent. A second time does nothing. */
  close(): void
}

/**
 * A connection that the library makes: any bytes can be sent, of shared memory too.
 * @public
 */
export interface OwnConnection extends Connection {
  send(bytes: Uint8Array): Promise<void>
}

/** @throws {SecAggError} `invalid-argument` where `connection` is none, such as a socket that was not wrapped. */
export function requireConnection(connection: unknown): Connection {
  const isConnection = reading('a connection', () => {
    const { send, messages, close } = (connection ?? {}) as Partial<Connection>
    const iterates = typeof messages?.[Symbol.asyncIterator] === 'function'
    return typeof send === 'function' && iterates && typeof close === 'function'
  })
  if (isConnection) return connection as Connection
  throw usageError(
    'invalid-argument',
    'a connection has send, messages and close, as socketConnection returns',
    {
      got: typeof connection,
    },
  )
}

/**
 * A message that a connection has given, or that one is handed.
 * @throws {SecAggError} `invalid-argument` where it is not a Uint8Array, which is a mistake of whoever made the connection.
 */
export function requireMessage(message: unknown): Bytes {
  if (isBytes(message)) return plainBytes(message)
  throw usageError('invalid-argument', 'a message of a connection is a Uint8Array', { got: typeof message })
}

const CAPACITY = 64

/**
 * How an {@link Inbox} slows its sender down, and how much it holds.
 * @public
 */
export interface InboxOptions {
  /** Called when messages wait that nobody has asked for: time to stop reading. */
  readonly pause?: (() => void) | undefined
  /** Called when none wait any more. */
  readonly resume?: (() => void) | undefined
  /** Called when too many messages wait, or when something other than a message has arrived. */
  readonly close?: (() => void) | undefined
  /** The messages that may wait, 1 or more; one more ends the connection. Default 64. */
  readonly capacity?: number | undefined
}

/**
 * Messages that arrive by callbacks, to be read as an `AsyncIterable`, once: for transports that push. What waits is
 * bounded, since some of them cannot be paused.
 * @public
 */
export class Inbox implements AsyncIterable<Uint8Array> {
  readonly #options: InboxOptions
  readonly #waiting: Uint8Array[] = []
  #reader: { resolve(result: IteratorResult<Uint8Array>): void; reject(error: unknown): void } | undefined
  #ended: { readonly error: unknown } | undefined
  #paused = false

  /** @throws {SecAggError} `invalid-argument` for options of another kind. */
  constructor(options: InboxOptions = {}) {
    this.#options = partsOf('the options of an inbox', options)
    const { pause, resume, close, capacity = CAPACITY } = this.#options
    for (const [name, callback] of Object.entries({ pause, resume, close })) requireCallback(name, callback)
    requireInteger('capacity', capacity, 1, Number.MAX_SAFE_INTEGER)
  }

  /** Takes in a message that has arrived. Anything but a Uint8Array, of whatever realm, ends the connection. */
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
      this.#break(new SecAggError('connection-lost', 'network', 'too many messages wait to be read'))
      return
    }
    this.#waiting.push(message)
    if (!this.#paused) pause?.()
    this.#paused = true
  }

  /** Nothing more is read of this connection, and its host is told to close it. */
  #break(error: SecAggError): void {
    this.end(error)
    this.#options.close?.()
  }

  /** The connection is over; what has arrived before can still be read. */
  end(error?: unknown): void {
    if (this.#ended !== undefined) return
    this.#ended = { error }
    const reader = this.#reader
    this.#reader = undefined
    if (reader === undefined) return
    if (error === undefined) reader.resolve({ done: true, value: undefined })
    else reader.reject(error)
  }

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
    // Last, as the sender may go on at once.
    if (paused) this.#options.resume?.()
    return next
  }
}

/** Why a connection ends over which something has come that is no message. */
export function otherThanBytes(data: unknown): SecAggError {
  const what = typeof data === 'string' ? 'text' : 'something else'
  const text = `the other side sends ${what} instead of bytes`
  return new SecAggError('malformed-message', 'network', text, { got: typeof data })
}
