import { copyVector, createVector, reduceInto, vectorInRange } from './arithmetic.js'
import { fingerprint } from './fingerprint.js'
import { createKernelSum, type RunningSum } from './kernels/kernel-sum.js'
import { packerFor } from './kernels/packers.js'
import { checkHost } from './lanes.js'
import { checkPacked, forEachSegment, packedRange } from './packing.js'
import {
  checkedSegments,
  checkRange,
  countElements,
  type ElementRange,
  type Segment,
  segmentsInRange,
  shapeOf,
  streamLength,
  type Vector,
} from './segments.js'

/**
 * A running sum of packed vectors: the server's Σ y of the phase `masked-input`.
 * @public
 */
export interface Accumulator {
  /**
   * Adds a packed vector. With a `range`, adds only that part of a vector; `packed` then has the bytes that `packedRange`
   * gives. Everything is checked before the first element is added, so that the sum does not change if this throws.
   * @returns The `fingerprint` of `packed`. Computing it here costs almost nothing.
   * @throws {SecAggError} `malformed-message`, fault `peer`, if the length is wrong or padding is not zero;
   *   `invalid-argument` if `packed` is not a Uint8Array, or if the range goes beyond the elements or does not begin and end on
   *   byte boundaries.
   */
  add(packed: Uint8Array, range?: ElementRange): Uint8Array
  /** A copy of the current sum, modulo 2^k. */
  toVector(): Vector
}

/** For fewer bytes of lanes than this, creating a WebAssembly memory takes longer than the kernel saves. */
const SMALLEST_FOR_KERNEL = 2 ** 12

/**
 * Creates a running sum, which is zero at first. If the host has WebAssembly SIMD, the sum is kept in a WebAssembly memory,
 * as large as one vector and at least 64 KiB, so that elements are not copied back and forth. Otherwise, or if that memory
 * cannot be allocated, it is kept in plain arrays.
 *
 * @param segments - The shape of the vectors.
 * @returns The accumulator.
 * @throws {SecAggError} `invalid-argument` if a segment is not valid, `unsupported` on a big-endian host.
 * @example
 * ```ts
 * import { createAccumulator, packVector } from 'secagg/vector'
 *
 * const segments = [{ length: 3, bits: 12 }]
 * const sum = createAccumulator(segments)
 * sum.add(packVector([Uint16Array.of(1, 2, 3)], segments))
 * sum.add(packVector([Uint16Array.of(10, 20, 30)], segments))
 * console.log(sum.toVector()) // [ Uint16Array(3) [ 11, 22, 33 ] ]
 * ```
 * @public
 */
export function createAccumulator(segments: readonly Segment[]): Accumulator {
  checkHost()
  const own = checkedSegments(segments)
  const kernel = streamLength(own) < SMALLEST_FOR_KERNEL ? undefined : createKernelSum(own)
  const sum = kernel ?? createPlainSum(own)
  const whole: ElementRange = { from: 0, to: countElements(own) }
  return {
    add: (packed, range) => {
      if (range === undefined) {
        checkPacked(packed, own)
        return sum.add(packed, whole)
      }
      const covered = checkRange(own, range)
      // Throws if the range begins or ends within a byte.
      packedRange(own, covered)
      checkPacked(packed, shapeOf(own, covered))
      return sum.add(packed, covered)
    },
    toVector: () => sum.toVector(),
  }
}

/** A running sum in plain arrays. */
function createPlainSum(segments: readonly Segment[]): RunningSum {
  const sum = createVector(segments)
  const count = countElements(segments)
  return {
    add: (packed, range) => {
      const isWhole = range.from === 0 && range.to === count
      const part = isWhole ? sum : vectorInRange(sum, segments, range)
      const shape = isWhole ? segments : segmentsInRange(segments, range)
      forEachSegment(packed, shape, (bytes, { bits, length }, index) =>
        packerFor(length).add(part[index]!, bits, bytes),
      )
      return fingerprint(packed)
    },
    toVector: () => {
      const copy = copyVector(sum)
      reduceInto(copy, segments)
      return copy
    },
  }
}
