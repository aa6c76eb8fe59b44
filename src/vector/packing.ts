import { type Bytes, createBytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import { checkVector, createVector } from './arithmetic.js'
import { packerFor } from './kernels/kernel-packer.js'
import { bytesOf, checkHost, plainLanes, typedArrayName } from './lanes.js'
import {
  checkedSegments,
  checkRange,
  cutSegments,
  type ElementRange,
  laneBytes,
  type Segment,
  segmentsInRange,
  type Vector,
} from './segments.js'

/**
 * The bytes of a packed vector: ⌈length · bits / 8⌉ for each segment.
 * @public
 */
export function packedLength(segments: readonly Segment[]): number {
  return checkedSegments(segments).reduce((sum, segment) => sum + packedSegmentLength(segment), 0)
}

/**
 * The bytes `[from, to)` of a packed vector that hold the elements of `range`. They are the packed form of that part
 * alone: with `segmentsInRange`, and views from `vectorInRange`, the functions here work on the part.
 * @throws {SecAggError} `invalid-argument` where the range leaves the elements, or does not begin and end between two
 *   bytes of the packed form, as it does at the ends of segments and at every multiple of 8 within one.
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

/** Where element `element`, counted over all segments, begins. */
function packedPosition(segments: readonly Segment[], element: number): number {
  // What is before the element, the last segment of it cut.
  const cuts = cutSegments(segments, { from: 0, to: element })
  segments.forEach(({ length, bits }, index) => {
    const { to } = cuts[index]!
    if (to < length && (to * bits) % 8 !== 0) {
      throw usageError('invalid-argument', `element ${to} of segment ${index} begins within a byte`, {
        got: element,
      })
    }
  })
  return packedLength(segmentsInRange(segments, { from: 0, to: element }))
}

/** The bytes of one segment's packed form. */
export function packedSegmentLength({ length, bits }: Segment): number {
  return Math.ceil((length * bits) / 8)
}

/**
 * The vector as it travels: exactly k bits per element, low bits first, each segment padded with zero bits to a whole
 * byte, segments one after the other. Elements are taken modulo 2^k.
 * @throws {SecAggError} `invalid-argument` where the vector does not fit the segments, `unsupported` on a big-endian
 *   host.
 * @public
 */
export function packVector(vector: Vector, segments: readonly Segment[]): Bytes {
  checkHost()
  const own = checkedSegments(segments)
  checkVector(vector, own)
  const bytes = createBytes(packedLength(own))
  forEachSegment(bytes, own, (part, segment, index) => {
    const lanes = plainLanes(vector[index]!)
    if (fillsLanes(segment)) part.set(bytesOf(lanes))
    else packerFor(lanes.length).pack(lanes, segment.bits, part)
  })
  return bytes
}

/**
 * The vector that {@link packVector} made these bytes of. The one packed form of a vector is accepted and no other.
 * @throws {SecAggError} `malformed-message`, fault `peer`, where the length is wrong or padding is not zero, before
 *   anything is allocated; `invalid-argument` where `bytes` is no Uint8Array; `unsupported` on a big-endian host.
 * @public
 */
export function unpackVector(bytes: Uint8Array, segments: readonly Segment[]): Vector {
  const own = checkedSegments(segments)
  checkPacked(bytes, own)
  const vector = createVector(own)
  forEachSegment(bytes, own, (part, segment, index) => {
    const lanes = vector[index]!
    if (fillsLanes(segment)) bytesOf(lanes).set(part)
    else packerFor(lanes.length).unpack(lanes, segment.bits, part)
  })
  return vector
}

/** Whether elements have all the bits of their lanes, so that the packed form is the lanes' memory. */
export function fillsLanes({ bits }: Segment): boolean {
  return bits === 8 * laneBytes(bits)
}

/** Calls `visit` with the bytes of each segment. */
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
 * Checks that `bytes` is the packed form of some vector.
 * @throws {SecAggError} as {@link unpackVector} does.
 */
export function checkPacked(bytes: Uint8Array, segments: readonly Segment[]): void {
  checkHost()
  if (typedArrayName(bytes) !== 'Uint8Array') {
    throw usageError('invalid-argument', 'a packed vector is a Uint8Array', { got: typeof bytes })
  }
  const expected = packedLength(segments)
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
