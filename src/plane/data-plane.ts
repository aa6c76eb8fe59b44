import type { Bytes } from '../crypto/bytes.js'
import type { SuiteName, SymmetricSuite } from '../crypto/provider.js'
import type { SeedDeriver } from '../crypto/seeds.js'
import { usageError } from '../errors.js'
import type { ElementRange, MaskPlan, Segment, Vector } from '../vector/segments.js'

/**
 * Where a server's masked vectors are added up and unmasked: in the process of the session, on its threads, or on other
 * machines. The session keeps the keys, the shares and the books of a round; its plane keeps the vectors. Pass a plane to
 * server sessions as `plane`. One plane serves any number of rounds.
 * @public
 */
export interface DataPlane {
  /** For logs: what kind of plane it is. */
  readonly kind: string
}

const homes = new WeakMap<DataPlane, PlaneHome>()

/** Makes a plane, whose methods only sessions can call. */
export function createPlane(kind: string, home: PlaneHome): DataPlane {
  const plane: DataPlane = Object.freeze({ kind })
  homes.set(plane, home)
  return plane
}

/** @throws {SecAggError} `invalid-argument` if no function of this library made the plane. */
export function homeOf(plane: DataPlane): PlaneHome {
  const home = homes.get(plane)
  if (home === undefined) {
    throw usageError(
      'invalid-argument',
      'a plane must be made by a function of this library, such as localPlane',
    )
  }
  return home
}

/** What a plane does. */
export interface PlaneHome {
  /**
   * Begins a round with an empty sum.
   * @throws {SecAggError} The phase before then stays open, and the session tries again when it is closed again.
   */
  begin(round: PlaneRound): Promise<RoundPlane>
  /**
   * Continues a round from what `settle` and `checkpoint` returned last. Incomplete vectors are forgotten.
   * @throws {SecAggError} `malformed-state`, fault `usage`, if the checkpoint does not belong to this round.
   */
  resume(round: PlaneRound, saved: SavedPlane): Promise<RoundPlane>
  /** Deletes what an earlier process left of incomplete vectors. A session calls it when it is resumed, in any phase. */
  discardLeftovers?(round: PlaneShape): Promise<void>
}

/** The shape of the vectors of a round. */
export interface PlaneShape {
  readonly segments: readonly Segment[]
  /** The number of elements of a slice, if vectors are sent in slices. */
  readonly sliceLength?: number | undefined
  /** The number of seats of the round. */
  readonly clients: number
}

/** What a plane must know of a round. */
export interface PlaneRound extends PlaneShape {
  /** `hash` of the round's configuration, 32 bytes. It identifies the round. */
  readonly configHash: Bytes
  /** The seats that may send a vector (U2), ascending. */
  readonly seats: readonly number[]
  /** The cipher that makes the masks. */
  readonly suite: SymmetricSuite
  readonly suiteName: SuiteName
  /** The minimum number of vectors with which the round can continue. */
  readonly minimum: number
  /** The number of bytes before a packed vector in the message of a client: the proof of the chosen graph. */
  readonly prefix: number
  /** How many vectors may be incomplete at the same time. */
  readonly maximumUploads: number
  /** To be called when a slice of a complete vector was added to the sum. */
  onSlice?(seat: number, slice: number, slices: number): void
  /** To be called when `seats` changes without a call of the session, because vectors arrive, or are lost, elsewhere. */
  onChange?(): void
}

/** What a session saved of a round on a plane. */
export interface SavedPlane {
  readonly checkpoint: Bytes
  /** The seats that `settle` returned before the checkpoint. */
  readonly members: readonly number[]
}

/**
 * The vectors of one round. The session makes one call at a time, and waits until its promise settles. Every promise must
 * settle: a plane bounds the time that it waits for other machines.
 *
 * A seat and its vector become part of `seats` and of the sum in one step, and no vector is added twice, whichever calls fail.
 * The session changes errors that are not a {@link SecAggError} into `storage-failure`, except those of `unmask`.
 */
export interface RoundPlane {
  /**
   * The seats whose complete vectors are in the sum, as far as is known here. A plane with `uploadFor` returns a new set when
   * they change.
   */
  readonly seats: ReadonlySet<number>
  /** How many slices of the seat's vector are in the sum. A vector of which a slice is in the sum cannot be discarded. */
  slicesOf(seat: number): number
  /**
   * Takes a vector, or one slice of it. The session has checked its form. `packed` may change once this is done.
   * @throws {SecAggError} Then nothing of this call is in the sum, and nothing of it will be.
   */
  fold(seat: number, slice: number, packed: Uint8Array): Folding | Promise<Folding>
  /**
   * Called with a slice that comes again: retries what failed after it was taken. Returns whether there was anything to
   * retry.
   */
  again(seat: number, slice: number, packed: Uint8Array): Promise<boolean>
  /** Forgets an incomplete vector. Returns `false` if there is none, or if a part of it is in the sum. */
  discard(seat: number): Promise<boolean>
  /**
   * Completes vectors that are only partly in the sum.
   * @throws {SecAggError} if one of them stays so. The round cannot be saved or closed until a later call succeeds.
   */
  settle(): Promise<Settled>
  /**
   * Fixes the members of the sum, and returns their seats. The session then closes the phase. If that fails, or if this call
   * fails, it may call `fold` and `seal` again. A plane on other machines may refuse further vectors after the first call.
   *
   * @param mayCount - Whether the vector of a seat may be in the sum. A vector can reach a plane on other machines although
   *   the session knows no proof of its sender, because the session was restarted. Default: every vector may.
   */
  seal(mayCount?: (seat: number) => boolean): Promise<readonly number[]>
  /** Returns the bytes from which `resume` restores the round. They do not grow with the sum if the plane keeps it durably. */
  checkpoint(): Promise<Bytes>
  /**
   * Adds the masks of all plans to a copy of the sum, and returns the result in blocks: in ascending order, without gaps, from
   * the first element to the last. The sum of the plane does not change, so the call can be repeated after a failure.
   *
   * @throws the reason of `signal` if it aborts, or what `onProgress` throws.
   */
  unmask(plans: AsyncIterable<MaskPlan>, work: UnmaskWork): AsyncIterable<SumBlock>
  /** Derives seeds of plans elsewhere. Default: on the calling thread. */
  readonly deriveSeeds?: SeedDeriver | undefined
  /** Where the client at a seat sends its vector, if not to the server; `later` if that is not known at the moment. */
  uploadFor?(seat: number): UploadPlace | 'later' | undefined
  /** Releases what only the collection of vectors needed. Its failure does not affect the round. */
  release(): Promise<void>
  /** Stops what runs in the background. Nothing is forgotten, so the round can be resumed from its checkpoint. */
  stop?(): void
  /** Forgets the round. Its failure does not affect the round. */
  close(): Promise<void>
}

/** What a plane did with a vector or a slice: it was taken, or there is no room for it. */
export type Folding =
  | {
      /** The `fingerprint` of the packed bytes. */
      readonly fingerprint: Uint8Array
      /** Called once the session has noted the message as accepted. If it fails, `again`, `settle` and `seal` try again. */
      readonly finish?: (() => Promise<void>) | undefined
    }
  | {
      /** Resolves when there may be room. */
      readonly room: Promise<void>
    }

/** The seats whose complete vectors are in the sum, and none of whose vectors is there only partly. */
export interface Settled {
  readonly seats: readonly number[]
  /** Why a vector that has arrived completely is not in the sum. It can still be added, or discarded. */
  readonly failure?: { readonly error: unknown } | undefined
}

/** How to unmask a sum. */
export interface UnmaskWork {
  /** The number of masks of all plans. */
  readonly terms: number
  readonly signal?: AbortSignal | undefined
  /** Progress, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined
}

/**
 * Some elements of a vector.
 * @public
 */
export interface SumBlock {
  /** Positions of the elements, counted over all segments. */
  readonly range: ElementRange
  /** The elements, in the shape that `segmentsInRange` gives for the range: one array of lanes per segment, empty if the range has none of it. */
  readonly elements: Vector
}

/**
 * An address for a masked vector, and the permission to send it there.
 * @public
 */
export interface UploadPlace {
  /** A URL. */
  readonly address: string
  /** At most 1024 bytes, opaque to the client. */
  readonly ticket: Bytes
}

/** Removes masks from a sum that is read block by block. See {@link RoundPlane.unmask} for the order of the blocks. */
export interface Unmasker {
  unmask(job: UnmaskJob): AsyncIterable<SumBlock>
  readonly deriveSeeds?: SeedDeriver | undefined
}

/** A masked sum, and the masks to add to it. */
export interface UnmaskJob extends UnmaskWork {
  /** `hash` of the round's configuration. */
  readonly configHash: Bytes
  readonly segments: readonly Segment[]
  readonly suite: SymmetricSuite
  readonly suiteName: SuiteName
  /** The unmasker owns each plan, and wipes its seeds as soon as it does not need them any more. */
  readonly plans: AsyncIterable<MaskPlan>
  /** Returns a copy of elements of the masked sum, which the caller may change. Default: all elements. */
  read(range?: ElementRange): Promise<Vector>
}
