import { requireMethods, shown } from '../arguments.js'
import { usageError } from '../errors.js'

/**
 * Where the drivers take their time from.
 * @public
 */
export interface Clock {
  /** Calls back once, after so many milliseconds, unless the function that it returns is called before. */
  after(milliseconds: number, callback: () => void): () => void
}

interface Host {
  readonly setTimeout?: (callback: () => void, milliseconds: number) => unknown
  readonly clearTimeout?: (timer: unknown) => void
}

/** The host's `setTimeout`. */
export const systemClock: Clock = {
  after: (milliseconds, callback) => {
    const host = globalThis as Host
    if (host.setTimeout === undefined) throw usageError('unsupported', 'this host has no clock; hand one in')
    const timer = host.setTimeout(callback, milliseconds)
    return () => host.clearTimeout?.(timer)
  },
}

/** @throws {SecAggError} `invalid-argument` where `clock` is none. */
export function requireClock(clock: Clock | undefined): void {
  if (clock !== undefined) requireMethods('clock', clock, 'after')
}

/** The longest time that `setTimeout` takes; for a longer one it would call back at once. */
const LONGEST = 2 ** 31 - 1

/** @throws {SecAggError} `invalid-argument` where `milliseconds` is no time to wait, or less than `minimum`. */
export function checkTime(name: string, milliseconds: number, minimum = 0): void {
  const isTime = typeof milliseconds === 'number' && milliseconds >= minimum
  if (isTime && (milliseconds === Number.POSITIVE_INFINITY || milliseconds <= LONGEST)) return
  throw usageError(
    'invalid-argument',
    `${name} must be from ${minimum} to 2^31 − 1 milliseconds, or Infinity`,
    {
      got: shown(milliseconds),
    },
  )
}

/** A timer that never calls back where the time is infinite. */
export function timer(clock: Clock, milliseconds: number, callback: () => void): () => void {
  return milliseconds === Number.POSITIVE_INFINITY ? () => undefined : clock.after(milliseconds, callback)
}

/** A timer for what is done without where the host has no clock. */
export function timerIfAny(clock: Clock, milliseconds: number, callback: () => void): () => void {
  const hasClock = clock !== systemClock || (globalThis as Host).setTimeout !== undefined
  return hasClock ? timer(clock, milliseconds, callback) : () => undefined
}
