import { copyVector, createVector, reduceInto, vectorInRange } from './arithmetic.js'
import { fingerprint } from './fingerprint.js'
import { packerFor } from './kernels/kernel-packer.js'
import { createKernelSum, type RunningSum } from './kernels/kernel-sum.js'
import { checkHost } from './lanes.js'
import { checkPacked, forEachSegment, packedRange } from './packing.js'
import {
  checkedSegments,
  type ElementRange,
  rangeOrAll,
  type Segment,
  segmentsInRange,
  streamLength,
  type Vector,
} from './segments.js'

/**
 * A running sum of packed vectors: the server's Σ y of the masked input round.
 * @public
 */
export interface Accumulator {
  /**
   * Adds a packed vector, or with a `range` the part of one that `packedRange` gives. Everything is checked before the
   * first element is added.
   * @returns the `fingerprint` of the packed bytes, which costs next to nothing while they are at hand.
   * @throws {SecAggError} `malformed-message`, fault `peer`, where the length is wrong or padding is not zero;
   *   `invalid-argument` where `packed` is no Uint8Array, or the range leaves the elements or begins or ends within a
   *   byte. The sum is then as it was.
   */
  add(packed: Uint8Array, range?: ElementRange): Uint8Array
  /** The sum so far, modulo 2^k: a copy, with an array of memory of its own for each segment. */
  toVector(): Vector
}

/** Below so many bytes of lanes a WebAssembly memory costs more than its speed gains. */
const SMALLEST_FOR_KERNEL = 2 ** 12

/**
 * A running sum, zero at first. Where the host has WebAssembly SIMD it lies in a WebAssembly memory of its own, of one
 * vector and at least 64 KiB, so that no element is ever copied there and back; where such a memory cannot be had, in
 * plain arrays.
 * @throws {SecAggError} `invalid-argument` where a segment is none, `unsupported` on a big-endian host.
 * @public
 */
export function createAccumulator(segments: readonly Segment[]): Accumulator {
  checkHost()
  const own = checkedSegments(segments)
  const kernel = streamLength(own) < SMALLEST_FOR_KERNEL ? undefined : createKernelSum(own)
  const sum = kernel ?? createPlainSum(own)
  return {
    add: (packed, range) => {
      const covered = rangeOrAll(own, range)
      // Refuses what begins or ends within a byte.
      if (range !== undefined) packedRange(own, covered)
      checkPacked(packed, segmentsInRange(own, covered))
      return sum.add(packed, covered)
    },
    toVector: () => sum.toVector(),
  }
}

/** A running sum in plain arrays. */
function createPlainSum(segments: readonly Segment[]): RunningSum {
  const sum = createVector(segments)
  return {
    add: (packed, range) => {
      const part = vectorInRange(sum, segments, range)
      forEachSegment(packed, segmentsInRange(segments, range), (bytes, { bits, length }, index) =>
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
