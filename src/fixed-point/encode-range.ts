import { isBytes } from '../crypto/bytes.js'
import { dependableRandom } from '../crypto/dependable.js'
import { SecAggError, usageError } from '../errors.js'
import type { Into } from '../vector/into.js'
import { type FloatKernel, PORTION, type Scaling, withFloatKernel } from '../vector/kernels/kernel-floats.js'
import { bytesOf, checkHost, createLanes, plainLanes, wordsOf } from '../vector/lanes.js'
import type { ElementRange, Lanes } from '../vector/segments.js'
import type { FixedPoint } from './encoding.js'

/** The number of values processed at a time. This many fit into the processor's cache. Their random words have 64 KiB. */
export const BATCH = 16384

/** `Clipped` of the encoding, while it is being counted. */
export interface ClipCount {
  count: number
  largest: number
  excess: number
}

interface EncodedRange {
  readonly lanes: Lanes
  readonly clipped: ClipCount
}

/** Copies `count` values, from index `from` on, to the start of a batch. */
export type ReadValues = (batch: Float64Array, from: number, count: number) => void

/** Like `encodeValues`, for the values in a range. Its arguments have been checked. */
export function encodeRange(
  read: ReadValues,
  range: ElementRange,
  encoding: FixedPoint,
  options: RangeOptions,
): EncodedRange {
  return withFloatKernel((kernel) => encodeWith(kernel, read, range, encoding, options))
}

/** The options of `encodeValues`, with defaults filled in. `into` has been checked. */
interface RangeOptions extends Into<Lanes> {
  readonly weight: number
  readonly randomBytes: (length: number) => Uint8Array
  readonly onClip: 'report' | 'refuse'
}

/** Like {@link encodeRange}, with this kernel, or in plain TypeScript. */
export function encodeWith(
  kernel: FloatKernel | undefined,
  read: ReadValues,
  range: ElementRange,
  { clip, levels, bits, rounding }: FixedPoint,
  { weight, randomBytes, onClip, into }: RangeOptions,
): EncodedRange {
  const draw = dependableRandom({ randomBytes })
  checkHost()
  const maximumLevel = (levels - 1) / 2
  const scaling = { clip, maximumLevel, weight, refuse: onClip === 'refuse' }
  const lanes = into ?? createLanes(bits, range.to - range.from)
  const clipped: ClipCount = { count: 0, largest: 0, excess: 0 }
  const encode = kernel === undefined ? encodePlainly : encodeInPortions(kernel)
  try {
    for (let from = 0; from < lanes.length; from += BATCH) {
      const part = plainLanes(lanes, from, Math.min(from + BATCH, lanes.length))
      const words = rounding === 'stochastic' ? drawWords(part.length, draw) : undefined
      encode(read, range.from + from, part, scaling, words, clipped)
    }
  } catch (error) {
    bytesOf(lanes).fill(0)
    throw error
  }
  return { lanes, clipped }
}

/** Encodes the values from index `from` on to all of `lanes`. `words` are random bytes, four for each value. */
type EncodePart = (
  read: ReadValues,
  from: number,
  lanes: Lanes,
  scaling: Scaling,
  words: Uint8Array | undefined,
  clipped: ClipCount,
) => void

const encodePlainly: EncodePart = (read, from, lanes, scaling, words, clipped) => {
  const { maximumLevel, weight } = scaling
  const values = new Float64Array(lanes.length)
  read(values, from, values.length)
  clipAndScale(values, values.length, scaling, clipped, from)
  if (words === undefined) roundToNearest(values)
  else roundStochastically(values, new Uint32Array(Uint8Array.from(words).buffer))
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! + maximumLevel) * weight
  store(lanes, values)
}

function encodeInPortions(kernel: FloatKernel): EncodePart {
  return (read, from, lanes, scaling, words, clipped) => {
    for (let at = 0; at < lanes.length; at += PORTION) {
      const part = plainLanes(lanes, at, Math.min(at + PORTION, lanes.length))
      const partOfWords = words?.subarray(4 * at, 4 * (at + part.length))
      read(kernel.values, from + at, part.length)
      if (!kernel.encode(part, scaling, partOfWords, clipped)) {
        clipAndScale(kernel.values, part.length, scaling, clipped, from + at) // throws
      }
    }
  }
}

/** Writes whole numbers below 2^53 to lanes. */
function store(lanes: Lanes, values: Float64Array): void {
  if (lanes.BYTES_PER_ELEMENT < 8) {
    ;(lanes as Uint32Array).set(values)
    return
  }
  const words = wordsOf(lanes as BigUint64Array)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    words[2 * i] = value
    words[2 * i + 1] = value / 2 ** 32
  }
}

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

/** Rounds `values` to the nearest whole number, in place. Half is rounded up. */
function roundToNearest(values: Float64Array): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.round(values[i]!)
}

/**
 * Rounds `values` up or down at random, in place. The probability of rounding up is the fractional part of the value, with an
 * error of at most 2^−33. Whole numbers do not change.
 */
function roundStochastically(values: Float64Array, uniform: Uint32Array): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    const below = Math.floor(value)
    // Adding one half makes the error of the probability symmetric, and a fractional part of 0 is never rounded up.
    values[i] = uniform[i]! + 0.5 < (value - below) * 2 ** 32 ? below + 1 : below
  }
}

/** If this many random bytes are all zero, the generator is broken: the probability is 2^−128 otherwise. */
const TELLING_LENGTH = 16

/**
 * Random bytes for `count` words.
 * @throws {SecAggError} `no-randomness` if the generator returns the wrong number of bytes, or only zeros.
 */
function drawWords(count: number, randomBytes: (length: number) => Uint8Array): Uint8Array {
  const bytes = randomBytes(4 * count)
  const broken =
    !isBytes(bytes) ||
    bytes.length !== 4 * count ||
    (bytes.length >= TELLING_LENGTH && bytes.every((byte) => byte === 0))
  if (broken) {
    throw new SecAggError('no-randomness', 'crypto', 'the random generator for stochastic rounding is broken')
  }
  return bytes
}
