import { blamePeer, violation } from '../protocol/checks.js'
import { server } from '../protocol/index.js'
import { complaintCoder, decodeMessage, encodeMessage } from '../wire/index.js'
import type { Taken } from './phase.js'

/**
 * The complaints that have arrived in phase 2, with hybrid key agreement. A client that complains sends no masked input, so it is
 * no longer expected to.
 */
export class Complaints {
  readonly #state: server.ServerMasking
  readonly #accepted = new Map<number, server.ComplainingClient>()

  constructor(state: server.ServerMasking) {
    this.#state = state
  }

  get isEmpty(): boolean {
    return this.#accepted.size === 0
  }

  has(seat: number): boolean {
    return this.#accepted.has(seat)
  }

  get all(): readonly server.ComplainingClient[] {
    return [...this.#accepted.values()].sort((a, b) => a.seat - b.seat)
  }

  /**
   * Checks one complaint. The function that it returns accepts it. `hasBegun`: whether part of the sender's masked input has
   * arrived.
   * @throws {SecAggError} as `server.acceptComplaint` does; `conflicting-message` if a masked input has arrived.
   */
  check(seat: number, bytes: Uint8Array, hasBegun: boolean): () => Taken {
    const blame = blamePeer('masked-input', seat)
    if (hasBegun) {
      throw violation('conflicting-message', blame, `seat ${seat} sent a complaint and a masked input`)
    }
    const senders = server.secretSenders(this.#state, seat)
    const message = decodeMessage('complaint', complaintCoder(senders), bytes, blame)
    const accepted = server.acceptComplaint(this.#state, seat, message)
    return () => {
      this.#accepted.set(seat, accepted)
      return { status: 'accepted' }
    }
  }

  /** The bytes of the complaints, by seat. */
  *messages(): Iterable<readonly [seat: number, bytes: Uint8Array]> {
    for (const { seat, senders } of this.all) {
      const coder = complaintCoder(server.secretSenders(this.#state, seat))
      yield [seat, encodeMessage('complaint', coder, senders)]
    }
  }
}
