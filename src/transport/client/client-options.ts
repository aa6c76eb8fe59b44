import {
  requireCallback,
  requireFunction,
  requireInteger,
  requireSignal,
  wrongKind,
} from '../../arguments.js'
import { isBytes } from '../../crypto/bytes.js'
import type { PhaseName } from '../../errors.js'
import type { ClientSessionEvent, ClientSessionOptions } from '../../session/index.js'
import { messageLimits } from '../../session/message-limits.js'
import { type Clock, requireClock } from '../clock.js'
import type { Connection } from '../connections/connection.js'
import { checkSilence } from '../pulse.js'
import type { OpenUpload } from './upload.js'

/**
 * Makes a connection to the server, authenticated as the client of this seat. It is called again when a connection is
 * lost, or when it has made none within `maximumSilence`. A connection that comes after that is closed.
 *
 * When it throws, {@link runClient} assumes that the network has failed, and tries again. Some errors
 * show a mistake in the program instead, and end the client's part:
 *
 * - a `ReferenceError`;
 * - before the first connection, a `TypeError`, `RangeError`, `SyntaxError` or `URIError`, except the `TypeError` of a
 *   failed `fetch` and the `SyntaxError` of `JSON.parse`;
 * - a `SecAggError` with a code other than `connection-lost`.
 * @public
 */
export type OpenConnection = () => Connection | Promise<Connection>

/**
 * Options of {@link runClient}, in addition to those of the session.
 * @public
 */
export interface RunClientOptions extends ClientSessionOptions {
  /** The state that `save` stored last. Pass it to continue a round that an earlier process has begun. */
  readonly saved?: Uint8Array | undefined
  /**
   * Returns the milliseconds to wait before the next attempt to connect, or `undefined` to give up. `failures` counts the
   * failed attempts in a row, from 1 on. `cause` is the reason why the last one failed. An attempt succeeds if its
   * connection brings the round into another phase, or stays open for ten seconds after everything was sent.
   *
   * Default: the delay starts at half a second and doubles up to half a minute. Each seat waits for a different fraction of
   * it, from a half to the whole, so that clients do not all return at once. The client gives up after ten retries without
   * progress.
   */
  readonly retryAfter?: ((failures: number, cause: unknown) => number | undefined) | undefined
  /**
   * The connection counts as lost after this many milliseconds without anything from the server. At least 1000. Detection
   * can take up to a quarter longer. `serveRound` sends heartbeats, because this client asks for them. `Infinity` turns
   * both off, the timeout and the heartbeats. The same time limits an attempt to connect: `connect` and `openUpload`, and a
   * socket that is still being opened.
   *
   * Default: one minute, and longer for rounds with long messages. A server of an earlier version sends no heartbeats.
   * Therefore the default ends at most one connection to a server that has sent none. A number that you set always
   * applies, so for such a server it must be longer than the server's deadlines.
   */
  readonly maximumSilence?: number | undefined
  /**
   * Connects to another machine of the server, which this client's masked vector is sent to. Needed if the server has such
   * machines (`ingest`). The address comes from the server, so check it, for example against the addresses that you know.
   */
  readonly openUpload?: OpenUpload | undefined
  /** Called with every event. If it throws, the client's part ends with that error. */
  readonly onEvent?: ((event: ClientEvent) => void) | undefined
  /** Timers. Default: the host's `setTimeout`. */
  readonly clock?: Clock | undefined
  /**
   * Ends the client's part. The client first tells the server that it leaves, which takes two seconds at most. Then the
   * promise rejects with the signal's reason. As long as the round is running, the client can come back with the saved
   * state.
   */
  readonly signal?: AbortSignal | undefined
}

/**
 * An event of {@link runClient}.
 * @public
 */
export type ClientEvent =
  | ClientSessionEvent
  /** There is a connection to the server. */
  | { readonly type: 'connected' }
  /** A message has arrived. */
  | { readonly type: 'received'; readonly bytes: number }
  /** A message was passed to the connection. A vector in slices emits one event for each slice. */
  | { readonly type: 'sent'; readonly phase: PhaseName; readonly bytes: number }
  /**
   * The connection is lost, or could not be made. `retryIn` is the time to the next attempt in milliseconds, or `undefined`
   * after the last attempt.
   */
  | { readonly type: 'disconnected'; readonly cause: unknown; readonly retryIn: number | undefined }

/**
 * How a round ended for a client.
 * @public
 */
export interface ClientResult {
  /** Whether its input is in the sum, according to the server. */
  readonly included: boolean
}

/** The default of `retryAfter`. The delay depends on the seat, so that clients do not all return at the same moment. */
export function patientRetries(seat: number): (failures: number) => number | undefined {
  const spread = 0.5 + ((seat * 0.618034) % 1) / 2
  return (failures) => (failures > 10 ? undefined : spread * Math.min(500 * 2 ** (failures - 1), 30_000))
}

/**
 * Checks the options that the driver itself uses, so that mistakes are reported before it connects.
 *
 * @throws {SecAggError} `invalid-argument` with the name of the wrong option.
 */
export function checkClientOptions(connect: OpenConnection, options: RunClientOptions): void {
  requireFunction('connect', connect)
  const { config, seat, saved, retryAfter, onEvent, clock, signal, maximumSilence } = options
  messageLimits(config) // throws unless createRoundConfig made the config
  requireInteger('seat', seat, 0, config.clients - 1)
  requireSaved(saved)
  requireCallback('retryAfter', retryAfter)
  requireCallback('openUpload', options.openUpload)
  requireCallback('onEvent', onEvent)
  requireClock(clock)
  checkSilence(maximumSilence)
  requireSignal(signal)
}

/** @throws {SecAggError} `invalid-argument` if a saved session is not bytes. */
export function requireSaved(saved: Uint8Array | undefined): void {
  if (saved !== undefined && !isBytes(saved)) throw wrongKind('saved', 'a Uint8Array', saved)
}
