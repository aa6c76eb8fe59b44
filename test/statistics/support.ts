import {
  createStatistics,
  type Definition,
  decodeStatistics,
  encodeRecords,
  type PresentationOptions,
  type Statistics,
  type StatisticsOutcome,
  type StatisticsRecord,
} from 'secagg/statistics'
import { sumOfVectors } from '../fixed-point/support.js'

export const everything = { minimumCell: 'show-all' } as const

/** What a server decodes where each record is one client's, and all of them survive. */
export function decoded<D extends Definition>(
  statistics: Statistics<D>,
  records: readonly StatisticsRecord<D>[],
  options: PresentationOptions = everything,
): StatisticsOutcome<D> {
  const inputs = records.map((record) => encodeRecords(record, statistics).input)
  return decodeStatistics(sumOfVectors(statistics.segments, inputs), records.length, statistics, options)
}

/** The results of one statistic over answers, one by each client. */
export function resultOf<const S extends Definition[string]>(
  statistic: S,
  answers: readonly StatisticsRecord<{ it: S }>['it'][],
  options: PresentationOptions = everything,
): StatisticsOutcome<{ it: S }>['results']['it'] {
  const statistics = createStatistics({ it: statistic } as { it: S }, {
    clients: Math.max(answers.length, 1),
  })
  const records = answers.map((it) => ({ it }) as StatisticsRecord<{ it: S }>)
  return decoded(statistics, records, options).results.it
}
