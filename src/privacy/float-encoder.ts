import { partsOf } from '../arguments.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { type RandomSource, RandomWords } from '../crypto/random.js'
import { usageError } from '../errors.js'
import { requireConsistent } from '../received/index.js'
import { type Into, requireInto } from '../vector/into.js'
import { laneArrayName, plainDoubles, typedArrayName } from '../vector/lanes.js'
import type { Lanes } from '../vector/segments.js'
import { requireUncollapsed } from './accountant.js'
import { type NoiseSampler, prepareNoise } from './noise/sampler.js'
import { analyzePrivacy, type PrivacyParameters } from './noise-parameters.js'
import { multiply, requireRotationSeed, rotateBack, rotateBy } from './rotation.js'
import type { PrivacySetting } from './scaled-sum.js'
import { l2Norm, NORM_MARGIN, requireSum, roundConditionally, unwrapInto, wrapWithNoise } from './wrapping.js'

/**
 * How a vector was clipped. The report reveals something about the vector, so only the client may see it.
 * @public
 */
export interface ClippingReport {
  /** The L2 norm of the vector before clipping. */
  readonly norm: number
  /** The factor by which the vector was multiplied, at most 1. */
  readonly factor: number
  /** Whether the norm was above the clip. */
  readonly clipped: boolean
}

/**
 * One client's encoded vector, ready to be masked.
 * @public
 */
export interface PrivateValues {
  /**
   * The lanes for the segment `PrivacyParameters.segment`. Do not release them outside of a secure sum: they contain the noise
   * of one client only. They belong to the round with the same seed; mark them with `roundInput` of `secagg`.
   */
  readonly vector: Lanes
  readonly clipping: ClippingReport
  /**
   * How many times the vector was rounded at random until its norm was small enough; `undefined` if no attempt succeeded and
   * it was rounded toward zero.
   */
  readonly attempts: number | undefined
}

/**
 * Options of {@link createPrivateEncoder}.
 * @public
 */
export interface PrivateEncoderOptions {
  /** `report` scales a vector above the clip down and reports it (the default); `refuse` throws. */
  readonly clipping?: 'report' | 'refuse' | undefined
}

/**
 * Turns the vectors of one client into noisy vectors over Z_2^b, for any number of rounds.
 * @public
 */
export interface PrivateEncoder {
  readonly parameters: PrivacyParameters
  /**
   * Clips, scales, rotates and rounds the vector, adds noise and wraps it modulo 2^b. There are no weights: all clients count
   * the same. For a weighted mean, make the weight an element of the vector, so that it is clipped and gets noise like the
   * others.
   *
   * @param values - A Float32Array or Float64Array of `length` finite numbers. It is not changed.
   * @param rotationSeed - 16 to 64 bytes. The server draws a new seed for each round, and it is part of the round's context.
   * @param options - Memory for the vector to be masked.
   * @returns The vector to be masked, and what clipping and rounding did.
   * @throws {SecAggError} `invalid-argument` for another array or seed, or if `into` does not fit; `input-out-of-range` if an element or the norm is not
   *   finite, or if the norm is above the clip and `clipping` is `refuse`; `no-randomness` if the generator is broken.
   */
  encode(values: Float32Array | Float64Array, rotationSeed: Uint8Array, options?: Into<Lanes>): PrivateValues
}

/**
 * Creates an encoder for the vectors of one client. Preparing its noise takes some tens of milliseconds, so keep the encoder
 * for all rounds with the same setting. If a server sent the setting, check `parameters.epsilon` and
 * `parameters.minimumHonest` before you encode anything.
 *
 * @param setting - A setting, or complete `PrivacyParameters`. Derived numbers such as ε must be the ones that follow from the
 *   setting.
 * @param crypto - Where the randomness comes from.
 * @param options - Whether vectors above the clip are scaled down or refused.
 * @returns The encoder, with all parameters derived from the setting.
 * @throws {SecAggError} `invalid-argument` or `invalid-configuration` as {@link analyzePrivacy} does;
 *   `configuration-mismatch` if a number does not follow from the others; `invalid-configuration` if discrete Gaussians are
 *   too coarse at this scale.
 * @example
 * ```ts
 * import { defaultCrypto } from 'secagg'
 * import { choosePrivacy, createPrivateEncoder } from 'secagg/privacy'
 *
 * const cohort = { clients: 100, minimumHonest: 75, length: 3, clip: 1 }
 * const parameters = choosePrivacy({ ...cohort, epsilon: 8, delta: 1e-5 })
 * const encoder = createPrivateEncoder(parameters, await defaultCrypto())
 * const rotationSeed = new Uint8Array(32) // In a program, the server draws it for each round.
 * const { vector, clipping } = encoder.encode(Float64Array.of(3, 0, 4), rotationSeed)
 * console.log(vector.length, clipping) // 3 { norm: 5, factor: 0.2, clipped: true }
 * ```
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
 * The slow part of {@link createPrivateEncoder}, which does not depend on the source of randomness.
 * @throws {SecAggError} as {@link createPrivateEncoder} does.
 */
export function preparePrivateEncoder(
  setting: PrivacySetting,
): (crypto: RandomSource, options?: PrivateEncoderOptions) => PrivateEncoder {
  const parameters = checkedPrivacy(setting)
  requireUncollapsed(parameters)
  const samplerFor = prepareNoise(parameters.distribution, parameters.localVariance)
  return (crypto, options = {}) => encoderOf(parameters, samplerFor(crypto), crypto, options)
}

function encoderOf(
  parameters: PrivacyParameters,
  sampler: NoiseSampler,
  crypto: RandomSource,
  options: PrivateEncoderOptions,
): PrivateEncoder {
  const { clipping = 'report' } = partsOf('the options of an encoder', options)
  if (clipping !== 'report' && clipping !== 'refuse') {
    throw usageError('invalid-argument', "clipping must be 'report' or 'refuse'")
  }
  const { length, clip, scale, bits, l2Sensitivity } = parameters
  const words = new RandomWords(crypto)
  return {
    parameters,
    encode: (values, rotationSeed, given = {}) => {
      requireRotationSeed(rotationSeed)
      const { into } = partsOf('the options of encoding', given)
      if (into !== undefined) requireInto(into, laneArrayName(bits), length, [values])
      const vector = finiteCopy(values, length)
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
      rotateBy(vector, rotationSeed, scale * factor)
      shortenTo(vector, scale * clip * (1 - NORM_MARGIN))
      const attempts = roundConditionally(vector, l2Sensitivity, words)
      words.wipe()
      const lanes = wrapWithNoise(vector, sampler, bits, into)
      vector.fill(0)
      return { vector: lanes, clipping: { norm, factor, clipped }, attempts }
    },
  }
}

/**
 * Decodes the sum of a round into the noisy sum of the clients' clipped vectors. Divide it by the number of survivors to get
 * the mean. With the seed of another round the result would be meaningless; `readOutcome` of `secagg` refuses the outcome of
 * another round.
 *
 * @param setting - As for {@link createPrivateEncoder}.
 * @param sum - The lanes of `PrivacyParameters.segment` in the sum of the round.
 * @param rotationSeed - The seed with which the clients of the round encoded, 16 to 64 bytes.
 * @param options - Memory for the result.
 * @returns `length` numbers, in the units of the clients' vectors.
 * @throws {SecAggError} `invalid-argument` if the sum, the seed or `into` does not fit. An invalid setting causes the same errors as
 *   in {@link createPrivateEncoder}, except that a distribution that is too coarse is accepted.
 * @example
 * ```ts
 * import { defaultCrypto } from 'secagg'
 * import { createPrivateEncoder, decodePrivateSum } from 'secagg/privacy'
 * import { addInto, createVector } from 'secagg/vector'
 *
 * // This is far too little noise for privacy; it keeps the numbers readable here.
 * const cohort = { clients: 2, minimumHonest: 2, length: 3, clip: 5, delta: 1e-5 }
 * const encoder = createPrivateEncoder({ ...cohort, bits: 32, noiseMultiplier: 1e-6 }, await defaultCrypto())
 * const segments = [encoder.parameters.segment]
 * const seed = new Uint8Array(32)
 * // In a program, a round computes the sum.
 * const [lanes] = createVector(segments)
 * for (const values of [[3, 0, 4], [1, 2, -1]]) {
 *   addInto([lanes!], [encoder.encode(Float64Array.from(values), seed).vector], segments)
 * }
 * const sum = decodePrivateSum(encoder.parameters, lanes!, seed)
 * console.log(sum.map(Math.round)) // Float64Array(3) [ 4, 2, 3 ]
 * ```
 * @public
 */
export function decodePrivateSum(
  setting: PrivacySetting,
  sum: Lanes,
  rotationSeed: Uint8Array,
  options: Into<Float64Array> = {},
): Float64Array {
  const { length, bits, scale } = checkedPrivacy(setting)
  requireRotationSeed(rotationSeed)
  requireSum(sum, length, bits)
  const { into } = partsOf('the options of decoding', options)
  if (into !== undefined) requireInto(into, 'Float64Array', length, [sum])
  const values = into ?? new Float64Array(length)
  const plain = plainDoubles(values)
  unwrapInto(plain, sum, bits, -(2 ** (bits - 1)), 1 / scale)
  rotateBack(plain, rotationSeed)
  return values
}

/**
 * All parameters of a setting.
 * @throws {SecAggError} as {@link analyzePrivacy} does; `configuration-mismatch` if `given` states a number, such as ε, that
 *   does not follow from the others.
 */
export function checkedPrivacy(given: PrivacySetting): PrivacyParameters {
  const setting = partsOf('a privacy setting', given)
  const parameters = analyzePrivacy(setting)
  requireConsistent(setting, parameters, 'the privacy parameters')
  return parameters
}

function finiteCopy(values: Float32Array | Float64Array, length: number): Float64Array {
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
  const copy = new Float64Array(values)
  for (let i = 0; i < length; i++) {
    if (!Number.isFinite(copy[i]!))
      throw usageError('input-out-of-range', `element ${i} is not a finite number`)
  }
  return copy
}

/** Rounding errors of the multiplication and the rotation can make a vector slightly longer. */
function shortenTo(values: Float64Array, maximum: number): void {
  const norm = l2Norm(values)
  if (norm > maximum) multiply(values, maximum / norm)
}
