import { graphOf, hasPlace, indexOfSeat, placesIn } from '../../graph/index.js'
import {
  ACKNOWLEDGEMENT_LENGTH,
  type Acknowledgements,
  type ConsistencyCheck,
  type ConsistencySignatures,
  type LivingOwners,
} from '../../wire/index.js'
import { capable, requireShape, type ServerCapabilities } from '../capabilities.js'
import {
  blameNobody,
  blamePeer,
  requireCanonicalSeats,
  requireEnough,
  requireSeatNumber,
  requireState,
  violation,
} from '../checks.js'
import { verifyStatement } from '../identity.js'
import { survivorsStatement } from '../statements.js'
import {
  broadcast,
  bySeat,
  type Outbound,
  requireHolders,
  requireMember,
  requireRecipient,
  withAnswers,
} from './accepted.js'
import type {
  AcknowledgingClient,
  ConsistentClient,
  ServerAcknowledging,
  ServerChecking,
  ServerUnmasking,
} from './states.js'
import { acknowledgementsFor, livingOwnerSeats, respondents } from './unmask.js'

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
    acknowledging: undefined,
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

/**
 * Checks one message of phase 3 on the chosen graph: the sender is in U3, and acknowledges only owners that are alive and have
 * chosen it as a holder. Only the owners can check the values.
 *
 * @param state - The state of this phase.
 * @param seat - The sender's seat.
 * @param message - Its acknowledgements.
 * @returns The client with its acknowledgements, for `closeAcknowledgements`.
 * @throws {SecAggError} fault `peer`, the sender as culprit: `unknown-seat`, `malformed-message`.
 * @example
 * ```ts
 * // Continues the example of client.acknowledgeOwners.
 * const acknowledgements = seats.map((seat) =>
 *   server.acceptAcknowledgements(acknowledging.state, seat, acknowledged[seat]!.outbound),
 * )
 * console.log(acknowledgements[1]!.acknowledgements.length === owners!.size) // true
 * ```
 * @public
 */
export function acceptAcknowledgements(
  state: ServerAcknowledging,
  seat: number,
  message: Acknowledgements,
): AcknowledgingClient {
  requireState(state, 'server-acknowledging')
  requireSeatNumber(seat)
  requireShape('Acknowledgements message', message)
  const { config } = state
  const blame = blamePeer(PHASE, seat)
  if (indexOfSeat(state.survivors, seat) < 0)
    throw violation('unknown-seat', blame, `seat ${seat} is not among the survivors (U3)`)
  const acknowledged = message.map((entry) => entry.seat)
  requireCanonicalSeats(acknowledged, config.clients, 'malformed-message', blame)
  const living = livingOwnerSeats(state, seat)
  for (const { seat: owner, value } of message) {
    if (indexOfSeat(living, owner) < 0) {
      throw violation('malformed-message', blame, `seat ${owner} is not a living owner of the sender`)
    }
    if (value.length !== ACKNOWLEDGEMENT_LENGTH) {
      throw violation('malformed-message', blame, 'an acknowledgement has the wrong length')
    }
  }
  return { seat, acknowledgements: message }
}

/**
 * The messages that open phase 3 on the chosen graph. Each survivor is told which of the clients that have chosen it are alive,
 * with the proof of each.
 *
 * @param state - The state of phase 3.
 * @returns A message for each client of U3.
 * @example
 * ```ts
 * // Continues the example of server.acceptInclusion.
 * const acknowledging = server.closeMaskedInput(masking.state, seats, proofs)
 * const announced = server.livingOwnersToAnnounce(acknowledging.state)
 * console.log(announced.messageFor(1).length === owners!.size) // true
 * ```
 * @public
 */
export function livingOwnersToAnnounce(state: ServerAcknowledging): Outbound<LivingOwners> {
  requireState(state, 'server-acknowledging')
  const { config, graph, survivors, including } = state
  const { owners } = graphOf(graph, config.clients)
  const places = placesIn(including)
  return {
    recipients: survivors,
    messageFor: (receiver) => {
      requireRecipient(survivors, receiver)
      return owners(receiver).flatMap((owner) => {
        return hasPlace(places, owner) ? [{ seat: owner, value: including[places[owner]!]!.inclusion }] : []
      })
    },
  }
}

/**
 * Ends phase 3 on the chosen graph. U4 are the clients that have acknowledged others.
 *
 * @param state - The state of this phase.
 * @param accepted - What `acceptAcknowledgements` returned.
 * @returns The state of the last phase, and its messages.
 * @throws {SecAggError} `too-few-shares`, with an owner in `concerning`, if fewer than t of its holders can still reveal
 *   shares. A holder can if it is in U4 and has t acknowledgements itself.
 * @example
 * ```ts
 * // Continues the example of server.acceptAcknowledgements.
 * const last = server.closeAcknowledgements(acknowledging.state, acknowledgements)
 * console.log(last.outbound.recipients) // [ 0, 1, 2, 3 ]
 * ```
 * @public
 */
export function closeAcknowledgements(
  state: ServerAcknowledging,
  accepted: readonly AcknowledgingClient[],
): { state: ServerUnmasking; outbound: Outbound<Acknowledgements> } {
  requireState(state, 'server-acknowledging')
  requireShape('list of accepted acknowledgements', accepted)
  const { config, graph, clients, survivors } = state
  const acknowledging = withAnswers(clients, bySeat(accepted, PHASE)).map(({ answer }) => answer)
  const next: ServerUnmasking = {
    state: 'server-unmasking',
    config,
    graph,
    clients,
    survivors,
    consistent: undefined,
    acknowledging,
  }
  const owners = clients.map(({ seat }) => seat)
  requireHolders(state, owners, respondents(next), PHASE)
  return { state: next, outbound: acknowledgementsToForward(next) }
}

/**
 * The messages that open the last phase on the chosen graph. Each respondent gets the acknowledgements from its holders.
 *
 * @param state - The state of the last phase.
 * @returns A message for each client that has t acknowledgements.
 * @example
 * ```ts
 * // Continues the example of server.closeAcknowledgements.
 * const forwarded = server.acknowledgementsToForward(last.state)
 * const finished = await client.unmask(acknowledged[1]!.state, forwarded.messageFor(1), own[1]!)
 * console.log(forwarded.messageFor(1).length, finished.outbound.length === owners!.size) // 2 true
 * ```
 * @public
 */
export function acknowledgementsToForward(state: ServerUnmasking): Outbound<Acknowledgements> {
  requireState(state, 'server-unmasking')
  const recipients = respondents(state)
  return {
    recipients,
    messageFor: (receiver) => {
      requireRecipient(recipients, receiver)
      return acknowledgementsFor(state, receiver)
    },
  }
}
