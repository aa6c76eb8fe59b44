import { partOf, reading, requireMethods, requireObject, shown, wrongKind } from '../../arguments.js'
import { type Bytes, isBytes } from '../../crypto/bytes.js'
import { SecAggError, usageError } from '../../errors.js'
import { ignore } from '../notices.js'
import { type OwnConnection, requireMessage } from './connection.js'

/**
 * A stream of bytes in both directions, such as a TCP socket, a pipe or a pair of web streams.
 * @public
 */
export interface ByteStream {
  /** The bytes that arrive, in pieces of any length: a Node stream or a `ReadableStream`. */
  readonly readable: AsyncIterable<Uint8Array> | WebReadable
  /** Writes bytes. Resolves when there is room for more. */
  write(bytes: Bytes): void | Promise<void>
  /** Closes both directions. */
  close(): void
}

/**
 * The part of `ReadableStream` that exists in every browser. In some, a `ReadableStream` is not async iterable.
 * @public
 */
export interface WebReadable {
  /** Locks the stream to one reader. */
  getReader(): {
    /** Resolves with the next piece, or with `done` at the end of the stream. */
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
    /** Ends the stream: nothing more is wanted from it. */
    cancel(): Promise<unknown>
  }
}

/** Each message follows its length, which has this many bytes. */
const PREFIX = 4

/**
 * Makes a connection from a stream of bytes. Each message follows its length, an unsigned 32-bit integer, little-endian.
 *
 * @param stream The stream, which must be authenticated and encrypted.
 * @param longest The longest message to accept, in bytes. A longer one ends the connection before it is read. Use
 *   {@link messageLimits}: `fromClient` on the server, `fromServer` on a client.
 * @returns The connection.
 * @throws {SecAggError} `invalid-argument` if `stream` is not a stream, or `longest` is not a whole number from 1 to
 *   2^32 − 1.
 * @example
 * ```ts
 * import { framedConnection } from 'secagg/transport'
 *
 * const pipe = new TransformStream<Uint8Array, Uint8Array>() // what is written here is read here
 * const writer = pipe.writable.getWriter()
 * const stream = {
 *   readable: pipe.readable,
 *   write: (bytes: Uint8Array) => writer.write(bytes),
 *   close: () => void writer.close(),
 * }
 * const connection = framedConnection(stream, 1024)
 * connection.send(Uint8Array.of(1, 2, 3))
 * connection.close()
 * for await (const message of connection.messages) console.log(message) // Uint8Array(3) [ 1, 2, 3 ]
 * ```
 * @public
 */
export function framedConnection(stream: ByteStream, longest: number): OwnConnection {
  requireStream(stream)
  if (!(Number.isInteger(longest) && longest > 0 && longest < 2 ** 32)) {
    throw usageError('invalid-argument', 'longest must be a whole number from 1 to 2^32 − 1 bytes', {
      got: shown(longest),
    })
  }
  return {
    messages: { [Symbol.asyncIterator]: () => messagesOf(stream, longest) },
    send: async (bytes) => {
      requireMessage(bytes)
      const framed = new Uint8Array(PREFIX + bytes.length)
      new DataView(framed.buffer).setUint32(0, bytes.length, true)
      framed.set(bytes, PREFIX)
      await stream.write(framed)
    },
    close: () => stream.close(),
  }
}

function requireStream(stream: ByteStream): void {
  requireMethods('a stream', stream, 'write', 'close')
  const readable = partOf('a stream', stream, 'readable')
  requireObject('readable of a stream', readable)
  const isReadable = reading('readable of a stream', () => {
    const { getReader, [Symbol.asyncIterator]: iterate } = readable as Partial<
      WebReadable & AsyncIterable<unknown>
    >
    return typeof getReader === 'function' || typeof iterate === 'function'
  })
  if (!isReadable) throw wrongKind('readable of a stream', 'iterable, or a ReadableStream', readable)
}

async function* messagesOf(
  { readable }: ByteStream,
  longest: number,
): AsyncGenerator<Uint8Array, void, void> {
  const prefix = new Uint8Array(PREFIX)
  let filling = prefix
  let filled = 0
  for await (const piece of piecesOf(readable)) {
    if (!isBytes(piece)) {
      throw usageError('invalid-argument', 'a stream of bytes must deliver Uint8Arrays', {
        got: typeof piece,
      })
    }
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + filling.length - filled)
      filling.set(part, filled)
      filled += part.length
      at += part.length
      while (filled === filling.length) {
        if (filling === prefix) {
          filling = new Uint8Array(lengthIn(prefix, longest))
        } else {
          yield filling
          filling = prefix
        }
        filled = 0
      }
    }
  }
  if (filling !== prefix || filled > 0)
    throw new SecAggError('connection-lost', 'network', 'the stream ended in the middle of a message')
}

function lengthIn(prefix: Uint8Array, longest: number): number {
  const length = new DataView(prefix.buffer).getUint32(0, true)
  if (length <= longest) return length
  throw new SecAggError(
    'malformed-message',
    'network',
    'the other side is sending a message that is too long',
    {
      expected: longest,
      got: length,
    },
  )
}

async function* piecesOf(readable: ByteStream['readable']): AsyncGenerator<Uint8Array, void, void> {
  if (Symbol.asyncIterator in readable) return yield* readable
  const reader = readable.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value!
    }
  } finally {
    // Has no effect if the stream has ended.
    reader.cancel().catch(ignore)
  }
}
