import { complaintCoder, decodeMessage, encodeMessage } from '../../wire/index.js'
import { blamePeer } from '../checks.js'
import type { CollectedComplaints } from '../hybrid-steps.js'
import { acceptComplaint, type ComplainingClient, secretSenders } from '../server/accept-complaint.js'
import type { ServerMasking } from '../server/states.js'

/** The complaints that have arrived in phase 2. */
export class Complaints implements CollectedComplaints {
  readonly #state: ServerMasking
  readonly #accepted = new Map<number, ComplainingClient>()

  constructor(state: ServerMasking) {
    this.#state = state
  }

  has(seat: number): boolean {
    return this.#accepted.has(seat)
  }

  get all(): readonly ComplainingClient[] {
    return [...this.#accepted.values()].sort((a, b) => a.seat - b.seat)
  }

  check(seat: number, bytes: Uint8Array): () => { status: 'accepted' } {
    const blame = blamePeer('masked-input', seat)
    const senders = secretSenders(this.#state, seat)
    const message = decodeMessage('complaint', complaintCoder(senders), bytes, blame)
    const accepted = acceptComplaint(this.#state, seat, message)
    return () => {
      this.#accepted.set(seat, accepted)
      return { status: 'accepted' }
    }
  }

  *messages(): Iterable<readonly [seat: number, bytes: Uint8Array]> {
    for (const { seat, senders } of this.all) {
      const coder = complaintCoder(secretSenders(this.#state, seat))
      yield [seat, encodeMessage('complaint', coder, senders)]
    }
  }
}
