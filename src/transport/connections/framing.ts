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
  /** Pieces of any length, as they arrive: a Node stream, a `ReadableStream`. */
  readonly readable: AsyncIterable<Uint8Array> | WebReadable
  /** Settles when there is room for more. */
  write(bytes: Bytes): void | Promise<void>
  close(): void
}

/**
 * What a `ReadableStream` has everywhere; in some browsers it is not iterable.
 * @public
 */
export interface WebReadable {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
    cancel(): Promise<unknown>
  }
}

/** Bytes of a message's length before it. */
const PREFIX = 4

/**
 * Messages over a stream of bytes, each after its length (four bytes, the low one first). A message longer than `longest`
 * ends the connection before it is read: take what {@link messageLimits} says for what the other side sends.
 *
 * @throws {SecAggError} `invalid-argument` where `stream` is none, or `longest` no length.
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
      throw usageError('invalid-argument', 'a stream of bytes gives Uint8Arrays', { got: typeof piece })
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
    throw new SecAggError('connection-lost', 'network', 'the stream ended in a message')
}

function lengthIn(prefix: Uint8Array, longest: number): number {
  const length = new DataView(prefix.buffer).getUint32(0, true)
  if (length <= longest) return length
  throw new SecAggError('malformed-message', 'network', 'the other side sends a message that is too long', {
    expected: longest,
    got: length,
  })
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
    // Of no use where it has ended, and no harm either.
    reader.cancel().catch(ignore)
  }
}
