import { type DrawnGraph, graphOf, indexOfSeat } from '../../graph/index.js'
import type { RoundConfig } from '../config.js'
import { isHolder, KEPT_SECRET_LENGTH, SENT_SECRET_LENGTH, sendsSecret } from '../parcel-lengths.js'

/** With hybrid key agreement: whether `seat` sends the secret for the mask that it shares with `other`. */
export function isSender(config: RoundConfig, graph: DrawnGraph, seat: number, other: number): boolean {
  return (
    isHolder(config, graph, other, seat) && sendsSecret(seat, other, isHolder(config, graph, seat, other))
  )
}

/** The survivors that share a mask with a client that dropped out, ascending. */
export function joinedTo(
  { config, graph }: { readonly config: RoundConfig; readonly graph: DrawnGraph },
  dropped: number,
  survivors: readonly number[],
): readonly number[] {
  return graphOf(graph, config.clients)
    .maskNeighbors(dropped)
    .filter((seat) => indexOfSeat(survivors, seat) >= 0)
}

/** The bytes of `crossing` of one dropped client. */
export function crossingLength(
  state: { readonly config: RoundConfig; readonly graph: DrawnGraph },
  dropped: number,
  survivors: readonly number[],
): number {
  return joinedTo(state, dropped, survivors).reduce(
    (sum, survivor) =>
      sum +
      (isSender(state.config, state.graph, survivor, dropped) ? SENT_SECRET_LENGTH : KEPT_SECRET_LENGTH),
    0,
  )
}

/** The pairs of a dropped client in `crossing`, in the order of `joined`. `isSent`: the survivor has sent. */
export function crossingEntries(
  config: RoundConfig,
  graph: DrawnGraph,
  crossing: Uint8Array,
  dropped: number,
  joined: readonly number[],
): readonly { readonly survivor: number; readonly bytes: Uint8Array; readonly isSent: boolean }[] {
  let at = 0
  return joined.map((survivor) => {
    const isSent = isSender(config, graph, survivor, dropped)
    const from = at
    at += isSent ? SENT_SECRET_LENGTH : KEPT_SECRET_LENGTH
    return { survivor, isSent, bytes: crossing.subarray(from, at) }
  })
}
