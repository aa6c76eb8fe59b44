import { type Bytes, createBytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import { checkVector, createVector } from './arithmetic.js'
import { packerFor } from './kernels/packers.js'
import { bytesOf, checkHost, plainLanes, typedArrayName } from './lanes.js'
import {
  checkedSegments,
  checkRange,
  cutSegments,
  type ElementRange,
  laneBytes,
  type Segment,
  shapeOf,
  type Vector,
} from './segments.js'

/**
 * The number of bytes of a packed vector: ⌈length · bits / 8⌉ for each segment.
 *
 * @param segments - The shape of the vector.
 * @returns The length in bytes.
 * @throws {SecAggError} `invalid-argument` if a segment is not valid.
 * @example
 * ```ts
 * import { packedLength } from 'secagg/vector'
 *
 * console.log(packedLength([{ length: 1000, bits: 12 }, { length: 1, bits: 20 }])) // 1503
 * ```
 * @public
 */
export function packedLength(segments: readonly Segment[]): number {
  return bytesWhenPacked(checkedSegments(segments))
}

/** Like {@link packedLength}, for segments that have been checked. */
function bytesWhenPacked(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => sum + packedSegmentLength(segment), 0)
}

/**
 * The bytes of a packed vector that hold the elements of `range`. They are also the packed form of these elements alone: pass
 * the segments from {@link segmentsInRange} to pack or unpack such a part.
 *
 * The range must begin and end between two bytes of the packed form. The ends of segments, and all multiples of 8 elements
 * within a segment, are such positions.
 *
 * @param segments - The shape of the whole vector.
 * @param range - Positions of elements, counted over all segments.
 * @returns The bytes `from` (included) to `to` (excluded).
 * @throws {SecAggError} `invalid-argument` if the range goes beyond the elements, or does not begin and end on byte boundaries.
 * @example
 * ```ts
 * import { packedRange } from 'secagg/vector'
 *
 * const segments = [{ length: 1000, bits: 12 }]
 * console.log(packedRange(segments, { from: 8, to: 1000 })) // { from: 12, to: 1500 }
 * ```
 * @public
 */
export function packedRange(
  segments: readonly Segment[],
  range: ElementRange,
): { readonly from: number; readonly to: number } {
  const own = checkedSegments(segments)
  const { from, to } = checkRange(own, range)
  return { from: packedPosition(own, from), to: packedPosition(own, to) }
}

/** The byte at which element `element`, counted over all segments, begins. */
function packedPosition(segments: readonly Segment[], element: number): number {
  // The elements of each segment before this one.
  const cuts = cutSegments(segments, { from: 0, to: element })
  segments.forEach(({ length, bits }, index) => {
    const { to } = cuts[index]!
    if (to < length && (to * bits) % 8 !== 0) {
      throw usageError(
        'invalid-argument',
        `element ${to} of segment ${index} does not begin on a byte boundary`,
        {
          got: element,
        },
      )
    }
  })
  return bytesWhenPacked(shapeOf(segments, { from: 0, to: element }))
}

/** The number of bytes of one segment's packed form. */
export function packedSegmentLength({ length, bits }: Segment): number {
  return Math.ceil((length * bits) / 8)
}

/**
 * Packs a vector for a message, in new memory, see `packVector`.
 * @throws {SecAggError} `invalid-argument` if the vector does not have this shape; `unsupported` on a big-endian host.
 */
export function pack(vector: Vector, segments: readonly Segment[]): Bytes {
  const own = checkedSegments(segments)
  checkVector(vector, own)
  const bytes = createBytes(bytesWhenPacked(own))
  packChecked(vector, own, bytes)
  return bytes
}

/** Packs a vector into as many bytes as it needs. */
export function packInto(vector: Vector, segments: readonly Segment[], bytes: Uint8Array): void {
  const own = checkedSegments(segments)
  checkVector(vector, own)
  packChecked(vector, own, bytes)
}

function packChecked(vector: Vector, segments: readonly Segment[], bytes: Uint8Array): void {
  checkHost()
  forEachSegment(bytes, segments, (part, segment, index) => {
    const lanes = plainLanes(vector[index]!)
    if (fillsLanes(segment)) part.set(bytesOf(lanes))
    else packerFor(lanes.length).pack(lanes, segment.bits, part)
  })
}

/**
 * The inverse of {@link pack}, in new memory, see `unpackVector`.
 * @throws {SecAggError} See {@link checkPacked}.
 */
export function unpack(bytes: Uint8Array, segments: readonly Segment[]): Vector {
  const own = checkedSegments(segments)
  checkPacked(bytes, own)
  const vector = createVector(own)
  unpackInto(bytes, own, vector)
  return vector
}

/** Unpacks into a vector of this shape. */
export function unpackInto(bytes: Uint8Array, segments: readonly Segment[], vector: Vector): void {
  forEachSegment(bytes, segments, (part, segment, index) => {
    const lanes = plainLanes(vector[index]!)
    if (fillsLanes(segment)) bytesOf(lanes).set(part)
    else packerFor(lanes.length).unpack(lanes, segment.bits, part)
  })
}

/** Whether elements use all bits of their lanes. The packed form then has the same bytes as the lanes. */
export function fillsLanes({ bits }: Segment): boolean {
  return bits === 8 * laneBytes(bits)
}

/** Calls `visit` with the packed bytes of each segment. */
export function forEachSegment(
  bytes: Uint8Array,
  segments: readonly Segment[],
  visit: (part: Uint8Array, segment: Segment, index: number) => void,
): void {
  let start = 0
  segments.forEach((segment, index) => {
    const length = packedSegmentLength(segment)
    visit(new Uint8Array(bytes.buffer, bytes.byteOffset + start, length), segment, index)
    start += length
  })
}

/**
 * Checks that `bytes` are the packed form of a vector, whose segments have been checked.
 * @throws {SecAggError} `malformed-message`, fault `peer`, if the length is wrong or padding is not zero; `invalid-argument`
 *   if `bytes` is not a Uint8Array; `unsupported` on a big-endian host.
 */
export function checkPacked(bytes: Uint8Array, segments: readonly Segment[]): void {
  checkHost()
  if (typedArrayName(bytes) !== 'Uint8Array') {
    throw usageError('invalid-argument', 'a packed vector must be a Uint8Array', { got: typeof bytes })
  }
  const expected = bytesWhenPacked(segments)
  if (bytes.length !== expected) {
    throw new SecAggError('malformed-message', 'peer', 'a packed vector has the wrong length', {
      expected,
      got: bytes.length,
    })
  }
  forEachSegment(bytes, segments, (part, { length, bits }, index) => {
    const used = (length * bits) % 8
    if (used !== 0 && part.at(-1)! >> used !== 0) {
      throw new SecAggError('malformed-message', 'peer', `the padding of packed segment ${index} is not zero`)
    }
  })
}
