import { usageError } from '../errors.js'
import { createLanes, laneArrayName, typedArrayName } from '../vector/lanes.js'
import type { Lanes } from '../vector/segments.js'
import type { NoiseSampler } from './noise/sampler.js'

/** Draws of noise that are made at a time. */
const BATCH = 4096

/** Whole numbers below 2^53 in size plus noise, modulo 2^`bits`, bits ≤ 32. */
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

/** The whole numbers from `least` to `least` + 2^`bits` − 1 that `lanes` stand for. */
export function unwrap(lanes: Lanes, bits: number, least: number): Float64Array {
  const modulus = 2 ** bits
  const values = new Float64Array(lanes.length)
  const first = least - modulus * Math.floor(least / modulus)
  for (let i = 0; i < lanes.length; i++) {
    const offset = (lanes[i] as number) - first
    values[i] = least + (offset < 0 ? offset + modulus : offset)
  }
  return values
}

/** @throws {SecAggError} `invalid-argument` unless `sum` is `length` elements of Z_2^`bits`, bits ≤ 32. */
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
