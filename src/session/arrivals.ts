import { isPromise } from '../arguments.js'
import { SecAggError } from '../errors.js'
import { indexOfSeat } from '../graph/index.js'
import { blamePeer, violation } from '../protocol/checks.js'
import type { RoundConfig } from '../protocol/index.js'
import { isHybrid } from '../protocol/keys.js'
import { checkHeader, type Envelope, type MessageType, messageType, openEnvelope } from '../wire/index.js'
import { type KnownMessage, KnownMessages } from './known-messages.js'
import type { Phase, Taken } from './phase.js'
import { type Books, Ledger } from './report.js'
import type { Receipt } from './serving-options.js'

/**
 * Checks a message that does not repeat an accepted one, before its body is read. It must have a header, the type that is
 * collected, a sender that takes part, and the number of an existing slice, and no other message may have been accepted in
 * its place. The checks are the same in every phase, in this order.
 *
 * @param message - The parts of these bytes, if they have them.
 * @param isFinished - Whether the sum is known; then messages of the last phase are late too.
 * @throws {SecAggError} fault `peer`, the sender as culprit: `malformed-message`, `unsupported-version`, `late-message`,
 *   `unexpected-message`, `unknown-seat`, `conflicting-message`.
 */
export function requireDue(
  seat: number,
  bytes: Uint8Array,
  message: Envelope | undefined,
  phase: Phase,
  known: KnownMessages,
  isFinished: boolean,
): Envelope {
  const blame = blamePeer(phase.phase, seat)
  const type = messageType(bytes)
  const isAlternative = type !== undefined && type === phase.alternative
  const isOver = type === phase.type ? isFinished : !isAlternative && wasCollected(type, phase, known)
  if (isOver) {
    throw violation('late-message', blame, `a message of seat ${seat} came after its phase was closed`)
  }
  checkHeader(isAlternative ? type : phase.type, bytes, blame)
  if (indexOfSeat(phase.expected, seat) < 0) {
    throw violation('unknown-seat', blame, `seat ${seat} takes no part in this round`)
  }
  if (message === undefined || message.part >= phase.parts) {
    throw new SecAggError('malformed-message', 'peer', `the number of a slice must be below ${phase.parts}`, {
      ...blame,
      expected: `below ${phase.parts}`,
      got: message?.part ?? 'none',
    })
  }
  const hasAnswered = phase.accepted.has(seat) || phase.hasAlternative?.(seat) === true
  if (hasAnswered || known.has(message, seat) || (isAlternative && known.hasBegun(phase.type, seat))) {
    const text = `seat ${seat} sent two versions of its ${message.type} message`
    throw violation('conflicting-message', blame, text)
  }
  return message
}

/** Whether messages of this type were collected in a phase that is over. Complaints were, even if nobody has complained. */
function wasCollected(type: MessageType | undefined, { state }: Phase, known: KnownMessages): boolean {
  if (type === undefined || known.hasAnyOf(type)) return type !== undefined
  if (type !== 'complaint' || !isHybrid(state.config)) return false
  return known.hasAnyOf('maskedInput') || known.hasAnyOf('maskedSlice')
}

/** A message that is being checked, and in which phase. */
interface CheckedAhead {
  readonly phase: Phase
  readonly checked: ReturnType<Phase['check']>
}

export type Ahead = CheckedAhead | undefined

/**
 * Begins to check a message before its turn comes, so that messages are checked in parallel. A message of a seat that has
 * already answered is not checked.
 */
export function checkAhead(seat: number, bytes: Uint8Array, phase: Phase): Ahead {
  const type = messageType(bytes)
  if (phase.accepted.has(seat) || (type !== phase.type && type !== phase.alternative)) return undefined
  let checked: ReturnType<Phase['check']>
  try {
    checked = phase.check(seat, bytes)
  } catch (error) {
    checked = Promise.reject(error)
  }
  // If the result is still needed when its turn comes, the failure is seen then.
  if (isPromise(checked)) checked.catch(() => undefined)
  return { phase, checked }
}

/** Accepts the messages of a round, and keeps the books on them. */
export class Intake {
  readonly ledger: Ledger
  readonly known: KnownMessages

  /** @throws {SecAggError} `malformed-state` if what was saved does not fit this configuration. */
  constructor(
    config: RoundConfig,
    saved?: { readonly books: Books; readonly known: readonly KnownMessage[] },
  ) {
    this.ledger = new Ledger(config.clients, saved?.books)
    this.known = new KnownMessages(config, saved?.known)
  }

  /**
   * Accepts a message whose turn it is, or records why it is refused. `phase`: the open one, or the last. It returns a promise
   * only if something has to be awaited.
   */
  receive(
    seat: number,
    bytes: Uint8Array,
    ahead: Ahead,
    phase: Phase,
    isFinished: boolean,
  ): Receipt | Promise<Receipt> {
    try {
      const envelope = openEnvelope(bytes)
      // Whether a message is repeated is decided only now, because earlier calls may change that.
      if (envelope !== undefined && this.known.isRepeated(envelope, seat)) {
        if (envelope.type === phase.type && phase.again !== undefined) {
          return this.#again(seat, phase, phase.again(seat, bytes))
        }
        return this.#duplicate()
      }
      const message = requireDue(seat, bytes, envelope, phase, this.known, isFinished)
      // If a phase was closed in between, the check ahead was made for the wrong phase.
      const checked = ahead?.phase === phase ? ahead.checked : phase.check(seat, bytes)
      const taking = isPromise(checked) ? checked.then((takeIn) => takeIn()) : checked()
      if (isPromise(taking) || (taking.status === 'accepted' && taking.finish !== undefined)) {
        return this.#later(seat, phase, message, taking)
      }
      return this.#note(seat, message, taking)
    } catch (error) {
      return this.#refused(seat, phase, error)
    }
  }

  async #later(
    seat: number,
    phase: Phase,
    message: Envelope,
    taking: Taken | Promise<Taken>,
  ): Promise<Receipt> {
    try {
      const taken = await taking
      const receipt = this.#note(seat, message, taken)
      if (taken.status === 'accepted') await taken.finish?.()
      return receipt
    } catch (error) {
      return this.#refused(seat, phase, error)
    }
  }

  async #again(seat: number, phase: Phase, done: Promise<boolean>): Promise<Receipt> {
    try {
      return (await done) ? { status: 'accepted' } : this.#duplicate()
    } catch (error) {
      return this.#refused(seat, phase, error)
    }
  }

  #note(seat: number, message: Envelope, taken: Taken): Receipt {
    if (taken.status === 'busy') return taken
    this.known.note(message, seat, taken.fingerprint)
    return { status: 'accepted' }
  }

  #duplicate(): Receipt {
    this.ledger.duplicate()
    return { status: 'duplicate' }
  }

  #refused(seat: number, phase: Phase, error: unknown): Receipt {
    if (!(error instanceof SecAggError) || error.fault !== 'peer') throw error
    this.ledger.refuse(seat, error.phase ?? phase.phase, error)
    return { status: 'refused', error }
  }
}
