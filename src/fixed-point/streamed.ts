import { described, partOf, partsOf, shown } from '../arguments.js'
import { isBytes } from '../crypto/bytes.js'
import { chachaSuite } from '../crypto/chacha.js'
import { dependableRandom } from '../crypto/dependable.js'
import { drawSecret, platformRandomBytes } from '../crypto/random.js'
import { usageError } from '../errors.js'
import { createLanes, plainLanes } from '../vector/lanes.js'
import { executeMaskPlan } from '../vector/mask.js'
import { checkRange, cutSegments, type ElementRange, type Lanes, type Vector } from '../vector/segments.js'
import { BATCH, type ClipCount, clipAndScale, encodeRange, type ReadValues } from './encode-range.js'
import {
  type Clipped,
  type EncodeOptions,
  type RealValues,
  readerOf,
  requireOnClip,
  requireWeight,
} from './real-values.js'
import { checkedMean, type WeightedMean, weightLanes } from './weighted-mean.js'

/**
 * How a client encodes its values part by part. Each client may choose its own options.
 * @public
 */
export interface StreamOptions extends Omit<EncodeOptions, 'weight' | 'into'> {
  /**
   * 32 secret bytes that determine the rounding. With the same seed, the same values give the same input again, for example
   * after a crash. Use a new seed for each round. Default: drawn with `randomBytes`.
   */
  readonly roundingSeed?: Uint8Array | undefined
}

/**
 * A client's input to the round, which is encoded part by part.
 * @public
 */
export interface StreamedInput {
  /** The input for the session: gives the part of the input in a range, always the same for the same range. */
  readonly input: (range: ElementRange) => Promise<Vector>
  /** How clipping changes the values. It is known before the first part is encoded. */
  readonly clipped: Clipped
}

/** The bytes of a rounding seed, which is a ChaCha20 key. */
const SEED_LENGTH = 32

/**
 * Like `encodeWeighted`, but the whole input is never in memory: each part is encoded when the session asks for it. Use it
 * for long vectors, which are sent in slices. The values must not change until the round is over.
 *
 * @param values - The client's values, as many as the mean has.
 * @param weight - The client's weight, from 0 to the encoding's `maximumWeight`.
 * @param task - The mean, from `createWeightedMean`.
 * @param options - A rounding seed, what to do with values beyond the clip, and a source of randomness.
 * @returns The input for the session, and how many values are clipped.
 * @throws {SecAggError} See `encodeWeighted`.
 * @example
 * ```ts
 * import { createFixedPoint, createWeightedMean, streamWeighted } from 'secagg/fixed-point'
 *
 * const encoding = createFixedPoint({ clip: 1, bitsPerValue: 8, clients: 10, maximumWeight: 100, rounding: 'nearest' })
 * const task = createWeightedMean(4, encoding)
 * const { input, clipped } = streamWeighted([-1, 0, 0.5, 3], 20, task)
 * console.log(clipped.count) // 1
 * console.log(await input({ from: 2, to: 5 })) // [ Uint32Array(2) [ 3820, 5080 ], Uint16Array(1) [ 20 ] ]
 * ```
 * @public
 */
export function streamWeighted(
  values: RealValues,
  weight: number,
  task: WeightedMean,
  options: StreamOptions = {},
): StreamedInput {
  const mean = checkedMean(task)
  const count = partOf('the values of a mean', values, 'length')
  if (count !== mean.length) {
    throw usageError('invalid-argument', `this mean needs ${mean.length} values`, {
      expected: mean.length,
      got: shown(count),
    })
  }
  return streamFrom(readerOf(values), weight, mean, options)
}

/** Like {@link streamWeighted}, for values that `read` gives. */
export function streamFrom(
  read: ReadValues,
  weight: number,
  mean: WeightedMean,
  options: StreamOptions,
): StreamedInput {
  const { segments } = mean
  const { onClip = 'report' } = partsOf('the options of an encoding', options)
  requireOnClip(onClip)
  const encoded = streamValues(read, weight, mean, options)
  const clipped = clippedIn(read, mean, onClip === 'refuse')
  const input = async (range: ElementRange): Promise<Vector> => {
    const [values, last] = cutSegments(segments, checkRange(segments, range))
    const weights = weightLanes(weight, segments[1].bits).subarray(0, last!.to - last!.from)
    return [await encoded(values!), weights as Lanes]
  }
  return { input, clipped }
}

/** Encodes ranges of the values that `read` gives, always in the same way. Values beyond the clip are clipped. */
export function streamValues(
  read: ReadValues,
  weight: number,
  { encoding, length }: WeightedMean,
  options: StreamOptions,
): (range: ElementRange) => Promise<Lanes> {
  const { randomBytes = platformRandomBytes, roundingSeed } = partsOf('the options of an encoding', options)
  requireWeight(weight, encoding.maximumWeight)
  const source = generator(randomBytes)
  const seed = checkedSeed(roundingSeed) ?? drawSecret(source, SEED_LENGTH)
  return async ({ from, to }) => {
    const all = createLanes(encoding.bits, to - from)
    const words = encoding.rounding === 'stochastic' ? roundingWords(seed, length, to - from) : undefined
    for (let start = from; start < to; start += PORTION_OF_SLICE) {
      const range = { from: start, to: Math.min(start + PORTION_OF_SLICE, to) }
      const randomBytes = readerInOrder((await words?.(range)) ?? NONE)
      const into = plainLanes(all, start - from, range.to - from)
      encodeRange(read, range, encoding, { weight, onClip: 'report', randomBytes, into })
    }
    return all
  }
}

/** The number of values of a slice that are encoded at a time, so that their random words need little memory. */
const PORTION_OF_SLICE = 65536

function generator(randomBytes: (length: number) => Uint8Array) {
  return { name: 'an encoder', randomBytes: dependableRandom({ randomBytes }) }
}

const NONE = new Uint8Array(0)

/**
 * A function that returns one word for each value in a range, in memory that its next call reuses. They are taken from a
 * keystream over all values, so they do not depend on the range.
 */
function roundingWords(
  seed: Uint8Array,
  length: number,
  longest: number,
): (range: ElementRange) => Promise<Uint8Array> {
  const memory = new Uint32Array(Math.min(longest, PORTION_OF_SLICE))
  return async (range) => {
    const words = memory.subarray(0, range.to - range.from)
    words.fill(0)
    const mask = [{ seed, sign: 1 as const }]
    await executeMaskPlan([words], [{ length, bits: 32 }], mask, chachaSuite, { range })
    return new Uint8Array(words.buffer, 0, words.byteLength)
  }
}

/** A function that returns the next `count` of `bytes` in each call. */
function readerInOrder(bytes: Uint8Array): (count: number) => Uint8Array {
  let used = 0
  return (count) => {
    used += count
    return bytes.subarray(used - count, used)
  }
}

/** Checks all values and counts those that are clipped, without encoding them. */
function clippedIn(read: ReadValues, { encoding, length }: WeightedMean, refuse: boolean): Clipped {
  const scaling = { clip: encoding.clip, maximumLevel: 1, refuse }
  const clipped: ClipCount = { count: 0, largest: 0, excess: 0 }
  const batch = new Float64Array(Math.min(BATCH, length))
  for (let from = 0; from < length; from += BATCH) {
    const count = Math.min(BATCH, length - from)
    read(batch, from, count)
    clipAndScale(batch, count, scaling, clipped, from)
  }
  return clipped
}

/** A copy of the seed, so that the caller may overwrite the original. */
function checkedSeed(seed: Uint8Array | undefined): Uint8Array | undefined {
  if (seed === undefined) return undefined
  if (isBytes(seed) && seed.length === SEED_LENGTH) return Uint8Array.from(seed)
  throw usageError('invalid-argument', `a rounding seed must be a Uint8Array of ${SEED_LENGTH} bytes`, {
    expected: SEED_LENGTH,
    got: isBytes(seed) ? seed.length : described(seed),
  })
}
