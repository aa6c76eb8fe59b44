import { indexOfSeat } from '../../graph/index.js'
import type { ConsistencyCheck, ConsistencySignatures } from '../../wire/index.js'
import { capable, requireShape, type ServerCapabilities } from '../capabilities.js'
import {
  blameNobody,
  blamePeer,
  requireEnough,
  requireSeatNumber,
  requireState,
  violation,
} from '../checks.js'
import { survivorsStatement, verifyStatement } from '../identity.js'
import { broadcast, bySeat, type Outbound, requireMember, withAnswers } from './accepted.js'
import type { ConsistentClient, ServerChecking, ServerUnmasking } from './states.js'

const PHASE = 'consistency-check'

/**
 * Checks one ConsistencyCheck message (active model only): the sender is in U3, its signature over U3 in this run is
 * valid, and the identity that signed is the one that signed the seat's keys.
 *
 * @param state - The state from `closeMaskedInput`.
 * @param seat - The seat that sent the message.
 * @param signature - The message, which is the signature itself.
 * @param capabilities - `verifyIdentity`.
 * @returns The accepted signature, for {@link closeConsistencyCheck}.
 * @throws {SecAggError} With fault `peer` and the sender as culprit: `unknown-seat`, `invalid-signature`.
 *   `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of client.checkConsistency.
 * const checkingState = checking.state as server.ServerChecking // in the active model
 * const acceptedSignatures = await Promise.all(
 *   checked.map(({ outbound }, seat) =>
 *     server.acceptConsistencyCheck(checkingState, seat, outbound, { verifyIdentity }),
 *   ),
 * )
 * console.log(acceptedSignatures.map(({ seat }) => seat)) // [ 0, 1, 2 ]
 * ```
 * @public
 */
export async function acceptConsistencyCheck(
  state: ServerChecking,
  seat: number,
  signature: ConsistencyCheck,
  capabilities: Pick<ServerCapabilities, 'verifyIdentity'>,
): Promise<ConsistentClient> {
  requireState(state, 'server-checking')
  requireSeatNumber(seat)
  requireShape('signature', signature)
  const { verifyIdentity } = capable(capabilities)
  const { config, survivors, publishedDigest } = state
  const blame = blamePeer(PHASE, seat)
  const { identity } = requireMember(state.clients, seat, PHASE)
  if (indexOfSeat(survivors, seat) < 0)
    throw violation('unknown-seat', blame, `seat ${seat} is not among the survivors (U3)`)
  const message = survivorsStatement(config, publishedDigest, seat, survivors)
  await verifyStatement(config, verifyIdentity, { seat, message, signature }, identity, blame)
  return { seat, signature }
}

/**
 * Closes the phase ConsistencyCheck: fixes U4 and makes the messages with its signatures.
 *
 * @param state - The state from `closeMaskedInput`.
 * @param accepted - What {@link acceptConsistencyCheck} returned, one entry for each client.
 * @returns The next state and the ConsistencySignatures messages.
 * @throws {SecAggError} `too-few-clients` if |U4| < t. `invalid-argument` or `out-of-order` if an argument has the wrong
 *   form.
 * @example
 * ```ts
 * // Continues the example of server.acceptConsistencyCheck.
 * const unmasking = server.closeConsistencyCheck(checkingState, acceptedSignatures)
 * console.log(unmasking.outbound.recipients) // [ 0, 1, 2 ]
 * ```
 * @public
 */
export function closeConsistencyCheck(
  state: ServerChecking,
  accepted: readonly ConsistentClient[],
): { state: ServerUnmasking; outbound: Outbound<ConsistencySignatures> } {
  requireState(state, 'server-checking')
  requireShape('list of accepted signatures', accepted)
  const { config, graph, clients, survivors } = state
  requireEnough(accepted.length, config.threshold, 'U4', blameNobody(PHASE))
  const consistent = withAnswers(clients, bySeat(accepted, PHASE)).map(({ answer }) => answer)
  const next: ServerUnmasking = {
    state: 'server-unmasking',
    config,
    graph,
    clients,
    survivors,
    consistent,
  }
  return { state: next, outbound: signaturesToPublish(next) }
}

/**
 * The ConsistencySignatures messages, which open the phase Unmasking in the active model. They are made from the state,
 * so a server that restarts can make them again.
 *
 * @param state - The state from {@link closeConsistencyCheck}.
 * @returns The same message for each client of U4: all signatures.
 * @throws {SecAggError} `out-of-order` for another state.
 * @example
 * ```ts
 * // Continues the example of server.closeConsistencyCheck.
 * const signatures = server.signaturesToPublish(unmasking.state)
 * console.log(signatures.messageFor(0).map(({ seat }) => seat)) // [ 0, 1, 2 ]
 * ```
 * @public
 */
export function signaturesToPublish(state: ServerUnmasking): Outbound<ConsistencySignatures> {
  requireState(state, 'server-unmasking')
  const { consistent = [] } = state
  return broadcast(
    consistent.map(({ seat }) => seat),
    consistent.map(({ seat, signature }) => ({ seat, value: signature })),
  )
}
