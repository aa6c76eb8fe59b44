/**
 * `secagg/fixed-point`: real numbers in, their weighted mean out. An encoding clips, scales and rounds values to whole
 * numbers whose sum cannot overflow, and says how far the mean can be off.
 *
 *     const encoding = createFixedPoint({ clip: 1, bitsPerValue: 16, clients: 100, maximumWeight: 1000 })
 *     const task = createWeightedMean(values.length, encoding)
 *     // server and clients: createRoundConfig({ …, segments: task.segments, context: { encoding: encodingContext(encoding) } })
 *     const { input, clipped } = encodeWeighted(values, weight, task) // a client
 *     // for its session: roundInput(config, input), which says for which round it is
 *     const { sum, survivors } = readOutcome(outcome, config) // the server; it refuses the outcome of another round
 *     const { mean } = decodeWeighted(sum, survivors.length, task)
 *
 * @module
 */

export { decodeMean } from './decode-values.js'
export type { Clipped } from './encode-values.js'
export { type EncodeOptions, encodeValues, type FixedPointValues, type RealValues } from './encode-values.js'
export {
  createFixedPoint,
  encodingContext,
  type FixedPoint,
  type FixedPointOptions,
  type Headroom,
  type RoundingMode,
} from './encoding.js'
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
