import type { CryptoProvider, RoundInput, Vector } from 'secagg'
import {
  createStatistics,
  type Definition,
  type EncodeRecordsOptions,
  type PresentationOptions,
  type PrivateStatistics,
  type PrivateStatisticsOutcome,
  type Records,
  type Statistics,
  type StatisticsOutcome,
  type StatisticsRecord,
  type StatisticsRound,
} from 'secagg/statistics'
import { originOf } from '../../src/statistics/create-statistics.js'
import { readExactly, readPrivately } from '../../src/statistics/decode-statistics.js'
import { encodeExactly, encodePrivately } from '../../src/statistics/encode-records.js'
import type { Assembled } from '../../src/statistics/statistics.js'
import { sumOfVectors } from '../fixed-point/support.js'
import { type CohortRun, runCohort } from '../support/cohort.js'

export const everything = { minimumCell: 'show-all' } as const

/*
 * Encoding and decoding without a round, for any sum and any number of survivors.
 */

export function encodeNumbers<D extends Definition>(
  records: Records<D>,
  statistics: Statistics<D>,
  options: EncodeRecordsOptions = {},
): ReturnType<typeof encodeExactly<D>> {
  return encodeExactly(records, originOf(statistics).assembled as Assembled<Statistics<D>>, options)
}

export function encodePrivateNumbers<D extends Definition>(
  records: Records<D>,
  statistics: PrivateStatistics<D>,
  crypto: CryptoProvider,
): ReturnType<typeof encodePrivately<D>> {
  const assembled = originOf(statistics).assembled as Assembled<PrivateStatistics<D>>
  return encodePrivately(records, assembled, crypto, {})
}

export function readNumbers<D extends Definition>(
  sum: Vector,
  survivors: number,
  statistics: Statistics<D>,
  options: PresentationOptions = {},
): StatisticsOutcome<D> {
  return readExactly(sum, survivors, originOf(statistics).assembled as Assembled<Statistics<D>>, options)
}

export function readPrivateNumbers<D extends Definition>(
  sum: Vector,
  survivors: number,
  statistics: PrivateStatistics<D>,
  options: PresentationOptions = {},
): PrivateStatisticsOutcome<D> {
  const assembled = originOf(statistics).assembled as Assembled<PrivateStatistics<D>>
  return readPrivately(sum, survivors, assembled, options)
}

/** A round with real messages. Each client has its own statistics, as it was told them. */
export function runRound(
  round: StatisticsRound,
  inputs: readonly RoundInput[],
  stages?: readonly number[],
  told: (seat: number) => StatisticsRound = () => round,
): Promise<CohortRun> {
  const { clients, adversary, segments } = round.config
  return runCohort({
    clients,
    adversary,
    segments,
    inputs,
    serverOptions: { config: round.config },
    clientOptions: (seat) => ({ config: told(seat).config }),
    ...(stages && { stages }),
  })
}

/** What a server decodes if each client has one record and all survive. */
export function decoded<D extends Definition>(
  statistics: Statistics<D>,
  records: readonly StatisticsRecord<D>[],
  options: PresentationOptions = everything,
): StatisticsOutcome<D> {
  const inputs = records.map((record) => encodeNumbers(record, statistics).input)
  return readNumbers(sumOfVectors(statistics.segments, inputs), records.length, statistics, options)
}

/** The results of one statistic, with one answer from each client. */
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
