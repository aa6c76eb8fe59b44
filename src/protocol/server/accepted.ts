import { shown } from '../../arguments.js'
import { type Bytes, createBytes } from '../../crypto/bytes.js'
import { type PhaseName, usageError } from '../../errors.js'
import { indexOfSeat, memberAt, ownerWithoutHolders } from '../../graph/index.js'
import { blameNobody, blamePeer, violation } from '../checks.js'
import type { RoundConfig } from '../config.js'
import type { ServerSharing } from './states.js'

/** What a check has accepted from one seat. */
interface FromSeat {
  readonly seat: number
}

/** Sorts `accepted` by seat. Two entries of one seat are the caller's mistake. */
export function bySeat<T extends FromSeat>(accepted: readonly T[], phase: PhaseName): readonly T[] {
  const sorted = [...accepted].sort((a, b) => a.seat - b.seat)
  sorted.forEach(({ seat }, index) => {
    if (index > 0 && sorted[index - 1]!.seat === seat) {
      throw usageError('invalid-argument', `the list of accepted messages has two messages of seat ${seat}`, {
        phase,
      })
    }
  })
  return sorted
}

/**
 * The client at `seat`. `members`, ascending by seat, are the clients that may send this message.
 * @throws {SecAggError} `unknown-seat`, with the sender as culprit, if the sender is not one of them.
 */
export function requireMember<T extends FromSeat>(members: readonly T[], seat: number, phase: PhaseName): T {
  const member = memberAt(members, seat)
  if (member === undefined) {
    throw violation('unknown-seat', blamePeer(phase, seat), `seat ${seat} takes no part in this round`)
  }
  return member
}

/** Each answer with the member that gave it; `answers` are ascending by seat. */
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
 * Checks that enough clients remain. On the chosen graph, clients with fewer than t holders have been left out.
 *
 * @throws {SecAggError} `too-few-clients`.
 */
export function requireWithHolders(
  { minimumCohort, threshold }: RoundConfig,
  staying: number,
  present: number,
  done: string,
  phase: PhaseName,
): void {
  if (staying >= minimumCohort) return
  const text =
    `of the ${present} clients that have ${done}, only ${staying} have ${threshold} of the holders that they have chosen ` +
    `among them, and ${minimumCohort} are needed`
  throw violation('too-few-clients', blameNobody(phase), text, { expected: minimumCohort, got: staying })
}

/**
 * Checks that each of `owners` has t holders left among `present`. Without them the round cannot end with a sum.
 *
 * @throws {SecAggError} `too-few-shares`; `concerning` names an owner without enough holders.
 */
export function requireHolders(
  { config, graph }: Pick<ServerSharing, 'config' | 'graph'>,
  owners: readonly number[],
  present: readonly number[],
  phase: PhaseName,
): void {
  const owner = ownerWithoutHolders(graph, config.clients, config.threshold, owners, present)
  if (owner === undefined) return
  const text = `fewer than ${config.threshold} of the clients that hold shares of seat ${owner}'s secrets are left`
  throw violation('too-few-shares', blameNobody(phase, owner), text, { expected: config.threshold })
}

/**
 * The server's messages that open a phase: one for each recipient. A message is made from the state when `messageFor` is
 * called.
 * @public
 */
export interface Outbound<M> {
  /** Seats, ascending. */
  readonly recipients: readonly number[]
  /**
   * The message for one of the recipients. If all recipients get the same message, it is the same object.
   * @throws {SecAggError} `invalid-argument` if the seat is not a recipient.
   */
  messageFor(seat: number): M
}

/** The same message for all recipients. */
export function broadcast<M>(recipients: readonly number[], message: M): Outbound<M> {
  return {
    recipients,
    messageFor: (seat) => {
      requireRecipient(recipients, seat)
      return message
    },
  }
}

/** A message about the seats that each recipient may know of. It is made once if these are the same for all recipients. */
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

/** @throws {SecAggError} `invalid-argument` if nothing is sent to `seat`. */
export function requireRecipient(recipients: readonly number[], seat: number): void {
  if (typeof seat === 'number' && indexOfSeat(recipients, seat) >= 0) return
  throw usageError('invalid-argument', 'there is no message for this seat', { got: shown(seat) })
}

/** The bytes of the first piece of memory. Each further one has twice as many, up to the maximum. */
const SMALLEST_PIECE = 2 ** 10
const LARGEST_PIECE = 2 ** 16

/** Longer arrays get memory of their own. */
const LONGEST_SHARED = 2 ** 13

/**
 * Copies many short arrays into a few pieces of memory. For an array of a few hundred bytes, new memory takes longer than the
 * copying. A piece is freed when none of its copies is used any more, so keep together what is used for the same time.
 */
export class Copies {
  #piece: Bytes = new Uint8Array(0)
  #used = 0

  /** A copy of `bytes`, which begins at a multiple of 8 bytes. */
  copyOf(bytes: Uint8Array): Uint8Array {
    const { length } = bytes
    if (length > LONGEST_SHARED) return new Uint8Array(bytes)
    if (length > this.#piece.length - this.#used) {
      const next = Math.min(2 * this.#piece.length, LARGEST_PIECE)
      this.#piece = createBytes(Math.max(next, 2 * length, SMALLEST_PIECE))
      this.#used = 0
    }
    const copy = this.#piece.subarray(this.#used, this.#used + length)
    copy.set(bytes)
    this.#used = Math.ceil((this.#used + length) / 8) * 8
    return copy
  }
}
