import { reasonOf } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'
import type { Notice } from './notices.js'

/** A connection that has failed, which is no end: there may be another one. */
export class Lost {
  readonly cause: unknown

  constructor(cause: unknown) {
    this.cause = cause
  }
}

/**
 * What to make of what a connection, or a function that makes one, has thrown: `Lost` where another attempt may help, or
 * the error that ends this client's part. `connected`: whether there was a connection before.
 */
export function lossOf(cause: unknown, connected: boolean): Lost | SecAggError {
  if (cause instanceof SecAggError) return cause.code === 'connection-lost' ? new Lost(cause) : cause
  const mistake = mistakeIn(cause, connected)
  if (mistake === undefined) return new Lost(cause)
  const text = `the connection has failed with a ${mistake}, which looks like a mistake in the program, not like a failure of the network`
  return usageError('invalid-argument', `${text}; see cause, and throw an Error for what is to be retried`, {
    cause,
  })
}

/** Whether a connection would not carry a message since it is too long. */
export function isTooLong(error: unknown): boolean {
  return error instanceof SecAggError && error.code === 'message-refused' && error.got === TOO_LONG
}

/** What `got` of an error says where a message is too long for what carries it. */
export const TOO_LONG = 'message-too-long'

/** Names of errors that no network causes. */
const MISTAKES: ReadonlySet<unknown> = new Set(['ReferenceError'])

/** Names of errors that code throws which has never worked. */
const EARLY_MISTAKES: ReadonlySet<unknown> = new Set(['TypeError', 'RangeError', 'SyntaxError', 'URIError'])

/** What the TypeErrors of `fetch` say where the network has failed, on the platforms there are. */
const FETCH_FAILED =
  /^(failed to fetch|fetch failed|load failed|network request failed|terminated)|network ?error|(network|internet) connection|could not (connect|be found)/i

/** The name of an error, of whatever realm, that shows a mistake in the program. */
function mistakeIn(error: unknown, connected: boolean): string | undefined {
  const { name, message } = (error ?? {}) as { readonly name?: unknown; readonly message?: unknown }
  if (MISTAKES.has(name)) return String(name)
  if (connected || !EARLY_MISTAKES.has(name)) return undefined
  // JSON.parse of what should have been an answer, and is the error page of a proxy.
  const isNetwork = name === 'SyntaxError' ? /JSON/ : FETCH_FAILED
  return isNetwork.test(String(message)) ? undefined : String(name)
}

/** What a driver throws: the signal's reason, an error of the library, or one that tells of what it was handed. */
export function failureOf(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return reasonOf(signal)
  if (error instanceof SecAggError) return error
  return usageError('invalid-argument', 'something that was handed to a driver has thrown', { cause: error })
}

/** What the server's last word means to a client that has no sum to hope for. */
export function errorOf(notice: Exclude<Notice, { kind: 'finished' }>): SecAggError {
  switch (notice.kind) {
    case 'late':
      return new SecAggError(
        'late-message',
        'network',
        'the round goes on without this client: it was too late',
      )
    case 'aborted':
      return ended('round-aborted', 'the server has ended the round', notice.code)
    case 'refused':
      return ended('message-refused', 'the server has refused a message of this client', notice.code)
    case 'replaced':
      return ended('connection-lost', 'another connection has taken the seat', notice.kind)
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
