import { nameableSeats, visibleFrom } from '../../graph/index.js'
import type { Survivors } from '../../wire/index.js'
import { blameNobody } from '../blame.js'
import { requireEnough, requireState } from '../checks.js'
import { bySeat, requireMember, withAnswers } from './accepted.js'
import { type Outbound, outboundBySeats } from './outbound.js'
import type { MaskedClient, ServerChecking, ServerMasking, ServerUnmasking } from './states.js'

const ROUND = 'masked-input'

/**
 * Round 2, one message: whether the client at `seat` may hand in a masked vector. The vector itself is checked and
 * folded by whoever keeps the running sum.
 *
 * @throws {SecAggError} fault `peer`, the sender as culprit: `unknown-seat`.
 */
export function acceptMaskedInput(state: ServerMasking, seat: number): void {
  requireState(state, 'server-masking')
  requireMember(state.clients, seat, ROUND)
}

/**
 * Ends round 2: `survivors`, the clients whose whole masked vector is in the running sum, become U3.
 *
 * @throws {SecAggError} `too-few-clients` where |U3| < t or the minimum cohort.
 */
export function announceSurvivors(
  state: ServerMasking,
  survivors: readonly number[],
): { state: ServerChecking | ServerUnmasking; outbound: Outbound<Survivors> } {
  requireState(state, 'server-masking')
  const { config, graph } = state
  requireEnough(survivors.length, config.minimumCohort, 'U3', blameNobody(ROUND))
  const answers = bySeat(
    survivors.map((seat) => ({ seat })),
    ROUND,
  )
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
    survivors: withAnswers(state.clients, answers).map(({ member }) => member.seat),
  }
  const next: ServerChecking | ServerUnmasking =
    config.adversary === 'active'
      ? { ...common, state: 'server-checking' }
      : { ...common, state: 'server-unmasking', consistent: undefined }
  return { state: next, outbound: announcedSurvivors(next) }
}

/** The messages with which round 3 begins, or round 4 in the honest-but-curious model. */
export function announcedSurvivors(state: ServerChecking | ServerUnmasking): Outbound<Survivors> {
  const { config, graph, survivors } = state
  return outboundBySeats(
    survivors,
    (receiver) => visibleFrom(graph, config.clients, receiver, survivors),
    (visible) => visible,
  )
}

/** The seats that such a message for `receiver` may name: U2 as far as it hears of it, or every seat. */
export function nameableSurvivors(
  { config, graph, clients }: ServerChecking | ServerUnmasking,
  receiver: number,
): readonly number[] {
  const told = visibleFrom(
    graph,
    config.clients,
    receiver,
    clients.map(({ seat }) => seat),
  )
  return nameableSeats(config.graph, config.clients, told)
}
