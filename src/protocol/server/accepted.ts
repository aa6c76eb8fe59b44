import { shown } from '../../arguments.js'
import { type PhaseName, usageError } from '../../errors.js'
import { indexOfSeat, memberAt, ownerWithoutHolders } from '../../graph/index.js'
import { blameNobody, blamePeer, violation } from '../checks.js'
import type { ServerSharing } from './states.js'

/** Something that a check has accepted from one seat. */
interface FromSeat {
  readonly seat: number
}

/** `accepted` in the order of their seats. Two from one seat are the caller's mistake. */
export function bySeat<T extends FromSeat>(accepted: readonly T[], phase: PhaseName): readonly T[] {
  const sorted = [...accepted].sort((a, b) => a.seat - b.seat)
  sorted.forEach(({ seat }, index) => {
    if (index > 0 && sorted[index - 1]!.seat === seat) {
      throw usageError('invalid-argument', `two messages of seat ${seat} are given as accepted`, { phase })
    }
  })
  return sorted
}

/**
 * The client at `seat` among those that may send this message, ascending by seat.
 * @throws {SecAggError} `unknown-seat`, with the sender as culprit, where it is none of them.
 */
export function requireMember<T extends FromSeat>(members: readonly T[], seat: number, phase: PhaseName): T {
  const member = memberAt(members, seat)
  if (member === undefined) {
    throw violation('unknown-seat', blamePeer(phase, seat), `seat ${seat} takes no part in this round`)
  }
  return member
}

/** `members` that have answered, each with its answer; answers are in the order of their seats. */
export function withAnswers<M extends FromSeat, A extends FromSeat>(
  members: readonly M[],
  answers: readonly A[],
): { member: M; answer: A }[] {
  const memberOf = new Map(members.map((member) => [member.seat, member]))
  return answers.map((answer) => {
    const member = memberOf.get(answer.seat)
    if (member === undefined) {
      throw usageError('invalid-argument', `seat ${answer.seat} takes no part in this round`)
    }
    return { member, answer }
  })
}

/**
 * Every one of `owners` has t holders left among `present`, without which the round cannot end.
 *
 * @throws {SecAggError} `too-few-shares`, naming an owner in `concerning`.
 */
export function requireHolders(
  { config, graph }: Pick<ServerSharing, 'config' | 'graph'>,
  owners: readonly number[],
  present: readonly number[],
  phase: PhaseName,
): void {
  const owner = ownerWithoutHolders(graph, config.clients, config.threshold, owners, present)
  if (owner === undefined) return
  const text = `fewer than ${config.threshold} of the clients that hold seat ${owner}'s secrets are left`
  throw violation('too-few-shares', blameNobody(phase, owner), text, { expected: config.threshold })
}

/**
 * The messages with which a round begins: one for each recipient, made from the state when it is asked for.
 * @public
 */
export interface Outbound<M> {
  /** Ascending. */
  readonly recipients: readonly number[]
  /**
   * The message for one of the recipients; the same object for all where all get the same.
   * @throws {SecAggError} `invalid-argument` where the seat is none of them.
   */
  messageFor(seat: number): M
}

/** The same message for everybody. */
export function broadcast<M>(recipients: readonly number[], message: M): Outbound<M> {
  return {
    recipients,
    messageFor: (seat) => {
      requireRecipient(recipients, seat)
      return message
    },
  }
}

/** A message about the seats that each recipient hears of; made once where all hear of the same. */
export function outboundBySeats<M>(
  recipients: readonly number[],
  visible: (recipient: number) => readonly number[],
  messageAbout: (seats: readonly number[]) => M,
): Outbound<M> {
  let last: { readonly seats: readonly number[]; readonly message: M } | undefined
  return {
    recipients,
    messageFor: (recipient) => {
      requireRecipient(recipients, recipient)
      const seats = visible(recipient)
      if (last?.seats !== seats) last = { seats, message: messageAbout(seats) }
      return last.message
    },
  }
}

/** @throws {SecAggError} `invalid-argument` where nothing is sent to `seat`. */
export function requireRecipient(recipients: readonly number[], seat: number): void {
  if (typeof seat === 'number' && indexOfSeat(recipients, seat) >= 0) return
  throw usageError('invalid-argument', 'there is no message for this seat', { got: shown(seat) })
}
