import { reading } from '../arguments.js'
import { type Bytes, isBytes, plainBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'

/**
 * What a round needs of a network: whole messages, in order, over a channel that is authenticated and encrypted. A
 * message arrives once, or again in the same place, or the connection ends; it is never changed or overtaken.
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

/** A connection that the library makes: any bytes can be sent, of shared memory too. */
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
