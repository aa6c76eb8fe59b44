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
export async function openInTime(
  open: () => Connection | Promise<Connection>,
  { clock, time, ending }: Limits,
): Promise<Connection> {
  const late = new Ending()
  const opening = (async () => requireConnection(await open()))()
  opening.then((connection) => (ending.over || late.over) && connection.close()).catch(ignore)
  const cancel = timerIfAny(clock, time, () => late.end(stuck('no connection was made', time)))
  try {
    return await ending.race(late.race(opening))
  } finally {
    cancel()
  }
}

/**
 * Calls `lost` if `sending`, which is the first message of a connection, takes longer than `time`: for example, because a
 * socket is still being opened. Later messages can be long, but this one is short.
 */
export function watchFirst(
  sending: Promise<unknown>,
  { clock, time }: Omit<Limits, 'ending'>,
  lost: (reason: Lost) => void,
): void {
  const cancel = timerIfAny(clock, time, () => lost(stuck('nothing could be sent', time)))
  sending.then(cancel, cancel)
}

function stuck(what: string, time: number): Lost {
  const text = `${what} within ${Math.round(time)} milliseconds`
  return new Lost(new SecAggError('connection-lost', 'network', text, { expected: time }))
}
