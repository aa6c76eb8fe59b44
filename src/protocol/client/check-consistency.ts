import { type PhaseName, usageError } from '../../errors.js'
import { minimumSeen } from '../../graph/index.js'
import type { ConsistencyCheck, Survivors } from '../../wire/index.js'
import { type ClientCapabilities, capable, requireShape } from '../capabilities.js'
import { blameServer, requireCanonicalSeats, requireEnough, requireState, violation } from '../checks.js'
import { signStatement, survivorsStatement } from '../identity.js'
import type { ClientChecked, ClientMasked } from './states.js'

const PHASE = 'consistency-check'

/**
 * The client's step of the phase ConsistencyCheck (active model only): checks U3 and signs it. With t such signatures every
 * client can verify that t clients were told the same U3 in this run of the round.
 *
 * @param state - The state from `maskInput`.
 * @param inbound - The Survivors message: U3.
 * @param capabilities - `signer`.
 * @returns The next state and the ConsistencyCheck message. Store the state before the message is sent.
 * @throws {SecAggError} With fault `server`: `invalid-survivors`, `too-few-clients`. `invalid-argument` or `out-of-order`
 *   if an argument has the wrong form or the model is not active; `crypto-failure` if the signer fails.
 * @example
 * ```ts
 * // Continues the example of server.survivorsToAnnounce.
 * const checked = await Promise.all(
 *   masked.map((state, seat) =>
 *     client.checkConsistency(state, announced.messageFor(seat), { signer: signers[seat] }),
 *   ),
 * )
 * console.log(checked[0]!.outbound.length) // 64
 * ```
 * @public
 */
export async function checkConsistency(
  state: ClientMasked,
  inbound: Survivors,
  capabilities: Pick<ClientCapabilities, 'signer'>,
): Promise<{ state: ClientChecked; outbound: ConsistencyCheck }> {
  requireState(state, 'client-masked')
  requireShape('Survivors message', inbound)
  const { signer } = capable(capabilities)
  const { config, seat, minimumSurvivors, ownShares, ownIdentity, publishedDigest, sharers } = state
  if (publishedDigest === undefined) {
    throw usageError('out-of-order', 'only the active model has a consistency check', { phase: PHASE })
  }
  requireValidSurvivors(state, inbound, PHASE)
  const survivors = [...inbound]
  const statement = survivorsStatement(config, publishedDigest, seat, survivors)
  const outbound = await signStatement(config, signer, statement, PHASE)
  return {
    state: {
      state: 'client-checked',
      config,
      seat,
      minimumSurvivors,
      ownShares,
      ownIdentity,
      publishedDigest,
      sharers,
      survivors,
      outbound,
    },
    outbound,
  }
}

/**
 * U2 as far as the client knows it, including its own seat. The Survivors message is encoded as a bit set over these seats on
 * the sparse graph.
 *
 * @param state - The state from `maskInput` or {@link checkConsistency}.
 * @returns Seats, ascending.
 * @throws {SecAggError} `out-of-order` for another state.
 * @example
 * ```ts
 * // Continues the example of client.maskInput.
 * console.log(client.sharingSeats(masked[0]!)) // [ 0, 1, 2, 3 ]
 * ```
 * @public
 */
export function sharingSeats(state: ClientMasked | ClientChecked): readonly number[] {
  requireState<ClientMasked | ClientChecked>(state, 'client-masked', 'client-checked')
  return [state.seat, ...state.sharers.map(({ seat }) => seat)].sort((a, b) => a - b)
}

/**
 * Checks U3 before the client signs it or reveals a share for it, in both models: the seats are distinct and known;
 * U3 ⊆ U2; the client's own seat is in U3; |U3| is at least t and at least the client's own minimum, or on the sparse graph
 * t neighbors are in U3.
 *
 * @throws {SecAggError} With fault `server`: `invalid-survivors`, `too-few-clients`.
 */
export function requireValidSurvivors(state: ClientMasked, survivors: Survivors, phase: PhaseName): void {
  const { config, seat, minimumSurvivors } = state
  const blame = blameServer(phase)
  requireCanonicalSeats(survivors, config.clients, 'invalid-survivors', blame)
  const sharing = new Set(sharingSeats(state))
  const stranger = survivors.find((survivor) => !sharing.has(survivor))
  if (stranger !== undefined) {
    throw violation(
      'invalid-survivors',
      blameServer(phase, stranger),
      `seat ${stranger} is named as a survivor (U3), but sent no shares of its secrets (U2)`,
    )
  }
  if (!survivors.includes(seat)) {
    throw violation(
      'invalid-survivors',
      blame,
      'the list of survivors (U3) does not include the client that received it',
    )
  }
  const minimum = minimumSeen(config.graph, config.threshold, minimumSurvivors)
  requireEnough(survivors.length, minimum, 'U3', blame)
}
