import { graphOf, indexOfSeat, memberAt } from '../../graph/index.js'
import type { Complaint } from '../../wire/index.js'
import { requireShape } from '../capabilities.js'
import { blamePeer, requireCanonicalSeats, requireSeatNumber, requireState, violation } from '../checks.js'
import type { RoundConfig } from '../config.js'
import { requireMember } from './accepted.js'
import { isSender } from './pairs.js'
import type { ServerMasking } from './states.js'
import { toleratedCorruptClients } from './wrong-shares.js'

/**
 * A complaint that the server has accepted, and the seat that sent it.
 * @public
 */
export interface ComplainingClient {
  readonly seat: number
  /** Ascending. */
  readonly senders: Complaint
}

/**
 * With hybrid key agreement: the clients of U2 that send the client at `seat` a secret for a mask.
 *
 * @param state - The state from `closeShareKeys`.
 * @param seat - A seat of U2.
 * @returns Seats, ascending.
 * @throws {SecAggError} `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.closeShareKeys.
 * console.log(server.secretSenders(masking.state, 2)) // [ 1 ]
 * ```
 * @public
 */
export function secretSenders(state: ServerMasking, seat: number): readonly number[] {
  requireState(state, 'server-masking')
  requireSeatNumber(seat)
  const { config, graph, clients } = state
  return graphOf(graph, config.clients)
    .maskNeighbors(seat)
    .filter((other) => memberAt(clients, other) !== undefined && isSender(config, graph, other, seat))
}

/**
 * Checks one complaint, which a client sends instead of a masked input with hybrid key agreement. Whether it is true is found
 * only when the secrets are reconstructed.
 *
 * @param state - The state from `closeShareKeys`.
 * @param seat - The seat that sent the complaint.
 * @param message - The decoded message.
 * @returns The accepted complaint, for `closeMaskedInput`.
 * @throws {SecAggError} With fault `peer` and the sender as culprit: `unknown-seat`, `malformed-message`. `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.closeShareKeys.
 * console.log(server.acceptComplaint(masking.state, 2, [1]).senders) // [ 1 ]
 * ```
 * @public
 */
export function acceptComplaint(state: ServerMasking, seat: number, message: Complaint): ComplainingClient {
  requireState(state, 'server-masking')
  requireSeatNumber(seat)
  requireShape('Complaint message', message)
  const { config, clients } = state
  const blame = blamePeer('masked-input', seat)
  requireMember(clients, seat, 'masked-input')
  requireCanonicalSeats(message, config.clients, 'malformed-message', blame)
  const senders = secretSenders(state, seat)
  if (message.length === 0 || message.some((sender) => indexOfSeat(senders, sender) < 0)) {
    throw violation(
      'malformed-message',
      blame,
      'a complaint must name clients that send secrets to its author',
    )
  }
  return { seat, senders: [...message] }
}

/** The clients about which more than n_C others complain. Nobody is named if more clients would have to be corrupt than can be. */
export function accusedBy(config: RoundConfig, complaints: readonly ComplainingClient[]): readonly number[] {
  const corrupt = toleratedCorruptClients(config)
  const count = new Map<number, number>()
  for (const sender of complaints.flatMap(({ senders }) => senders)) {
    count.set(sender, (count.get(sender) ?? 0) + 1)
  }
  const accused = [...count].filter(([, others]) => others > corrupt).map(([seat]) => seat)
  return accused.length > corrupt ? [] : accused
}
