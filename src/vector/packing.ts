import { partsOf } from '../arguments.js'
import { type Bytes, createBytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import { checkVector, createVector } from './arithmetic.js'
import { packerFor } from './kernels/packers.js'
import {
  bytesOf,
  checkHost,
  type Into,
  plainLanes,
  requireInto,
  requireIntoVector,
  typedArrayName,
} from './lanes.js'
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
 * Packs a vector for a message. Each element, reduced modulo 2^k, has exactly k bits, low bits first. Each segment is padded
 * with zero bits to a whole byte. The segments follow one another without gaps.
 *
 * @param vector - The vector to pack.
 * @param segments - The shape of the vector.
 * @param options - Memory for the result.
 * @returns The packed vector, of {@link packedLength} bytes.
 * @throws {SecAggError} `invalid-argument` if the vector does not have this shape, or `into` does not fit; `unsupported` on a
 *   big-endian host.
 * @example
 * ```ts
 * import { packVector } from 'secagg/vector'
 *
 * const vector = [Uint16Array.of(0x123, 0x456)]
 * const packed = packVector(vector, [{ length: 2, bits: 12 }])
 * console.log(packed.length, packed[0]?.toString(16)) // 3 '23'
 * ```
 * @public
 */
export function packVector(vector: Vector, segments: readonly Segment[], options: Into<Bytes> = {}): Bytes {
  const { into } = partsOf('the options of packing', options)
  if (into === undefined) return pack(vector, segments)
  const own = checkedSegments(segments)
  checkVector(vector, own)
  requireInto(into, 'Uint8Array', bytesWhenPacked(own), vector)
  packInto(vector, own, into)
  return into
}

// The functions below are for the rest of the library. They keep the checks of `into` out of bundles that do not need them.

/** Like {@link packVector}, in new memory. */
export function pack(vector: Vector, segments: readonly Segment[]): Bytes {
  checkVector(vector, segments)
  const bytes = createBytes(packedLength(segments))
  packInto(vector, segments, bytes)
  return bytes
}

/** Packs a vector into as many bytes as it needs. */
export function packInto(vector: Vector, segments: readonly Segment[], bytes: Uint8Array): void {
  checkHost()
  const own = checkedSegments(segments)
  checkVector(vector, own)
  forEachSegment(bytes, own, (part, segment, index) => {
    const lanes = plainLanes(vector[index]!)
    if (fillsLanes(segment)) part.set(bytesOf(lanes))
    else packerFor(lanes.length).pack(lanes, segment.bits, part)
  })
}

/**
 * The inverse of {@link packVector}. Each vector has exactly one packed form; any other bytes are refused, before memory is
 * allocated.
 *
 * @param bytes - The packed vector.
 * @param segments - The shape of the vector.
 * @param options - Memory for the result.
 * @returns The vector.
 * @throws {SecAggError} `malformed-message`, fault `peer`, if the length is wrong or padding is not zero; `invalid-argument`
 *   if `bytes` is not a Uint8Array, or `into` does not fit; `unsupported` on a big-endian host.
 * @example
 * ```ts
 * import { packVector, unpackVector } from 'secagg/vector'
 *
 * const segments = [{ length: 2, bits: 12 }]
 * const packed = packVector([Uint16Array.of(1000, 2000)], segments)
 * console.log(unpackVector(packed, segments)) // [ Uint16Array(2) [ 1000, 2000 ] ]
 * ```
 * @public
 */
export function unpackVector(
  bytes: Uint8Array,
  segments: readonly Segment[],
  options: Into<Vector> = {},
): Vector {
  const { into } = partsOf('the options of unpacking', options)
  if (into === undefined) return unpack(bytes, segments)
  const own = checkedSegments(segments)
  checkPacked(bytes, own)
  requireIntoVector(into, own, [bytes])
  unpackInto(bytes, own, into)
  return into
}

/** Like {@link unpackVector}, in new memory. */
export function unpack(bytes: Uint8Array, segments: readonly Segment[]): Vector {
  const own = checkedSegments(segments)
  checkPacked(bytes, own)
  const vector = createVector(own)
  unpackInto(bytes, own, vector)
  return vector
}

function unpackInto(bytes: Uint8Array, segments: readonly Segment[], vector: Vector): void {
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
 * @throws {SecAggError} See {@link unpackVector}.
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
