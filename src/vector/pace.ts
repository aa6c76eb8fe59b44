import { throwIfAborted } from '../arguments.js'

/**
 * What the caller of long work may hand in.
 * @public
 */
export interface PaceOptions {
  /** Checked between pieces of work; the work then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Called now and then, and with 1 at the end. What it throws ends the work. */
  readonly onProgress?: ((fraction: number) => void) | undefined
}

/** The host's event loop gets a turn after this many bytes of work, between one and a few tens of milliseconds. */
const BYTES_PER_TURN = 4 * 2 ** 20

/** Counts work, reports it, and stops it. */
export interface Pace {
  /** Counts `bytes` of work; a promise where the event loop is due for a turn, to be awaited before going on. */
  step(bytes: number): Promise<void> | undefined
  /** Reports the end. */
  finish(): void
}

/** The pace of `total` bytes of work, without a look at a clock. */
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

/** What of these a host has differs; a bare realm has none. */
interface Host {
  readonly setImmediate?: (callback: () => void) => unknown
  readonly MessageChannel?: typeof MessageChannel
  readonly scheduler?: { readonly yield?: () => Promise<void> }
  readonly setTimeout?: (callback: () => void, milliseconds: number) => unknown
}

/** Resolves after the host's event loop has had a turn, as promptly as the host can; at once where it has no loop. */
export function nextTurn(host: Host = globalThis as Host): Promise<void> {
  if (typeof host.setImmediate === 'function') return new Promise((resolve) => host.setImmediate!(resolve))
  // Before `scheduler.yield`, whose continuations go ahead of the page's timers and messages.
  if (typeof host.MessageChannel === 'function') return nextMessage(new host.MessageChannel())
  if (typeof host.scheduler?.yield === 'function') return host.scheduler.yield()
  if (typeof host.setTimeout === 'function') return new Promise((resolve) => host.setTimeout!(resolve, 0))
  return Promise.resolve()
}

function nextMessage({ port1, port2 }: MessageChannel): Promise<void> {
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
