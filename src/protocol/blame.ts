import { type ErrorCode, type ErrorDetails, type Fault, type PhaseName, SecAggError } from '../errors.js'

/** Who answers for a violation of the protocol, and in which round it came to light. */
export interface Blame {
  readonly fault: Fault
  readonly phase: PhaseName
  readonly culprits: readonly number[]
  readonly concerning: readonly number[]
}

/** What a server holds against the client at `seat`, whose message it got from that client itself. */
export function blamePeer(phase: PhaseName, seat: number): Blame {
  return { fault: 'peer', phase, culprits: [seat], concerning: [] }
}

/**
 * What a client holds against the server. The clients that the server speaks of are not to blame: it may have made up
 * what it says of them, and it should have refused them if it did not.
 */
export function blameServer(phase: PhaseName, ...concerning: number[]): Blame {
  return { fault: 'server', phase, culprits: [], concerning }
}

/** Too few clients are left; nobody in particular is to blame. */
export function blameNobody(phase: PhaseName, ...concerning: number[]): Blame {
  return { fault: 'peer', phase, culprits: [], concerning }
}

/** The error for a broken rule of the protocol. */
export function violation(
  code: ErrorCode,
  blame: Blame,
  message: string,
  details: ErrorDetails = {},
): SecAggError {
  return new SecAggError(code, blame.fault, message, { ...blame, ...details })
}
