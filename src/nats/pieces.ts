import type { SumBlock, UnmaskJob } from '../plane/index.js'
import { addInto, createVector, reduceInto } from '../vector/arithmetic.js'
import {
  checkedSegments,
  cutSegments,
  type ElementRange,
  laneBytes,
  nextBlock,
  type Segment,
  segmentsInRange,
  streamLength,
  type Vector,
} from '../vector/segments.js'
import { unpackLanes } from './task-messages.js'

/** A part of a vector that one task can cover. */
export interface CutPiece {
  /** Its elements, in the whole vector. */
  readonly range: ElementRange
  /** The length of the mask stream that it uses, per term. */
  readonly bytes: number
  /**
   * A shape that is enough to make the masks of the piece, and the elements of the piece in it. The stream before the
   * piece's first segment is a segment of that many bytes.
   */
  readonly segments: readonly Segment[]
  readonly local: ElementRange
}

/** Cuts a vector into pieces of at most `pieceBytes` of mask stream, a multiple of 64, in ascending order. */
export function* cutPieces(
  segments: readonly Segment[],
  pieceBytes: number,
): Generator<CutPiece, void, void> {
  let from = 0
  let to = 0
  let room = pieceBytes
  for (const { length, bits } of segments) {
    const width = laneBytes(bits)
    for (let at = 0; at < length; ) {
      const next = Math.min(length, at + room / width)
      to += next - at
      room -= nextBlock((next - at) * width)
      at = next
      if (room > 0) continue
      yield pieceOf(segments, { from, to })
      from = to
      room = pieceBytes
    }
  }
  if (from < to) yield pieceOf(segments, { from, to })
}

function pieceOf(segments: readonly Segment[], range: ElementRange): CutPiece {
  const cuts = cutSegments(segments, range)
  const isCovered = ({ from, to }: ElementRange): boolean => from < to
  const first = cuts.findIndex(isCovered)
  const last = cuts.length - 1 - [...cuts].reverse().findIndex(isCovered)
  const skipped = streamLength(segments.slice(0, first))
  const start = skipped + cuts[first]!.from
  let bytes = 0
  for (let index = first; index <= last; index++) {
    bytes += nextBlock((cuts[index]!.to - cuts[index]!.from) * laneBytes(segments[index]!.bits))
  }
  return {
    range,
    bytes,
    // Without other properties, such as bounds, which cannot be sent.
    segments: [{ length: skipped, bits: 8 }, ...checkedSegments(segments.slice(first, last + 1))],
    local: { from: start, to: start + range.to - range.from },
  }
}

/**
 * The bytes of masks that a task makes by default. Every result costs the coordinator, the broker and a worker as much, so large
 * jobs have large tasks, but enough of them for many workers.
 */
export function defaultTaskBytes(total: number): number {
  return Math.min(Math.max(total / 256, 2 ** 28), 2 ** 30)
}

/** A piece whose masks are being added up. */
export class OpenPiece {
  readonly cut: CutPiece
  /** The number of its tasks without a result. */
  waiting = 0
  readonly #masks: Vector
  readonly #shape: readonly Segment[]

  constructor(cut: CutPiece) {
    this.cut = cut
    this.#shape = segmentsInRange(cut.segments, cut.local)
    this.#masks = createVector(this.#shape)
  }

  /** Adds the result of a task. Returns `false` if its length is wrong. */
  add(lanes: Uint8Array): boolean {
    const { segments, local } = this.cut
    const sum = unpackLanes(lanes, segments, local)
    if (sum === undefined) return false
    addInto(this.#masks, sum, this.#shape)
    reduceInto(this.#masks, this.#shape)
    return true
  }

  /** The elements of the piece in the sum, with the masks added. */
  async unmask({ segments, read }: Pick<UnmaskJob, 'segments' | 'read'>): Promise<SumBlock> {
    const { range } = this.cut
    const elements = await read(range)
    const shape = segmentsInRange(segments, range)
    // The masks have an array for the stream before the piece, and none for segments that the piece does not touch.
    const [, ...covered] = this.#masks
    const first = shape.findIndex(({ length }) => length > 0)
    const masks = shape.map((_, index) => covered[index - first] ?? elements[index]!.subarray(0, 0))
    addInto(elements, masks, shape)
    reduceInto(elements, shape)
    return { range, elements }
  }
}

/** A task without a result. */
export interface OpenTask {
  readonly piece: OpenPiece
  /** The number of mask bytes that it makes. */
  readonly bytes: number
  readonly sealed: Uint8Array
  /** When it was made, in milliseconds. */
  readonly since: number
  failures: number
}

/** A block of seeds that tasks refer to. */
export interface SeedBlock {
  readonly name: string
  readonly terms: number
}
