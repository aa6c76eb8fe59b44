import { equalBytes } from '../crypto/bytes.js'
import type { RoundName, SecAggError } from '../errors.js'
import { blamePeer, violation } from '../protocol/blame.js'
import { fingerprint } from '../vector/index.js'
import type { MessageType, openEnvelope } from '../wire/index.js'
import type { Phase } from './phase.js'

/** A message of one seat that was accepted, or one slice of it. */
export interface KnownMessage {
  readonly type: MessageType
  /** Which slice; 0 where it is whole. */
  readonly part: number
  readonly seat: number
  readonly fingerprint: Uint8Array
}

/** What was accepted, by fingerprints, to tell repetitions from second versions. */
export class KnownMessages {
  readonly #clients: number
  /** By type, and by slice and seat. */
  readonly #fingerprints = new Map<MessageType, Map<number, Uint8Array>>()

  constructor(clients: number) {
    this.#clients = clients
  }

  note({ type, part, seat, fingerprint: accepted }: KnownMessage): void {
    const ofType = this.#fingerprints.get(type) ?? new Map<number, Uint8Array>()
    this.#fingerprints.set(type, ofType.set(this.#keyOf(part, seat), accepted))
  }

  hasAnyOf(type: MessageType): boolean {
    return this.#fingerprints.has(type)
  }

  /** @throws {SecAggError} where something else of this type was accepted from this seat. */
  isRepeated(
    { type, part, content }: NonNullable<ReturnType<typeof openEnvelope>>,
    seat: number,
    phase: Phase,
  ): boolean {
    const accepted = this.#fingerprints.get(type)?.get(this.#keyOf(part, seat))
    if (accepted === undefined) return false
    if (equalBytes(accepted, fingerprint(content))) return true
    if (type !== phase.type) throw late(seat, phase.round)
    const text = `seat ${seat} sent two versions of its ${type} message`
    throw violation('conflicting-message', blamePeer(phase.round, seat), text)
  }

  /** Forgets the slices of a vector that begins again. */
  forgetSlices(seat: number): void {
    const slices = this.#fingerprints.get('maskedSlice')
    for (const key of [...(slices?.keys() ?? [])]) if (key % this.#clients === seat) slices?.delete(key)
  }

  /** All of them, but for slices of vectors that are not whole. */
  wholeMessages(phase: Phase): KnownMessage[] {
    const isWhole = ({ type, seat }: KnownMessage): boolean =>
      type !== 'maskedSlice' || type !== phase.type || phase.accepted.has(seat)
    return [...this.#fingerprints].flatMap(([type, ofType]) =>
      [...ofType]
        .map(([key, accepted]) => {
          const [part, seat] = [Math.floor(key / this.#clients), key % this.#clients]
          return { type, part, seat, fingerprint: accepted }
        })
        .filter(isWhole),
    )
  }

  #keyOf(part: number, seat: number): number {
    return part * this.#clients + seat
  }
}

export function late(seat: number, round: RoundName): SecAggError {
  return violation('late-message', blamePeer(round, seat), `a message of seat ${seat} came after its round`)
}
