import type { SecAggError } from '../../errors.js'
import {
  graphOf,
  hasPlace,
  indexOfSeat,
  isChosen,
  memberAt,
  placesIn,
  visibleAmong,
} from '../../graph/index.js'
import {
  type Acknowledgements,
  KEY_LENGTH,
  SELF_MASK_SEED_LENGTH,
  type SeatColumn,
  type Seated,
  type UnmaskingShares,
} from '../../wire/index.js'
import { requireShape } from '../capabilities.js'
import { blamePeer, requireCanonicalSeats, requireSeatNumber, requireState, violation } from '../checks.js'
import type { ServerAcknowledging, ServerUnmasking } from './states.js'

const PHASE = 'unmasking'

/**
 * The shares that one client has revealed and the server has accepted.
 * @public
 */
export interface RevealingClient {
  readonly seat: number
  /** Ascending by the owner of the secret. */
  readonly shares: readonly Seated<Uint8Array>[]
}

/** The shares that one client has revealed, in one piece: those that {@link RevealingClient} has as a list. */
export interface RevealedColumn {
  readonly seat: number
  readonly shares: SeatColumn
}

/** The length of a share of the secret that is needed of an owner: b if it has survived, otherwise s^SK. */
export function shareLengths({ survivors }: Pick<ServerUnmasking, 'survivors'>): (owner: number) => number {
  const survived = placesIn(survivors)
  return (owner) => (hasPlace(survived, owner) ? SELF_MASK_SEED_LENGTH : KEY_LENGTH)
}

/**
 * The clients that may answer in the phase Unmasking: U4 in the active model, U3 in the honest-but-curious model.
 * On the chosen graph: the clients of U4 that have been acknowledged by at least t of their holders.
 *
 * @param state - The state from `closeMaskedInput`, `closeConsistencyCheck` or `closeAcknowledgements`.
 * @returns Seats, ascending.
 * @throws {SecAggError} `out-of-order` for another state.
 * @example
 * ```ts
 * // Continues the example of server.closeConsistencyCheck.
 * console.log(server.respondents(unmasking.state)) // [ 0, 1, 2 ]
 * ```
 * @public
 */
export function respondents(state: ServerUnmasking): readonly number[] {
  requireState(state, 'server-unmasking')
  const { config, consistent, acknowledging, survivors } = state
  const known = respondentsOf.get(state)
  if (known !== undefined) return known
  if (acknowledging === undefined) {
    const signed = consistent?.map(({ seat }) => seat) ?? survivors
    respondentsOf.set(state, signed)
    return signed
  }
  const counts = new Map<number, number>()
  for (const { acknowledgements } of acknowledging) {
    for (const { seat } of acknowledgements) counts.set(seat, (counts.get(seat) ?? 0) + 1)
  }
  const found = acknowledging
    .map(({ seat }) => seat)
    .filter((seat) => (counts.get(seat) ?? 0) >= config.threshold)
  respondentsOf.set(state, found)
  return found
}

/** A cache: the respondents follow from the state, but take long to compute. */
const respondentsOf = new WeakMap<ServerUnmasking, readonly number[]>()

/** On the chosen graph: the acknowledgements that the holders of the client at `seat` have sent for it. */
export function acknowledgementsFor(
  { config, graph, acknowledging = [] }: ServerUnmasking,
  seat: number,
): Acknowledgements {
  const places = placesIn(acknowledging)
  return graphOf(graph, config.clients)
    .holders(seat)
    .flatMap((holder) => {
      if (!hasPlace(places, holder)) return []
      const own = memberAt(acknowledging[places[holder]!]!.acknowledgements, seat)
      return own === undefined ? [] : [{ seat: holder, value: own.value }]
    })
}

/**
 * Checks one message with revealed shares: the sender was asked; there is at most one share for each owner in U2 that has
 * the sender as a holder; and each share has the length of a share of the requested secret. Wrong values are found only when
 * the secrets are reconstructed.
 *
 * @param state - The state from `closeMaskedInput`, `closeConsistencyCheck` or `closeAcknowledgements`.
 * @param seat - The seat that sent the message.
 * @param message - The decoded message.
 * @returns The accepted shares, for `reconstructSecrets`.
 * @throws {SecAggError} With fault `peer` and the sender as culprit: `unknown-seat`, `invalid-share`. `invalid-argument` or
 *   `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of client.unmask.
 * const answers = revealed.map(({ outbound }, seat) => server.acceptUnmasking(unmasking.state, seat, outbound))
 * console.log(answers[1]!.shares.length) // 4
 * ```
 * @public
 */
export function acceptUnmasking(
  state: ServerUnmasking,
  seat: number,
  message: UnmaskingShares,
): RevealingClient {
  requireState(state, 'server-unmasking')
  requireSeatNumber(seat)
  requireShape('Unmasking message', message)
  const blame = blamePeer(PHASE, seat)
  requireRespondent(state, seat)
  const owners = message.map((entry) => entry.seat)
  requireCanonicalSeats(owners, state.config.clients, 'invalid-share', blame)
  const sharing = new Set(ownersKnownTo(state, seat))
  const lengthOf = shareLengths(state)
  for (const { seat: owner, value: share } of message) {
    if (!sharing.has(owner)) throw holdsNoShare(seat, owner)
    const expected = lengthOf(owner)
    if (share.length !== expected) {
      throw violation('invalid-share', blame, 'a share has the wrong length', { expected, got: share.length })
    }
  }
  requireOthers(state, seat, owners)
  return { seat, shares: message }
}

/** Accepts the same message as one piece, whose coder has checked the owners and the lengths of their shares. */
export function acceptRevealed(state: ServerUnmasking, seat: number, shares: SeatColumn): RevealedColumn {
  requireRespondent(state, seat)
  requireOthers(state, seat, shares.seats)
  return { seat, shares }
}

function requireRespondent(state: ServerUnmasking, seat: number): void {
  if (indexOfSeat(respondents(state), seat) >= 0) return
  throw violation('unknown-seat', blamePeer(PHASE, seat), `seat ${seat} takes no part in this round`)
}

/** On the sparse graph no client holds shares of its own secrets. */
function requireOthers({ graph, config }: ServerUnmasking, seat: number, owners: readonly number[]): void {
  if (indexOfSeat(owners, seat) < 0) return
  if (indexOfSeat(graphOf(graph, config.clients).holders(seat), seat) < 0) throw holdsNoShare(seat, seat)
}

function holdsNoShare(seat: number, owner: number): SecAggError {
  const text = `the sender holds no share of seat ${owner}'s secrets`
  return violation('invalid-share', blamePeer(PHASE, seat), text)
}

/**
 * The owners in U2 that a client may know of. It can hold shares of their secrets.
 *
 * @param state - The state from `closeMaskedInput`, `closeConsistencyCheck` or `closeAcknowledgements`.
 * @param seat - The seat of the client.
 * @returns Seats, ascending.
 * @throws {SecAggError} `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.closeConsistencyCheck.
 * console.log(server.ownersKnownTo(unmasking.state, 0)) // [ 0, 1, 2, 3 ]
 * ```
 * @public
 */
export function ownersKnownTo(state: ServerAcknowledging | ServerUnmasking, seat: number): readonly number[] {
  requireState<ServerAcknowledging | ServerUnmasking>(state, 'server-acknowledging', 'server-unmasking')
  requireSeatNumber(seat)
  const { config, graph, clients } = state
  if (isChosen(graph)) {
    const { owners } = graphOf(graph, config.clients)
    const places = placesIn(clients)
    return owners(seat).filter((owner) => hasPlace(places, owner))
  }
  return visibleAmong(graph, config.clients, seat, clients)
}

/**
 * The clients of U3 that have chosen the client at `seat` as a holder.
 *
 * @param state - The state from `closeMaskedInput`.
 * @param seat - A seat of U3.
 * @returns Seats, ascending.
 * @throws {SecAggError} `out-of-order` for another state.
 * @example
 * ```ts
 * // Continues the example of server.livingOwnersToAnnounce.
 * console.log(server.livingOwnerSeats(acknowledging.state, 1).length === owners!.size) // true
 * ```
 * @public
 */
export function livingOwnerSeats(state: ServerAcknowledging, seat: number): readonly number[] {
  requireState(state, 'server-acknowledging')
  requireSeatNumber(seat)
  const { config, graph, survivors } = state
  const places = placesIn(survivors)
  return graphOf(graph, config.clients)
    .owners(seat)
    .filter((owner) => hasPlace(places, owner))
}
