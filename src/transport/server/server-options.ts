import { requireCallback, requireInteger, requireSignal } from '../../arguments.js'
import type { PhaseName, SecAggError } from '../../errors.js'
import type { PhaseOutcome, Receipt, RoundReport, ServerSessionOptions } from '../../session/index.js'
import { requireSaved } from '../client/client-options.js'
import { type Clock, checkTime, requireClock } from '../clock.js'
import type { Connection } from '../connections/connection.js'

/**
 * How long one message of a round is waited for, and what will do.
 * @public
 */
export interface Patience {
  /** Milliseconds from the moment on in which the round is open; then it goes on with those who have answered. */
  readonly deadline: number
  /** The fewest answers with which it goes on then, where the protocol would do with fewer. Default: the protocol's. */
  readonly minimum?: number | undefined
  /** Goes on with so many answers without waiting for the others. Default: all. */
  readonly enough?: number | undefined
}

/** The default of `deadline`, in milliseconds. */
export const DEADLINE = 60_000

/**
 * What {@link serveRound} takes beside what its session is made of.
 * @public
 */
export interface ServeRoundOptions extends ServerSessionOptions {
  /** What the session's `save` has stored last, where this process goes on with it. */
  readonly saved?: Uint8Array | undefined
  /** Milliseconds that each message of the round is waited for, 60 000 by default. */
  readonly deadline?: number | undefined
  /** Where single messages differ. */
  readonly phases?: Readonly<Partial<Record<PhaseName, Partial<Patience>>>> | undefined
  /**
   * Where vectors go in slices: milliseconds that one client's vector may take while others wait for its place. Then, or
   * when a quarter of that time has passed without a slice, its connection is closed; it may begin again, after those
   * who have not lost a place. Default: at most half of the deadline of the masked input, less where the minimum cohort
   * is large for `maximumUploads`.
   */
  readonly uploadTime?: number | undefined
  /**
   * Milliseconds in which a client whose connection is lost is waited for; then the round goes on without it where that is
   * possible, and it may still come back before that. Default: `Infinity`, which is until the deadline, for clients that
   * are not connected all the time.
   */
  readonly reconnectTime?: number | undefined
  /**
   * Milliseconds without a word from a client after which its connection counts as lost, from 1000 on; longer than its
   * longest message takes to arrive. It counts for clients that send heartbeats, as `runClient` does. Default: `Infinity`.
   */
  readonly maximumSilence?: number | undefined
  /** Saves the session after so many answers, besides what is saved in any case; needs `save`. Default: never. */
  readonly checkpointEvery?: number | undefined
  /** Milliseconds after the end of the round in which clients may still fetch how it ended. Default 5000. */
  readonly farewell?: number | undefined
  /** Called with everything that happens. What it throws ends the round. */
  readonly onEvent?: ((event: ServerEvent) => void) | undefined
  /** Default: the host's `setTimeout`. */
  readonly clock?: Clock | undefined
  /** Gives the round up: its outcome rejects with the signal's reason, and the clients are told so. */
  readonly signal?: AbortSignal | undefined
}

/**
 * What happens in a round. Nothing in it is secret.
 * @public
 */
export type ServerEvent =
  | { readonly type: 'phase-opened'; readonly phase: PhaseName; readonly waitingFor: number }
  /** Time is up for those that are missing. */
  | { readonly type: 'deadline'; readonly phase: PhaseName; readonly missing: readonly number[] }
  /** With those that have answered there is no going on, yet more may answer. */
  | { readonly type: 'not-enough'; readonly phase: PhaseName; readonly error: SecAggError }
  | { readonly type: 'connected'; readonly seat: number }
  | { readonly type: 'disconnected'; readonly seat: number; readonly cause: unknown }
  | {
      readonly type: 'message'
      readonly seat: number
      readonly bytes: number
      readonly status: Receipt['status']
      /** Why it was refused. */
      readonly error?: SecAggError
    }
  /** The client says that nothing more will come from it. */
  | { readonly type: 'left'; readonly seat: number }
  /** It has sent too much that is of no use, or something too long: it has no part in the round any more. */
  | { readonly type: 'shut-out'; readonly seat: number; readonly code: string }
  /** Its vector took too long, or made no progress, while others waited. */
  | { readonly type: 'evicted'; readonly seat: number }
  /** Something of the host's has failed: a verifier of identities or a store. The client may try again. */
  | { readonly type: 'failed'; readonly seat: number; readonly error: unknown }

/**
 * The sum, and what happened.
 * @public
 */
export type RoundResult = Omit<Extract<PhaseOutcome, { done: true }>, 'done'>

/**
 * A round that is being served.
 * @public
 */
export interface RoundHandle {
  /**
   * The sum.
   * @throws {SecAggError} fault `peer`: `too-few-clients`, `too-few-shares`, `wrong-share`; what the session throws.
   * @throws the signal's reason.
   */
  readonly outcome: Promise<RoundResult>
  /** Resolves when all connections are closed, after the outcome; it never rejects. */
  readonly closed: Promise<void>
  /** The message that is being collected; `undefined` before the first and after the last. */
  readonly phase: PhaseName | undefined
  /** What happened so far. */
  readonly report: RoundReport | undefined
  /**
   * Takes over a connection of the client at `seat`: which seat it is the host knows from authenticating it. A client may
   * come late, and come back; a second connection takes the place of the first.
   *
   * @throws {SecAggError} `invalid-argument` where there is no such seat, or `connection` is none.
   */
  connect(seat: number, connection: Connection): void
}

/** @throws {SecAggError} `invalid-argument` naming the option of the driver that does not fit. */
export function checkServerOptions(options: ServeRoundOptions): void {
  const { saved, deadline = 0, phases = {}, checkpointEvery, onEvent, clock, signal } = options
  checkTime('deadline', deadline)
  for (const patience of Object.values(phases)) {
    checkTime('deadline', patience.deadline ?? 0)
    requireCount('minimum', patience.minimum)
    requireCount('enough', patience.enough)
  }
  requireCount('checkpointEvery', checkpointEvery)
  requireSaved(saved)
  requireCallback('onEvent', onEvent)
  requireClock(clock)
  requireSignal(signal)
}

function requireCount(name: string, count: number | undefined): void {
  if (count === undefined || count === Number.POSITIVE_INFINITY) return
  requireInteger(name, count, 0, Number.MAX_SAFE_INTEGER)
}
