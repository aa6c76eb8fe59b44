/**
 * The program that a worker of a mask pool runs. If your bundler does not find this file, make it an entry point and
 * start it with the option `spawn` of the pool.
 * @module
 */
import { builtinModule } from '../crypto/builtin.js'
import { serveMasks, type WorkerPort } from './serve.js'

const threads = builtinModule('node:worker_threads')
serveMasks((threads?.parentPort ?? globalThis) as unknown as WorkerPort)
