import { partOf, partsOf, shown } from '../arguments.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { usageError } from '../errors.js'
import { requireConsistent } from '../received/index.js'
import type { Lanes } from '../vector/segments.js'
import { requireUncollapsed } from './accountant.js'
import {
  analyzeIntegerPrivacy,
  type IntegerPrivacyParameters,
  type IntegerPrivacySetting,
} from './integers.js'
import { createNoiseSampler } from './noise/sampler.js'
import { requireSum, sumOfSquares, unwrap, wrapWithNoise } from './wrapping.js'

/** The factor by which a norm may exceed its bound: in floating point, √3 squared is not 3. */
const TOLERANCE = 1 + 2 ** -50

/**
 * Turns vectors of whole numbers of one client into noisy vectors over Z_2^b.
 * @public
 */
export interface IntegerEncoder {
  readonly parameters: IntegerPrivacyParameters
  /**
   * Adds noise to the vector and wraps it modulo 2^b.
   *
   * @param values - `length` safe integers. They are not changed.
   * @returns The lanes for the segment `IntegerPrivacyParameters.segment`.
   * @throws {SecAggError} `invalid-argument` for an array of another length; `input-out-of-range` if an element is not a safe
   *   integer or a norm is above its sensitivity; `no-randomness` if the generator is broken.
   */
  encode(values: ArrayLike<number>): Lanes
}

/**
 * Creates an encoder for the whole numbers of one client. Preparing its noise takes some tens of milliseconds, so keep the
 * encoder for all rounds with the same setting.
 *
 * @param setting - A setting, or complete `IntegerPrivacyParameters`. Derived numbers such as ε must be the ones that follow
 *   from the setting.
 * @param crypto - Where the randomness comes from.
 * @returns The encoder, with all parameters derived from the setting.
 * @throws {SecAggError} `invalid-argument` or `invalid-configuration` as {@link analyzeIntegerPrivacy} does;
 *   `configuration-mismatch` if a number does not follow from the others; `invalid-configuration` if discrete Gaussians are
 *   too coarse at this scale.
 * @example
 * ```ts
 * import { defaultCrypto } from 'secagg'
 * import { chooseIntegerPrivacy, createIntegerEncoder } from 'secagg/privacy'
 *
 * const histogram = { clients: 100, minimumHonest: 75, length: 5, maximumSum: 100 }
 * const sensitivity = { l1Sensitivity: 1, l2Sensitivity: 1 }
 * const parameters = chooseIntegerPrivacy({ ...histogram, ...sensitivity, epsilon: 1, delta: 1e-6 })
 * const encoder = createIntegerEncoder(parameters, await defaultCrypto())
 * const lanes = encoder.encode([0, 0, 1, 0, 0]) // This client is in the third bin.
 * console.log(lanes.constructor.name, lanes.length) // 'Uint8Array' 5
 * ```
 * @public
 */
export function createIntegerEncoder(setting: IntegerPrivacySetting, crypto: CryptoProvider): IntegerEncoder {
  const parameters = checkedIntegerPrivacy(setting)
  requireUncollapsed(parameters)
  const { distribution, localVariance, length, bits, l1Sensitivity, l2Sensitivity } = parameters
  const sampler = createNoiseSampler(distribution, localVariance, crypto)
  return {
    parameters,
    encode: (values) => {
      const vector = wholeCopy(values, length)
      const l1 = vector.reduce((sum, value) => sum + Math.abs(value), 0)
      requireNorm('L1', l1, l1Sensitivity)
      requireNorm('L2', Math.sqrt(sumOfSquares(vector)), l2Sensitivity)
      const lanes = wrapWithNoise(vector, sampler, bits)
      vector.fill(0)
      return lanes
    },
  }
}

/**
 * Decodes the sum of a round into noisy whole numbers. Because of the noise they may be below `minimumSum` or above
 * `maximumSum`.
 *
 * @param setting - As for {@link createIntegerEncoder}.
 * @param sum - The lanes of `IntegerPrivacyParameters.segment` in the sum of the round.
 * @returns `length` whole numbers.
 * @throws {SecAggError} `invalid-argument` if the sum does not fit. An invalid setting causes the same errors as in
 *   {@link createIntegerEncoder}, except that a distribution that is too coarse is accepted.
 * @example
 * ```ts
 * import { decodeIntegerSum } from 'secagg/privacy'
 *
 * const histogram = { clients: 100, minimumHonest: 75, length: 3, maximumSum: 100 }
 * const sensitivity = { l1Sensitivity: 1, l2Sensitivity: 1, delta: 1e-6 }
 * const setting = { ...histogram, ...sensitivity, noiseStandardDeviation: 5, bits: 8 }
 * console.log(decodeIntegerSum(setting, Uint8Array.of(17, 80, 254))) // Float64Array(3) [ 17, 80, -2 ]
 * ```
 * @public
 */
export function decodeIntegerSum(setting: IntegerPrivacySetting, sum: Lanes): Float64Array {
  const { length, bits, minimumSum, maximumSum } = checkedIntegerPrivacy(setting)
  requireSum(sum, length, bits)
  return unwrap(sum, bits, Math.ceil((minimumSum + maximumSum) / 2) - 2 ** (bits - 1))
}

/**
 * All parameters of a setting.
 * @throws {SecAggError} as {@link createIntegerEncoder} does, but not if the distribution is too coarse.
 */
export function checkedIntegerPrivacy(given: IntegerPrivacySetting): IntegerPrivacyParameters {
  const setting = partsOf('a privacy setting', given)
  const parameters = analyzeIntegerPrivacy(setting)
  requireConsistent(setting, parameters, 'the privacy parameters')
  return parameters
}

function wholeCopy(values: ArrayLike<number>, length: number): Float64Array {
  const count = partOf('a vector', values, 'length')
  if (count !== length) {
    throw usageError('invalid-argument', `a vector must be an array of ${length} whole numbers`, {
      expected: length,
      got: shown(count),
    })
  }
  const copy = new Float64Array(length)
  for (let i = 0; i < length; i++) {
    const value = values[i]!
    if (!Number.isSafeInteger(value)) {
      throw usageError('input-out-of-range', `element ${i} is not a whole number below 2^53`)
    }
    copy[i] = value
  }
  return copy
}

function requireNorm(name: string, norm: number, maximum: number): void {
  if (norm > maximum * TOLERANCE) {
    throw usageError('input-out-of-range', `the ${name} norm of the vector is above its sensitivity`, {
      expected: `at most ${maximum}`,
    })
  }
}
