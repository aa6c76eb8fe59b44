import { type AdversaryModel, createRoundConfig } from 'secagg'
import {
  type AnswerTo,
  createStatistics,
  type Definition,
  decodeStatistics,
  encodeRecords,
  equalBins,
  openStatistics,
  type Statistics,
  type StatisticsOutcome,
  type StatisticsRecord,
  type StatisticsRound,
  sketchSize,
} from 'secagg/statistics'
import { describe, expect, expectTypeOf, it, test } from 'vitest'
import type { CohortRun } from '../support/cohort.js'
import { randomOf } from '../support/seeded.js'
import { encodeNumbers, everything, readNumbers, runRound } from './support.js'

const clients = 24
/** When a device drops out: before any message, after each of the first three, or never. */
const stages = [9, 9, 1, 9, 9, 2, 9, 3, 9, 9, 9, 9, 0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]

const survey = {
  diabetic: { kind: 'count' },
  cost: { kind: 'sum', from: -100, to: 20_000, step: 1 },
  age: { kind: 'mean', from: 18, to: 100, step: 1 },
  weight: { kind: 'variance', from: 40, to: 160, step: 0.5 },
  stay: { kind: 'histogram', edges: [0, 1, 3, 7, 14, 30] },
  ward: { kind: 'frequency', categories: ['surgery', 'medicine', 'pediatrics'], other: 'count' },
  smoking: { kind: 'contingency', rows: ['smoker', 'other'], columns: ['cough', 'none'] },
  code: {
    kind: 'sketch',
    ...sketchSize({ relativeError: 0.1, failureProbability: 0.01 }),
    seed: '00112233445566778899aabbccddeeff',
  },
} as const satisfies Definition

type Patient = { [Name in keyof typeof survey]: AnswerTo<(typeof survey)[Name]> }

/** Every seventh answer is missing. */
function patients(seed: number): StatisticsRecord<typeof survey>[] {
  const random = randomOf(seed)
  return Array.from({ length: clients }, (_, seat) => {
    const patient: Patient = {
      diabetic: random.below(3) === 0,
      cost: random.below(20_101) - 100,
      age: 18 + random.below(83),
      weight: 40 + random.below(241) / 2,
      stay: random.below(40),
      ward: random.pick(['surgery', 'medicine', 'pediatrics', 'ophthalmology']),
      smoking: [random.pick(['smoker', 'other']), random.pick(['cough', 'none'])],
      code: random.pick(['E11', 'I10', 'J45', 'J45', 'M54']),
    }
    return Object.fromEntries(
      Object.entries(patient).filter((_, index) => (seat + index) % 7 !== 0),
    ) as StatisticsRecord<typeof survey>
  })
}

async function surveyed<D extends Definition>(
  statistics: Statistics<D>,
  records: readonly StatisticsRecord<D>[],
  adversary: AdversaryModel = 'honest-but-curious',
): Promise<{ run: CohortRun; outcome: StatisticsOutcome<D> }> {
  const round = openStatistics(statistics, { sessionId: randomOf(9).bytes(32), adversary })
  const run = await runRound(
    round,
    records.map((record) => encodeRecords(record, round).input),
    stages,
  )
  return { run, outcome: decodeStatistics(run.outcome!, round, everything) }
}

/** The answers of the survivors, in the clear. */
function answersTo<Name extends keyof Patient>(
  name: Name,
  records: readonly StatisticsRecord<typeof survey>[],
  survivors: readonly number[],
): Patient[Name][] {
  return survivors
    .map((seat) => records[seat]![name])
    .filter((answer): answer is Patient[Name] => answer !== undefined && answer !== null)
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}

function inTheClear(
  records: readonly StatisticsRecord<typeof survey>[],
  survivors: readonly number[],
): { [Name in keyof Patient]: object } {
  const to = <Name extends keyof Patient>(name: Name) => answersTo(name, records, survivors)
  const responses = (name: keyof Patient) => ({
    answered: to(name).length,
    missing: survivors.length - to(name).length,
    withheld: 0,
    outOfRange: 0,
    noise: 0,
  })
  const mean = (numbers: readonly number[]): number => total(numbers) / numbers.length
  const squares = to('weight').map((weight) => (weight - mean(to('weight'))) ** 2)
  const stays = (from: number, to_: number, last = false): number =>
    to('stay').filter((days) => days >= from && (days < to_ || (last && days === to_))).length
  const pairs = (row: string, column: string): number =>
    to('smoking').filter(([r, c]) => r === row && c === column).length
  return {
    diabetic: { ...responses('diabetic'), count: to('diabetic').filter((yes) => yes).length },
    cost: { ...responses('cost'), sum: total(to('cost')), sumNoise: 0 },
    age: { ...responses('age'), sum: total(to('age')), sumNoise: 0, mean: mean(to('age')), meanNoise: 0 },
    weight: {
      ...responses('weight'),
      mean: expect.closeTo(mean(to('weight')), 12),
      meanNoise: 0,
      variance: expect.closeTo(mean(squares), 9),
      varianceNoise: 0,
      standardDeviation: expect.closeTo(Math.sqrt(mean(squares)), 9),
    },
    stay: {
      ...responses('stay'),
      edges: survey.stay.edges,
      counts: [stays(0, 1), stays(1, 3), stays(3, 7), stays(7, 14), stays(14, 30, true)],
      below: 0,
      above: to('stay').filter((days) => days > 30).length,
      quantile: expect.any(Function),
    },
    ward: {
      ...responses('ward'),
      counts: Object.assign(
        Object.create(null),
        Object.fromEntries(
          survey.ward.categories.map((name) => [name, to('ward').filter((ward) => ward === name).length]),
        ),
      ),
      other: to('ward').filter((ward) => ward === 'ophthalmology').length,
    },
    smoking: {
      ...responses('smoking'),
      table: [
        [pairs('smoker', 'cough'), pairs('smoker', 'none')],
        [pairs('other', 'cough'), pairs('other', 'none')],
      ],
    },
    code: {
      ...responses('code'),
      estimate: expect.any(Function),
      errorBound: (Math.E / survey.code.width) * to('code').length,
      failureProbability: Math.exp(-survey.code.depth),
    },
  }
}

describe('patients of a hospital, each with a device; some devices drop out', () => {
  const records = patients(1)

  it.each(Object.keys(survey) as (keyof Patient)[])('one round for "%s" alone', async (name) => {
    const statistics: Statistics = createStatistics({ [name]: survey[name] }, { clients })
    const { run, outcome } = await surveyed(
      statistics,
      records.map((record) => ({ [name]: record[name] })),
    )
    expect(run.survivors).toHaveLength(21)
    expect(outcome).toMatchObject({ survivors: 21, records: 21, withheld: 0 })
    expect(outcome.results[name]).toEqual(inTheClear(records, run.survivors)[name])
  })

  it.each(['honest-but-curious', 'active'] as const)(
    'one round for all statistics, %s',
    async (adversary) => {
      const statistics = createStatistics(survey, { clients })
      const { run, outcome } = await surveyed(statistics, records, adversary)
      expect({ ...outcome.results }).toEqual(inTheClear(records, run.survivors))
      const codes = answersTo('code', records, run.survivors)
      for (const code of ['E11', 'I10', 'J45', 'M54', 'Z99']) {
        const count = codes.filter((each) => each === code).length
        const estimate = outcome.results.code.estimate(code)!
        expect(estimate).toBeGreaterThanOrEqual(count)
        expect(estimate).toBeLessThanOrEqual(count + outcome.results.code.errorBound)
      }
    },
  )

  it('the types of the results follow from the definition', () => {
    const statistics = createStatistics(
      {
        ward: { kind: 'frequency', categories: ['surgery', 'medicine'] },
        age: { kind: 'mean', from: 0, to: 120 },
        stay: { kind: 'histogram', edges: equalBins(0, 30, 3) },
        free: { kind: 'frequency', categories: ['yes'], other: 'count' },
      },
      { clients: 3 },
    )
    type Answers = Parameters<typeof encodeRecords<typeof statistics.definition>>[0]
    expectTypeOf<{ ward: 'surgery'; age: number; stay: null; free: string }>().toExtend<Answers>()
    expectTypeOf<{ ward: 'maternity' }>().not.toExtend<Answers>()
    expectTypeOf<{ age: string }>().not.toExtend<Answers>()
    const round = openStatistics(statistics, { sessionId: new Uint8Array(16), adversary: 'active' })
    const { input } = encodeRecords({ ward: 'surgery', age: 60 }, round)
    const { configHash, vector: sum } = input
    const { results } = decodeStatistics({ sum, configHash, report: { survivors: [0, 1, 2] } }, round)
    expectTypeOf(results.ward.counts).toEqualTypeOf<{
      readonly surgery: number | undefined
      readonly medicine: number | undefined
    }>()
    expectTypeOf(results.age.mean).toEqualTypeOf<number | undefined>()
    expectTypeOf(results).not.toHaveProperty('diabetic')
    expect(results.age.mean).toBeUndefined()
  })
})

describe('hospitals, each with many patients', () => {
  const hospitals = 6
  const definition = {
    age: { kind: 'mean', from: 0, to: 120, step: 1 },
    ward: { kind: 'frequency', categories: ['surgery', 'medicine'] },
    weight: { kind: 'variance', from: 0, to: 200 },
  } as const satisfies Definition
  const statistics = createStatistics(definition, { clients: hospitals, maximumRecords: 500 })
  const round = openStatistics(statistics, {
    sessionId: randomOf(6).bytes(32),
    adversary: 'honest-but-curious',
  })
  const random = randomOf(5)
  const cohorts = Array.from({ length: hospitals }, (_, hospital) =>
    Array.from({ length: hospital === 4 ? 0 : 40 + random.below(400) }, () => ({
      age: random.below(10) === 0 ? undefined : random.below(121),
      ward: random.pick(['surgery', 'medicine'] as const),
      weight: random.below(200) + 0.3,
    })),
  )

  it('a round counts their patients together, and how many there are', async () => {
    const run = await runRound(
      round,
      cohorts.map((cohort) => encodeRecords(cohort, round).input),
      [9, 9, 2, 9, 9, 9],
    )
    const patients = run.survivors.flatMap((hospital) => cohorts[hospital]!)
    const outcome = decodeStatistics(run.outcome!, round)
    const { age, ward, weight } = outcome.results
    const ages = patients.map((patient) => patient.age).filter((each) => each !== undefined)
    expect(outcome.records).toBe(patients.length)
    expect(age.sum).toBe(total(ages))
    expect(age.mean).toBe(total(ages) / ages.length)
    expect(age.missing).toBe(patients.length - ages.length)
    expect(ward.counts.surgery).toBe(patients.filter((patient) => patient.ward === 'surgery').length)
    const mean = total(patients.map((patient) => patient.weight)) / patients.length
    const squares = patients.map((patient) => (patient.weight - mean) ** 2)
    const step = 200 / 2 ** 18
    expect(Math.abs(weight.mean! - mean)).toBeLessThanOrEqual(step / 2)
    expect(Math.abs(weight.variance! - total(squares) / patients.length)).toBeLessThanOrEqual(step ** 2)
  })

  it('a hospital has at most the agreed number of patients', () => {
    const patient = { age: 3, ward: 'surgery', weight: 20 } as const
    const most = new Array(500).fill(patient)
    expect(() => encodeRecords(most, round)).not.toThrow()
    expect(() => encodeRecords([...most, patient], round)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', expected: '0 to 500', got: 501 }),
    )
    const single = createStatistics(definition, { clients: 2 })
    expect(() => encodeNumbers([], single)).toThrow('a client must have 1 to 1 records')
  })

  it('the largest numbers in the largest number of records do not overflow', () => {
    for (const [clients, maximumRecords] of [
      [1, 1],
      [7, 1000],
      [3, 2 ** 16],
    ] as const) {
      const full = createStatistics(definition, { clients, maximumRecords })
      const { input } = encodeNumbers({ age: 120, ward: 'medicine', weight: 200 }, full)
      const sum = input.map((lanes) =>
        typeof lanes[0] === 'bigint'
          ? BigUint64Array.from(lanes as BigUint64Array, (lane) => lane * BigInt(clients * maximumRecords))
          : (lanes as Uint32Array).map((lane) => lane * clients * maximumRecords),
      )
      const { results } = readNumbers(sum, clients, full, everything)
      expect(results.age).toMatchObject({ mean: 120, answered: clients * maximumRecords, missing: 0 })
      expect(results.weight).toMatchObject({ mean: 200, variance: 0 })
      expect(() =>
        createRoundConfig({
          sessionId: new Uint8Array(16),
          clients: Math.max(clients, 2),
          adversary: 'honest-but-curious',
          segments: createStatistics(definition, { clients: Math.max(clients, 2), maximumRecords }).segments,
        }),
      ).not.toThrow()
    }
  })
})

test('a client that was told another range is not in the sum', async () => {
  const statistics = createStatistics({ age: { kind: 'mean', from: 0, to: 120 } }, { clients: 5 })
  const other = createStatistics({ age: { kind: 'mean', from: 0, to: 100 } }, { clients: 5 })
  const occasion = { adversary: 'honest-but-curious', sessionId: randomOf(8).bytes(32) } as const
  const round = openStatistics(statistics, occasion)
  const misled = openStatistics(other, occasion)
  const told = (seat: number): StatisticsRound<Statistics> => (seat === 2 ? misled : round)
  const inputs = [40, 50, 60, 70, 80].map((age, seat) => encodeRecords({ age }, told(seat)).input)
  const { outcome, survivors } = await runRound(round, inputs, undefined, told)
  expect(survivors).toEqual([0, 1, 3, 4])
  const { results } = decodeStatistics(outcome!, round, everything)
  expect(results.age.mean).toBeCloseTo(60, 3)
})
