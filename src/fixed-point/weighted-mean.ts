import { partOf, partsOf, shown } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'
import { requireConsistent } from '../received/index.js'
import { checkVector } from '../vector/arithmetic.js'
import { createLanes } from '../vector/lanes.js'
import type { Lanes, Segment, Vector } from '../vector/segments.js'
import { decodeMean } from './decode-values.js'
import {
  type Clipped,
  type EncodeOptions,
  encodeValues,
  type RealValues,
  requireWeight,
} from './encode-values.js'
import { checkedEncoding, type FixedPoint } from './encoding.js'

/**
 * A segment as `createRoundConfig` takes it, with the exclusive bound of its input elements.
 * @public
 */
export interface EncodedSegment extends Segment {
  readonly bound: number
}

/**
 * How a round computes a mean with weights: the weighted values, and the weight as one more coordinate.
 * @public
 */
export interface WeightedMean {
  /** The number of values. */
  readonly length: number
  readonly encoding: FixedPoint
  /** For the round's configuration: the values, then the weight. */
  readonly segments: readonly [values: EncodedSegment, weight: EncodedSegment]
}

/**
 * One client's input to the round, and what clipping did to its values.
 * @public
 */
export interface WeightedInput {
  readonly input: Vector
  readonly clipped: Clipped
}

/**
 * What a round tells.
 * @public
 */
export interface WeightedMeanResult {
  /** Σ weight · value / Σ weight, within the encoding's `errorBound`. */
  readonly mean: Float64Array
  readonly totalWeight: number
  /** How many clients are in the mean. */
  readonly survivors: number
}

/**
 * Federated averaging (McMahan et al. 2017): a mean of `length` values, 1 to 2^36, in which each client counts by its
 * weight, such as its number of examples. Neither values nor weight of a single client are seen.
 *
 * @throws {SecAggError} `invalid-argument` where the length is out of its range.
 * @public
 */
export function createWeightedMean(length: number, encoding: FixedPoint): WeightedMean {
  const checked = checkedEncoding(encoding)
  if (!Number.isSafeInteger(length) || length < 1 || length > 2 ** 36) {
    throw usageError('invalid-argument', 'the number of values must be a whole number from 1 to 2^36', {
      got: length,
    })
  }
  const { bits, bound, clients, maximumWeight } = checked
  const weightBits = (BigInt(clients) * BigInt(maximumWeight)).toString(2).length
  return Object.freeze({
    length,
    encoding: checked,
    segments: Object.freeze([
      Object.freeze({ length, bits, bound }),
      Object.freeze({ length: 1, bits: weightBits, bound: maximumWeight + 1 }),
    ] as const),
  })
}

/** The mean, made anew, so that it is one even where it came as JSON from somebody else. */
export function checkedMean(task: WeightedMean): WeightedMean {
  const parts = partsOf('a weighted mean', task)
  const encoding = partsOf('a fixed-point encoding', parts.encoding, 'invalid-configuration')
  const derived = createWeightedMean(parts.length, encoding)
  requireConsistent({ ...parts, encoding }, derived, 'the weighted mean')
  return derived
}

/**
 * A client's input: its values, encoded and times `weight`, and the weight itself, 0 to the encoding's `maximumWeight`.
 * A client that has no examples counts with 0.
 *
 * @throws {SecAggError} as `encodeValues` does; `invalid-argument` where there are not `length` values.
 * @public
 */
export function encodeWeighted(
  values: RealValues,
  weight: number,
  task: WeightedMean,
  options: Omit<EncodeOptions, 'weight'> = {},
): WeightedInput {
  const { length, encoding, segments } = checkedMean(task)
  requireWeight(weight, encoding.maximumWeight)
  const count = partOf('the values of a mean', values, 'length')
  if (count !== length) {
    throw usageError('invalid-argument', `the mean must have ${length} values`, {
      expected: length,
      got: shown(count),
    })
  }
  const { lanes, clipped } = encodeValues(values, encoding, {
    ...partsOf('the options of an encoding', options),
    weight,
  })
  return { input: [lanes, weightLanes(weight, segments[1].bits)], clipped }
}

/** The weight as a client puts it into the sum, in lanes for `bits` bits. */
export function weightLanes(weight: number, bits: number): Lanes {
  const lanes = createLanes(bits, 1)
  if (lanes.BYTES_PER_ELEMENT === 8) lanes[0] = BigInt(weight)
  else lanes[0] = weight
  return lanes
}

/**
 * The mean, from the sum of a round and the number of survivors that the round reports.
 *
 * @throws {SecAggError} `invalid-argument` where sum or survivors are none of such a round; `input-out-of-range`, fault
 *   `peer`, where no inputs of that many honest clients have this sum: its total weight is too large, or an element is
 *   larger than the total weight allows; `zero-weight`, fault `peer` without culprits, where no survivor has any weight.
 * @public
 */
export function decodeWeighted(sum: Vector, survivors: number, task: WeightedMean): WeightedMeanResult {
  const { encoding, segments } = checkedMean(task)
  checkVector(sum, segments)
  const { clients, maximumWeight } = encoding
  if (!Number.isSafeInteger(survivors) || survivors < 1 || survivors > clients) {
    throw usageError(
      'invalid-argument',
      `the number of survivors must be a whole number from 1 to ${clients}`,
      {
        got: survivors,
      },
    )
  }
  const totalWeight = Number(sum[1]![0])
  if (totalWeight > survivors * maximumWeight) {
    throw new SecAggError(
      'input-out-of-range',
      'peer',
      `a total weight of ${totalWeight} is impossible for ${survivors} survivors of weight 0 to ${maximumWeight}`,
      { expected: `0 to ${survivors * maximumWeight}`, got: totalWeight },
    )
  }
  return { mean: decodeMean(sum[0]!, encoding, totalWeight), totalWeight, survivors }
}
