import { SecAggError } from '../errors.js'
import { TOO_LONG } from './failures.js'

/** What is known of the end of a socket: its close event, and the error before it. */
export interface SocketEnd {
  readonly close?: { readonly code?: unknown; readonly reason?: unknown } | undefined
  readonly error?: { readonly error?: unknown; readonly message?: unknown } | undefined
  /** Bytes of the longest message that was sent. */
  readonly longest: number
}

const NORMAL = 1000
const NO_CODE = 1005
const MESSAGE_TOO_BIG = 1009

/** What an end means to who reads; `undefined` where it is in good order. Code and reason come along as the cause. */
export function closingError({ close, error, longest }: SocketEnd): SecAggError | undefined {
  const { code, reason } = close ?? {}
  const thrown: unknown = error?.error ?? error
  if (isTooLongToRead(thrown)) {
    const text =
      'the other side sends a message that is longer than this socket takes: raise its limit (`maxPayload`) to what messageLimits says'
    return new SecAggError('malformed-message', 'network', text, { cause: thrown })
  }
  if (typeof code !== 'number') {
    return thrown === undefined
      ? undefined
      : lost(`the socket has failed${textOf(thrown)}`, { cause: thrown })
  }
  const cause = { code, reason: String(reason ?? '') }
  if (code === MESSAGE_TOO_BIG) return tooLong(longest, cause)
  if ((code === NORMAL || code === NO_CODE) && cause.reason === '') return undefined
  const why = cause.reason === '' ? textOf(thrown) : `: ${JSON.stringify(cause.reason)}`
  return lost(`the socket was closed with code ${code}${why}`, { got: code, cause })
}

/** What `send` of a socket has thrown, which for a data channel may be that the message is too long. */
export function sendingError(thrown: unknown, isChannel: boolean, bytes: number): unknown {
  const isTypeError = (thrown as { readonly name?: unknown } | undefined)?.name === 'TypeError'
  return isChannel && isTypeError ? tooLong(bytes, thrown) : thrown
}

function tooLong(bytes: number, cause: unknown): SecAggError {
  const text =
    `the other side or what lies in between takes no message as long as one of ${bytes} bytes: with a smaller ` +
    '`sliceLength` a vector goes in shorter ones; or raise the limit there, such as `maxPayload`'
  return new SecAggError('message-refused', 'network', text, { got: TOO_LONG, cause })
}

function lost(text: string, details: { got?: number; cause: unknown }): SecAggError {
  return new SecAggError('connection-lost', 'network', text, details)
}

/** As the package `ws` says it. */
function isTooLongToRead(thrown: unknown): boolean {
  return (thrown as { readonly code?: unknown } | undefined)?.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
}

function textOf(thrown: unknown): string {
  const { message } = (thrown ?? {}) as { readonly message?: unknown }
  return typeof message === 'string' && message !== '' ? `: ${message}` : ''
}
