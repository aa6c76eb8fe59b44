import type { CoderType } from 'micro-packed'
import { SecAggError, usageError } from '../errors.js'
import { provenHolders } from '../graph/index.js'
import type { ServerCapabilities } from '../protocol/capabilities.js'
import { type Blame, violation } from '../protocol/checks.js'
import { type RoundConfig, server } from '../protocol/index.js'
import { type Accumulator, createAccumulator } from '../vector/index.js'
import { sliceCount, sliceRange } from '../vector/segments.js'
import { type Inclusion, inclusionCoder } from '../wire/index.js'

/** The sum of some masked vectors, and the seats that sent them. */
export interface Folded {
  readonly seats: readonly number[]
  readonly sum: Accumulator
  /** On the chosen graph, the proofs of these seats; otherwise empty. */
  readonly proofs: readonly server.IncludingClient[]
}

/**
 * The running sum, together with the seats whose vectors are in it. The synchronous call that adds the last part of a
 * vector also adds its seat to `seats`. Therefore no later failure can separate the two, and no vector is added twice.
 */
export class MaskedSum {
  readonly #config: RoundConfig
  readonly #slices: number
  readonly #sum: Accumulator
  readonly #seats: Set<number>
  /** How many slices of each incomplete vector are in the sum. */
  readonly #partial = new Map<number, number>()

  constructor(config: RoundConfig, folded?: Folded) {
    this.#config = config
    this.#slices = sliceCount(config.segments, config.sliceLength)
    this.#sum = folded?.sum ?? createAccumulator(config.segments)
    this.#seats = new Set(folded?.seats)
  }

  /** The seats whose complete vectors are in the sum, in the order in which they were completed. */
  get seats(): ReadonlySet<number> {
    return this.#seats
  }

  /** How many slices of the seat's vector are in the sum. */
  slicesOf(seat: number): number {
    return this.#seats.has(seat) ? this.#slices : (this.#partial.get(seat) ?? 0)
  }

  /**
   * Adds the next slice of the seat's vector, or the whole vector if vectors are not sent in slices.
   *
   * @returns the fingerprint of `packed`.
   * @throws {SecAggError} `internal` if the whole vector is already in the sum; also what `Accumulator.add` throws. After an
   *   error, the sum is unchanged.
   */
  add(seat: number, packed: Uint8Array): Uint8Array {
    const slice = this.slicesOf(seat)
    if (slice >= this.#slices) {
      throw new SecAggError('internal', 'internal', `the vector of seat ${seat} is already in the sum`)
    }
    const { segments, sliceLength } = this.#config
    const fingerprint = this.#sum.add(packed, sliceRange(segments, sliceLength, slice))
    if (slice + 1 < this.#slices) {
      this.#partial.set(seat, slice + 1)
    } else {
      this.#partial.delete(seat)
      this.#seats.add(seat)
    }
    return fingerprint
  }

  /** Whether no vector is only partly in the sum. */
  get isWhole(): boolean {
    return this.#partial.size === 0
  }

  /**
   * The sum of the vectors of `seats`.
   * @throws {SecAggError} `storage-failure` while a vector is only partly in the sum.
   */
  get whole(): Accumulator {
    if (!this.isWhole) throw usageError('storage-failure', 'a masked vector is only partly in the sum')
    return this.#sum
  }
}

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
  readonly #coder: CoderType<Inclusion> | undefined
  readonly #length: number
  readonly #proofs: Map<number, server.IncludingClient>

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

  of(seats: readonly number[]): readonly server.IncludingClient[] {
    return seats.flatMap((seat) => this.#proofs.get(seat) ?? [])
  }
}

/** The number of bytes of the proof before a masked vector; 0 if the round has no proofs. */
export function inclusionLength({ graph, signatureLength }: RoundConfig): number {
  const holders = provenHolders(graph)
  return holders > 0 ? Math.ceil(holders / 8) + signatureLength : 0
}
