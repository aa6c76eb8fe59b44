/**
 * `secagg/statistics`: counts, sums, means, variances, histograms with quantiles, frequencies, contingency tables and
 * count-min sketches of what clients hold; as many as one likes in the vector of one round, exactly or under a privacy
 * target.
 *
 *     const statistics = createStatistics(
 *       {
 *         age: { kind: 'mean', from: 0, to: 120, step: 1 },
 *         stay: { kind: 'histogram', edges: [0, 1, 3, 7, 14] },
 *         ward: { kind: 'frequency', categories: ['surgery', 'medicine'], other: 'count' },
 *       },
 *       { clients: 100 },
 *     )
 *     const { segments } = statistics
 *     // all: createRoundConfig({ …, segments, context: { statistics: statisticsContext(statistics) } })
 *     const { input, clipped } = encodeRecords({ age: 54, ward: 'surgery' }, statistics) // a client; `stay` is missing
 *     const { results } = decodeStatistics(outcome.sum, outcome.report.survivors.length, statistics) // the server
 *     console.log(results.age.mean, results.stay.quantile(0.5), results.ward.counts.surgery)
 *
 * Under a privacy target, for which the round's `minimumCohort` is `leastHonest` plus the corrupt clients at least:
 *
 *     const statistics = createPrivateStatistics(definition, { clients: 100, leastHonest: 60, epsilon: 1, delta: 1e-6 })
 *     const { input } = encodePrivateRecords(record, statistics, crypto)
 *     const { results, privacy } = decodePrivateStatistics(sum, survivors, statistics)
 *
 * @module
 */
export { statisticsContext } from './context.js'
export {
  decodePrivateStatistics,
  decodeStatistics,
  type PrivateStatisticsOutcome,
  type StatisticsOutcome,
} from './decode.js'
export type {
  AnswerTo,
  Contingency,
  Count,
  Definition,
  Frequency,
  Histogram,
  Listed,
  Mean,
  NumberRange,
  Sketch,
  Statistic,
  StatisticsRecord,
  Sum,
  Variance,
} from './definition.js'
export {
  type ClippedAnswers,
  type EncodedRecords,
  type EncodeRecordsOptions,
  encodePrivateRecords,
  encodeRecords,
  type Records,
} from './encode.js'
export { equalBins } from './histogram.js'
export type { StatisticLayout } from './layout.js'
export type { PresentationOptions } from './presentation.js'
export {
  createPrivateStatistics,
  type PrivateStatistics,
  type PrivateStatisticsOptions,
  type StatisticWeights,
} from './private-statistics.js'
export type {
  Answered,
  ContingencyResult,
  CountResult,
  FrequencyResult,
  HistogramResult,
  MeanResult,
  Quantile,
  ResultOf,
  SketchResult,
  SumResult,
  VarianceResult,
} from './results.js'
export { sketchSize } from './sketch.js'
export { createStatistics, type Statistics, type StatisticsOptions } from './statistics.js'
