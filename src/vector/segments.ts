import { partsOf, reading, requireArray, requireObject, shown } from '../arguments.js'
import { usageError } from '../errors.js'

/**
 * A part of a vector whose elements have the same modulus, 2^`bits`.
 * @public
 */
export interface Segment {
  /** The number of elements. */
  readonly length: number
  /** The number of bits of an element, 1 to 64. */
  readonly bits: number
}

/**
 * The elements of one segment, in the typed array with the narrowest elements that hold its bits.
 * @public
 */
export type Lanes = Uint8Array | Uint16Array | Uint32Array | BigUint64Array

/**
 * A vector over Z_2^k: one array of lanes per segment.
 * @public
 */
export type Vector = readonly Lanes[]

/**
 * A range of elements of a vector. Positions are counted over all segments: if the first segment has 10 elements, position
 * 10 is the first element of the second segment.
 * @public
 */
export interface ElementRange {
  /** The first element of the range. */
  readonly from: number
  /** The first element after the range. */
  readonly to: number
}

/**
 * One mask of a plan: the mask of `seed`, added or subtracted.
 * @public
 */
export interface MaskTerm {
  readonly seed: Uint8Array
  /** `1` adds the mask, `-1` subtracts it. */
  readonly sign: 1 | -1
}

/** @throws {SecAggError} `invalid-argument` unless `sign` is 1 or −1. */
export function requireSign(sign: unknown): void {
  if (sign !== 1 && sign !== -1) {
    throw usageError('invalid-argument', 'a sign must be 1 or -1', { got: shown(sign) })
  }
}

/**
 * The masks to add to and subtract from a vector, in any order. Work on a plan can be divided by terms, because addition is
 * commutative, and by elements, because a keystream can start at any element.
 * @public
 */
export type MaskPlan = readonly MaskTerm[]

/**
 * The number of bytes of a lane for elements of `bits` bits.
 *
 * @param bits - 1 to 64.
 * @returns 1, 2, 4 or 8.
 * @throws {SecAggError} `invalid-argument` if `bits` is not a whole number from 1 to 64.
 * @example
 * ```ts
 * import { laneBytes } from 'secagg/vector'
 *
 * console.log([8, 9, 20, 33].map(laneBytes)) // [ 1, 2, 4, 8 ]
 * ```
 * @public
 */
export function laneBytes(bits: number): 1 | 2 | 4 | 8 {
  if (!Number.isInteger(bits) || bits < 1 || bits > 64) {
    throw usageError('invalid-argument', 'the bits of an element must be a whole number from 1 to 64', {
      got: shown(bits),
    })
  }
  return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8
}

/**
 * The total number of elements of all segments.
 *
 * @param segments - The shape of a vector.
 * @returns The number of elements.
 * @throws {SecAggError} `invalid-argument` if a segment is not valid.
 * @example
 * ```ts
 * import { elementCount } from 'secagg/vector'
 *
 * console.log(elementCount([{ length: 1000, bits: 12 }, { length: 1, bits: 20 }])) // 1001
 * ```
 * @public
 */
export function elementCount(segments: readonly Segment[]): number {
  return countElements(checkedSegments(segments))
}

/** Like {@link elementCount}, for segments that have been checked. */
export function countElements(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0)
}

/** The maximum number of bytes of a mask stream: a ChaCha20 keystream has 2^32 blocks, of which the last is not used. */
export const LONGEST_STREAM: number = (2 ** 32 - 1) * 64

/**
 * Checks that the length of every segment is a whole number of 0 or more, that its elements have 1 to 64 bits, and that the
 * masks of all segments together need fewer than 2^38 bytes of keystream.
 *
 * @param segments - The shape of a vector.
 * @throws {SecAggError} `invalid-argument` if the segments are not valid.
 * @example
 * ```ts
 * import { checkSegments } from 'secagg/vector'
 *
 * try {
 *   checkSegments([{ length: 10, bits: 65 }])
 * } catch (error) {
 *   console.log(String(error)) // 'SecAggError: the bits of an element must be a whole number from 1 to 64'
 * }
 * ```
 * @public
 */
export function checkSegments(segments: readonly Segment[]): void {
  checkedSegments(segments)
}

/** A copy of segments that pass {@link checkSegments}. Each property is read once. */
export function checkedSegments(segments: readonly Segment[]): readonly Segment[] {
  requireArray('the shape of a vector', segments)
  // `map` would skip the holes of a sparse array; `Array.from` does not.
  const own = reading('the shape of a vector', () => Array.from(segments, checkedSegment))
  const stream = streamLength(own)
  if (stream > LONGEST_STREAM) {
    throw usageError('invalid-argument', 'the masks of the segments must need fewer than 2^38 bytes', {
      got: stream,
    })
  }
  return own
}

function checkedSegment(segment: Segment, index: number): Segment {
  requireObject(`segment ${index}`, segment)
  const { length, bits } = segment
  if (Number.isSafeInteger(length) && length >= 0) return { length, bits }
  throw usageError('invalid-argument', `the length of segment ${index} must be a whole number of 0 or more`, {
    got: shown(length),
  })
}

/** The number of bytes of mask stream that a vector needs. Each segment begins at a multiple of 64. */
export function streamLength(segments: readonly Segment[]): number {
  return segments.reduce((end, { length, bits }) => nextBlock(end + length * laneBytes(bits)), 0)
}

/** `offset` rounded up to a multiple of 64, the block size of ChaCha20. */
export function nextBlock(offset: number): number {
  return Math.ceil(offset / 64) * 64
}

/** The checked range; without a range, all elements. */
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

/** For each segment, the part that the range covers, in elements of that segment. */
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
 * The shape of the part of a vector that a range covers. It has the same number of segments.
 *
 * @param segments - The shape of the whole vector.
 * @param range - Positions of elements, counted over all segments.
 * @returns The same segments with shorter lengths. A segment without elements in the range has length 0.
 * @throws {SecAggError} `invalid-argument` if a segment is not valid, or the range goes beyond the elements.
 * @example
 * ```ts
 * import { segmentsInRange } from 'secagg/vector'
 *
 * const segments = [{ length: 10, bits: 12 }, { length: 5, bits: 20 }]
 * console.log(segmentsInRange(segments, { from: 8, to: 11 })) // [ { length: 2, bits: 12 }, { length: 1, bits: 20 } ]
 * ```
 * @public
 */
export function segmentsInRange(segments: readonly Segment[], range: ElementRange): readonly Segment[] {
  const own = checkedSegments(segments)
  return shapeOf(own, checkRange(own, range))
}

/** Like {@link segmentsInRange}, for segments and a range that have been checked. */
export function shapeOf(segments: readonly Segment[], range: ElementRange): readonly Segment[] {
  const cuts = cutSegments(segments, range)
  return segments.map(({ bits }, index) => ({ length: cuts[index]!.to - cuts[index]!.from, bits }))
}

/** The number of slices of `sliceLength` elements that a vector is cut into. Without a length, it is one slice. */
export function sliceCount(segments: readonly Segment[], sliceLength: number | undefined): number {
  return sliceLength === undefined ? 1 : Math.max(Math.ceil(countElements(segments) / sliceLength), 1)
}

/**
 * The elements of slice `index`. Their number is about `sliceLength`, which is at least 8: it can differ by up to 7, because
 * a slice must begin and end between two bytes of the packed vector.
 * @throws {SecAggError} `invalid-argument` if the vector has no slice with this index.
 */
export function sliceRange(
  segments: readonly Segment[],
  sliceLength: number | undefined,
  index: number,
): ElementRange {
  const count = sliceCount(segments, sliceLength)
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw usageError('invalid-argument', `the number of a slice must be a whole number below ${count}`, {
      got: index,
    })
  }
  const cutAt = (slice: number): number =>
    slice === count ? countElements(segments) : wholeByteBefore(segments, slice * (sliceLength ?? 0))
  return { from: cutAt(index), to: cutAt(index + 1) }
}

/** `element`, rounded down to a multiple of 8 within its segment, where a byte of the packed vector begins. */
function wholeByteBefore(segments: readonly Segment[], element: number): number {
  const within = cutSegments(segments, { from: 0, to: element })
    .filter(({ to }, index) => to > 0 && to < segments[index]!.length)
    .at(-1)
  return element - ((within?.to ?? 0) % 8)
}
