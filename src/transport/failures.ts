import { reasonOf } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'
import type { LastWord } from './notices.js'

/** Thrown when a connection has failed. The round can continue over another one. */
export class Lost {
  readonly cause: unknown

  constructor(cause: unknown) {
    this.cause = cause
  }
}

/**
 * Classifies what a connection, or the function that makes one, has thrown: `Lost` if another attempt can help, otherwise
 * the error that ends this client's part. `connected` tells whether there was a connection before.
 */
export function lossOf(cause: unknown, connected: boolean): Lost | SecAggError {
  if (cause instanceof SecAggError) return cause.code === 'connection-lost' ? new Lost(cause) : cause
  const mistake = mistakeIn(cause, connected)
  if (mistake === undefined) return new Lost(cause)
  const text = `the connection failed with a ${mistake}, which looks like a mistake in the program, not like a network failure`
  return usageError(
    'invalid-argument',
    `${text}; see the cause, and throw an Error if the client should retry`,
    {
      cause,
    },
  )
}

/** Whether a message was too long for a connection. */
export function isTooLong(error: unknown): boolean {
  return error instanceof SecAggError && error.code === 'message-refused' && error.got === TOO_LONG
}

/** The `got` of an error for a message that was too long for its connection. */
export const TOO_LONG = 'message-too-long'

/** Names of errors that a network failure never causes. */
const MISTAKES: ReadonlySet<unknown> = new Set(['ReferenceError'])

/** Names of errors that show a mistake in code that has never worked yet. */
const EARLY_MISTAKES: ReadonlySet<unknown> = new Set(['TypeError', 'RangeError', 'SyntaxError', 'URIError'])

/** Messages of the TypeErrors with which `fetch` reports network failures on the various platforms. */
const FETCH_FAILED =
  /^(failed to fetch|fetch failed|load failed|network request failed|terminated)|network ?error|(network|internet) connection|could not (connect|be found)/i

/** The name of an error that shows a mistake in the program. The error may come from another realm. */
function mistakeIn(error: unknown, connected: boolean): string | undefined {
  const { name, message } = (error ?? {}) as { readonly name?: unknown; readonly message?: unknown }
  if (MISTAKES.has(name)) return String(name)
  if (connected || !EARLY_MISTAKES.has(name)) return undefined
  // JSON.parse fails on the error page of a proxy.
  const isNetwork = name === 'SyntaxError' ? /JSON/ : FETCH_FAILED
  return isNetwork.test(String(message)) ? undefined : String(name)
}

/** What a driver throws: the signal's reason, an error of the library, or an error caused by what the caller's code threw. */
export function failureOf(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return reasonOf(signal)
  if (error instanceof SecAggError) return error
  return usageError(
    'invalid-argument',
    'a function or an object that the caller passed has thrown an error',
    { cause: error },
  )
}

/** The error with which a client ends after a notice of the server that means anything but success. */
export function errorOf(notice: Exclude<LastWord, { kind: 'finished' }>): SecAggError {
  switch (notice.kind) {
    case 'late':
      return new SecAggError(
        'late-message',
        'network',
        'the round continues without this client, which was too late',
      )
    case 'aborted':
      return ended('round-aborted', 'the server ended the round without a sum', notice.code)
    case 'refused':
      return ended('message-refused', 'the server refused a message of this client', notice.code)
    case 'replaced':
      return ended('connection-lost', 'another connection took over the seat', notice.kind)
    case 'leaving':
    case 'ping':
    case 'pong':
      return new SecAggError(
        'unexpected-message',
        'server',
        'the server sent a notice that only clients send',
      )
  }
}

function ended(code: 'round-aborted' | 'message-refused' | 'connection-lost', text: string, got: string) {
  return new SecAggError(code, 'network', `${text}: ${got}`, { got })
}
