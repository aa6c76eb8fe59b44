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
 * Round 3 (active model), one message: it is of a client of U3, and its signature over U3 in this run is valid and by
 * the identity that signed the seat's keys.
 *
 * @throws {SecAggError} fault `peer`, the sender as culprit: `unknown-seat`, `invalid-signature`.
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
 * Ends round 3: U4 and its signatures.
 *
 * @throws {SecAggError} `too-few-clients` where |U4| < t.
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
 * The messages with which round 4 begins in the active model.
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
