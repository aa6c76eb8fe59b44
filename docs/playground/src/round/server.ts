import type { Receipt, RoundName, RoundReport } from 'secagg'

/** A server as the page's network knows it: an honest `ServerSession`, or a liar around several. */
export interface AggregationServer {
  /** The round that is open; `undefined` once there is a sum. */
  readonly round: RoundName | undefined
  readonly report: RoundReport
  receive(seat: number, bytes: Uint8Array): Promise<Receipt>
  /** Ends the open round. */
  close(): Promise<Closing>
}

/** What follows: a message for each seat, or what the server has learned. */
export type Closing =
  | { readonly done: false; readonly messages: ReadonlyMap<number, Uint8Array> }
  | { readonly done: true; readonly learned: Learned }

export interface Learned {
  readonly sum: Uint16Array
  readonly survivors: readonly number[]
  /** What a liar has found out about one client beside the sum. */
  readonly stolen?: Uint16Array | undefined
}
