import { partOf, partsOf, shown } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'
import { requireConsistent } from '../received/index.js'
import { checkVector } from '../vector/arithmetic.js'
import { type Into, requireInto, requireIntoVector } from '../vector/into.js'
import { createLanes } from '../vector/lanes.js'
import type { Lanes, Segment, Vector } from '../vector/segments.js'
import { checkedEncoding, type FixedPoint } from './encoding.js'
import {
  type Clipped,
  decodeMean,
  type EncodeOptions,
  encodeValues,
  type RealValues,
  requireWeight,
} from './real-values.js'

/**
 * A segment for `createRoundConfig`.
 * @public
 */
export interface EncodedSegment extends Segment {
  /** The exclusive bound of the elements of an input. */
  readonly bound: number
}

/**
 * A weighted mean to compute in a round. A client's input has its weighted values, and its weight as one more element.
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
 * A client's input to the round, and how many of its values were clipped.
 * @public
 */
export interface WeightedInput {
  readonly input: Vector
  readonly clipped: Clipped
}

/**
 * The result of a round for a weighted mean.
 * @public
 */
export interface WeightedMeanResult {
  /** Σ weight · value / Σ weight, with an error of at most the encoding's `errorBound`. */
  readonly mean: Float64Array
  /** The sum of the weights of all clients in the mean. */
  readonly totalWeight: number
  /** The number of clients in the mean. */
  readonly survivors: number
}

/**
 * Prepares federated averaging (McMahan et al. 2017): a mean in which each client has a weight, such as its number of
 * examples. The server learns the mean and the total weight, but not the values or the weight of a single client.
 *
 * @param length - The number of values, 1 to 2^36.
 * @param encoding - The encoding of the values, from `createFixedPoint`.
 * @returns The mean, frozen. Use its `segments` for the round's configuration.
 * @throws {SecAggError} `invalid-argument` if the length is out of its range; `invalid-configuration` or
 *   `configuration-mismatch` if the encoding is not valid.
 * @example
 * ```ts
 * import { createFixedPoint, createWeightedMean } from 'secagg/fixed-point'
 *
 * const encoding = createFixedPoint({ clip: 1, bitsPerValue: 8, clients: 10, maximumWeight: 100 })
 * const { segments } = createWeightedMean(50, encoding)
 * console.log(segments[0]) // { length: 50, bits: 18, bound: 25401 }
 * console.log(segments[1]) // { length: 1, bits: 10, bound: 101 }
 * ```
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

/** The mean, computed again from length and encoding. So the result is valid even if `task` came from a peer as JSON. */
export function checkedMean(task: WeightedMean): WeightedMean {
  const parts = partsOf('a weighted mean', task)
  const encoding = partsOf('a fixed-point encoding', parts.encoding, 'invalid-configuration')
  const derived = createWeightedMean(parts.length, encoding)
  requireConsistent({ ...parts, encoding }, derived, 'the weighted mean')
  return derived
}

/**
 * Encodes a client's input for a weighted mean: its values times its weight, and the weight itself.
 *
 * @param values - The client's values, as many as the mean has.
 * @param weight - A whole number from 0 to the encoding's `maximumWeight`. A client without examples uses 0.
 * @param task - The mean, from `createWeightedMean`.
 * @param options - What to do with values beyond the clip, a source of randomness, and memory for the input: a vector of the
 *   mean's `segments`.
 * @returns The input for the session, and how many values were clipped.
 * @throws {SecAggError} See `encodeValues`; also `invalid-argument` if the number of values is wrong, or `into` does not
 *   fit.
 * @example
 * ```ts
 * import { createFixedPoint, createWeightedMean, encodeWeighted } from 'secagg/fixed-point'
 *
 * const encoding = createFixedPoint({ clip: 1, bitsPerValue: 8, clients: 10, maximumWeight: 100, rounding: 'nearest' })
 * const task = createWeightedMean(3, encoding)
 * const { input, clipped } = encodeWeighted([-1, 0, 3], 20, task)
 * console.log(input) // [ Uint32Array(3) [ 0, 2540, 5080 ], Uint16Array(1) [ 20 ] ]
 * console.log(clipped) // { count: 1, largest: 3, excess: 2 }
 * ```
 * @public
 */
export function encodeWeighted(
  values: RealValues,
  weight: number,
  task: WeightedMean,
  options: Omit<EncodeOptions, 'weight' | 'into'> & Into<Vector> = {},
): WeightedInput {
  const { length, encoding, segments } = checkedMean(task)
  requireWeight(weight, encoding.maximumWeight)
  const count = partOf('the values of a mean', values, 'length')
  if (count !== length) {
    throw usageError('invalid-argument', `this mean needs ${length} values`, {
      expected: length,
      got: shown(count),
    })
  }
  const { into, ...others } = partsOf('the options of an encoding', options)
  if (into !== undefined) requireIntoVector(into, segments, [values])
  const { lanes, clipped } = encodeValues(values, encoding, { ...others, weight, into: into?.[0] })
  if (into === undefined) return { input: [lanes, weightLanes(weight, segments[1].bits)], clipped }
  writeWeight(weight, into[1]!)
  return { input: into, clipped }
}

/** The weight as an element of a client's input, in lanes for `bits` bits. */
export function weightLanes(weight: number, bits: number): Lanes {
  const lanes = createLanes(bits, 1)
  writeWeight(weight, lanes)
  return lanes
}

function writeWeight(weight: number, lanes: Lanes): void {
  lanes[0] = lanes.BYTES_PER_ELEMENT === 8 ? BigInt(weight) : weight
}

/**
 * The weighted mean, from the sum of a round.
 *
 * @param sum - The sum that the round gave.
 * @param survivors - The number of clients in the sum, which the round also reports.
 * @param task - The mean that the clients encoded their inputs for.
 * @param options - Memory for the mean.
 * @returns The mean, the total weight and the number of clients.
 * @throws {SecAggError} `invalid-argument` if the sum or the number of survivors is not possible for such a round, or `into`
 *   does not fit.
 *
 *   `input-out-of-range`, fault `peer`, if the inputs of honest clients cannot have this sum: the total weight is too
 *   large, or an element is larger than the total weight allows.
 *
 *   `zero-weight`, fault `peer` without culprits, if the weights of all survivors are 0.
 * @example
 * ```ts
 * import { createFixedPoint, createWeightedMean, decodeWeighted, encodeWeighted } from 'secagg/fixed-point'
 * import { addInto } from 'secagg/vector'
 *
 * const encoding = createFixedPoint({ clip: 1, bitsPerValue: 16, clients: 10, maximumWeight: 100, rounding: 'nearest' })
 * const task = createWeightedMean(1, encoding)
 * const sum = encodeWeighted([1], 30, task).input
 * addInto(sum, encodeWeighted([0], 10, task).input, task.segments)
 * console.log(decodeWeighted(sum, 2, task)) // { mean: Float64Array(1) [ 0.75 ], totalWeight: 40, survivors: 2 }
 * ```
 * @public
 */
export function decodeWeighted(
  sum: Vector,
  survivors: number,
  task: WeightedMean,
  options: Into<Float64Array> = {},
): WeightedMeanResult {
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
      `a total weight of ${totalWeight} is impossible for ${survivors} survivors with weights of 0 to ${maximumWeight}`,
      { expected: `0 to ${survivors * maximumWeight}`, got: totalWeight },
    )
  }
  const { into } = partsOf('the options of decoding', options)
  if (into !== undefined) requireInto(into, 'Float64Array', sum[0]!.length, sum)
  return { mean: decodeMean(sum[0]!, encoding, totalWeight, { into }), totalWeight, survivors }
}
