import { requireCallback, requireInteger, requireSignal } from '../../arguments.js'
import type { PhaseName, SecAggError } from '../../errors.js'
import type {
  PhaseOutcome,
  RoundReport,
  ServerSessionEvent,
  ServerSessionOptions,
  SumSink,
} from '../../session/index.js'
import { type Telemetry, tracingOf } from '../../telemetry/tracing.js'
import { requireSaved } from '../client/client-options.js'
import { type Clock, checkTime, requireTimers } from '../clock.js'
import type { Connection } from '../connections/connection.js'

/**
 * How long a phase waits for answers, and how many it needs.
 * @public
 */
export interface Patience {
  /** Milliseconds after the start of the phase. Then the round continues with the clients that have answered. */
  readonly deadline: number
  /**
   * The minimum number of answers with which the round continues at the deadline. Complaints do not count. Default: the protocol's
   * minimum.
   */
  readonly minimum?: number | undefined
  /** The number of answers that close the phase early, without the other clients. Default: wait for all. */
  readonly enough?: number | undefined
}

/** The default of `deadline`, in milliseconds. */
export const DEADLINE = 60_000

/**
 * Options of {@link serveRound}, in addition to those of the session.
 * @public
 */
export interface ServeRoundOptions<Sink extends SumSink | undefined = undefined>
  extends ServerSessionOptions<Sink> {
  /** The state that `save` stored last. Pass it to continue a round that an earlier process has begun. */
  readonly saved?: Uint8Array | undefined
  /** How long each phase waits for answers, in milliseconds. Default 60 000. */
  readonly deadline?: number | undefined
  /** Different settings for single phases. */
  readonly phases?: Readonly<Partial<Record<PhaseName, Partial<Patience>>>> | undefined
  /**
   * For vectors in slices: how many milliseconds one client's vector may take while others wait for its place. After that
   * time, or after a quarter of it without a new slice, the client loses its place and its connection. It may start again,
   * after the clients that have not lost a place. Default: half of the deadline of `masked-input`, or less if the minimum
   * cohort is large in comparison with `maximumUploads`.
   */
  readonly uploadTime?: number | undefined
  /**
   * The round waits this many milliseconds for a client that has lost its connection. After that, the round continues
   * without the client if it can. Until it does, the client may come back. The default, `Infinity`, waits until the
   * deadline and suits clients that are not connected all the time.
   */
  readonly reconnectTime?: number | undefined
  /**
   * A client's connection counts as lost after this many milliseconds without anything from the client. At least 1000, and
   * longer than the client's longest message takes to arrive. Applies to clients that send heartbeats, as `runClient` does.
   * Default: `Infinity`.
   */
  readonly maximumSilence?: number | undefined
  /** Also saves the session each time this many more clients have answered. Needs `save`. Default: never. */
  readonly checkpointEvery?: number | undefined
  /** Clients can ask how the round ended for this many milliseconds after its end. Default 5000. */
  readonly farewell?: number | undefined
  /** Called with every event. If it throws, the round ends with that error, in the cases in which `signal` would end it. */
  readonly onEvent?: ((event: ServerEvent) => void) | undefined
  /** Records the round as a trace. Default: nothing is recorded. */
  readonly telemetry?: Telemetry | undefined
  /** Timers. Default: the host's `setTimeout`. */
  readonly clock?: Clock | undefined
  /**
   * Aborts the round: its outcome rejects with the signal's reason, and the clients are told. Once `saveResult` is called, an
   * abort has no effect unless that function fails: the sum may be stored, so the round waits for it, and ends with the sum.
   */
  readonly signal?: AbortSignal | undefined
}

/**
 * An event of {@link serveRound}: one of its session, or one of its connections. Events contain no secrets.
 * @public
 */
export type ServerEvent =
  | ServerSessionEvent
  /** The deadline of a phase has passed. The seats in `missing` have not answered. */
  | { readonly type: 'deadline'; readonly phase: PhaseName; readonly missing: readonly number[] }
  /** The answers so far are not enough to continue. The round waits for more. */
  | { readonly type: 'not-enough'; readonly phase: PhaseName; readonly error: SecAggError }
  /** A client has connected. */
  | { readonly type: 'connected'; readonly seat: number }
  /** A client's connection has ended. */
  | { readonly type: 'disconnected'; readonly seat: number; readonly cause: unknown }
  /** The client has told the server that it leaves. */
  | { readonly type: 'left'; readonly seat: number }
  /** The client has sent too many useless messages, or one that is too long. It is excluded from the rest of the round. */
  | { readonly type: 'shut-out'; readonly seat: number; readonly code: string }
  /** The client has lost its place, because its vector took too long, or stalled, while others waited. */
  | { readonly type: 'evicted'; readonly seat: number }
  /** A function of the host has failed: the verifier of identities, or a store. The client may try again. */
  | { readonly type: 'failed'; readonly seat: number; readonly error: unknown }

/**
 * The sum of a round, the hash of its configuration, and the report.
 * @public
 */
export type RoundResult<Sink extends SumSink | undefined = undefined> = Omit<
  Extract<PhaseOutcome<Sink>, { done: true }>,
  'done'
>

/**
 * A running round, as {@link serveRound} returns it.
 * @public
 */
export interface RoundHandle<Sink extends SumSink | undefined = undefined> {
  /**
   * Resolves with the sum.
   * @throws {SecAggError} With fault `peer`: `too-few-clients`, `too-few-shares`, `wrong-share`. Also what the session
   *   throws.
   * @throws the reason of `signal` if it aborts.
   */
  readonly outcome: Promise<RoundResult<Sink>>
  /** Resolves after the outcome, when all connections are closed. Never rejects. */
  readonly closed: Promise<void>
  /** The phase that is open; `undefined` before the first phase and after the last. */
  readonly phase: PhaseName | undefined
  /** What has happened so far. */
  readonly report: RoundReport | undefined
  /**
   * Adds a connection from the client at `seat`. The host must have authenticated the client, and know its seat from that.
   * A client may connect late, and again. A second connection replaces the first.
   *
   * @throws {SecAggError} `invalid-argument` if there is no such seat, or `connection` is not a connection.
   */
  connect(seat: number, connection: Connection): void
}

/**
 * @throws {SecAggError} `invalid-argument` with the name of the driver's option that is wrong; `unsupported` if there are no
 *   timers.
 */
export function checkServerOptions(options: ServeRoundOptions<SumSink | undefined>): void {
  const { saved, deadline = 0, phases = {}, checkpointEvery, onEvent, clock, signal, telemetry } = options
  const { save, saveResult } = options
  checkTime('deadline', deadline)
  for (const patience of Object.values(phases)) {
    checkTime('deadline', patience.deadline ?? 0)
    requireCount('minimum', patience.minimum)
    requireCount('enough', patience.enough)
  }
  requireCount('checkpointEvery', checkpointEvery)
  requireSaved(saved)
  requireCallback('onEvent', onEvent)
  // With telemetry, the session is given another function in its place.
  requireCallback('save', save)
  requireCallback('saveResult', saveResult)
  tracingOf(telemetry)
  requireTimers(clock)
  requireSignal(signal)
}

function requireCount(name: string, count: number | undefined): void {
  if (count === undefined || count === Number.POSITIVE_INFINITY) return
  requireInteger(name, count, 0, Number.MAX_SAFE_INTEGER)
}
