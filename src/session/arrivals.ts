import { SecAggError } from '../errors.js'
import { indexOfSeat } from '../graph/index.js'
import { blamePeer, violation } from '../protocol/blame.js'
import { checkHeader, type Envelope, messageType, openEnvelope } from '../wire/index.js'
import type { KnownMessages } from './known-messages.js'
import type { Phase } from './phase.js'

/**
 * What a server asks of a message, that repeats none, before it reads the body: a header; the type that is collected; a
 * sender that takes part; the number of a slice that there is; and that nothing else was accepted in its place. In every
 * round it is this order.
 *
 * @param isFinished - Whether the sum is there: then the last message is late as well.
 * @throws {SecAggError} fault `peer`, the sender as culprit: `malformed-message`, `unsupported-version`, `late-message`,
 *   `unexpected-message`, `unknown-seat`, `conflicting-message`.
 */
export function requireDue(
  seat: number,
  bytes: Uint8Array,
  phase: Phase,
  known: KnownMessages,
  isFinished: boolean,
): Envelope {
  const blame = blamePeer(phase.phase, seat)
  const type = messageType(bytes)
  const isOver = type === phase.type ? isFinished : type !== undefined && known.hasAnyOf(type)
  if (isOver) {
    throw violation('late-message', blame, `a message of seat ${seat} came after its round`)
  }
  checkHeader(phase.type, bytes, blame)
  if (indexOfSeat(phase.expected, seat) < 0) {
    throw violation('unknown-seat', blame, `seat ${seat} takes no part in this round`)
  }
  const message = openEnvelope(bytes)
  if (message === undefined || message.part >= phase.parts) {
    throw new SecAggError('malformed-message', 'peer', `the number of a slice must be below ${phase.parts}`, {
      ...blame,
      expected: `below ${phase.parts}`,
      got: message?.part ?? 'none',
    })
  }
  if (known.has(message, seat) || phase.accepted.has(seat)) {
    const text = `seat ${seat} sent two versions of its ${message.type} message`
    throw violation('conflicting-message', blame, text)
  }
  return message
}
