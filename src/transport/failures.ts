import { SecAggError, usageError } from '../errors.js'
import type { Notice } from './notices.js'

/** A connection that has failed, which is no end: there may be another one. */
export class Lost {
  readonly cause: unknown

  constructor(cause: unknown) {
    this.cause = cause
  }
}

/** What a driver throws: the signal's reason, an error of the library, or one that tells of what it was handed. */
export function failureOf(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
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
      return new SecAggError('unexpected-message', 'server', 'the server speaks as a client')
  }
}

function ended(code: 'round-aborted' | 'message-refused' | 'connection-lost', text: string, got: string) {
  return new SecAggError(code, 'network', `${text}: ${got}`, { got })
}
