import type { SuiteName } from '../crypto/provider.js'
import type { Vector } from '../vector/segments.js'
import type { Piece } from './pieces.js'
import type { PerSuite } from './suites.js'

/** Changes with the messages, so that a worker file of another version is noticed. */
export const GREETING = 'secagg mask worker 1'

/** What the pool tells a worker: a plan, its pieces one after the other, the end of the plan, the next plan. */
export type ToWorker =
  | {
      readonly type: 'plan'
      readonly suite: SuiteName
      /** The seeds of all terms, one after the other. */
      readonly seeds: Uint8Array
      readonly signs: Int8Array
      /** Whether anybody wants to know how far a piece is. */
      readonly reports: boolean
    }
  | { readonly type: 'piece'; readonly piece: Piece }
  /** The pieces of this plan need not be finished. */
  | { readonly type: 'stop' }
  | { readonly type: 'end' }

/** What a worker tells the pool. Every piece is answered, in order. */
export type FromWorker =
  | {
      readonly type: 'ready'
      readonly greeting: string
      /** What its suites make, as `sampleOf` takes it. */
      readonly samples: PerSuite<Uint8Array>
    }
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'done'; readonly target: Vector }
  | { readonly type: 'stopped' }
  /** It can do no more. */
  | { readonly type: 'failed'; readonly reason: string }
