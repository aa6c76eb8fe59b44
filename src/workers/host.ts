import { usageError } from '../errors.js'

/**
 * A Web Worker, or a Worker of `node:worker_threads`, as far as a pool uses it.
 * @public
 */
export interface MaskWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  terminate(): unknown
  /** Web. */
  addEventListener?(type: 'message' | 'error' | 'messageerror', listener: (event: unknown) => void): void
  /** Node. */
  on?(type: 'message' | 'error' | 'messageerror' | 'exit', listener: (value: unknown) => void): unknown
  ref?(): void
  unref?(): void
}

/** No string literal where it is used, or bundlers for browsers would pack the file a second time, for Node. */
const WORKER_FILE = './worker.js'

/**
 * Starts a worker, in Node or a browser, with the file next to this one.
 * @throws {SecAggError} `unsupported` where the host has no workers, and what the host throws.
 */
export function spawnWorker(): MaskWorker {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads')
  if (threads !== undefined && !import.meta.url.startsWith('http')) {
    return new threads.Worker(new URL(WORKER_FILE, import.meta.url))
  }
  if (typeof Worker === 'undefined') throw usageError('unsupported', 'this host has no workers')
  // Deno loads the sources over HTTP, from JSR. Its `node:worker_threads` accepts local files only.
  if (threads !== undefined) {
    const file = import.meta.url.endsWith('.ts') ? WORKER_FILE.replace('.js', '.ts') : WORKER_FILE
    return new Worker(new URL(file, import.meta.url), { type: 'module' })
  }
  // In this form bundlers find the file.
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
}

/** Threads that run at the same time on this machine, as far as it tells. */
export function parallelism(): number {
  const os = globalThis.process?.getBuiltinModule?.('node:os')
  return os?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1
}

/** Calls `hear` with each message of a worker, and `lose` with the reason where there will be no more. */
export function listen(
  worker: MaskWorker,
  hear: (message: unknown) => void,
  lose: (reason: unknown) => void,
): void {
  if (worker.on !== undefined) {
    worker.on('message', hear)
    worker.on('messageerror', lose)
    worker.on('error', lose)
    worker.on('exit', (code) => lose(`it exited with code ${code}`))
    return
  }
  worker.addEventListener?.('message', (event) => hear((event as MessageEvent).data))
  worker.addEventListener?.('messageerror', () => lose('a message could not be read'))
  worker.addEventListener?.('error', (event) => {
    const error = event as ErrorEvent
    // The pool tells of it, so the page need not.
    error.preventDefault()
    lose(error.message ?? 'its file could not be loaded')
  })
}
