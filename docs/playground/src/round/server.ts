import type { PhaseName, Receipt, RoundReport } from 'secagg'

/** A server as the page's network sees it: an honest `ServerSession`, or a lying server around several sessions. */
export interface AggregationServer {
  /** The open phase; `undefined` once there is a sum. */
  readonly phase: PhaseName | undefined
  readonly report: RoundReport
  receive(seat: number, bytes: Uint8Array): Promise<Receipt>
  /** Closes the open phase. */
  close(): Promise<Closing>
}

/** What follows: a message for each seat, or what the server has learned. */
export type Closing =
  | { readonly done: false; readonly messages: ReadonlyMap<number, Uint8Array> }
  | { readonly done: true; readonly learned: Learned }

export interface Learned {
  readonly sum: Uint16Array
  readonly survivors: readonly number[]
  /** What a lying server has learned about one client in addition to the sum. */
  readonly stolen?: Uint16Array | undefined
}
