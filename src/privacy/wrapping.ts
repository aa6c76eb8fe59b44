import { usageError } from '../errors.js'
import { createLanes, laneArrayName, typedArrayName } from '../vector/lanes.js'
import type { Lanes } from '../vector/segments.js'
import type { NoiseSampler } from './noise/sampler.js'

/** How many draws of noise are made at a time. */
const BATCH = 4096

/** Adds noise to whole numbers whose absolute values are below 2^53, modulo 2^`bits` for bits ≤ 32. */
export function wrapWithNoise(values: Float64Array, sampler: NoiseSampler, bits: number): Lanes {
  const lanes = createLanes(bits, values.length) as Uint32Array
  const mask = bits === 32 ? 0xffffffff : 2 ** bits - 1
  const noise = new Int32Array(Math.min(BATCH, values.length))
  for (let from = 0; from < values.length; from += BATCH) {
    const to = Math.min(from + BATCH, values.length)
    sampler.fill(noise)
    for (let i = from; i < to; i++) lanes[i] = (values[i]! + noise[i - from]!) & mask
  }
  noise.fill(0)
  sampler.wipe()
  return lanes
}

/** The whole numbers from `minimum` to `minimum` + 2^`bits` − 1 that are congruent to `lanes` modulo 2^`bits`. */
export function unwrap(lanes: Lanes, bits: number, minimum: number): Float64Array {
  const modulus = 2 ** bits
  const values = new Float64Array(lanes.length)
  const first = minimum - modulus * Math.floor(minimum / modulus)
  for (let i = 0; i < lanes.length; i++) {
    const offset = (lanes[i] as number) - first
    values[i] = minimum + (offset < 0 ? offset + modulus : offset)
  }
  return values
}

/** @throws {SecAggError} `invalid-argument` unless `sum` has `length` elements of Z_2^`bits`, bits ≤ 32. */
export function requireSum(sum: Lanes, length: number, bits: number): void {
  const name = laneArrayName(bits)
  if (typedArrayName(sum) !== name || sum.length !== length) {
    throw usageError('invalid-argument', `a sum must be a ${name} of ${length} elements`, {
      expected: length,
      got: typedArrayName(sum) === name ? sum.length : (typedArrayName(sum) ?? typeof sum),
    })
  }
  const modulus = 2 ** bits
  for (let i = 0; i < length; i++) {
    if ((sum[i] as number) >= modulus) {
      throw usageError('invalid-argument', `element ${i} of the sum is not below 2^${bits}`)
    }
  }
}

/** How many squares are added before they are added to the total. Summing in blocks keeps the rounding error small. */
const BLOCK = 1024

/** Σ x², with a relative error below 2^−32 for up to 2^30 elements. */
export function sumOfSquares(values: Float64Array): number {
  let sum = 0
  for (let from = 0; from < values.length; from += BLOCK) {
    const to = Math.min(from + BLOCK, values.length)
    let block = 0
    for (let i = from; i < to; i++) block += values[i]! * values[i]!
    sum += block
  }
  return sum
}

/** ‖x‖. It is right even if the squares are outside of the range of a double. */
export function l2Norm(values: Float64Array): number {
  const sum = sumOfSquares(values)
  if (sum > 1e-200 && sum < Number.POSITIVE_INFINITY) return Math.sqrt(sum)
  const maximum = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  if (maximum === 0) return 0
  return maximum * Math.sqrt(sumOfSquares(values.map((value) => value / maximum)))
}
