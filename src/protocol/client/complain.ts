import { usageError } from '../../errors.js'
import { indexOfSeat } from '../../graph/index.js'
import { requireShape } from '../capabilities.js'
import { requireState } from '../checks.js'
import { isMutual, sendsSecret } from '../parcel-lengths.js'
import type { ClientComplained } from './hybrid-states.js'
import type { ClientShared, Peer } from './states.js'

/** With hybrid key agreement: whether a peer sends the secret for the mask that it shares with this client. */
export function isSender({ seat }: Pick<ClientShared, 'seat'>, peer: Peer): boolean {
  return peer.choice?.isHolder === false || !sendsSecret(seat, peer.seat, isMutual(peer))
}

/**
 * With hybrid key agreement: the step of a client that `maskInput` has refused with `wrong-mask-secret`, because it cannot open
 * what some peers have sealed for their masks. It sends a complaint instead of a masked input, now and for good, and counts as
 * dropped out. The server believes no complaint: it recovers the client's master secret and opens the secrets itself.
 *
 * @param state - The state from `shareKeys`.
 * @param present - The seats in the ForwardedShares message.
 * @param senders - The senders in the error's `concerning`.
 * @returns The last state of the client. Its `outbound` is the complaint. Store the state before it is sent.
 * @throws {SecAggError} `invalid-argument` if there are no senders, or other seats among them; `out-of-order` for another state.
 * @example
 * ```ts
 * // Continues the example of client.shareKeys.
 * const complained = client.complain(shared[2]!.state, [0, 1, 3], [1])
 * console.log(complained.state.state, complained.outbound) // 'client-complained' [ 1 ]
 * ```
 * @public
 */
export function complain(
  state: ClientShared,
  present: readonly number[],
  senders: readonly number[],
): { state: ClientComplained; outbound: readonly number[] } {
  requireState(state, 'client-shared')
  requireShape('seats', present)
  requireShape('seats', senders)
  const { config, seat, minimumSurvivors, peers } = state
  const there = new Set(present)
  const nameable = peers
    .filter((peer) => there.has(peer.seat) && isSender(state, peer))
    .map((peer) => peer.seat)
  const outbound = [...senders].sort((a, b) => a - b)
  if (outbound.length === 0 || outbound.some((sender) => indexOfSeat(nameable, sender) < 0)) {
    throw usageError('invalid-argument', 'a complaint must name clients that send secrets to this client')
  }
  return {
    state: { state: 'client-complained', config, seat, minimumSurvivors, nameable, outbound },
    outbound,
  }
}
