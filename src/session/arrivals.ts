import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import { indexOfSeat } from '../graph/index.js'
import { blamePeer, violation } from '../protocol/checks.js'
import type { RoundConfig } from '../protocol/index.js'
import { isHybrid } from '../protocol/keys.js'
import { fingerprint } from '../vector/index.js'
import { sliceCount } from '../vector/segments.js'
import { checkHeader, type Envelope, type MessageType, messageType, openEnvelope } from '../wire/index.js'
import type { Phase } from './phase.js'
import { type Books, Ledger } from './report.js'
import type { Receipt } from './session-options.js'

/** How many bytes of a digest are kept. Sixteen zeros mean that there is no digest. */
const KEPT = 16

/** Digests of the accepted messages of one type from one seat: one, or one for each slice of a vector, in order. */
export interface KnownMessage {
  readonly type: MessageType
  readonly seat: number
  readonly digests: Uint8Array
}

/**
 * Remembers each accepted message by 16 bytes of a digest, to distinguish a repeated message from a second version.
 */
export class KnownMessages {
  readonly #slices: number
  readonly #digests = new Map<MessageType, Map<number, Uint8Array>>()

  /** @throws {SecAggError} `malformed-state` if `known` does not fit this configuration. */
  constructor({ segments, sliceLength }: RoundConfig, known: readonly KnownMessage[] = []) {
    this.#slices = sliceCount(segments, sliceLength)
    for (const { type, seat, digests } of known) {
      if (digests.length !== this.#lengthOf(type)) {
        throw usageError('malformed-state', 'digests of accepted messages have the wrong length')
      }
      this.#ofType(type).set(seat, digests)
    }
  }

  /** Notes an accepted message. `accepted` is the fingerprint of its content. */
  note({ type, part }: Envelope, seat: number, accepted: Uint8Array): void {
    const ofType = this.#ofType(type)
    const digests = ofType.get(seat) ?? new Uint8Array(this.#lengthOf(type))
    digests.set(digestOf(accepted), KEPT * part)
    ofType.set(seat, digests)
  }

  hasAnyOf(type: MessageType): boolean {
    return this.#digests.has(type)
  }

  /** Whether a message of this type, or this slice of a vector, was accepted from this seat. */
  has({ type, part }: Envelope, seat: number): boolean {
    return this.#digestOf(type, part, seat) !== undefined
  }

  /** Whether a message of this type, or a slice of a vector, was accepted from this seat. */
  hasBegun(type: MessageType, seat: number): boolean {
    return this.#digests.get(type)?.has(seat) === true
  }

  /** Whether the same message was accepted from this seat. */
  isRepeated({ type, part, content }: Envelope, seat: number): boolean {
    const accepted = this.#digestOf(type, part, seat)
    return accepted !== undefined && equalBytes(accepted, digestOf(fingerprint(content)))
  }

  /** Forgets the slices of a vector that will be sent again from its beginning. */
  forgetSlices(seat: number): void {
    this.#digests.get('maskedSlice')?.delete(seat)
  }

  /** All digests, except those of slices of incomplete vectors. Where vectors go elsewhere, a slice here is a whole proof. */
  wholeMessages(phase: Phase): KnownMessage[] {
    const isWhole = ({ type, seat }: KnownMessage): boolean =>
      type !== 'maskedSlice' ||
      type !== phase.type ||
      phase.accepted.has(seat) ||
      phase.uploadFor?.(seat) !== undefined
    return [...this.#digests]
      .flatMap(([type, ofType]) => [...ofType].map(([seat, digests]) => ({ type, seat, digests })))
      .filter(isWhole)
  }

  #digestOf(type: MessageType, part: number, seat: number): Uint8Array | undefined {
    const kept = this.#digests
      .get(type)
      ?.get(seat)
      ?.subarray(KEPT * part, KEPT * (part + 1))
    return kept?.some((byte) => byte !== 0) ? kept : undefined
  }

  #lengthOf(type: MessageType): number {
    return KEPT * (type === 'maskedSlice' ? this.#slices : 1)
  }

  #ofType(type: MessageType): Map<number, Uint8Array> {
    const ofType = this.#digests.get(type) ?? new Map<number, Uint8Array>()
    this.#digests.set(type, ofType)
    return ofType
  }
}

function digestOf(accepted: Uint8Array): Uint8Array {
  return sha256(accepted).subarray(0, KEPT)
}

/**
 * Checks a message that does not repeat an accepted one, before its body is read. It must have a header, the type that is
 * collected, a sender that takes part, and the number of an existing slice, and no other message may have been accepted in
 * its place. The checks are the same in every phase, in this order.
 *
 * @param isFinished - Whether the sum is known; then messages of the last phase are late too.
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
  const isAlternative = type !== undefined && type === phase.alternative
  const isOver = type === phase.type ? isFinished : !isAlternative && wasCollected(type, phase, known)
  if (isOver) {
    throw violation('late-message', blame, `a message of seat ${seat} came after its phase was closed`)
  }
  checkHeader(isAlternative ? type : phase.type, bytes, blame)
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
export interface CheckedAhead {
  readonly phase: Phase
  readonly takeIn: ReturnType<Phase['check']>
}

/**
 * Begins to check a message before its turn comes, so that messages are checked in parallel. A message of a seat that has
 * already answered is not checked.
 */
export function checkAhead(seat: number, bytes: Uint8Array, phase: Phase): CheckedAhead | undefined {
  const type = messageType(bytes)
  if (phase.accepted.has(seat) || (type !== phase.type && type !== phase.alternative)) return undefined
  const takeIn = phase.check(seat, bytes)
  // If the result is still needed when its turn comes, the failure is seen then.
  takeIn.catch(() => undefined)
  return { phase, takeIn }
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

  /** Accepts a message whose turn it is, or records why it is refused. `phase`: the open one, or the last. */
  async receive(
    seat: number,
    bytes: Uint8Array,
    ahead: CheckedAhead | undefined,
    phase: Phase,
    isFinished: boolean,
  ): Promise<Receipt> {
    try {
      const receipt = await this.#take(seat, bytes, ahead, phase, isFinished)
      if (receipt.status === 'duplicate') this.ledger.duplicate()
      return receipt
    } catch (error) {
      if (!(error instanceof SecAggError) || error.fault !== 'peer') throw error
      this.ledger.refuse(seat, error.phase ?? phase.phase, error)
      return { status: 'refused', error }
    }
  }

  /** Whether a message is repeated is decided only now, because earlier calls may change that. */
  async #take(
    seat: number,
    bytes: Uint8Array,
    ahead: CheckedAhead | undefined,
    phase: Phase,
    isFinished: boolean,
  ): Promise<Receipt> {
    const envelope = openEnvelope(bytes)
    if (envelope !== undefined && this.known.isRepeated(envelope, seat)) {
      const isDone = envelope.type === phase.type && (await phase.again?.(seat, bytes))
      return { status: isDone === true ? 'accepted' : 'duplicate' }
    }
    const message = requireDue(seat, bytes, phase, this.known, isFinished)
    // If a phase was closed in between, the check ahead was made for the wrong phase.
    const takeIn = await (ahead?.phase === phase ? ahead.takeIn : phase.check(seat, bytes))
    const taken = await takeIn()
    if (taken.status === 'busy') return taken
    this.known.note(message, seat, taken.fingerprint ?? fingerprint(message.content))
    await taken.finish?.()
    return { status: 'accepted' }
  }
}
