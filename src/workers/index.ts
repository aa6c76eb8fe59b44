/**
 * `secagg/workers`: a pool of threads that executes mask plans, in Node and in browsers.
 * @module
 */
export type { MaskWorker } from './host.js'
export { createMaskPool, type MaskPool, type MaskPoolOptions } from './pool.js'
