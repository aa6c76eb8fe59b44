import { described, partsOf, shown } from '../arguments.js'
import { isBytes } from '../crypto/bytes.js'
import { dependableRandom } from '../crypto/dependable.js'
import { platformRandomBytes } from '../crypto/random.js'
import { SecAggError, usageError } from '../errors.js'
import { checkHost, createLanes, typedArrayName, wordsOf } from '../vector/lanes.js'
import type { ElementRange, Lanes } from '../vector/segments.js'
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
export interface EncodeOptions {
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

/** The number of values processed at a time. This many fit into the processor's cache. Their random words have 64 KiB. */
export const BATCH = 16384

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
 *   real numbers. `no-randomness` if the random generator is broken. `invalid-configuration` if `encoding` is not valid.
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
    randomBytes = platformRandomBytes,
    onClip = 'report',
  } = partsOf('the options of an encoding', options)
  requireWeight(weight, checked.maximumWeight)
  requireOnClip(onClip)
  const read = readerOf(values)
  return encodeRange(read, { from: 0, to: values.length }, checked, { weight, randomBytes, onClip })
}

/** Copies `count` values, from index `from` on, to the start of a batch. */
export type ReadValues = (batch: Float64Array, from: number, count: number) => void

/** Like {@link encodeValues}, for the values in a range. Its arguments have been checked. */
export function encodeRange(
  read: ReadValues,
  range: ElementRange,
  { clip, levels, bits, rounding }: FixedPoint,
  { weight, randomBytes, onClip }: { readonly [K in keyof EncodeOptions]-?: NonNullable<EncodeOptions[K]> },
): FixedPointValues {
  const draw = dependableRandom({ randomBytes })
  checkHost()
  const maximumLevel = (levels - 1) / 2
  const scaling = { clip, maximumLevel, refuse: onClip === 'refuse' }
  const lanes = createLanes(bits, range.to - range.from)
  const batch = new Float64Array(Math.min(BATCH, lanes.length))
  const uniform = new Uint32Array(rounding === 'stochastic' ? batch.length : 0)
  const clipped: ClipCount = { count: 0, largest: 0, excess: 0 }
  for (let from = 0; from < lanes.length; from += BATCH) {
    const count = Math.min(BATCH, lanes.length - from)
    read(batch, range.from + from, count)
    clipAndScale(batch, count, scaling, clipped, range.from + from)
    if (rounding === 'stochastic') {
      drawWords(uniform, count, draw)
      roundStochastically(batch, count, uniform)
    } else {
      roundToNearest(batch, count)
    }
    for (let i = 0; i < count; i++) batch[i] = (batch[i]! + maximumLevel) * weight
    store(lanes, from, batch, count)
  }
  return { lanes, clipped }
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

/** Writes the first `count` of `values`, whole numbers below 2^53, to the lanes from `from` on. */
function store(lanes: Lanes, from: number, values: Float64Array, count: number): void {
  if (lanes.BYTES_PER_ELEMENT < 8) {
    ;(lanes as Uint32Array).set(values.subarray(0, count), from)
    return
  }
  const words = wordsOf(lanes as BigUint64Array)
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    words[2 * (from + i)] = value
    words[2 * (from + i) + 1] = value / 2 ** 32
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

/** A {@link Clipped} that is still being counted. */
export type ClipCount = { -readonly [Key in keyof Clipped]: Clipped[Key] }

/**
 * Clips the first `count` of `values` to [−clip, clip] and scales them to [−maximumLevel, maximumLevel], in place.
 * `from` is the index of the first value, for error messages.
 * @throws {SecAggError} `input-out-of-range` if a value is not finite, or is beyond the clip and `refuse` is set. The message
 *   has its index.
 */
export function clipAndScale(
  values: Float64Array,
  count: number,
  { clip, maximumLevel, refuse }: { clip: number; maximumLevel: number; refuse: boolean },
  clipped: ClipCount,
  from: number,
): void {
  let largest = clipped.largest
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    const magnitude = Math.abs(value)
    if (magnitude > largest) largest = magnitude
    if (magnitude <= clip) {
      // In this order of operations, a value at the clip gives exactly the maximum level, and no value gives more.
      values[i] = (value / clip) * maximumLevel
      continue
    }
    if (!Number.isFinite(value)) {
      throw usageError('input-out-of-range', `value ${from + i} is ${value}`, {
        expected: 'a finite number',
        got: String(value),
      })
    }
    if (refuse) {
      throw usageError('input-out-of-range', `value ${from + i} is beyond the clip`, {
        expected: `magnitude up to ${clip}`,
      })
    }
    clipped.count++
    clipped.excess += magnitude - clip
    values[i] = value < 0 ? -maximumLevel : maximumLevel
  }
  clipped.largest = largest
}

/** Rounds the first `count` of `values` to the nearest whole number, in place. Half is rounded up. */
export function roundToNearest(values: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) values[i] = Math.round(values[i]!)
}

/**
 * Rounds the first `count` of `values` up or down at random, in place. The probability of rounding up is the fractional part
 * of the value, with an error of at most 2^−33. Whole numbers do not change.
 */
export function roundStochastically(values: Float64Array, count: number, uniform: Uint32Array): void {
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    const below = Math.floor(value)
    // Adding one half makes the error of the probability symmetric, and a fractional part of 0 is never rounded up.
    values[i] = uniform[i]! + 0.5 < (value - below) * 2 ** 32 ? below + 1 : below
  }
}

/** If this many random bytes are all zero, the generator is broken: the probability is 2^−128 otherwise. */
const TELLING_LENGTH = 16

/**
 * Fills `uniform` with `count` random words.
 * @throws {SecAggError} `no-randomness` if the generator returns the wrong number of bytes, or only zeros.
 */
export function drawWords(
  uniform: Uint32Array,
  count: number,
  randomBytes: (length: number) => Uint8Array,
): void {
  const bytes = randomBytes(4 * count)
  const broken =
    !isBytes(bytes) ||
    bytes.length !== 4 * count ||
    (bytes.length >= TELLING_LENGTH && bytes.every((byte) => byte === 0))
  if (broken) {
    throw new SecAggError('no-randomness', 'crypto', 'the random generator for stochastic rounding is broken')
  }
  new Uint8Array(uniform.buffer).set(bytes)
}
