import { partsOf } from '../arguments.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { SecAggError, usageError } from '../errors.js'
import { requireConsistent } from '../received/index.js'
import { typedArrayName } from '../vector/lanes.js'
import type { Lanes } from '../vector/segments.js'
import { requireUncollapsed } from './accountant.js'
import { type NoiseSampler, prepareNoise } from './noise/sampler.js'
import { RandomWords } from './noise/words.js'
import { analyzePrivacy, type PrivacyParameters } from './noise-parameters.js'
import { requireRotationSeed, rotate, rotateBack } from './rotation.js'
import type { PrivacySetting } from './scaled-sum.js'
import { l2Norm, requireSum, sumOfSquares, unwrap, wrapWithNoise } from './wrapping.js'

/**
 * What clipping did to a vector; for the client itself, as it tells something about the vector.
 * @public
 */
export interface ClippingReport {
  /** The L2 norm before. */
  readonly norm: number
  /** What the vector was multiplied by, at most 1. */
  readonly factor: number
  readonly clipped: boolean
}

/**
 * One client's vector, ready to be masked.
 * @public
 */
export interface PrivateValues {
  /**
   * For the segment of `PrivacyParameters.segment`. Safe to sum up; on its own it carries the noise of one client only. It is
   * of the round of its seed: `roundInput` of `secagg` marks it as that.
   */
  readonly vector: Lanes
  readonly clipping: ClippingReport
  /** How often the vector was rounded until its norm was small enough; `undefined` where it was rounded toward zero. */
  readonly attempts: number | undefined
}

/** @public */
export interface PrivateEncoderOptions {
  /** Whether a vector beyond the clip is scaled down, which the result reports (the default), or refused. */
  readonly clipping?: 'report' | 'refuse' | undefined
}

/**
 * Turns the vectors of one client into noisy ones over Z_2^b, as many rounds as one likes.
 * @public
 */
export interface PrivateEncoder {
  readonly parameters: PrivacyParameters
  /**
   * Clips, scales, rotates, rounds, adds noise and wraps. There is no weight: either all clients count the
   * same, or what they are to be weighted by is an element of the vector, clipped and noised with the others.
   *
   * @param values - Float32Array or Float64Array of `length` finite numbers; stays as it is.
   * @param rotationSeed - 16 to 64 bytes, drawn afresh by the server for each round and part of its context.
   * @throws {SecAggError} `invalid-argument` for another array or seed; `input-out-of-range` for NaN and infinities, and
   *   beyond the clip where that is to be refused; `no-randomness`.
   */
  encode(values: Float32Array | Float64Array, rotationSeed: Uint8Array): PrivateValues
}

/**
 * An encoder for a setting; takes some tens of milliseconds to prepare its noise. A client that was told the setting by a
 * server looks at `parameters.epsilon` and `parameters.minimumHonest` before it encodes anything.
 *
 * @param setting - A setting, or `PrivacyParameters` with all their numbers, which then have to be those that follow.
 * @throws {SecAggError} as {@link analyzePrivacy} does; `configuration-mismatch` where a number does not follow from the
 *   others; `invalid-configuration` where the distribution collapses.
 * @public
 */
export function createPrivateEncoder(
  setting: PrivacySetting,
  crypto: CryptoProvider,
  options: PrivateEncoderOptions = {},
): PrivateEncoder {
  return preparePrivateEncoder(setting)(crypto, options)
}

/**
 * What takes long in {@link createPrivateEncoder} and does not depend on whose randomness it is.
 * @throws {SecAggError} as that does.
 */
export function preparePrivateEncoder(
  setting: PrivacySetting,
): (crypto: CryptoProvider, options?: PrivateEncoderOptions) => PrivateEncoder {
  const parameters = checkedPrivacy(setting)
  requireUncollapsed(parameters)
  const samplerFor = prepareNoise(parameters.distribution, parameters.localVariance)
  return (crypto, options = {}) => encoderOf(parameters, samplerFor(crypto), crypto, options)
}

function encoderOf(
  parameters: PrivacyParameters,
  sampler: NoiseSampler,
  crypto: CryptoProvider,
  options: PrivateEncoderOptions,
): PrivateEncoder {
  const { clipping = 'report' } = partsOf('the options of an encoder', options)
  if (clipping !== 'report' && clipping !== 'refuse') {
    throw usageError('invalid-argument', "clipping is 'report' or 'refuse'")
  }
  const { dimension, length, clip, scale, bits, l2Sensitivity } = parameters
  const words = new RandomWords(crypto)
  return {
    parameters,
    encode: (values, rotationSeed) => {
      requireRotationSeed(rotationSeed)
      const vector = paddedCopy(values, length, dimension)
      const norm = l2Norm(vector)
      if (norm === Number.POSITIVE_INFINITY) {
        throw usageError('input-out-of-range', 'the L2 norm of the vector is not a finite number')
      }
      const clipped = norm > clip
      if (clipped && clipping === 'refuse') {
        throw usageError('input-out-of-range', 'the L2 norm of the vector is above the clip', {
          expected: `at most ${clip}`,
        })
      }
      const factor = clipped ? clip / norm : 1
      multiply(vector, scale * factor)
      rotate(vector, rotationSeed)
      shortenTo(vector, scale * clip * (1 - NORM_MARGIN))
      const attempts = roundConditionally(vector, l2Sensitivity, words)
      words.wipe()
      const lanes = wrapWithNoise(vector, sampler, bits)
      vector.fill(0)
      return { vector: lanes, clipping: { norm, factor, clipped }, attempts }
    },
  }
}

/**
 * The sum of the clients' clipped vectors, with noise, from the sum over Z_2^b that a round revealed. Divide by the number
 * of survivors for the mean. A sum of a round with another seed gives noise: take it from `readOutcome` of `secagg`, which
 * refuses the outcome of another round.
 *
 * @throws {SecAggError} as {@link createPrivateEncoder} does; `invalid-argument` where sum or seed do not fit.
 * @public
 */
export function decodePrivateSum(
  setting: PrivacySetting,
  sum: Lanes,
  rotationSeed: Uint8Array,
): Float64Array {
  const { length, dimension, bits, scale } = checkedPrivacy(setting)
  requireRotationSeed(rotationSeed)
  requireSum(sum, dimension, bits)
  const values = unwrap(sum, bits, -(2 ** (bits - 1)))
  multiply(values, 1 / scale)
  rotateBack(values, rotationSeed)
  return values.slice(0, length)
}

/** @throws {SecAggError} as {@link analyzePrivacy} does; `configuration-mismatch` where ε, say, is not what follows. */
export function checkedPrivacy(given: PrivacySetting): PrivacyParameters {
  const setting = partsOf('a privacy setting', given)
  const parameters = analyzePrivacy(setting)
  requireConsistent(setting, parameters, 'the privacy parameters')
  return parameters
}

function paddedCopy(values: Float32Array | Float64Array, length: number, dimension: number): Float64Array {
  const name = typedArrayName(values)
  if ((name !== 'Float32Array' && name !== 'Float64Array') || values.length !== length) {
    throw usageError(
      'invalid-argument',
      `a vector must be a Float32Array or Float64Array of ${length} elements`,
      {
        expected: length,
        got: name === 'Float32Array' || name === 'Float64Array' ? values.length : (name ?? typeof values),
      },
    )
  }
  const copy = new Float64Array(dimension)
  copy.set(values)
  for (let i = 0; i < length; i++) {
    if (!Number.isFinite(copy[i]!))
      throw usageError('input-out-of-range', `element ${i} is not a finite number`)
  }
  return copy
}

/** Multiplying and rotating may have made a vector longer by a rounding error. */
function shortenTo(values: Float64Array, greatest: number): void {
  const norm = l2Norm(values)
  if (norm > greatest) multiply(values, greatest / norm)
}

function multiply(values: Float64Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i]! *= factor
}

/** Each attempt fails with probability β = e^{−1/2} at most, all of them with one below 10⁻¹³. */
export const ROUNDING_ATTEMPTS = 64

/** By how much of itself a vector to be rounded must at least be shorter than its bound allows without rounding. */
export const NORM_MARGIN: number = 2 ** -26

/** Room for the error of a sum of squares; a quarter of what {@link NORM_MARGIN} leaves. */
const SQUARE_MARGIN = 2 ** -28

/**
 * Rounds every element up or down at random, so that its mean stays, and all of them again while the L2 norm exceeds
 * `bound`. After the last attempt they are rounded toward zero, which is biased but never makes a vector longer. The bound
 * holds in every case, and it alone is what privacy needs: how the dice fall does not matter to it.
 *
 * @param values - Real numbers below 2^52 whose norm is below (1 − {@link NORM_MARGIN}) `bound`; replaced by whole ones.
 * @returns How many attempts it took; `undefined` where none did.
 * @throws {SecAggError} `internal` where the norm was not below.
 */
export function roundConditionally(
  values: Float64Array,
  bound: number,
  words: RandomWords,
  attempts: number = ROUNDING_ATTEMPTS,
): number | undefined {
  const limit = bound * bound * (1 - SQUARE_MARGIN)
  const rounded = new Float64Array(values.length)
  for (let attempt = 1; attempt <= attempts; attempt++) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      const whole = Math.floor(value)
      // A fraction is exact, and so is this product; its mean is kept to one part in 2^32.
      rounded[i] = words.next() < (value - whole) * 2 ** 32 ? whole + 1 : whole
    }
    if (sumOfSquares(rounded) <= limit) {
      values.set(rounded)
      return attempt
    }
  }
  for (let i = 0; i < values.length; i++) values[i] = Math.trunc(values[i]!)
  if (!(sumOfSquares(values) <= limit)) {
    throw new SecAggError('internal', 'internal', 'a vector to be rounded was longer than its bound')
  }
  return undefined
}
