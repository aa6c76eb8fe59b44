import { cutSegments, type ElementRange, laneBytes, type Segment, type Vector } from '../vector/segments.js'

/**
 * Two sums over a vector for each segment: Σ y_i and Σ (i + 1)·y_i modulo 2^64, of which the lowest k bits count. i is the
 * position of an element, counted over all segments. The checks of a sum are the sum of the checks of its vectors. Therefore
 * they show that a vector is missing from a sum, or is in it twice. They do not detect a process that cheats.
 */
export type Checks = BigUint64Array

/** The checks of the elements of `range`. */
export function checksOf(elements: Vector, segments: readonly Segment[], range: ElementRange): Checks {
  const checks = new BigUint64Array(2 * segments.length)
  let start = 0
  for (const [index, cut] of cutSegments(segments, range).entries()) {
    const { bits, length } = segments[index]!
    const lanes = elements[index]!
    const first = start + cut.from + 1
    const [sum, weighted] =
      laneBytes(bits) === 8
        ? wideSums(lanes as BigUint64Array, first)
        : narrowSums(lanes as Exclude<typeof lanes, BigUint64Array>, first)
    checks[2 * index] = sum
    checks[2 * index + 1] = weighted
    start += length
  }
  return checks
}

function narrowSums(lanes: Uint8Array | Uint16Array | Uint32Array, first: number): [bigint, bigint] {
  let sum = 0
  let weighted = 0
  for (let index = 0; index < lanes.length; index++) {
    sum = (sum + lanes[index]!) | 0
    weighted = (weighted + Math.imul(first + index, lanes[index]!)) | 0
  }
  return [BigInt(sum >>> 0), BigInt(weighted >>> 0)]
}

function wideSums(lanes: BigUint64Array, first: number): [bigint, bigint] {
  let sum = 0n
  let weighted = 0n
  let position = BigInt(first)
  for (const element of lanes) {
    sum = BigInt.asUintN(64, sum + element)
    weighted = BigInt.asUintN(64, weighted + position * element)
    position++
  }
  return [sum, weighted]
}

/** Adds `checks` to `target`. */
export function addChecks(target: Checks, checks: Checks): void {
  for (const [index, check] of checks.entries()) target[index] = target[index]! + check
}

/** Whether two checks are equal modulo 2^k. */
export function equalChecks(one: Checks, other: Checks, segments: readonly Segment[]): boolean {
  return (
    one.length === other.length &&
    one.every((check, index) => {
      const { bits } = segments[index >> 1]!
      return BigInt.asUintN(bits, check) === BigInt.asUintN(bits, other[index]!)
    })
  )
}
