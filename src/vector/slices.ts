import { usageError } from '../errors.js'
import { countElements, cutSegments, type ElementRange, type Segment } from './segments.js'

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
