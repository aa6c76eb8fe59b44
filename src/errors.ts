/**
 * The messages of a round, in order, as Bonawitz et al. 2017 name them (figure 4).
 * @public
 */
export const PHASES = [
  'advertise-keys',
  'share-keys',
  'masked-input',
  'consistency-check',
  'unmasking',
] as const

/**
 * One message of a round; `consistency-check` exists in the active model only.
 * @public
 */
export type PhaseName = (typeof PHASES)[number]

/**
 * Who is to blame:
 *
 * - `usage`: the calling program misused the library.
 * - `peer`: one or more clients misbehaved or vanished; seen by the server.
 * - `server`: the server misbehaved, or passed on what it should have refused; seen by a client.
 * - `crypto`: a primitive is missing or failed.
 * - `network`: nobody in this program; a connection was lost, or the other side has ended what it carried.
 * - `internal`: a defect of this library.
 * @public
 */
export type Fault = 'usage' | 'peer' | 'server' | 'crypto' | 'network' | 'internal'

/**
 * The stable, machine-readable reason of a {@link SecAggError}.
 * @public
 */
export type ErrorCode =
  // the calling program
  | 'invalid-argument'
  | 'invalid-configuration'
  | 'unsupported'
  | 'out-of-order'
  | 'input-out-of-range'
  | 'input-changed'
  | 'storage-failure'
  | 'malformed-state'
  // bytes
  | 'malformed-message'
  | 'unsupported-version'
  | 'unexpected-message'
  | 'conflicting-message'
  | 'late-message'
  | 'unknown-seat'
  // the protocol's checks
  | 'configuration-mismatch'
  | 'invalid-public-key'
  | 'duplicate-key'
  | 'duplicate-identity'
  | 'session-id-reused'
  | 'own-entry-mismatch'
  | 'invalid-signature'
  | 'invalid-survivors'
  | 'invalid-share'
  | 'wrong-share'
  | 'too-few-clients'
  | 'too-few-shares'
  // decoding
  | 'zero-weight'
  // connections
  | 'connection-lost'
  | 'message-refused'
  | 'round-aborted'
  // primitives
  | 'no-randomness'
  | 'crypto-failure'
  | 'internal'

/**
 * What a {@link SecAggError} carries beside its message.
 * @public
 */
export interface ErrorDetails {
  /** The round in which it happened, where there is one. */
  readonly phase?: PhaseName | undefined
  /**
   * The seats shown to be at fault; empty where nobody in particular is, or where it is the server. A server names the
   * sender of a message that it refuses, whose fault may be no more than to be late, or to run another version.
   */
  readonly culprits?: readonly number[] | undefined
  /** The seats that the error is about, without blame: whose key, signature or secret it was. */
  readonly concerning?: readonly number[] | undefined
  readonly expected?: string | number | undefined
  readonly got?: string | number | undefined
  readonly cause?: unknown
}

/**
 * The one error class of the library. `code` and `fault` are stable; the message is for people and may change.
 * Nothing secret is ever part of it.
 * @public
 */
export class SecAggError extends Error {
  override readonly name = 'SecAggError'
  readonly code: ErrorCode
  readonly fault: Fault
  readonly phase: PhaseName | undefined
  readonly culprits: readonly number[]
  readonly concerning: readonly number[]
  readonly expected: string | number | undefined
  readonly got: string | number | undefined

  constructor(code: ErrorCode, fault: Fault, message: string, details: ErrorDetails = {}) {
    // An error that fails to be made would hide what it was to tell, whatever it is given.
    const { phase, culprits, concerning, expected, got, cause } = readable(details)
    super(
      typeof message === 'string' ? message : 'an error without a message',
      cause === undefined ? undefined : { cause },
    )
    this.code = code
    this.fault = fault
    this.phase = phase
    this.culprits = ascending(culprits)
    this.concerning = ascending(concerning)
    this.expected = expected
    this.got = got
  }

  /**
   * What `JSON.stringify` shows, which leaves out the message of an ordinary error. A cause is shown only if it is a
   * `SecAggError` too: nobody knows what the errors of others quote.
   */
  toJSON(): Record<string, unknown> {
    const { name, code, fault, message, phase, culprits, concerning, expected, got, cause } = this
    const details = { phase, culprits, concerning, expected, got }
    return { name, code, fault, message, ...details, cause: cause instanceof SecAggError ? cause : undefined }
  }
}

function readable(details: ErrorDetails): ErrorDetails {
  try {
    return { ...details }
  } catch {
    return {}
  }
}

function ascending(seats: readonly number[] | undefined): readonly number[] {
  return Array.isArray(seats) ? [...seats].sort((a, b) => a - b) : []
}

/** Shorthand for an error of the calling program. */
export function usageError(code: ErrorCode, message: string, details?: ErrorDetails): SecAggError {
  return new SecAggError(code, 'usage', message, details)
}
