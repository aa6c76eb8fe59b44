import { requireMethods, shown } from '../arguments.js'
import { type SecAggError, usageError } from '../errors.js'

/**
 * Timers, for example the host's or those of a test.
 * @public
 */
export interface Clock {
  /** Calls `callback` once, after this many milliseconds. The function that it returns cancels the call. */
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
    if (host.setTimeout === undefined) throw noTimers()
    const timer = host.setTimeout(callback, milliseconds)
    return () => host.clearTimeout?.(timer)
  },
}

/** @throws {SecAggError} `invalid-argument` if `clock` is not a clock. */
export function requireClock(clock: Clock | undefined): void {
  if (clock !== undefined) requireMethods('clock', clock, 'after')
}

/**
 * Like {@link requireClock}, for what cannot do without timers.
 * @throws {SecAggError} `unsupported` if there is no clock, and the host has no `setTimeout`.
 */
export function requireTimers(clock: Clock | undefined): void {
  requireClock(clock)
  if (clock === undefined && (globalThis as Host).setTimeout === undefined) throw noTimers()
}

function noTimers(): SecAggError {
  return usageError('unsupported', 'this host has no setTimeout; pass a clock')
}

/** The longest time that `setTimeout` supports. With a longer one it would call back immediately. */
const LONGEST = 2 ** 31 - 1

/** @throws {SecAggError} `invalid-argument` if `milliseconds` is not a time to wait, or is less than `minimum`. */
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

/** Starts a timer. If the time is infinite, it never calls back. */
export function timer(clock: Clock, milliseconds: number, callback: () => void): () => void {
  return milliseconds === Number.POSITIVE_INFINITY ? () => undefined : clock.after(milliseconds, callback)
}

/** Starts a timer for something optional: on a host without timers, it never calls back. */
export function timerIfAny(clock: Clock, milliseconds: number, callback: () => void): () => void {
  const hasClock = clock !== systemClock || (globalThis as Host).setTimeout !== undefined
  return hasClock ? timer(clock, milliseconds, callback) : () => undefined
}
