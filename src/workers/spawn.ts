import { builtinModule } from '../crypto/builtin.js'
import { usageError } from '../errors.js'
import type { MaskWorker } from './host.js'

/** A constant, not a literal: bundlers for browsers follow a literal, and would include the file a second time, for Node. */
const WORKER_FILE = './worker.js'

/**
 * Starts a worker in Node or a browser. It runs the file `worker.js` next to this one.
 * @throws {SecAggError} `unsupported` if the host has no workers. Also what the host throws.
 */
export function spawnWorker(): MaskWorker {
  const threads = builtinModule('node:worker_threads')
  if (threads !== undefined && !import.meta.url.startsWith('http')) {
    return new threads.Worker(new URL(/* webpackIgnore: true */ WORKER_FILE, import.meta.url))
  }
  if (typeof Worker === 'undefined') throw usageError('unsupported', 'this host does not support workers')
  // Deno loads the sources over HTTP, from JSR. Its `node:worker_threads` accepts local files only.
  if (threads !== undefined) {
    const file = import.meta.url.endsWith('.ts') ? WORKER_FILE.replace('.js', '.ts') : WORKER_FILE
    return new Worker(new URL(/* webpackIgnore: true */ file, import.meta.url), { type: 'module' })
  }
  // Bundlers recognize this form and include the file.
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
}
