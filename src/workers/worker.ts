/**
 * What a worker of a mask pool runs. A bundler that does not find it by itself takes it as an entry point, and `spawn`
 * of the pool starts it.
 * @module
 */
import { serveMasks, type WorkerPort } from './serve.js'

const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads')
serveMasks((threads?.parentPort ?? globalThis) as unknown as WorkerPort)
