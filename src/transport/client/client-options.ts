import {
  requireCallback,
  requireFunction,
  requireInteger,
  requireSignal,
  wrongKind,
} from '../../arguments.js'
import { isBytes } from '../../crypto/bytes.js'
import type { PhaseName } from '../../errors.js'
import { type ClientSessionOptions, messageLimits } from '../../session/index.js'
import { type Clock, requireClock } from '../clock.js'
import type { Connection } from '../connections/connection.js'
import { checkSilence } from '../pulse.js'

/**
 * Makes a connection to the server, authenticated as the client of this seat; called again when one is lost. What it throws
 * is taken for a failure of the network and tried again, unless it is a mistake: a `ReferenceError`; before the first
 * connection also a `TypeError` (but those of `fetch`), `RangeError`, `SyntaxError` (but those of `JSON.parse`) or `URIError`;
 * or a `SecAggError` with a code other than `connection-lost`. A mistake ends the client's part.
 * @public
 */
export type OpenConnection = () => Connection | Promise<Connection>

/**
 * What {@link runClient} takes beside what its session is made of.
 * @public
 */
export interface RunClientOptions extends ClientSessionOptions {
  /** What the session's `save` has stored last, where this process goes on with it. */
  readonly saved?: Uint8Array | undefined
  /**
   * Milliseconds until the next attempt after so many failed ones in a row, 1 or more; `undefined` to give up. `cause` is
   * why the last one failed. An attempt has failed unless the round went on over its connection, or that held for ten
   * seconds with everything sent. Default: half a second, doubled up to half a minute, somewhat different from seat to seat,
   * and the end after ten.
   */
  readonly retryAfter?: ((failures: number, cause: unknown) => number | undefined) | undefined
  /**
   * Milliseconds without a word from the server after which the connection counts as lost, from 1000 on; it is noticed up
   * to a quarter later. `serveRound` sends heartbeats to clients that ask for them, as this one does. `Infinity`: never,
   * and no heartbeats. Default: a minute, longer where messages are; with a server that has sent no heartbeat so far it
   * counts once only, as that may know of none. A number counts for these as well, so it has to be longer than their deadlines.
   */
  readonly maximumSilence?: number | undefined
  /** Called with everything that happens. What it throws ends the client's part. */
  readonly onEvent?: ((event: ClientEvent) => void) | undefined
  /** Default: the host's `setTimeout`. */
  readonly clock?: Clock | undefined
  /**
   * Ends the client's part: the promise rejects with the signal's reason, once the server has been told that nothing more
   * will come, which takes two seconds at most. While the round is open the client may come back with what was saved.
   */
  readonly signal?: AbortSignal | undefined
}

/**
 * What happens to a client.
 * @public
 */
export type ClientEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'received'; readonly bytes: number }
  /** One message has been handed to the connection, of a vector in slices each. */
  | { readonly type: 'sent'; readonly phase: PhaseName; readonly bytes: number }
  /** `retryIn`: milliseconds; `undefined` where that was the last attempt. */
  | { readonly type: 'disconnected'; readonly cause: unknown; readonly retryIn: number | undefined }

/**
 * How a round ended for a client.
 * @public
 */
export interface ClientResult {
  /** Whether its input is in the sum. It is the server that says so. */
  readonly included: boolean
}

/** The default of `retryAfter`; clients that have all lost their server do not come back in one moment. */
export function patientRetries(seat: number): (failures: number) => number | undefined {
  const spread = 0.5 + ((seat * 0.618034) % 1) / 2
  return (failures) => (failures > 10 ? undefined : spread * Math.min(500 * 2 ** (failures - 1), 30_000))
}

/**
 * Checks what the driver itself uses, so that a mistake shows before anything is connected.
 *
 * @throws {SecAggError} `invalid-argument` naming the option that does not fit.
 */
export function checkClientOptions(connect: OpenConnection, options: RunClientOptions): void {
  requireFunction('connect', connect)
  const { config, seat, saved, retryAfter, onEvent, clock, signal, maximumSilence } = options
  messageLimits(config) // which refuses any config that createRoundConfig has not made
  requireInteger('seat', seat, 0, config.clients - 1)
  requireSaved(saved)
  requireCallback('retryAfter', retryAfter)
  requireCallback('onEvent', onEvent)
  requireClock(clock)
  checkSilence(maximumSilence)
  requireSignal(signal)
}

/** @throws {SecAggError} `invalid-argument` where a form of a session is not bytes. */
export function requireSaved(saved: Uint8Array | undefined): void {
  if (saved !== undefined && !isBytes(saved)) throw wrongKind('saved', 'a Uint8Array', saved)
}
