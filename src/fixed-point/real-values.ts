import { described, partsOf, shown } from '../arguments.js'
import { platformRandomPieces } from '../crypto/random.js'
import { SecAggError, usageError } from '../errors.js'
import { checkVector, firstOutOfRange } from '../vector/arithmetic.js'
import { type Into, requireInto } from '../vector/into.js'
import { type FloatKernel, withFloatKernel } from '../vector/kernels/kernel-floats.js'
import {
  checkHost,
  laneArrayName,
  plainDoubles,
  plainLanes,
  requireLanes,
  typedArrayName,
  wordsOf,
} from '../vector/lanes.js'
import type { Lanes } from '../vector/segments.js'
import { encodeRange, type ReadValues } from './encode-range.js'
import { checkedEncoding, type FixedPoint } from './encoding.js'

/**
 * A vector of real numbers.
 * @public
 */
export type RealValues = Float32Array | Float64Array | readonly number[]

/**
 * How a client encodes its values. Each client may choose its own options.
 * @public
 */
export interface EncodeOptions extends Into<Lanes> {
  /** A whole number from 0 to the encoding's `maximumWeight`. With 0, the values do not count. Default: 1. */
  readonly weight?: number | undefined
  /** Gives random bytes for stochastic rounding, four for each value. Default: the platform's `crypto.getRandomValues`. */
  readonly randomBytes?: ((length: number) => Uint8Array) | undefined
  /** What to do with a value beyond the clip: clip it and report that, or refuse it with an error. Default: `report`. */
  readonly onClip?: 'report' | 'refuse' | undefined
}

/**
 * Encoded values for a round, and how many values were clipped.
 * @public
 */
export interface FixedPointValues {
  /** (level + L) · weight for each value, which is below the encoding's `bound`. */
  readonly lanes: Lanes
  readonly clipped: Clipped
}

/**
 * Encodes real numbers for a sum: clips, scales and rounds each value to a level from −L to L, adds L, and multiplies by the
 * weight.
 *
 * With stochastic rounding, the expected level of a value x is L · x / c, with an error of at most 2^−33 + L · 2^−52.
 *
 * @param values - The values to encode.
 * @param encoding - The encoding that all clients and the server use.
 * @param options - The weight, what to do with values beyond the clip, and a source of randomness.
 * @returns The lanes for the round, and how many values were clipped.
 * @throws {SecAggError} `input-out-of-range` if a value is NaN or infinite, if a value is beyond the clip and `onClip` is
 *   `refuse`, or if the weight is not valid; for a value, the message has its index. `invalid-argument` if `values` are not
 *   real numbers, or `into` does not fit. `no-randomness` if the random generator is broken. `invalid-configuration` if
 *   `encoding` is not valid.
 * @example
 * ```ts
 * import { createFixedPoint, encodeValues } from 'secagg/fixed-point'
 *
 * const encoding = createFixedPoint({ clip: 1, bitsPerValue: 8, clients: 2, rounding: 'nearest' })
 * const { lanes, clipped } = encodeValues([-1, 0, 0.5, 1.5], encoding)
 * console.log(lanes) // Uint16Array(4) [ 0, 127, 191, 254 ]
 * console.log(clipped) // { count: 1, largest: 1.5, excess: 0.5 }
 * ```
 * @public
 */
export function encodeValues(
  values: RealValues,
  encoding: FixedPoint,
  options: EncodeOptions = {},
): FixedPointValues {
  const checked = checkedEncoding(encoding)
  const {
    weight = 1,
    randomBytes = platformRandomPieces(),
    onClip = 'report',
    into,
  } = partsOf('the options of an encoding', options)
  requireWeight(weight, checked.maximumWeight)
  requireOnClip(onClip)
  const read = readerOf(values)
  const { length } = values
  if (into !== undefined) requireInto(into, laneArrayName(checked.bits), length, [values])
  return encodeRange(read, { from: 0, to: length }, checked, { weight, randomBytes, onClip, into })
}

/** @throws {SecAggError} `invalid-argument` unless `onClip` is `report` or `refuse`. */
export function requireOnClip(onClip: unknown): void {
  if (onClip === 'report' || onClip === 'refuse') return
  throw usageError('invalid-argument', "onClip must be 'report' or 'refuse'", { got: typeof onClip })
}

/** @throws {SecAggError} `input-out-of-range` unless `weight` is a whole number from 0 to `maximum`. */
export function requireWeight(weight: number, maximum: number): void {
  if (!Number.isSafeInteger(weight) || weight < 0 || weight > maximum) {
    throw usageError(
      'input-out-of-range',
      `a weight must be a whole number from 0 to ${maximum}, not ${described(weight)}`,
      {
        expected: `0 to ${maximum}`,
        got: shown(weight),
      },
    )
  }
}

/** A reader of `values`, which may be arrays from another realm. */
export function readerOf(values: RealValues): ReadValues {
  const type = typedArrayName(values)
  if (type === 'Float32Array' || type === 'Float64Array') {
    const { buffer, byteOffset, length } = values as Float32Array | Float64Array
    const plain =
      type === 'Float32Array'
        ? new Float32Array(buffer, byteOffset, length)
        : new Float64Array(buffer, byteOffset, length)
    return (batch, from, count) => batch.set(plain.subarray(from, from + count))
  }
  if (!Array.isArray(values)) {
    throw usageError(
      'invalid-argument',
      'values must be a Float32Array, a Float64Array or an array of numbers',
      { got: type ?? typeof values },
    )
  }
  return (batch, from, count) => {
    for (let i = 0; i < count; i++) {
      const value: unknown = values[from + i]
      if (typeof value !== 'number') {
        throw usageError('invalid-argument', `value ${from + i} is not a number`, { got: typeof value })
      }
      batch[i] = value
    }
  }
}

/**
 * How clipping changed a client's values.
 * @public
 */
export interface Clipped {
  /** The number of values that were beyond the clip. */
  readonly count: number
  /** The largest magnitude of all values, before clipping. It is above the clip if and only if `count` is above 0. */
  readonly largest: number
  /** Σ (|x| − c) over the clipped values: the total magnitude that clipping removed. */
  readonly excess: number
}

/**
 * The weighted mean of values that clients encoded with `encodeValues`. It differs from the mean of the clipped values by at
 * most the encoding's `errorBound`.
 *
 * @param sum - The sum of the clients' lanes.
 * @param encoding - The encoding that the clients used.
 * @param totalWeight - The sum of the clients' weights. If no weights are used, this is the number of survivors.
 * @param options - Memory for the result.
 * @returns The mean of each value.
 * @throws {SecAggError} `invalid-argument` if the lanes or the total weight are not possible for this encoding, or `into` does
 *   not fit.
 *
 *   `input-out-of-range`, fault `peer`, if an element is larger than the total weight allows; the message has its index. Then
 *   a client did not use this encoding, or sum and total weight are from different rounds.
 *
 *   `zero-weight`, fault `peer` without culprits, if the total weight is 0, so that the mean does not exist.
 * @example
 * ```ts
 * import { createFixedPoint, decodeMean, encodeValues } from 'secagg/fixed-point'
 * import { addInto } from 'secagg/vector'
 *
 * const encoding = createFixedPoint({ clip: 1, bitsPerValue: 16, clients: 2, rounding: 'nearest' })
 * const { lanes: sum } = encodeValues([0.25, -1], encoding)
 * addInto([sum], [encodeValues([0.75, -1], encoding).lanes], [{ length: 2, bits: encoding.bits }])
 * const mean = decodeMean(sum, encoding, 2)
 * console.log(Array.from(mean, (value) => value.toFixed(3))) // [ '0.500', '-1.000' ]
 * ```
 * @public
 */
export function decodeMean(
  sum: Lanes,
  encoding: FixedPoint,
  totalWeight: number,
  options: Into<Float64Array> = {},
): Float64Array {
  const checked = checkedEncoding(encoding)
  const { bits, clients, maximumWeight } = checked
  requireLanes('a sum', sum)
  checkVector([sum], [{ length: sum.length, bits }])
  if (!Number.isSafeInteger(totalWeight) || totalWeight < 0 || totalWeight > clients * maximumWeight) {
    throw usageError(
      'invalid-argument',
      'a total weight must be a whole number from 0 to clients · maximumWeight',
      {
        expected: `0 to ${clients * maximumWeight}`,
        got: totalWeight,
      },
    )
  }
  const { into } = partsOf('the options of decoding', options)
  if (into !== undefined) requireInto(into, 'Float64Array', sum.length, [sum])
  return withFloatKernel((kernel) => decodeWith(kernel, sum, checked, totalWeight, into))
}

/** Like {@link decodeMean}, with this kernel, or in plain TypeScript. Its arguments have been checked, except the elements. */
export function decodeWith(
  kernel: FloatKernel | undefined,
  sum: Lanes,
  { clip, levels }: FixedPoint,
  totalWeight: number,
  into?: Float64Array,
): Float64Array {
  const maximumLevel = (levels - 1) / 2
  const shift = BigInt(maximumLevel) * BigInt(totalWeight)
  if (kernel !== undefined && totalWeight > 0) {
    checkHost()
    const mean = into ?? new Float64Array(sum.length)
    const unscaling = { shift, totalWeight, maximumLevel, clip, maximum: 2n * shift }
    if (kernel.decode(plainLanes(sum), unscaling, plainDoubles(mean))) return mean
    mean.fill(0)
  }
  const impossible = firstOutOfRange(sum, 2n * shift + 1n)
  if (impossible >= 0) {
    throw new SecAggError(
      'input-out-of-range',
      'peer',
      `element ${impossible} of the sum is larger than a total weight of ${totalWeight} allows`,
    )
  }
  if (totalWeight === 0) {
    throw new SecAggError(
      'zero-weight',
      'peer',
      'the mean does not exist, because the total weight of all clients in the sum is 0',
    )
  }
  const mean = into ?? new Float64Array(sum.length)
  const numbers = plainDoubles(mean)
  unshift(sum, shift, numbers)
  for (let i = 0; i < numbers.length; i++) {
    // In this order of operations, the largest sum gives exactly the clip, and no sum gives more, if the shift fits 53 bits.
    // Otherwise it is rounded, and a mean can be above the clip by its last digit.
    numbers[i] = (numbers[i]! / totalWeight / maximumLevel) * clip
  }
  return mean
}

/** Writes sum − shift. It is rounded once if it needs more than the 53 bits of a double. */
function unshift(sum: Lanes, shift: bigint, difference: Float64Array): void {
  const plain = plainLanes(sum)
  if (plain.BYTES_PER_ELEMENT < 8) {
    difference.set(plain as Uint32Array)
    const subtrahend = Number(shift)
    for (let i = 0; i < difference.length; i++) difference[i] = difference[i]! - subtrahend
    return
  }
  checkHost()
  const words = wordsOf(plain as BigUint64Array)
  const low = Number(shift & 0xffff_ffffn)
  const high = Number(shift >> 32n)
  for (let i = 0; i < difference.length; i++) {
    difference[i] = (words[2 * i + 1]! - high) * 2 ** 32 + (words[2 * i]! - low)
  }
}
