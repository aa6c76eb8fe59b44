import { shown } from '../../arguments.js'
import { usageError } from '../../errors.js'
import { indexOfSeat } from '../../graph/index.js'

/** The messages with which a round begins: one for each recipient, made from the state when it is asked for. */
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
