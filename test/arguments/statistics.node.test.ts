import { defaultCrypto } from 'secagg'
import * as statistics from 'secagg/statistics'
import { type Examples, optional, received, whole } from './examples.js'
import { generator } from './root-examples.js'
import { testArguments } from './surface.js'

const crypto = await defaultCrypto()
const definition = {
  age: { kind: 'mean', from: 0, to: 120, step: 1 },
  stay: { kind: 'histogram', edges: [0, 1, 3, 7] },
  ward: { kind: 'frequency', categories: ['surgery', 'medicine'], other: 'count' },
  words: { kind: 'sketch', depth: 2, width: 8, seed: '00'.repeat(16) },
} as const
const marked = {
  age: { kind: 'mean', from: 0, to: 120, step: optional(1) },
  stay: { kind: 'histogram', edges: [0, 1, 3, 7], outside: optional('count') },
  ward: { kind: 'frequency', categories: ['surgery', 'medicine'], other: optional('count') },
  words: { kind: 'sketch', depth: 2, width: 8, seed: '00'.repeat(16) },
}
const cohort = { clients: 10, minimumHonest: 6, epsilon: 50, delta: 1e-5 }
const exact = statistics.createStatistics(definition, { clients: 10 })
const noisy = statistics.createPrivateStatistics(definition, cohort)
const occasion = {
  sessionId: new Uint8Array(32),
  adversary: 'honest-but-curious' as const,
  corruptClients: 2,
  minimumCohort: 8,
}
const round = statistics.openStatistics(exact, occasion)
const privateRound = statistics.openStatistics(noisy, occasion)
const record = { age: 54, stay: 2, ward: 'surgery', words: 'yes' } as const
const anyOf = (parts: typeof record): object => ({
  age: optional(parts.age),
  stay: optional(parts.stay),
  ward: optional(parts.ward),
  words: optional(parts.words),
})
const outcomeOf = ({ vector }: statistics.RoundInput, { config }: statistics.StatisticsRound): object => ({
  sum: vector,
  configHash: config.hash,
  report: { survivors: [0, 1, 2, 3, 4, 5, 6, 7] },
})
const outcome = outcomeOf(statistics.encodeRecords(record, round).input, round)
const privateOutcome = outcomeOf(
  statistics.encodePrivateRecords(record, privateRound, crypto).input,
  privateRound,
)
const { results } = statistics.decodeStatistics(outcome as never, round, { minimumCell: 'show-all' })
const { results: noisyResults } = statistics.decodePrivateStatistics(privateOutcome as never, privateRound)
const shown = { minimumCell: optional(2), clamp: optional(true) }

const examples: Examples = {
  createStatistics: () => ({ args: [marked, { clients: 10, maximumRecords: optional(2) }] }),
  createPrivateStatistics: () => ({
    args: [
      marked,
      {
        ...cohort,
        rounds: optional(2),
        distribution: optional('skellam'),
        samplingRate: optional(0.5),
        maximumRecords: optional(2),
        weights: optional({ age: optional(2) }),
      },
    ],
  }),
  checkStatistics: () => ({
    args: [
      received(JSON.parse(JSON.stringify(exact))),
      {
        minimumCohort: 5,
        corruptFraction: 0.1,
        adversary: optional('honest-but-curious'),
        graph: optional('complete'),
        statisticalSecurity: optional(30),
        definition: optional(marked),
      },
    ],
  }),
  openStatistics: () => ({
    args: [whole(exact), { ...occasion, corruptClients: optional(2), minimumCohort: optional(8) }],
  }),
  statisticsContext: () => ({ args: [whole(exact)] }),
  encodeRecords: () => ({ args: [anyOf(record), whole(round), optional({ onClip: optional('report') })] }),
  encodePrivateRecords: () => ({
    args: [anyOf(record), whole(privateRound), generator(crypto), optional({ onClip: optional('report') })],
  }),
  decodeStatistics: () => ({ args: [outcome, whole(round), optional(shown)] }),
  'decodeStatistics().results.stay.quantile': () => ({ on: results.stay, args: [0.5] }),
  'decodeStatistics().results.words.estimate': () => ({ on: results.words, args: ['yes'] }),
  decodePrivateStatistics: () => ({ args: [privateOutcome, whole(privateRound), optional(shown)] }),
  'decodePrivateStatistics().results.stay.quantile': () => ({ on: noisyResults.stay, args: [0.5] }),
  'decodePrivateStatistics().results.words.estimate': () => ({ on: noisyResults.words, args: ['yes'] }),
  equalBins: () => ({ args: [0, 10, 5] }),
  sketchSize: () => ({ args: [{ relativeError: 0.1, failureProbability: 0.1 }] }),
}

testArguments(statistics, examples)
