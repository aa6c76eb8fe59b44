import { usageError } from '../../errors.js'
import { countsClients, graphOf, indexOfSeat, isChosen, memberAt, visibleAmong } from '../../graph/index.js'
import { type Field, fieldFor } from '../../shamir/index.js'
import type { Acknowledgements, Seated, UnmaskingShares } from '../../wire/index.js'
import { requireShape } from '../capabilities.js'
import {
  blameNobody,
  blamePeer,
  requireCanonicalSeats,
  requireEnough,
  requireSeatNumber,
  requireState,
  violation,
} from '../checks.js'
import { bySeat } from './accepted.js'
import type { ServerAcknowledging, ServerUnmasking } from './states.js'

const PHASE = 'unmasking'

/** The length of a share in bytes: of b, and of s^SK. */
const SHARE_LENGTH = { selfMask: 16, maskKey: 32 } as const

/**
 * The shares that one client has revealed and the server has accepted.
 * @public
 */
export interface RevealingClient {
  readonly seat: number
  /** Ascending by the owner of the secret. */
  readonly shares: readonly Seated<Uint8Array>[]
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
  if (acknowledging === undefined) return consistent?.map(({ seat }) => seat) ?? survivors
  const known = acknowledged.get(state)
  if (known !== undefined) return known
  const counts = new Map<number, number>()
  for (const { acknowledgements } of acknowledging) {
    for (const { seat } of acknowledgements) counts.set(seat, (counts.get(seat) ?? 0) + 1)
  }
  const found = acknowledging
    .map(({ seat }) => seat)
    .filter((seat) => (counts.get(seat) ?? 0) >= config.threshold)
  acknowledged.set(state, found)
  return found
}

/** A cache: the respondents follow from the state, but take long to compute. */
const acknowledged = new WeakMap<ServerUnmasking, readonly number[]>()

/** On the chosen graph: the acknowledgements that the holders of the client at `seat` have sent for it. */
export function acknowledgementsFor(
  { config, graph, acknowledging = [] }: ServerUnmasking,
  seat: number,
): Acknowledgements {
  return graphOf(graph, config.clients)
    .holders(seat)
    .flatMap((holder) => {
      const own = memberAt(memberAt(acknowledging, holder)?.acknowledgements ?? [], seat)
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
  if (indexOfSeat(respondents(state), seat) < 0) {
    throw violation('unknown-seat', blame, `seat ${seat} takes no part in this round`)
  }
  const owners = message.map((entry) => entry.seat)
  requireCanonicalSeats(owners, state.config.clients, 'invalid-share', blame)
  const sharing = new Set(ownersKnownTo(state, seat))
  const { holders } = graphOf(state.graph, state.config.clients)
  for (const { seat: owner, value: share } of message) {
    // On the sparse graph no client holds shares of its own secrets.
    if (!sharing.has(owner) || (owner === seat && indexOfSeat(holders(seat), seat) < 0)) {
      throw violation('invalid-share', blame, `the sender holds no share of seat ${owner}'s secrets`)
    }
    const expected = indexOfSeat(state.survivors, owner) >= 0 ? SHARE_LENGTH.selfMask : SHARE_LENGTH.maskKey
    if (share.length !== expected) {
      throw violation('invalid-share', blame, 'a share has the wrong length', { expected, got: share.length })
    }
  }
  return { seat, shares: message }
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
    return owners(seat).filter((owner) => memberAt(clients, owner) !== undefined)
  }
  return visibleAmong(graph, config.clients, seat, clients).map((client) => client.seat)
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
  return graphOf(graph, config.clients)
    .owners(seat)
    .filter((owner) => indexOfSeat(survivors, owner) >= 0)
}

/** The answers of the phase Unmasking, ascending by seat. On the complete graph there must be at least t. */
export function requireAnswers(
  state: ServerUnmasking,
  accepted: readonly RevealingClient[],
): readonly RevealingClient[] {
  const { graph, threshold } = state.config
  const members = new Set(state.clients.map(({ seat }) => seat))
  const stranger = accepted.find(
    ({ seat, shares }) => !members.has(seat) || shares.some((share) => !members.has(share.seat)),
  )
  if (stranger !== undefined) {
    throw usageError('invalid-argument', `the answer of seat ${stranger.seat} does not belong to this round`)
  }
  if (countsClients(graph)) requireEnough(accepted.length, threshold, 'U5', blameNobody(PHASE))
  return bySeat(accepted, PHASE)
}

/** The holders that revealed shares of one owner's secret, and their coordinates. Owners with equal layouts share one object. */
export interface Layout {
  readonly field: Field
  /** Ascending; at least t. */
  readonly holders: readonly number[]
  /** The Shamir coordinate of each holder. */
  readonly coordinates: readonly number[]
}

/** The revealed shares of one owner's secret. */
export interface HeldShares {
  readonly owner: number
  readonly layout: Layout
  readonly shares: readonly Uint8Array[]
}

/**
 * The revealed shares of each client of U2, ascending by owner. The given answers are ascending by seat.
 *
 * @throws {SecAggError} `too-few-shares` if fewer than t holders revealed a share of an owner; `concerning` names the owner.
 */
export function sharesByOwner(
  { config, graph: drawn, clients }: ServerUnmasking,
  answers: readonly RevealingClient[],
): readonly HeldShares[] {
  const revealed: { owner: number; holders: number[]; shares: Uint8Array[] }[] = []
  for (const { seat } of clients) revealed[seat] = { owner: seat, holders: [], shares: [] }
  for (const { seat: holder, shares } of answers) {
    for (const { seat: owner, value: share } of shares) {
      const { holders, shares: row } = revealed[owner]!
      holders.push(holder)
      row.push(share)
    }
  }
  const graph = graphOf(drawn, config.clients)
  let last: Layout | undefined
  const held: HeldShares[] = []
  for (const { seat } of clients) {
    const { owner, holders, shares } = revealed[seat]!
    if (holders.length < config.threshold) {
      const blame = blameNobody('unmasking', owner)
      throw violation('too-few-shares', blame, `too few shares of seat ${owner}'s secret were revealed`, {
        expected: config.threshold,
        got: holders.length,
      })
    }
    const all = graph.holders(owner)
    const layout = { field: fieldFor(all.length), holders, coordinates: coordinatesOf(all, holders) }
    if (last === undefined || !isSame(last, layout)) last = layout
    held.push({ owner, layout: last, shares })
  }
  return held
}

/** The Shamir coordinates of `holders` among `all` holders of an owner. Both lists are ascending, so one pass finds them. */
function coordinatesOf(all: readonly number[], holders: readonly number[]): number[] {
  let index = 0
  return holders.map((holder) => {
    while (index < all.length && all[index] !== holder) index++
    return index + 1
  })
}

function isSame(one: Layout, other: Layout): boolean {
  return (
    one.field === other.field &&
    one.holders.length === other.holders.length &&
    one.holders.every((holder, index) => holder === other.holders[index]) &&
    one.coordinates.every((coordinate, index) => coordinate === other.coordinates[index])
  )
}
