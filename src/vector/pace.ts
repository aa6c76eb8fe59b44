import { isPromise, throwIfAborted } from '../arguments.js'

/**
 * Options to abort long work and to follow its progress.
 * @public
 */
export interface PaceOptions {
  /** Aborts the work, which then rejects with the signal's reason. The signal is checked between pieces of work. */
  readonly signal?: AbortSignal | undefined
  /** Called from time to time with the fraction of the work that is done, and finally with 1. If it throws, the work stops. */
  readonly onProgress?: ((fraction: number) => void) | undefined
}

/** The event loop runs after this many bytes of work, which take one to a few tens of milliseconds. */
const BYTES_PER_TURN = 4 * 2 ** 20

/** Counts work, reports progress, and stops aborted work. */
export interface Pace {
  /** Counts `bytes` of work. If it returns a promise, the caller must await it, so that the event loop can run. */
  step(bytes: number): Promise<void> | undefined
  /** Reports that the work is complete. */
  finish(): void
}

/** A pace for `total` bytes of work. It counts bytes and uses no clock. */
export function createPace(total: number, { signal, onProgress }: PaceOptions): Pace {
  let done = 0
  let sinceTurn = 0
  return {
    step: (bytes) => {
      throwIfAborted(signal)
      done += bytes
      sinceTurn += bytes
      if (sinceTurn < BYTES_PER_TURN || done >= total) return undefined
      sinceTurn = 0
      onProgress?.(done / total)
      return nextTurn().then(() => throwIfAborted(signal))
    },
    finish: () => onProgress?.(1),
  }
}

/** The part of a `MessageChannel` that is used. Its own type is known to programs with the types of pages or of Node only. */
interface Channel {
  readonly port1: { onmessage: unknown; close(): void }
  readonly port2: { postMessage(message: null): void }
}

/** The ways to wait for the event loop. Hosts have different ones, and a bare realm has none. */
interface Host {
  readonly setImmediate?: (callback: () => void) => unknown
  readonly MessageChannel?: new () => Channel
  readonly scheduler?: { readonly yield?: () => Promise<void> }
  readonly setTimeout?: (callback: () => void, milliseconds: number) => unknown
}

/** In order of preference. Each throws if the host lacks what it needs. */
const WAYS: readonly ((host: Host, resolve: () => void) => void)[] = [
  (host, resolve) => host.setImmediate!(resolve),
  // Preferred to `scheduler.yield`, which continues before the page's timers and messages are handled.
  (host, resolve) => sendMessage(new host.MessageChannel!(), resolve),
  (host, resolve) => host.scheduler!.yield!().then(resolve, resolve),
  (host, resolve) => host.setTimeout!(resolve, 0),
]

/**
 * Resolves as soon as the host's event loop has run other tasks; at once if the host has no event loop. Some hosts, such as
 * the edge runtime of Next.js, have a function that only throws that it is not supported. Then the next one is tried.
 */
export function nextTurn(host: Host = globalThis as Host): Promise<void> {
  return new Promise((resolve) => {
    for (const wait of WAYS) {
      try {
        wait(host, resolve)
        return
      } catch {}
    }
    resolve()
  })
}

function sendMessage({ port1, port2 }: Channel, resolve: () => void): void {
  port1.onmessage = () => {
    port1.close()
    resolve()
  }
  port2.postMessage(null)
}

/** Passes a value on: at once, unless it is a promise. Most messages need no promise, and each one costs a server time. */
export function passOn<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return isPromise(value) ? value.then(next) : next(value)
}

/** A piece of work that runs or waits. */
interface Turn {
  /** Begins the next piece of work, if one waits. */
  begin: (() => void) | undefined
}

/**
 * Returns a function that runs pieces of work one at a time, in the order of its calls. Work that need not wait begins within
 * the call, and if it returns no promise, it also ends there.
 */
export function inTurns(): <T>(work: () => T | Promise<T>) => Promise<T> {
  let last: Turn | undefined
  return async (work) => {
    const before = last
    // Without the result's value, so that the queue does not keep an answer in memory.
    const turn: Turn = { begin: undefined }
    last = turn
    if (before !== undefined) {
      await new Promise<void>((resolve) => {
        before.begin = resolve
      })
    }
    try {
      const result = work()
      return isPromise(result) ? await result : result
    } finally {
      if (last === turn) last = undefined
      turn.begin?.()
    }
  }
}
