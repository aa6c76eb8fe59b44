/**
 * `secagg/statistics`: counts, sums, means, variances, histograms with quantiles, frequencies, contingency tables and
 * count-min sketches over the records of clients. The vector of one round holds any number of them, exactly or under a
 * privacy target.
 *
 *     const statistics = createStatistics(
 *       {
 *         age: { kind: 'mean', from: 0, to: 120, step: 1 },
 *         stay: { kind: 'histogram', edges: [0, 1, 3, 7, 14] },
 *         ward: { kind: 'frequency', categories: ['surgery', 'medicine'], other: 'count' },
 *       },
 *       { clients: 100 },
 *     )
 *     // The server and each client open the same round.
 *     const round = openStatistics(statistics, { sessionId, adversary: 'active' })
 *     // A client encodes its record, in which the answer to `stay` is missing.
 *     const { input, clipped } = encodeRecords({ age: 54, ward: 'surgery' }, round)
 *     // The server decodes the outcome of the session with `round.config`.
 *     const { results } = decodeStatistics(outcome, round)
 *     console.log(results.age.mean, results.stay.quantile(0.5), results.ward.counts.surgery)
 *
 * A client that receives statistics from a server passes them to `checkStatistics` and uses the result, not the numbers that
 * the server sent. Under a privacy target, the round's `minimumCohort` must be at least `minimumHonest` plus the number of
 * corrupt clients:
 *
 *     const statistics = createPrivateStatistics(definition, { clients: 100, minimumHonest: 60, epsilon: 1, delta: 1e-6 })
 *     const round = openStatistics(statistics, { sessionId, adversary: 'active', corruptClients: 5, minimumCohort: 70 })
 *     const { input } = encodePrivateRecords(record, round, crypto)
 *     const { results, privacy } = decodePrivateStatistics(outcome, round)
 *
 * @module
 */
export type { CohortRequirements, PrivacyRequirements } from '../received/index.js'
export type { FinishedRound, RoundInput } from '../rounds/index.js'
export type { StatisticsRequirements } from './check-statistics.js'
export { checkStatistics } from './check-statistics.js'
export type { AnyStatistics } from './create-statistics.js'
export { createPrivateStatistics, createStatistics } from './create-statistics.js'
export {
  decodePrivateStatistics,
  decodeStatistics,
  type PrivateStatisticsOutcome,
  type StatisticsOutcome,
} from './decode-statistics.js'
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
  StatisticDefinition,
  StatisticsRecord,
  Sum,
  Variance,
} from './definition.js'
export {
  type ClippedAnswers,
  type EncodeRecordsOptions,
  encodePrivateRecords,
  encodeRecords,
  type PreparedRecords,
  type Records,
} from './encode-records.js'
export { equalBins } from './kinds/histogram.js'
export { sketchSize } from './kinds/sketch.js'
export type { StatisticLayout } from './layout.js'
export type {
  PrivateStatistics,
  PrivateStatisticsOptions,
  StatisticWeights,
} from './private-statistics.js'
export type {
  Answered,
  ContingencyResult,
  CountResult,
  FrequencyResult,
  HistogramResult,
  MeanResult,
  PresentationOptions,
  Quantile,
  ResultOf,
  SketchResult,
  SumResult,
  VarianceResult,
} from './results.js'
export type { Statistics, StatisticsOptions } from './statistics.js'
export {
  openStatistics,
  type StatisticsOccasion,
  type StatisticsRound,
  statisticsContext,
} from './statistics-round.js'
