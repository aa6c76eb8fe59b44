import type { Coder } from '../codec/codec.js'
import { provenHolders } from '../graph/index.js'
import type { ServerCapabilities } from '../protocol/capabilities.js'
import { type Blame, violation } from '../protocol/checks.js'
import * as server from '../protocol/server/index.js'
import { type Inclusion, inclusionCoder } from '../wire/index.js'
import { inclusionLength } from './message-limits.js'

/** A packed vector, or a slice of one, and the bytes of the proof before it. */
export interface Proven {
  readonly packed: Uint8Array
  /** `undefined` if the message has none. */
  readonly proof: Uint8Array | undefined
}

/** The proofs that clients send before masked vectors on the chosen graph. On the other graphs there are no proofs. */
export class Proofs {
  readonly #state: server.ServerMasking
  readonly #capabilities: Pick<ServerCapabilities, 'verifyIdentity'>
  readonly #coder: Coder<Inclusion> | undefined
  readonly #length: number
  readonly #proofs: Map<number, server.IncludingClient>
  /** The last result of {@link among}, and what it was computed from. */
  #proven:
    | {
        readonly seats: ReadonlySet<number>
        readonly known: number
        readonly among: ReadonlySet<number>
      }
    | undefined

  constructor(
    state: server.ServerMasking,
    capabilities: Pick<ServerCapabilities, 'verifyIdentity'>,
    known: readonly server.IncludingClient[] = [],
  ) {
    const { graph, signatureLength } = state.config
    this.#state = state
    this.#capabilities = capabilities
    const holders = provenHolders(graph)
    this.#coder = holders > 0 ? inclusionCoder(holders, signatureLength) : undefined
    this.#length = inclusionLength(state.config)
    this.#proofs = new Map(known.map((proof) => [proof.seat, proof]))
  }

  /**
   * Separates the proof from the vector. The first slice, or the whole vector, comes with the proof.
   * @throws {SecAggError} `malformed-message` if the message is too short for it.
   */
  split(content: Uint8Array, slice: number, blame: Blame): Proven {
    if (this.#coder === undefined || slice > 0) return { packed: content, proof: undefined }
    if (content.length < this.#length) {
      throw violation(
        'malformed-message',
        blame,
        'the proof before a masked vector is missing or too short',
        {
          expected: this.#length,
          got: content.length,
        },
      )
    }
    return {
      packed: content.subarray(this.#length),
      proof: new Uint8Array(content.subarray(0, this.#length)),
    }
  }

  /** @throws {SecAggError} as `server.acceptInclusion` does. */
  async check(seat: number, proof: Uint8Array | undefined): Promise<server.IncludingClient | undefined> {
    if (this.#coder === undefined || proof === undefined) return undefined
    return server.acceptInclusion(this.#state, seat, this.#coder.decode(proof), this.#capabilities)
  }

  note(proven: server.IncludingClient | undefined): void {
    if (proven !== undefined) this.#proofs.set(proven.seat, proven)
  }

  /** Whether nothing is missing from this seat before its vector may be sent elsewhere. */
  has(seat: number): boolean {
    return this.#length === 0 || this.#proofs.has(seat)
  }

  /** All proofs, also of clients whose vectors have not arrived. */
  get all(): readonly server.IncludingClient[] {
    return [...this.#proofs.values()]
  }

  /** The seats of which nothing is missing. */
  among(seats: ReadonlySet<number>): ReadonlySet<number> {
    if (this.#length === 0) return seats
    const known = this.#proofs.size
    if (this.#proven?.seats !== seats || this.#proven.known !== known) {
      this.#proven = { seats, known, among: new Set([...seats].filter((seat) => this.has(seat))) }
    }
    return this.#proven.among
  }

  of(seats: readonly number[]): readonly server.IncludingClient[] {
    return seats.flatMap((seat) => this.#proofs.get(seat) ?? [])
  }
}
