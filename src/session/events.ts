import { bytesToHex } from '../crypto/bytes.js'
import type { PhaseName, SecAggError } from '../errors.js'
import type { RoundConfig } from '../protocol/index.js'
import type { PhaseCount } from './report.js'

/**
 * What happens in a server's session, for logs and metrics. Nothing in an event is secret. `roundId` is the session id of
 * the round, in hexadecimal.
 * @public
 */
export type ServerSessionEvent =
  /** Messages of this phase are collected from now on. The first event of a session, and again after `resume`. */
  | {
      readonly type: 'phase-opened'
      readonly roundId: string
      readonly phase: PhaseName
      /** How many clients may still answer. */
      readonly waitingFor: number
    }
  /** Messages of this phase are no longer collected, and the new state is saved. After the last phase, the sum is known. */
  | ({ readonly type: 'phase-closed'; readonly roundId: string } & PhaseCount)
  /** `receive` is about to return this for a message. There is no event if `receive` rejects. */
  | {
      readonly type: 'message'
      readonly roundId: string
      /** The phase that is open, or the last one. */
      readonly phase: PhaseName
      readonly seat: number
      /** Length of the message. */
      readonly bytes: number
      /** The status of the receipt. Messages of phases that are closed are `late`; their receipt is `refused`. */
      readonly status: 'accepted' | 'duplicate' | 'busy' | 'refused' | 'late'
      /** Why the message was refused. */
      readonly error?: SecAggError
    }
  /** If vectors are sent in slices: a slice of a complete vector was added to the sum. */
  | {
      readonly type: 'slice-folded'
      readonly roundId: string
      readonly phase: 'masked-input'
      readonly seat: number
      /** From 0 to `slices` − 1. */
      readonly slice: number
      readonly slices: number
    }
  /** If vectors are sent elsewhere: some have arrived or were lost there. See `waitingFor` and `uploadFor`. */
  | { readonly type: 'uploads-changed'; readonly roundId: string; readonly phase: 'masked-input' }
  /** The secrets behind the masks were recovered from shares. The masks are removed next, which takes a while. */
  | {
      readonly type: 'secrets-recovered'
      readonly roundId: string
      readonly phase: 'unmasking'
      /** How many self-masks: one for each survivor. */
      readonly selfMasks: number
      /** How many private mask keys: one for each client that dropped out after it shared its keys. */
      readonly maskKeys: number
      /** How many shares were found that do not fit the others. */
      readonly wrongShares: number
    }

/**
 * What happens in a client's session, for logs and metrics. Nothing in an event is secret. `roundId` is the session id of
 * the round, in hexadecimal.
 * @public
 */
export type ClientSessionEvent =
  /** The client's message of this phase exists and is saved. */
  | {
      readonly type: 'phase-opened'
      readonly roundId: string
      readonly phase: PhaseName
      readonly seat: number
    }
  /** The server's next message was accepted. A client does not learn when `unmasking` is closed. */
  | {
      readonly type: 'phase-closed'
      readonly roundId: string
      readonly phase: PhaseName
      readonly seat: number
    }
  /** A message of the server was answered, or refused; a repeated one gets the same answer again. */
  | {
      readonly type: 'message'
      readonly roundId: string
      /** The phase in which the client was when the message came. */
      readonly phase: PhaseName
      readonly seat: number
      /** Length of the message. */
      readonly bytes: number
      readonly status: 'accepted' | 'duplicate' | 'refused'
      /** Why the message was refused. */
      readonly error?: SecAggError
    }

/** An event without the id of its round. */
export type WithoutRound<E> = E extends unknown ? Omit<E, 'roundId'> : never

/** How the parts of a server's session tell its listener. */
export type TellServer = (event: WithoutRound<ServerSessionEvent>) => void

/** The event for a message with this receipt. */
export function messageEvent(
  receipt: { readonly status: 'accepted' | 'duplicate' | 'busy' | 'refused'; readonly error?: SecAggError },
  phase: PhaseName,
  seat: number,
  bytes: number,
): WithoutRound<ServerSessionEvent> {
  const { status, error } = receipt
  if (error === undefined) return { type: 'message', phase, seat, bytes, status }
  return {
    type: 'message',
    phase,
    seat,
    bytes,
    status: error.code === 'late-message' ? 'late' : status,
    error,
  }
}

/**
 * Tells the host's listener of events. What the listener throws, or rejects with, is ignored: the session's state does not
 * depend on it.
 */
export function teller<E>(
  { sessionId }: RoundConfig,
  listener: ((event: E) => void) | undefined,
): (event: WithoutRound<E>) => void {
  if (listener === undefined) return () => undefined
  const roundId = bytesToHex(sessionId)
  return (event) => {
    // An async function is a listener too.
    const told = async (): Promise<void> => listener({ roundId, ...event } as E)
    told().catch(() => undefined)
  }
}
