import type { Examples } from '../../../examples/mnist/examples.js'
import type { TrainingOptions } from '../../../examples/mnist/model.js'

/** The data with which a worker starts. All of it, except the examples, would come from the server. */
export interface Assignment {
  /** The clients that run in this worker. */
  readonly seats: readonly number[]
  readonly clients: number
  readonly seed: number
  /** The plan as JSON, which every client checks itself. */
  readonly plan: string
  readonly training: Examples
  readonly local: TrainingOptions
}

/** From the page to a worker. */
export type ToWorker =
  | { readonly kind: 'assign'; readonly assignment: Assignment }
  /** The public identity keys of all clients, by seat. */
  | { readonly kind: 'enrolled'; readonly publicKeys: readonly Uint8Array[] }
  | {
      readonly kind: 'round'
      readonly number: number
      readonly sessionId: Uint8Array
      readonly model: Uint8Array
    }
  /** The server's message for a client; `undefined` in the first phase of a round. */
  | { readonly kind: 'message'; readonly seat: number; readonly bytes?: Uint8Array | undefined }

/** From a worker to the page. */
export type FromWorker =
  | { readonly kind: 'identities'; readonly publicKeys: ReadonlyMap<number, Uint8Array> }
  | { readonly kind: 'training'; readonly seat: number }
  | {
      readonly kind: 'answer'
      readonly seat: number
      readonly bytes: Uint8Array
      /** Milliseconds that the client spent on training for this answer. */
      readonly training: number
    }
  | { readonly kind: 'refusal'; readonly seat: number; readonly reason: string }
