import { partsOf, reading, requireArray, requireObject, shown } from '../arguments.js'
import { usageError } from '../errors.js'

/**
 * A run of elements with one modulus: `length` elements of Z_2^`bits`, 1 ≤ bits ≤ 64.
 * @public
 */
export interface Segment {
  readonly length: number
  readonly bits: number
}

/**
 * The elements of one segment, in the narrowest array that holds its bits.
 * @public
 */
export type Lanes = Uint8Array | Uint16Array | Uint32Array | BigUint64Array

/**
 * A vector over Z_2^k: one array of lanes per segment.
 * @public
 */
export type Vector = readonly Lanes[]

/**
 * Elements `from` (included) to `to` (excluded), counted over all segments one after the other.
 * @public
 */
export interface ElementRange {
  readonly from: number
  readonly to: number
}

/**
 * One mask of a plan: the keystream of `seed`, added (`1`) or subtracted (`-1`).
 * @public
 */
export interface MaskTerm {
  readonly seed: Uint8Array
  readonly sign: 1 | -1
}

/** @throws {SecAggError} `invalid-argument` for anything but 1 and -1. */
export function requireSign(sign: unknown): void {
  if (sign !== 1 && sign !== -1) {
    throw usageError('invalid-argument', 'a sign must be 1 or -1', { got: shown(sign) })
  }
}

/**
 * What the protocol asks of the vector core: terms whose order does not matter. It may be cut by terms, because sums
 * commute, and by coordinates, because the generator seeks.
 * @public
 */
export type MaskPlan = readonly MaskTerm[]

/**
 * Bytes of a lane that holds `bits` bits: 1, 2, 4 or 8.
 * @public
 */
export function laneBytes(bits: number): 1 | 2 | 4 | 8 {
  if (!Number.isInteger(bits) || bits < 1 || bits > 64) {
    throw usageError('invalid-argument', 'the bits of an element are a whole number from 1 to 64', {
      got: shown(bits),
    })
  }
  return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8
}

/**
 * The number of elements in all segments together.
 * @throws {SecAggError} `invalid-argument` where a segment is none.
 * @public
 */
export function elementCount(segments: readonly Segment[]): number {
  return countElements(checkedSegments(segments))
}

/** The same for segments that were checked before. */
export function countElements(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0)
}

/** A ChaCha20 keystream ends with its 32-bit block counter, the last block left out, so no vector may go further. */
export const LONGEST_STREAM: number = (2 ** 32 - 1) * 64

/**
 * Checks that every segment has a whole, non-negative length and 1 to 64 bits, and that the mask stream of them all
 * takes less than 2^38 bytes.
 * @throws {SecAggError} `invalid-argument`.
 * @public
 */
export function checkSegments(segments: readonly Segment[]): void {
  checkedSegments(segments)
}

/** A copy of segments that {@link checkSegments} accepts, each of which was read once. */
export function checkedSegments(segments: readonly Segment[]): readonly Segment[] {
  requireArray('the shape of a vector', segments)
  // `Array.from`, so that a hole is seen.
  const own = reading('the shape of a vector', () => Array.from(segments, checkedSegment))
  const stream = streamLength(own)
  if (stream > LONGEST_STREAM) {
    throw usageError('invalid-argument', 'the masks of the segments would take 2^38 bytes or more', {
      got: stream,
    })
  }
  return own
}

function checkedSegment(segment: Segment, index: number): Segment {
  requireObject(`segment ${index}`, segment)
  const { length, bits } = segment
  if (Number.isSafeInteger(length) && length >= 0) return { length, bits }
  throw usageError(
    'invalid-argument',
    `the length of segment ${index} must be a whole number of at least 0`,
    {
      got: shown(length),
    },
  )
}

/** The bytes of mask stream that a vector takes; each segment begins at a multiple of 64. */
export function streamLength(segments: readonly Segment[]): number {
  return segments.reduce((end, { length, bits }) => nextBlock(end + length * laneBytes(bits)), 0)
}

/** The first multiple of 64, the block size of ChaCha20, that is not below `offset`. */
export function nextBlock(offset: number): number {
  return Math.ceil(offset / 64) * 64
}

/** {@link checkRange}; without a range, all elements. */
export function rangeOrAll(segments: readonly Segment[], range: ElementRange | undefined): ElementRange {
  return range === undefined ? { from: 0, to: elementCount(segments) } : checkRange(segments, range)
}

/**
 * Checks that `range` lies within the elements of `segments`.
 * @throws {SecAggError} `invalid-argument`.
 */
export function checkRange(segments: readonly Segment[], range: ElementRange): ElementRange {
  const count = elementCount(segments)
  const { from, to } = partsOf('a range of elements', range)
  if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from <= to && to <= count)) {
    throw usageError('invalid-argument', `a range of elements must have 0 ≤ from ≤ to ≤ ${count}`, {
      got: `${shown(from)}, ${shown(to)}`,
    })
  }
  return { from, to }
}

/** The part of one segment that a range covers, in elements of that segment. */
export function cutSegments(segments: readonly Segment[], range: ElementRange): readonly ElementRange[] {
  let start = 0
  return segments.map(({ length }) => {
    const from = Math.min(Math.max(range.from - start, 0), length)
    const to = Math.min(Math.max(range.to - start, from), length)
    start += length
    return { from, to }
  })
}

/**
 * The segments cut to a range: as many as before, with length 0 where the range misses one.
 * @public
 */
export function segmentsInRange(segments: readonly Segment[], range: ElementRange): readonly Segment[] {
  const own = checkedSegments(segments)
  const cuts = cutSegments(own, checkRange(own, range))
  return own.map(({ bits }, index) => ({ length: cuts[index]!.to - cuts[index]!.from, bits }))
}

/** The number of slices of `sliceLength` elements that make up a vector; without a length it is one. */
export function sliceCount(segments: readonly Segment[], sliceLength: number | undefined): number {
  return sliceLength === undefined ? 1 : Math.max(Math.ceil(countElements(segments) / sliceLength), 1)
}

/**
 * The elements of slice `index`: `sliceLength` of them, at least 8, or a few more or less, so that a slice begins and
 * ends between two bytes of the packed vector, as {@link packedRange} asks.
 * @throws {SecAggError} `invalid-argument` where there is no such slice.
 */
export function sliceRange(
  segments: readonly Segment[],
  sliceLength: number | undefined,
  index: number,
): ElementRange {
  const count = sliceCount(segments, sliceLength)
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw usageError('invalid-argument', `a vector of ${count} slices has no slice of this number`, {
      got: index,
    })
  }
  const cutAt = (slice: number): number =>
    slice === count ? countElements(segments) : wholeByteBefore(segments, slice * (sliceLength ?? 0))
  return { from: cutAt(index), to: cutAt(index + 1) }
}

/** The last position up to `element` that is a multiple of 8 within its segment. */
function wholeByteBefore(segments: readonly Segment[], element: number): number {
  const within = cutSegments(segments, { from: 0, to: element }).findLast(
    ({ to }, index) => to > 0 && to < segments[index]!.length,
  )
  return element - ((within?.to ?? 0) % 8)
}
