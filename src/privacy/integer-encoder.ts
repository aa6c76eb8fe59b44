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

/** A norm may be above its bound by this part of it: √3 squared is not 3. */
const TOLERANCE = 1 + 2 ** -50

/**
 * Turns whole-numbered vectors of one client into noisy ones over Z_2^b.
 * @public
 */
export interface IntegerEncoder {
  readonly parameters: IntegerPrivacyParameters
  /**
   * Adds noise and wraps.
   *
   * @param values - `length` safe integers; stay as they are.
   * @throws {SecAggError} `invalid-argument` for another array; `input-out-of-range` where an element is not whole or a
   *   norm is above its sensitivity; `no-randomness`.
   */
  encode(values: ArrayLike<number>): Lanes
}

/**
 * An encoder for whole numbers; takes some tens of milliseconds to prepare its noise.
 *
 * @throws {SecAggError} as {@link analyzeIntegerPrivacy} does; `configuration-mismatch` where ε, or another number that
 *   the setting states, does not follow from the others; `invalid-configuration` where the distribution collapses.
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
 * The noisy sum that `sum` over Z_2^b stands for; whole numbers, which may lie below `minimumSum` or above `maximumSum`.
 *
 * @throws {SecAggError} as {@link createIntegerEncoder} does; `invalid-argument` where the sum does not fit.
 * @public
 */
export function decodeIntegerSum(setting: IntegerPrivacySetting, sum: Lanes): Float64Array {
  const { length, bits, minimumSum, maximumSum } = checkedIntegerPrivacy(setting)
  requireSum(sum, length, bits)
  return unwrap(sum, bits, Math.ceil((minimumSum + maximumSum) / 2) - 2 ** (bits - 1))
}

/** @throws {SecAggError} as {@link createIntegerEncoder} does, but where the distribution collapses. */
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

function requireNorm(name: string, norm: number, greatest: number): void {
  if (norm > greatest * TOLERANCE) {
    throw usageError('input-out-of-range', `the ${name} norm of the vector is above its sensitivity`, {
      expected: `at most ${greatest}`,
    })
  }
}
