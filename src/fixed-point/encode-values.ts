import { described, partsOf, shown } from '../arguments.js'
import { isBytes } from '../crypto/bytes.js'
import { dependableRandom } from '../crypto/dependable.js'
import { platformRandomBytes } from '../crypto/random.js'
import { SecAggError, usageError } from '../errors.js'
import { checkHost, createLanes, typedArrayName, wordsOf } from '../vector/lanes.js'
import type { ElementRange, Lanes } from '../vector/segments.js'
import { checkedEncoding, type FixedPoint } from './encoding.js'

/**
 * Real numbers, one after the other.
 * @public
 */
export type RealValues = Float32Array | Float64Array | readonly number[]

/**
 * How one client's values are encoded; all of it is the client's own affair.
 * @public
 */
export interface EncodeOptions {
  /** A whole number from 0 to the encoding's `maximumWeight`; with 0 the values count for nothing. Default 1. */
  readonly weight?: number | undefined
  /** Random bytes for stochastic rounding, four for a value. Default: `crypto.getRandomValues` of the platform. */
  readonly randomBytes?: ((length: number) => Uint8Array) | undefined
  /** Whether values beyond the clip are clipped, and reported, or refused. Default `report`. */
  readonly onClip?: 'report' | 'refuse' | undefined
}

/**
 * Values as a round takes them, and what clipping did to them.
 * @public
 */
export interface FixedPointValues {
  /** (level + L) · weight for each value, below the encoding's `bound`. */
  readonly lanes: Lanes
  readonly clipped: Clipped
}

/** Values are worked on in batches that stay in the processor's cache; their random words make up 64 KiB. */
export const BATCH = 16384

/**
 * Clips, scales and rounds `values`, shifts the levels so that they start at 0, and multiplies them with the weight.
 *
 * Under stochastic rounding the expected level of a value x is L · x / c up to 2^−33 + L · 2^−52.
 *
 * @throws {SecAggError} `input-out-of-range` where a value is NaN or infinite, where one is beyond the clip and that is
 *   refused, both naming its index, or where the weight does not fit; `invalid-argument` where `values` are no real
 *   numbers; `no-randomness` where the generator is broken.
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

/** Copies values `from` to before `from` + `count` to the start of a batch. */
export type ReadValues = (batch: Float64Array, from: number, count: number) => void

/** {@link encodeValues} for the values in a range; what it is given has been checked. */
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

/** @throws {SecAggError} `invalid-argument` where `onClip` is neither of the two words. */
export function requireOnClip(onClip: unknown): void {
  if (onClip === 'report' || onClip === 'refuse') return
  throw usageError('invalid-argument', "onClip is 'report' or 'refuse'", { got: typeof onClip })
}

/** @throws {SecAggError} `input-out-of-range` where `weight` is no whole number from 0 to `maximum`. */
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

/** Reads values from any realm's arrays. */
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
    throw usageError('invalid-argument', 'values are a Float32Array, a Float64Array or an array of numbers', {
      got: type ?? typeof values,
    })
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

/** Puts the first `count` of `values`, whole numbers below 2^53, into the lanes from `from` on. */
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
 * What clipping did to the values of one encoding.
 * @public
 */
export interface Clipped {
  /** How many values were beyond the clip. */
  readonly count: number
  /** The largest magnitude of all values, clipped or not; above the clip exactly where `count` is. */
  readonly largest: number
  /** Σ (|x| − c) over the clipped values: what clipping took away in all. */
  readonly excess: number
}

/** A {@link Clipped} that goes on counting. */
export type ClipCount = { -readonly [Key in keyof Clipped]: Clipped[Key] }

/**
 * Clips the first `count` of `values` to [−clip, clip] and scales them to [−maximumLevel, maximumLevel], in place.
 * `from` is the index of the first, for messages.
 * @throws {SecAggError} `input-out-of-range` naming the index of a value that is not finite, or is beyond the clip where
 *   that is refused.
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
      // In this order a value at the clip becomes the greatest level exactly, and none gets beyond it.
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

/** Rounds the first `count` of `values` to the nearest whole number, upward from the middle, in place. */
export function roundToNearest(values: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) values[i] = Math.round(values[i]!)
}

/**
 * Rounds the first `count` of `values` up with a probability of their fractional part, to 2^−33, and down otherwise, in
 * place. A whole number stays what it is.
 */
export function roundStochastically(values: Float64Array, count: number, uniform: Uint32Array): void {
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    const below = Math.floor(value)
    // The half makes the error of the probability the same in both directions, and 0 a probability of 0.
    values[i] = uniform[i]! + 0.5 < (value - below) * 2 ** 32 ? below + 1 : below
  }
}

/** A generator's batch this long that is all zeros is broken: it happens less than once in 2^128 times. */
const TELLING_LENGTH = 16

/**
 * Fills `uniform` with `count` random words.
 * @throws {SecAggError} `no-randomness` where the generator gives anything but that many random bytes.
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
  if (broken)
    throw new SecAggError('no-randomness', 'crypto', 'the generator for stochastic rounding is broken')
  new Uint8Array(uniform.buffer).set(bytes)
}
