import { described, partOf, partsOf, shown } from '../arguments.js'
import { isBytes } from '../crypto/bytes.js'
import { dependableRandom } from '../crypto/dependable.js'
import { nobleCrypto } from '../crypto/noble.js'
import { drawSecret, platformRandomBytes } from '../crypto/random.js'
import { usageError } from '../errors.js'
import { expandMask } from '../vector/mask.js'
import { checkRange, cutSegments, type ElementRange, type Lanes, type Vector } from '../vector/segments.js'
import {
  BATCH,
  type ClipCount,
  type Clipped,
  clipAndScale,
  type EncodeOptions,
  encodeRange,
  type ReadValues,
  type RealValues,
  readerOf,
  requireOnClip,
  requireWeight,
} from './encode-values.js'
import { checkedMean, type WeightedMean, weightLanes } from './weighted-mean.js'

/**
 * How one client's values are encoded piece by piece; all of it is the client's own affair.
 * @public
 */
export interface StreamOptions extends Omit<EncodeOptions, 'weight'> {
  /**
   * 32 secret bytes from which the rounding follows. With them the same values give the same input again, after a crash for
   * example. Take others for each round. Default: drawn with `randomBytes`.
   */
  readonly roundingSeed?: Uint8Array | undefined
}

/**
 * One client's input to the round, made piece by piece.
 * @public
 */
export interface StreamedInput {
  /** For the session: gives the part of the input in a range, the same one whenever it is asked. */
  readonly input: (range: ElementRange) => Promise<Vector>
  /** What clipping does to the values; all of them have been looked at. */
  readonly clipped: Clipped
}

/** Bytes of a rounding seed: a key of ChaCha20. */
const SEED_LENGTH = 32

/**
 * A client's input as of {@link encodeWeighted}, without ever holding all of it: each part is encoded when the session asks
 * for it. For long vectors, which go in slices. The values must stay as they are until the round is over.
 *
 * @throws {SecAggError} as `encodeWeighted` does.
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
    throw usageError('invalid-argument', `the mean is of ${mean.length} values`, {
      expected: mean.length,
      got: shown(count),
    })
  }
  return streamFrom(readerOf(values), weight, mean, options)
}

/** The same for values that are read from somewhere else. */
export function streamFrom(
  read: ReadValues,
  weight: number,
  mean: WeightedMean,
  options: StreamOptions,
): StreamedInput {
  const { encoding, segments, length } = mean
  const {
    onClip = 'report',
    randomBytes = platformRandomBytes,
    roundingSeed,
  } = partsOf('the options of an encoding', options)
  requireWeight(weight, encoding.maximumWeight)
  requireOnClip(onClip)
  const source = generator(randomBytes)
  const seed = checkedSeed(roundingSeed) ?? drawSecret(source, SEED_LENGTH)
  const clipped = clippedIn(read, mean, onClip === 'refuse')
  const input = async (range: ElementRange): Promise<Vector> => {
    const [values, last] = cutSegments(segments, checkRange(segments, range))
    const words = encoding.rounding === 'stochastic' ? await roundingWords(seed, length, values!) : NONE
    const { lanes } = encodeRange(read, values!, encoding, {
      weight,
      onClip: 'report',
      randomBytes: readerInOrder(words),
    })
    words.fill(0)
    return [lanes, weightLanes(weight, segments[1].bits).subarray(0, last!.to - last!.from) as Lanes]
  }
  return { input, clipped }
}

function generator(randomBytes: (length: number) => Uint8Array) {
  return { name: 'an encoder', randomBytes: dependableRandom({ randomBytes }) }
}

const NONE = new Uint8Array(0)

/** A word for each value in a range, from a keystream over all values, so that it does not matter how they are cut. */
async function roundingWords(seed: Uint8Array, length: number, range: ElementRange): Promise<Uint8Array> {
  const [words] = await expandMask(nobleCrypto().suites.chacha!, seed, [{ length, bits: 32 }], range)
  return new Uint8Array(words!.buffer, words!.byteOffset, words!.byteLength)
}

function readerInOrder(bytes: Uint8Array): (count: number) => Uint8Array {
  let used = 0
  return (count) => {
    used += count
    return bytes.subarray(used - count, used)
  }
}

/** Looks at all values, and encodes none. */
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

/** A copy, which the caller may overwrite. */
function checkedSeed(seed: Uint8Array | undefined): Uint8Array | undefined {
  if (seed === undefined) return undefined
  if (isBytes(seed) && seed.length === SEED_LENGTH) return Uint8Array.from(seed)
  throw usageError('invalid-argument', `a rounding seed is a Uint8Array of ${SEED_LENGTH} bytes`, {
    expected: SEED_LENGTH,
    got: isBytes(seed) ? seed.length : described(seed),
  })
}
