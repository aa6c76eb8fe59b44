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
 * Checks that a client may send a masked vector. The vector itself is checked, and added to the running sum, by the code
 * that keeps this sum.
 *
 * @param state - The state from `closeShareKeys`.
 * @param seat - The seat that sent the vector.
 * @throws {SecAggError} With fault `peer` and the sender as culprit: `unknown-seat`. `invalid-argument` or
 *   `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of client.maskInput.
 * import { addInto, createVector } from 'secagg/vector'
 *
 * const sum = createVector(config.segments)
 * for (const [seat, vector] of vectors.entries()) {
 *   server.acceptMaskedInput(masking.state, seat)
 *   addInto(sum, vector, config.segments)
 * }
 * ```
 * @public
 */
export function acceptMaskedInput(state: ServerMasking, seat: number): void {
  requireState(state, 'server-masking')
  requireSeatNumber(seat)
  requireMember(state.clients, seat, PHASE)
}

/**
 * Closes the phase MaskedInputCollection: fixes U3 and makes the messages that announce it.
 *
 * @param state - The state from `closeShareKeys`.
 * @param survivors - The seats whose whole masked vector is in the running sum. They become U3.
 * @returns The next state, which depends on the adversary model, and the Survivors messages.
 * @throws {SecAggError} `too-few-clients` if |U3| is below the minimum cohort, or below what the graph tolerates;
 *   `too-few-shares` if fewer than t holders of a client's secrets are left (`concerning` names that client).
 *   `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.acceptMaskedInput.
 * const checking = server.closeMaskedInput(masking.state, [0, 1, 2])
 * console.log(checking.state.state, checking.outbound.recipients) // 'server-checking' [ 0, 1, 2 ]
 * ```
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
 * The Survivors messages, which open the phase ConsistencyCheck, or Unmasking in the honest-but-curious model. They are
 * made from the state, so a server that restarts can make them again.
 *
 * @param state - The state from {@link closeMaskedInput}.
 * @returns One message for each client of U3: the survivors that it may know of.
 * @throws {SecAggError} `out-of-order` for another state.
 * @example
 * ```ts
 * // Continues the example of server.closeMaskedInput.
 * const announced = server.survivorsToAnnounce(checking.state)
 * console.log(announced.messageFor(1)) // [ 0, 1, 2 ]
 * ```
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
 * The seats that the Survivors message for one client can name. The message encodes survivors as a bit set over these
 * seats.
 *
 * @param state - The state from {@link closeMaskedInput}.
 * @param receiver - The seat of the client.
 * @returns Seats, ascending: on the sparse graph the clients of U2 that the receiver may know of, on the complete graph
 *   all seats.
 * @throws {SecAggError} `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.closeMaskedInput.
 * console.log(server.nameableSurvivors(checking.state, 1)) // [ 0, 1, 2, 3 ]
 * ```
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
