import { SecAggError } from '../../errors.js'
import { type Clock, timerIfAny } from '../clock.js'
import { type Connection, requireConnection } from '../connections/connection.js'
import { Lost } from '../failures.js'
import { Ending, ignore } from '../notices.js'

/** The default of `maximumSilence` is a minute, and one more millisecond for every 32 bytes of the longest message. */
const MINUTE = 60_000
const SLOWEST = 32

/** How long the other side may be silent, in milliseconds: as stated, or the default for messages of up to `longest` bytes. */
export function silenceOf(maximumSilence: number | undefined, longest: number): number {
  return maximumSilence ?? MINUTE + longest / SLOWEST
}

/** What limits an attempt to connect. */
export interface Limits {
  readonly clock: Clock
  /** The longest time that it may take, in milliseconds; `Infinity` for no limit. */
  readonly time: number
  /** The end of what the connection is for. */
  readonly ending: Ending
}

/**
 * The connection that `open` makes. If it arrives after the end or after the longest time, it is closed.
 *
 * @throws {Lost} after the longest time; what `open` throws; the reason of the end.
 */
export function openInTime(
  open: () => Connection | Promise<Connection>,
  { ending, ...limits }: Limits,
): Promise<Connection> {
  const late = new Ending()
  const opening = (async () => requireConnection(await open()))()
  opening.then((connection) => (ending.over || late.over) && connection.close()).catch(ignore)
  watch(opening, limits, (reason) => late.end(reason))
  return ending.race(late.race(opening))
}

/**
 * Calls `lost` if an attempt takes longer than it may. The first message of a connection is part of the attempt: a socket may
 * still be opening.
 */
export function watch(
  attempt: Promise<unknown>,
  { clock, time }: Omit<Limits, 'ending'>,
  lost: (reason: Lost) => void,
): void {
  const cancel = timerIfAny(clock, time, () => {
    const text = `no connection was made within ${Math.round(time)} milliseconds`
    lost(new Lost(new SecAggError('connection-lost', 'network', text, { expected: time })))
  })
  attempt.then(cancel, cancel)
}
