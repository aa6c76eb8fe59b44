import { minimumRemaining, nameableSeats, visibleAmong, visibleFrom } from '../../graph/index.js'
import type { Survivors } from '../../wire/index.js'
import { requireShape } from '../capabilities.js'
import { blameNobody, requireEnough, requireSeatNumber, requireState } from '../checks.js'
import {
  bySeat,
  type Outbound,
  outboundBySeats,
  requireHolders,
  requireMember,
  withAnswers,
} from './accepted.js'
import type { MaskedClient, ServerChecking, ServerMasking, ServerUnmasking } from './states.js'

const PHASE = 'masked-input'

/**
 * Round 2, one message: whether the client at `seat` may hand in a masked vector. The vector itself is checked and
 * folded by whoever keeps the running sum.
 *
 * @throws {SecAggError} fault `peer`, the sender as culprit: `unknown-seat`.
 * @public
 */
export function acceptMaskedInput(state: ServerMasking, seat: number): void {
  requireState(state, 'server-masking')
  requireSeatNumber(seat)
  requireMember(state.clients, seat, PHASE)
}

/**
 * Ends round 2: `survivors`, the clients whose whole masked vector is in the running sum, become U3.
 *
 * @throws {SecAggError} `too-few-clients` where |U3| is below the minimum cohort, or fewer than the graph withstands;
 *   `too-few-shares` where an owner, named in `concerning`, has lost its holders.
 * @public
 */
export function closeMaskedInput(
  state: ServerMasking,
  survivors: readonly number[],
): { state: ServerChecking | ServerUnmasking; outbound: Outbound<Survivors> } {
  requireState(state, 'server-masking')
  requireShape('seats', survivors)
  const { config, graph, publishedDigest } = state
  requireEnough(survivors.length, minimumRemaining(graph, config.minimumCohort), 'U3', blameNobody(PHASE))
  const answers = bySeat(
    survivors.map((seat) => ({ seat })),
    PHASE,
  )
  const surviving = withAnswers(state.clients, answers).map(({ member }) => member.seat)
  const owners = state.clients.map(({ seat }) => seat)
  requireHolders(state, owners, surviving, PHASE)
  const common = {
    config,
    graph,
    clients: state.clients.map(
      ({ seat, keys, commitment, identity }): MaskedClient => ({
        seat,
        maskKey: keys.maskKey,
        commitment,
        identity,
      }),
    ),
    survivors: surviving,
  }
  const next: ServerChecking | ServerUnmasking =
    publishedDigest === undefined
      ? { ...common, state: 'server-unmasking', consistent: undefined }
      : { ...common, state: 'server-checking', publishedDigest }
  return { state: next, outbound: survivorsToAnnounce(next) }
}

/**
 * The messages with which round 3 begins, or round 4 in the honest-but-curious model.
 * @public
 */
export function survivorsToAnnounce(state: ServerChecking | ServerUnmasking): Outbound<Survivors> {
  requireAnnounced(state)
  const { config, graph, survivors } = state
  return outboundBySeats(
    survivors,
    (receiver) => visibleFrom(graph, config.clients, receiver, survivors),
    (visible) => visible,
  )
}

/**
 * The seats that such a message for `receiver` may name: U2 as far as it hears of it, or every seat.
 * @public
 */
export function nameableSurvivors(
  state: ServerChecking | ServerUnmasking,
  receiver: number,
): readonly number[] {
  requireAnnounced(state)
  requireSeatNumber(receiver)
  const { config, graph, clients } = state
  const told = visibleAmong(graph, config.clients, receiver, clients).map(({ seat }) => seat)
  return nameableSeats(config.graph, config.clients, told)
}

function requireAnnounced(state: ServerChecking | ServerUnmasking): void {
  requireState<ServerChecking | ServerUnmasking>(state, 'server-checking', 'server-unmasking')
}
