import { builtinModule } from '../crypto/builtin.js'

/**
 * The part of a worker that a pool uses: of a Web Worker, or of a Worker of `node:worker_threads`.
 * @public
 */
export interface MaskWorker {
  /** Sends a message, and hands over the buffers in `transfer`. */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  /** Ends the worker immediately. */
  terminate(): unknown
  /** Web Workers have this. */
  addEventListener?(type: 'message' | 'error' | 'messageerror', listener: (event: unknown) => void): void
  /** Workers of Node have this. */
  on?(type: 'message' | 'error' | 'messageerror' | 'exit', listener: (value: unknown) => void): unknown
  /** Keeps the process alive while the worker runs. Workers of Node have this. */
  ref?(): void
  /** Lets the process end although the worker runs. Workers of Node have this. */
  unref?(): void
}

/** The number of threads that can run at the same time on this machine, or 1 if the host does not tell. */
export function parallelism(): number {
  const os = builtinModule('node:os')
  return os?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1
}

/** Calls `hear` with each message of a worker, and `lose` with a reason if the worker is lost. */
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
    // The pool reports the error, so the browser should not report it too.
    error.preventDefault()
    lose(error.message ?? 'its file could not be loaded')
  })
}
