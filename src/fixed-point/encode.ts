import { described, partsOf, shown } from '../arguments.js'
import { dependableRandom } from '../crypto/dependable.js'
import { platformRandomBytes } from '../crypto/random.js'
import { usageError } from '../errors.js'
import { checkHost, createLanes, typedArrayName } from '../vector/lanes.js'
import { wordsOf } from '../vector/loops.js'
import type { ElementRange, Lanes } from '../vector/segments.js'
import { checkedEncoding, type FixedPoint } from './encoding.js'
import {
  type ClipCount,
  type Clipped,
  clipAndScale,
  drawWords,
  roundStochastically,
  roundToNearest,
} from './quantize.js'

/** Real numbers, one after the other. */
export type RealValues = Float32Array | Float64Array | readonly number[]

/** How one client's values are encoded; all of it is the client's own affair. */
export interface EncodeOptions {
  /** A whole number from 0 to the encoding's `maximumWeight`; with 0 the values count for nothing. Default 1. */
  readonly weight?: number | undefined
  /** Random bytes for stochastic rounding, four for a value. Default: `crypto.getRandomValues` of the platform. */
  readonly randomBytes?: ((length: number) => Uint8Array) | undefined
  /** Whether values beyond the clip are clipped, and reported, or refused. Default `report`. */
  readonly onClip?: 'report' | 'refuse' | undefined
}

/** Values as a round takes them, and what clipping did to them. */
export interface EncodedValues {
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
 */
export function encodeValues(
  values: RealValues,
  encoding: FixedPoint,
  options: EncodeOptions = {},
): EncodedValues {
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
): EncodedValues {
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
