import { sha256 } from '@noble/hashes/sha2.js'
import type { Bytes } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'
import { MaskedSum, memorySliceStore, type SliceStore, Uploads } from '../plane/masked-sum.js'
import { type Clock, timer } from '../transport/clock.js'
import { type Segment, segmentsInRange, type Vector, vectorInRange } from '../vector/index.js'
import { createPace, inTurns, nextTurn } from '../vector/pace.js'
import { checkPacked, pack, unpack } from '../vector/packing.js'
import { sliceCount, sliceRange } from '../vector/segments.js'
import { decodeMaskedInput, decodeMaskedSlice } from '../wire/envelope.js'
import {
  addChecks,
  answerOf,
  type Checks,
  checksOf,
  encodeSealed,
  type GroupShape,
  isSameShape,
  refusalOf,
  type SealedGroup,
} from './group-messages.js'

/** The number of elements of a block of a partial sum: at most half a MiB, because brokers limit messages to one MiB. */
export const BLOCK_ELEMENTS: number = 2 ** 16

/**
 * What happened with a message of a client: it completes the vector, or the vector was complete before, or more slices are to
 * come, or there is no room.
 */
export type Arrival = 'complete' | 'known' | 'more' | { readonly room: Promise<void> }

/**
 * The vectors of one group in one epoch. Its calls take effect one after the other. Sealing is final: whatever comes later
 * is refused, and the members and their sum never change again.
 */
export class Group {
  readonly shape: GroupShape
  readonly epoch: number
  readonly #seats: ReadonlySet<number>
  readonly #slices: number
  readonly #sliceLength: number | undefined
  readonly #inTurn: ReturnType<typeof inTurns> = inTurns()
  #sum: MaskedSum | undefined
  #uploads: Uploads | undefined
  /** The checks of what has arrived of each vector, by slice. */
  readonly #checks = new Map<number, Map<number, Checks>>()
  #members: ReadonlySet<number> | undefined
  #sealed: (SealedGroup & { readonly vector: Vector }) | undefined

  constructor(shape: GroupShape, epoch: number) {
    this.shape = shape
    this.epoch = epoch
    this.#seats = new Set(shape.seats)
    this.#sliceLength = shape.sliceLength === 0 ? undefined : shape.sliceLength
    const vectors = { ...shape, sliceLength: this.#sliceLength }
    this.#slices = sliceCount(shape.segments, this.#sliceLength)
    this.#sum = new MaskedSum(vectors)
    this.#uploads = new Uploads(vectors, this.#sum, pacedStore())
  }

  /** The seats whose vectors are complete. */
  get arrived(): readonly number[] {
    return this.#sealed?.members ?? [...(this.#sum?.seats ?? [])]
  }

  /** Whether the group still takes vectors, of exactly this shape. */
  isOpenFor(shape: GroupShape): boolean {
    return this.#sealed === undefined && isSameShape(shape, this.shape)
  }

  has(seat: number): boolean {
    return this.#seats.has(seat)
  }

  /**
   * Takes a message with a masked vector, or a slice of one.
   * @throws {SecAggError} fault `peer`: `malformed-message`, `unexpected-message`, `unsupported-version`; `late-message` if the
   *   group is sealed.
   */
  receive(seat: number, bytes: Uint8Array): Promise<Arrival> {
    return this.#inTurn(async () => {
      const sum = this.#sum
      const uploads = this.#uploads
      // A vector that is here is not added again, whatever bytes come.
      if (this.#members?.has(seat) ?? sum?.seats.has(seat)) return 'known'
      if (sum === undefined || uploads === undefined) {
        throw new SecAggError(
          'late-message',
          'peer',
          `the vector of seat ${seat} came after its group was sealed`,
        )
      }
      const { slice, packed } = this.#open(seat, bytes)
      const own = this.#checks.get(seat) ?? new Map<number, Checks>()
      // Otherwise a client could keep its place by sending one slice forever.
      if (own.has(slice)) {
        throw new SecAggError('unexpected-message', 'peer', `slice ${slice} of seat ${seat} came twice`)
      }
      const { segments } = this.shape
      const range = sliceRange(segments, this.#sliceLength, slice)
      const within = segmentsInRange(segments, range)
      checkPacked(packed, within)
      const checks = checksOf(unpack(packed, within), segments, range)
      if (this.#slices === 1) {
        sum.add(seat, packed)
        this.#checks.set(seat, own.set(slice, checks))
        return 'complete'
      }
      const folding = await uploads.keep(seat, slice, packed)
      if ('room' in folding) return folding
      this.#checks.set(seat, own.set(slice, checks))
      await uploads.fold(seat)
      return sum.seats.has(seat) ? 'complete' : 'more'
    })
  }

  /** Forgets an incomplete vector. */
  discard(seat: number): Promise<void> {
    return this.#inTurn(async () => {
      if ((await this.#uploads?.discard(seat)) === true) this.#checks.delete(seat)
    })
  }

  /** Fixes the members and their sum. A second call returns the same. */
  seal(): Promise<SealedGroup> {
    return this.#inTurn(async () => {
      if (this.#sealed !== undefined) return this.#sealed
      const failure = await this.#uploads!.foldAll()
      if (failure !== undefined) throw failure.error
      const { segments } = this.shape
      const members = [...this.#sum!.seats].sort((a, b) => a - b)
      await nextTurn()
      const vector = this.#sum!.whole.toVector()
      const hash = sha256.create()
      // The process must answer others in the meantime, or it would count as lost.
      const pace = createPace(Number.POSITIVE_INFINITY, {})
      for (let index = 0; index < sliceCount(segments, BLOCK_ELEMENTS); index++) {
        const block = packedBlock(vector, segments, index)
        hash.update(block)
        await pace.step(block.length)
      }
      const checks: Checks = new BigUint64Array(2 * segments.length)
      for (const seat of members) for (const own of this.#checks.get(seat)!.values()) addChecks(checks, own)
      const uploads = this.#uploads!
      this.#sealed = { members, digest: hash.digest(), checks, vector }
      this.#members = new Set(members)
      this.#sum = undefined
      this.#uploads = undefined
      this.#checks.clear()
      await uploads.close()
      return this.#sealed
    })
  }

  /** A block of the packed sum; `undefined` before the group is sealed, or if there is no such block. */
  block(index: number): Uint8Array | undefined {
    const { segments } = this.shape
    if (this.#sealed === undefined || index >= sliceCount(segments, BLOCK_ELEMENTS)) return undefined
    return packedBlock(this.#sealed.vector, segments, index)
  }

  #open(seat: number, bytes: Uint8Array): { readonly slice: number; readonly packed: Uint8Array } {
    const blame = { fault: 'peer', phase: 'masked-input', culprits: [seat] } as const
    const { slice, packed } =
      this.#slices === 1
        ? { slice: 0, packed: decodeMaskedInput(bytes, blame) }
        : decodeMaskedSlice(bytes, this.#slices, blame)
    // The proof of the client, which the coordinator has checked.
    return { slice, packed: slice === 0 ? packed.subarray(this.shape.prefix) : packed }
  }
}

/** Sealing long vectors takes longer than a coordinator waits for a reply. After a while, the reply is `busy`. */
export async function replyToSeal(group: Group, clock: Clock): Promise<Bytes> {
  let cancel = (): void => undefined
  const late = new Promise<undefined>((resolve) => {
    cancel = timer(clock, SEAL_TIME, () => resolve(undefined))
  })
  const sealed = await Promise.race([group.seal(), late]).finally(cancel)
  return sealed === undefined ? refusalOf('busy') : answerOf(encodeSealed(sealed))
}

/** In milliseconds. */
const SEAL_TIME = 500

/** The event loop turns for each slice that is added to the sum. */
function pacedStore(): SliceStore {
  const store = memorySliceStore()
  return {
    ...store,
    get: async (...slice) => {
      await nextTurn()
      return store.get(...slice)
    },
  }
}

function packedBlock(vector: Vector, segments: readonly Segment[], index: number): Uint8Array {
  const range = sliceRange(segments, BLOCK_ELEMENTS, index)
  return pack(vectorInRange(vector, segments, range), segmentsInRange(segments, range))
}
