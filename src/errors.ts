/**
 * The phases of a round, in order. The names are those of Bonawitz et al. 2017, figure 4, where the phases are called
 * rounds 0 to 4.
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
 * The name of a phase. Only the active model has `consistency-check`.
 * @public
 */
export type PhaseName = (typeof PHASES)[number]

/**
 * Who or what caused an error:
 *
 * - `usage`: the calling program used the library incorrectly.
 * - `peer`: one or more clients misbehaved or dropped out. A server reports this.
 * - `server`: the server misbehaved, or passed on something that it should have refused. A client reports this.
 * - `crypto`: a cryptographic primitive is missing or failed.
 * - `network`: a connection was lost, or the other side ended its part. The calling program is not at fault.
 * - `internal`: a bug in this library.
 * @public
 */
export type Fault = 'usage' | 'peer' | 'server' | 'crypto' | 'network' | 'internal'

/**
 * The reason of a {@link SecAggError}, for programs. Codes are stable.
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
  | 'wrong-mask-secret'
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
 * The properties of a {@link SecAggError} besides its code, fault and message.
 * @public
 */
export interface ErrorDetails {
  /** The phase in which the error happened, if any. */
  readonly phase?: PhaseName | undefined
  /**
   * The seats that are at fault. Empty if no particular client is, or if the server is. A server that refuses a message
   * names its sender, who may only be late or run another version.
   */
  readonly culprits?: readonly number[] | undefined
  /** The seats that the error is about, without blame: the owners of the key, signature or secret in question. */
  readonly concerning?: readonly number[] | undefined
  /** What was expected. */
  readonly expected?: string | number | undefined
  /** What was found instead. */
  readonly got?: string | number | undefined
  /** The error that caused this one. */
  readonly cause?: unknown
}

/**
 * The error class of the library. `code` and `fault` are stable. The message is for people and may change. An error never
 * contains secrets.
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
    // The constructor must not throw, whatever its arguments are: that would hide the error that it reports.
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
   * Used by `JSON.stringify`, which would omit the message of an ordinary error. Includes the cause only if that is a
   * `SecAggError` too, because the message of any other error could contain a secret.
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

/** Makes an error with fault `usage`. */
export function usageError(code: ErrorCode, message: string, details?: ErrorDetails): SecAggError {
  return new SecAggError(code, 'usage', message, details)
}
