import {
  createPrivateStatistics,
  createStatistics,
  type Definition,
  decodePrivateStatistics,
  decodeStatistics,
  encodePrivateRecords,
  encodeRecords,
  openStatistics,
  type PrivateStatistics,
  type PrivateStatisticsOutcome,
  type StatisticsRecord,
  statisticsContext,
} from 'secagg/statistics'
import { describe, expect, it, test } from 'vitest'
import {
  deviationOf,
  meanOf,
  meanSlope,
  varianceOf,
  varianceSlope,
} from '../../src/statistics/kinds/values.js'
import { sumOfVectors } from '../fixed-point/support.js'
import { lanesOf } from '../support/inputs.js'
import { randomOf } from '../support/seeded.js'
import { toyCrypto } from '../support/toy-crypto.js'
import { encodePrivateNumbers, everything, readPrivateNumbers, runRound } from './support.js'

const target = { clients: 20, minimumHonest: 12, epsilon: 4, delta: 1e-5 }

const survey = {
  diabetic: { kind: 'count' },
  cost: { kind: 'sum', from: 0, to: 20_000 },
  age: { kind: 'mean', from: 18, to: 100 },
  weight: { kind: 'variance', from: 40, to: 160 },
  stay: { kind: 'histogram', edges: [0, 1, 3, 7, 14, 30] },
  ward: { kind: 'frequency', categories: ['surgery', 'medicine', 'pediatrics'] },
  smoking: { kind: 'contingency', rows: ['smoker', 'other'], columns: ['cough', 'none'] },
  code: { kind: 'sketch', depth: 4, width: 30, seed: '00112233445566778899aabbccddeeff' },
} as const satisfies Definition

const patient: StatisticsRecord<typeof survey> = {
  diabetic: true,
  cost: 12_345.67,
  age: 54.5,
  weight: 81.2,
  stay: 4,
  ward: 'medicine',
  smoking: ['other', 'cough'],
  code: 'J45',
}

/** What a server decodes if all of these clients survive. */
function decoded<D extends Definition>(
  statistics: PrivateStatistics<D>,
  records: readonly StatisticsRecord<D>[],
  options: Parameters<typeof readPrivateNumbers>[3] = everything,
): PrivateStatisticsOutcome<D> {
  const crypto = toyCrypto(77)
  const inputs = records.map((record) => encodePrivateNumbers(record, statistics, crypto).input)
  return readPrivateNumbers(sumOfVectors(statistics.segments, inputs), records.length, statistics, options)
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}

/** Their root mean square distance from `center`, in parts of `expected`. */
function deviationRatio(numbers: readonly number[], center: number, expected: number): number {
  return Math.sqrt(total(numbers.map((x) => (x - center) ** 2)) / numbers.length) / expected
}

describe('the sensitivities that the noise must hide', () => {
  it.each(Object.entries(survey))('are those of one answer, for any answer: %s', (_name, statistic) => {
    const statistics = createPrivateStatistics({ it: statistic } as Definition, target)
    const { unitsPerAnswer } = statistics.layout[0]!
    const { l1Sensitivity, l2Sensitivity } = statistics.privacy
    const rows = statistic.kind === 'sketch' ? statistic.depth : 1
    expect(unitsPerAnswer).toBe(Math.round(1024 / Math.sqrt(rows)))
    expect(l1Sensitivity / unitsPerAnswer).toBe(rows)
    expect(l2Sensitivity / unitsPerAnswer).toBeCloseTo(Math.sqrt(rows), 12)
  })

  it('of several statistics: L1 norms add up, and so do the squares of L2 norms', () => {
    const { layout, privacy } = createPrivateStatistics(survey, target)
    const units = Object.fromEntries(layout.map(({ name, unitsPerAnswer }) => [name, unitsPerAnswer]))
    expect(units).toEqual({
      ...Object.fromEntries(Object.keys(survey).map((name) => [name, 1024])),
      code: 512,
    })
    expect(privacy.l1Sensitivity).toBe(7 * 1024 + 4 * 512)
    expect(privacy.l2Sensitivity).toBeCloseTo(Math.sqrt(8) * 1024, 9)
  })

  it('give k statistics √k times the noise of a single one', () => {
    const alone = createPrivateStatistics({ diabetic: survey.diabetic }, target)
    const together = createPrivateStatistics(survey, target)
    expect(together.privacy.noiseStandardDeviation / alone.privacy.noiseStandardDeviation).toBeCloseTo(
      Math.sqrt(8),
      2,
    )
    expect(together.privacy.epsilon).toBeLessThanOrEqual(4)
    expect(together.privacy.epsilon).toBeGreaterThan(3.99)
  })

  it('grow with the weight: twice the weight means half the noise', () => {
    const { layout, privacy, weights } = createPrivateStatistics(
      { age: survey.age, stay: survey.stay, code: survey.code },
      { ...target, weights: { stay: 3, code: 0.5 } },
    )
    expect(weights).toEqual({ age: 1, stay: 3, code: 0.5 })
    expect(layout.map(({ unitsPerAnswer }) => unitsPerAnswer)).toEqual([341, 85, 1024])
    expect(privacy.l2Sensitivity).toBe(Math.sqrt(341 ** 2 + 4 * 85 ** 2 + 1024 ** 2))
  })

  it('cover all records of a client, and their number', () => {
    const { layout, privacy } = createPrivateStatistics(
      { age: survey.age },
      { ...target, maximumRecords: 50 },
    )
    expect(layout[0]!.unitsPerAnswer).toBe(1024)
    expect(privacy).toMatchObject({
      length: 3,
      l1Sensitivity: 50 * 2 * 1024,
      l2Sensitivity: 50 * Math.sqrt(2) * 1024,
      maximumSum: 20 * 50 * 1024,
    })
  })

  it('are never exceeded by an encoder, even with the largest records', () => {
    const statistics = createPrivateStatistics(survey, { ...target, maximumRecords: 7 })
    const largest = { ...patient, cost: 1e9, age: 1e9, weight: -1e9 }
    for (const record of [largest, patient, {}]) {
      const encode = () => encodePrivateNumbers(new Array(7).fill(record), statistics, toyCrypto(1))
      expect(encode).not.toThrow()
    }
  })
})

describe('a private round over a survey in which some devices drop out', () => {
  const records = Array.from({ length: 20 }, (_, seat) => (seat % 5 === 0 ? { age: 30 + seat } : patient))
  const statistics = createPrivateStatistics(survey, { ...target, rounds: 3, samplingRate: 0.01 })

  it('gives estimates, ε, and the size of the noise', async () => {
    const crypto = toyCrypto(3)
    const round = openStatistics(statistics, {
      sessionId: randomOf(2).bytes(32),
      adversary: 'honest-but-curious',
      corruptClients: 0,
      minimumCohort: 12,
    })
    const run = await runRound(
      round,
      records.map((record) => encodePrivateRecords(record, round, crypto).input),
      records.map((_, seat) => (seat % 6 === 1 ? 2 : 9)),
    )
    expect(run.survivors).toHaveLength(16)
    const outcome = decodePrivateStatistics(run.outcome!, round, everything)
    const { privacy, results } = outcome
    expect(privacy).toEqual({
      epsilon: statistics.privacy.epsilon,
      delta: 1e-5,
      accountant: statistics.privacy.accountant,
      order: statistics.privacy.order,
      rounds: 3,
      neighbors: 'add-or-remove-one-client',
      amplified: statistics.privacy.amplified,
    })
    expect(privacy.epsilon).toBeLessThanOrEqual(4)
    expect(privacy.amplified!.epsilon).toBeLessThan(privacy.epsilon)
    expect([outcome.records, outcome.recordsNoise]).toEqual([16, 0])
    // The noise of 16 survivors; that of 12 would have been enough.
    const { noiseStandardDeviation } = statistics.privacy
    expect(results.age.noise).toBeCloseTo((noiseStandardDeviation / 1024) * Math.sqrt(16 / 12), 6)
    expect(results.code.noise).toBeCloseTo(2 * results.age.noise, 12)
    const there = run.survivors.map((seat) => records[seat]!)
    const diabetic = there.filter((record) => 'diabetic' in record).length
    expect(Math.abs(results.diabetic.count! - diabetic)).toBeLessThan(5 * results.diabetic.noise)
    const cost = 12_345.67 * diabetic
    expect(Math.abs(results.cost.sum! - cost)).toBeLessThan(5 * results.cost.sumNoise)
    expect(results.cost.sumNoise).toBeGreaterThan(results.cost.noise * 19_999)
    expect(results.age.missing + results.age.answered).toBeCloseTo(16, 9)
  })
})

describe('the noise', () => {
  const clients = 12
  const wide = createPrivateStatistics(
    { ward: { kind: 'frequency', categories: Array.from({ length: 4000 }, (_, i) => `ward ${i}`) } },
    { clients, minimumHonest: 6, epsilon: 1, delta: 1e-5 },
  )

  it('has the stated variance in each cell, and no bias', () => {
    const records = Array.from({ length: clients }, () => ({ ward: 'ward 7' }))
    const { ward } = decoded(wide, records).results
    const counts = Object.values(ward.counts) as number[]
    const others = counts.filter((_, index) => index !== 7)
    // A standard deviation of 4000 draws has an error of 1.1 %, and of four times that once in 15 000 times.
    expect(deviationRatio(others, 0, ward.noise)).toBeGreaterThan(0.955)
    expect(deviationRatio(others, 0, ward.noise)).toBeLessThan(1.045)
    expect(Math.abs(total(others) / others.length)).toBeLessThan((4 * ward.noise) / Math.sqrt(others.length))
    expect(Math.abs(counts[7]! - clients)).toBeLessThan(5 * ward.noise)
    expect(Math.abs(ward.answered - clients)).toBeLessThan(5 * ward.noise * Math.sqrt(4000))
    expect(ward.noise).toBeCloseTo((wide.privacy.noiseStandardDeviation / 1024) * Math.SQRT2, 6)
  })

  it('makes about half of the empty cells negative, and the result says how many', () => {
    const { ward } = decoded(
      wide,
      [...new Array(6)].map(() => ({ ward: 'ward 7' })),
    ).results
    const negative = Object.values(ward.counts).filter((count) => count! < 0).length
    expect(negative).toBeGreaterThan(1800)
    expect(negative).toBeLessThan(2200)
    expect(ward.outOfRange - negative).toBeLessThanOrEqual(2)
    expect(ward.outOfRange).toBeGreaterThanOrEqual(negative)
  })

  it('is not clamped by default; with `clamp`, clamped numbers are still counted', () => {
    const records = [...new Array(6)].map(() => ({ ward: 'ward 7' }))
    const shown = decoded(wide, records).results.ward
    const clamped = decoded(wide, records, { ...everything, clamp: true }).results.ward
    expect(Object.values(clamped.counts)).toEqual(
      Object.values(shown.counts).map((count) => Math.max(count!, 0)),
    )
    expect(clamped.outOfRange).toBe(shown.outOfRange)
    expect(clamped.answered).toBe(Math.max(shown.answered, 0))
    const withheld = decoded(wide, records, {}).results.ward
    expect(withheld.withheld).toBe(Object.values(shown.counts).filter((count) => count! < 5).length)
  })

  it('on sums and means is as large as stated', () => {
    // Many statistics of the same answers give many draws of the noise. Do not use such an ε.
    const names = Array.from({ length: 300 }, (_, index) => index)
    const definition: Definition = Object.fromEntries([
      ...names.map((name) => [`sum ${name}`, { kind: 'sum', from: -20, to: 60 }]),
      ...names.map((name) => [`mean ${name}`, { kind: 'mean', from: -20, to: 60 }]),
      ...names.map((name) => [`variance ${name}`, { kind: 'variance', from: -20, to: 60 }]),
    ])
    const statistics = createPrivateStatistics(definition, {
      clients,
      minimumHonest: clients,
      epsilon: 1000,
      delta: 0.1,
    })
    const ages = Array.from({ length: clients }, (_, seat) => 4.7 * seat - 15.2)
    const records = ages.map((age) => Object.fromEntries(Object.keys(definition).map((name) => [name, age])))
    const results = decoded(statistics, records).results as Record<string, object> as Record<
      string,
      Record<string, number>
    >
    const mean = total(ages) / clients
    const variance = total(ages.map((age) => (age - mean) ** 2)) / clients
    for (const [kind, number, noise, actual] of [
      ['sum', 'sum', 'sumNoise', total(ages)],
      ['mean', 'mean', 'meanNoise', mean],
      ['variance', 'mean', 'meanNoise', mean],
      ['variance', 'variance', 'varianceNoise', variance],
    ] as const) {
      const numbers = names.map((name) => results[`${kind} ${name}`]![number]!)
      const said = total(names.map((name) => results[`${kind} ${name}`]![noise]!)) / names.length
      const ratio = deviationRatio(numbers, actual, said)
      // The error of the standard deviation is 4 %, plus terms of higher order.
      expect(ratio, `${kind}: ${number}`).toBeGreaterThan(0.85)
      expect(ratio, `${kind}: ${number}`).toBeLessThan(1.15)
    }
  })

  it('follows from the derivatives by the cells', () => {
    const cells = Float64Array.of(500, 900, 700)
    const nodes = [10, 20, 30]
    const mean = meanOf(cells, nodes)!
    const variance = varianceOf(cells)!
    const slopes = [meanSlope(cells, nodes, mean), varianceSlope(cells, variance)]
    for (let k = 0; k < 3; k++) {
      const moved = cells.map((cell, index) => cell + (index === k ? 0.01 : 0))
      expect((meanOf(moved, nodes)! - mean) / 0.01).toBeCloseTo(slopes[0]![k]!, 6)
      expect((varianceOf(moved)! - variance) / 0.01).toBeCloseTo(slopes[1]![k]!, 7)
    }
    expect(deviationOf([3, -4], 2, 0)).toBe(10)
    expect(deviationOf([3, -4], 0, 16)).toBe(14)
    expect(deviationOf([3, -4], 2, -5)).toBe(10)
  })
})

describe('without answers under a privacy target', () => {
  it('numbers are noise, and means can be undefined or anything', () => {
    const statistics = createPrivateStatistics(survey, target)
    const { results, withheld } = decoded(statistics, new Array(12).fill({}))
    expect(Math.abs(results.age.answered)).toBeLessThan(5 * Math.SQRT2 * results.age.noise)
    expect(Math.abs(results.diabetic.count!)).toBeLessThan(5 * results.diabetic.noise)
    expect(withheld).toBe(0)
    for (const { answered, mean } of [results.age, results.weight]) {
      expect(mean === undefined).toBe(answered <= 0)
    }
  })

  it('clamped means are at least possible', () => {
    const statistics = createPrivateStatistics(survey, target)
    const { length, bits } = statistics.segments[0]
    const random = randomOf(15)
    for (let draw = 0; draw < 100; draw++) {
      const noise = Array.from({ length }, () => BigInt.asUintN(bits, BigInt(random.below(6001) - 3000)))
      const { results } = readPrivateNumbers([lanesOf(bits, noise)], 12, statistics, {
        ...everything,
        clamp: true,
      })
      const { age, weight, stay, code, cost } = results
      const limits: readonly (readonly [number | undefined, number, number])[] = [
        [age.mean, 18, 100],
        [weight.mean, 40, 160],
        [weight.variance, 0, 60 ** 2],
        [weight.standardDeviation, 0, 60],
        [age.answered, 0, Number.POSITIVE_INFINITY],
        [cost.missing, 0, Number.POSITIVE_INFINITY],
        [code.estimate('J45'), 0, Number.POSITIVE_INFINITY],
        ...stay.counts.map((count) => [count, 0, Number.POSITIVE_INFINITY] as const),
      ]
      for (const [number, least, greatest] of limits) {
        if (number === undefined) continue
        expect(number).toBeGreaterThanOrEqual(least)
        expect(number).toBeLessThanOrEqual(greatest)
      }
      const { from, to } = stay.quantile(0.5) ?? { from: 0, to: 0 }
      expect(from).toBeLessThanOrEqual(to)
    }
  })
})

test('noise is added to the number of patients of hospitals, too', () => {
  const statistics = createPrivateStatistics(
    { age: { kind: 'mean', from: 0, to: 100 } },
    { clients: 10, minimumHonest: 10, epsilon: 50, delta: 1e-3, maximumRecords: 200 },
  )
  const random = randomOf(4)
  const crypto = toyCrypto(9)
  const hospitals = Array.from({ length: 10 }, () =>
    Array.from({ length: 100 + random.below(100) }, () => ({ age: random.below(101) })),
  )
  const inputs = hospitals.map((patients) => encodePrivateNumbers(patients, statistics, crypto).input)
  const { results, records, recordsNoise } = readPrivateNumbers(
    sumOfVectors(statistics.segments, inputs),
    10,
    statistics,
  )
  const patients = hospitals.flat()
  const mean = total(patients.map(({ age }) => age)) / patients.length
  expect(recordsNoise).toBe(results.age.noise)
  expect(Math.abs(records - patients.length)).toBeLessThan(5 * recordsNoise)
  expect(Math.abs(results.age.mean! - mean)).toBeLessThan(5 * results.age.meanNoise!)
  expect(results.age.meanNoise).toBeLessThan(20)
})

test('estimates of strings are right up to collisions and noise', () => {
  const statistics = createPrivateStatistics(
    { code: survey.code },
    { clients: 40, minimumHonest: 40, epsilon: 8, delta: 1e-4 },
  )
  const records = Array.from({ length: 40 }, (_, seat) => ({ code: seat < 25 ? 'J45' : `rare ${seat}` }))
  const { code } = decoded(statistics, records).results
  const estimate = code.estimate('J45')!
  expect(estimate).toBeGreaterThan(25 - 5 * code.noise)
  expect(estimate).toBeLessThan(25 + code.errorBound + 5 * code.noise)
  expect(code.errorBound).toBeLessThan(5)
  expect(code.noise).toBeLessThan(2)
})

describe('invalid private statistics', () => {
  const create = (changes: object) => () =>
    createPrivateStatistics(survey, { ...target, ...changes } as never)

  it('have a target out of range', () => {
    for (const changes of [
      { epsilon: 0 },
      { delta: 1 },
      { minimumHonest: 21 },
      { rounds: 0 },
      { clients: 1 },
    ]) {
      expect(create(changes)).toThrow(expect.objectContaining({ name: 'SecAggError', fault: 'usage' }))
    }
    expect(() => createPrivateStatistics(survey, undefined as never)).toThrow(
      expect.objectContaining({ code: 'invalid-configuration' }),
    )
  })

  it('have an unknown name in the weights, or a weight out of range', () => {
    expect(create({ weights: { height: 2 } })).toThrow(
      expect.objectContaining({ code: 'invalid-configuration', got: '"height"' }),
    )
    for (const weight of [0, -1, 101, Number.NaN, '2']) {
      expect(create({ weights: { age: weight } })).toThrow('the weight of statistic "age" must be a number')
    }
    expect(create({ weights: 3 })).toThrow('weights must be an object')
  })

  it('have more records than fit the bits together with the noise', () => {
    expect(create({ clients: 20, maximumRecords: 2 ** 24 })).toThrow(
      expect.objectContaining({
        message: 'clients times maximumRecords must be at most 16777216 under a privacy target',
        got: 20 * 2 ** 24,
      }),
    )
    expect(create({ maximumRecords: 2 ** 18 })).not.toThrow()
  })

  it('cannot be decoded with fewer survivors than the noise assumes', () => {
    const statistics = createPrivateStatistics({ age: survey.age }, target)
    const { input } = encodePrivateNumbers({ age: 3 }, statistics, toyCrypto(1))
    expect(() => readPrivateNumbers(input, 11, statistics)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', expected: '12 to 20', got: 11 }),
    )
    expect(() => readPrivateNumbers([new Uint8Array(2)], 12, statistics)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })

  it('cannot be mixed up with statistics without privacy', () => {
    const exact = createStatistics({ age: survey.age }, { clients: 20 })
    const statistics = createPrivateStatistics({ age: survey.age }, target)
    const occasion = {
      sessionId: new Uint8Array(16),
      adversary: 'active',
      corruptClients: 2,
      minimumCohort: 14,
    } as const
    const [exactRound, round] = [openStatistics(exact, occasion), openStatistics(statistics, occasion)]
    const outcome = { sum: [new Uint32Array(2)], configHash: round.config.hash, report: { survivors: [] } }
    const mixed = [
      () => encodeRecords({ age: 3 }, round as never),
      () => decodeStatistics(outcome, round as never),
      () => encodePrivateRecords({ age: 3 }, exactRound as never, toyCrypto(1)),
      () => decodePrivateStatistics(outcome, exactRound as never),
      () => encodePrivateRecords({ age: 3 }, round, undefined as never),
      () => encodePrivateRecords({ age: 3 }, { ...round }, toyCrypto(1)),
    ]
    for (const each of mixed) expect(each).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('are encoded with a broken generator', () => {
    const statistics = createPrivateStatistics({ age: survey.age }, target)
    const crypto = { ...toyCrypto(1), randomBytes: (length: number) => new Uint8Array(length) }
    expect(() => encodePrivateNumbers({ age: 3 }, statistics, crypto)).toThrow(
      expect.objectContaining({ code: 'no-randomness' }),
    )
  })
})

describe('private statistics', () => {
  it('have a different context for every weight and target', () => {
    const contexts = [
      createPrivateStatistics(survey, { ...target, weights: { age: 2 } }),
      createPrivateStatistics(survey, target),
      createPrivateStatistics(survey, { ...target, weights: { age: 3 } }),
      createPrivateStatistics(survey, { ...target, weights: { age: 2 }, epsilon: 3 }),
      createPrivateStatistics(survey, { ...target, weights: { age: 2 }, rounds: 2 }),
      createPrivateStatistics(survey, { ...target, weights: { age: 2 }, maximumRecords: 2 }),
    ].map((each) => String(statisticsContext(each)))
    contexts.push(String(statisticsContext(createStatistics(survey, { clients: 20 }))))
    expect(new Set(contexts).size).toBe(contexts.length)
  })
})
