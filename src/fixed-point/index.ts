/**
 * `secagg/fixed-point`: the weighted mean of real numbers. An encoding clips, scales and rounds values to whole numbers whose
 * sum cannot overflow, and states the maximum error of the mean.
 *
 *     const encoding = createFixedPoint({ clip: 1, bitsPerValue: 16, clients: 100, maximumWeight: 1000 })
 *     const task = createWeightedMean(values.length, encoding)
 *
 *     // Server and clients: createRoundConfig({ …, segments: task.segments, context: { encoding: encodingContext(encoding) } })
 *
 *     // A client. Its session gets roundInput(config, input), which binds the input to this round.
 *     const { input, clipped } = encodeWeighted(values, weight, task)
 *
 *     // The server. readOutcome refuses the outcome of another round.
 *     const { sum, survivors } = readOutcome(outcome, config)
 *     const { mean } = decodeWeighted(sum, survivors.length, task)
 *
 * @module
 */

export {
  createFixedPoint,
  encodingContext,
  type FixedPoint,
  type FixedPointOptions,
  type Headroom,
  type RoundingMode,
} from './encoding.js'
export {
  type Clipped,
  decodeMean,
  type EncodeOptions,
  encodeValues,
  type FixedPointValues,
  type RealValues,
} from './real-values.js'
export { type StreamedInput, type StreamOptions, streamWeighted } from './streamed.js'
export {
  createWeightedMean,
  decodeWeighted,
  type EncodedSegment,
  encodeWeighted,
  type WeightedInput,
  type WeightedMean,
  type WeightedMeanResult,
} from './weighted-mean.js'
