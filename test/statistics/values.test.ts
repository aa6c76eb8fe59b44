import fc from 'fast-check'
import { createStatistics, type Variance } from 'secagg/statistics'
import { describe, expect, it, test } from 'vitest'
import { spread } from '../../src/statistics/kinds/values.js'
import { decoded, encodeNumbers, everything, readNumbers, resultOf } from './support.js'

/** The rounding error of doubles, relative to the range. */
const DOUBLES = 2 ** -44

/** Σ x, Σ x² and n as whole numbers. */
function momentsOf(numbers: readonly number[]): { n: bigint; sum: bigint; squares: bigint } {
  const exact = numbers.map(BigInt)
  return {
    n: BigInt(numbers.length),
    sum: exact.reduce((total, x) => total + x, 0n),
    squares: exact.reduce((total, x) => total + x * x, 0n),
  }
}

const wholeRanges = fc
  .record({ from: fc.integer({ min: -1000, max: 1000 }), width: fc.integer({ min: 1, max: 5000 }) })
  .chain(({ from, width }) =>
    fc.record({
      range: fc.constant({ from, to: from + width, step: 1 }),
      numbers: fc.array(fc.integer({ min: from, max: from + width }), { minLength: 1, maxLength: 40 }),
    }),
  )

test('whole numbers are summed exactly, and so are their squares', () => {
  fc.assert(
    fc.property(wholeRanges, ({ range, numbers }) => {
      const { n, sum, squares } = momentsOf(numbers)
      const mean = resultOf({ kind: 'mean', ...range }, numbers)
      expect(mean.sum).toBe(Number(sum))
      expect(mean.mean).toBe(Number(sum) / Number(n))
      expect(mean.answered).toBe(numbers.length)
      expect(resultOf({ kind: 'sum', ...range }, numbers).sum).toBe(Number(sum))
      const { variance, mean: same } = resultOf({ kind: 'variance', ...range }, numbers)
      const loss = DOUBLES * (range.to - range.from)
      expect(Math.abs(same! - Number(sum) / Number(n))).toBeLessThanOrEqual(loss)
      const exact = Number(n * squares - sum * sum) / Number(n * n)
      expect(Math.abs(variance! - exact)).toBeLessThanOrEqual(loss * (range.to - range.from))
    }),
    { seed: 3, numRuns: 300 },
  )
})

test('the only error of other numbers is rounding to a step', () => {
  const cohorts = fc.record({
    from: fc.double({ min: -100, max: 100, noNaN: true }),
    width: fc.double({ min: 0.01, max: 1e6, noNaN: true }),
    steps: fc.option(fc.integer({ min: 1, max: 2 ** 20 }), { nil: undefined }),
    places: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 }),
  })
  fc.assert(
    fc.property(cohorts, ({ from, width, steps, places }) => {
      const to = from + width
      const step = steps === undefined ? undefined : (to - from) / steps
      const finest = step ?? (to - from) / 2 ** 20
      const numbers = places.map((place) => Math.min(Math.max(from + place * width, from), to))
      const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length
      const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length
      const loss = DOUBLES * (Math.abs(from) + width)
      const means = resultOf({ kind: 'mean', from, to, step }, numbers)
      expect(Math.abs(means.mean! - mean)).toBeLessThanOrEqual(finest / 2 + loss)
      expect(Math.abs(means.sum! - mean * numbers.length)).toBeLessThanOrEqual(
        (numbers.length * finest) / 2 + loss * numbers.length,
      )
      expect(means.mean).toBeGreaterThanOrEqual(from)
      expect(means.mean).toBeLessThanOrEqual(to)
      const variances = resultOf({ kind: 'variance', from, to, step }, numbers)
      expect(Math.abs(variances.variance! - variance)).toBeLessThanOrEqual(finest ** 2 + loss * width)
      expect(variances.variance).toBeGreaterThanOrEqual(0)
    }),
    { seed: 4, numRuns: 400 },
  )
})

test('the error can reach half a step', () => {
  const { mean } = resultOf({ kind: 'mean', from: 0, to: 10, step: 1 }, [2.499, 2.499, 2.499])
  expect(mean).toBe(2)
})

test('equal numbers have a variance of 0, even between two steps', () => {
  for (const age of [0, 41.3, 100 / 3, 99.999, 100]) {
    const { variance, standardDeviation } = resultOf(
      { kind: 'variance', from: 0, to: 100, step: 5 },
      new Array(50).fill(age),
    )
    expect(variance).toBeLessThan(25)
    expect(variance).toBeGreaterThanOrEqual(0)
    expect(standardDeviation).toBe(Math.sqrt(variance!))
  }
})

test('cells are whole numbers, add up to one answer, and have the right expected value', () => {
  const places = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(places, fc.constantFrom(1, 3, 16, 1024), fc.constantFrom(2, 3), (u, units, count) => {
      const draws = 1000
      const means = new Float64Array(count)
      for (let i = 0; i < draws; i++) {
        const cells = new Float64Array(count)
        spread(cells, u, units, (i + 0.5) / draws)
        expect(cells.every((cell) => Number.isInteger(cell) && cell >= 0)).toBe(true)
        expect(cells.reduce((sum, cell) => sum + cell, 0)).toBe(units)
        for (let k = 0; k < count; k++) means[k]! += cells[k]! / draws
      }
      const expected = count === 2 ? [1 - u, u] : [(1 - u) ** 2, 2 * u * (1 - u), u ** 2]
      expected.forEach((share, k) => {
        expect(Math.abs(means[k]! - share * units)).toBeLessThanOrEqual(2 / draws)
      })
    }),
    { seed: 5, numRuns: 60 },
  )
})

describe('clipping', () => {
  const statistics = createStatistics(
    {
      age: { kind: 'mean', from: 0, to: 100, step: 1 },
      cost: { kind: 'sum', from: -50, to: 50, step: 1 },
      weight: { kind: 'variance', from: 0, to: 100, step: 1 },
    },
    { clients: 5, maximumRecords: 3 },
  )

  it('reports for each statistic how many answers were clipped, and by how much', () => {
    const { clipped } = encodeNumbers(
      [
        { age: 120, cost: -80, weight: 50 },
        { age: 50, cost: 70.5 },
        { age: -7, cost: 0 },
      ],
      statistics,
    )
    expect({ ...clipped }).toEqual({ age: { count: 2, excess: 27 }, cost: { count: 2, excess: 50.5 } })
  })

  it('moves answers to the ends of the range', () => {
    const { results } = decoded(createStatistics({ age: statistics.definition.age }, { clients: 3 }), [
      { age: 1000 },
      { age: -1000 },
      { age: 50 },
    ])
    expect(results.age.sum).toBe(150)
  })

  it('can be refused; the message names statistic and record, but not the answer', () => {
    const records = [{ age: 100, cost: 50 }, { age: 123 }]
    expect(() => encodeNumbers(records, statistics, { onClip: 'refuse' })).toThrow(
      expect.objectContaining({
        code: 'input-out-of-range',
        message: 'the answer to statistic "age" in record 1 is outside of its range',
      }),
    )
    expect({ ...encodeNumbers(records[0]!, statistics, { onClip: 'refuse' }).clipped }).toEqual({})
    expect(() => encodeNumbers({}, statistics, { onClip: 'ignore' as 'report' })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', got: '"ignore"' }),
    )
  })

  it('does not apply to values that are not numbers', () => {
    for (const age of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(() => encodeNumbers({ age }, statistics)).toThrow(
        expect.objectContaining({ code: 'input-out-of-range' }),
      )
    }
    for (const age of ['50', true, [50], 50n]) {
      expect(() => encodeNumbers({ age: age as never }, statistics)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', expected: 'a number' }),
      )
    }
  })
})

describe('few or no answers', () => {
  const range = { from: -10, to: 30, step: 1 } as const

  it.each([1, 6])('%d clients, none of which answered, have a sum of 0 and no mean', (clients) => {
    const none = new Array<undefined>(clients).fill(undefined)
    const unanswered = { answered: 0, missing: clients }
    const { sum, mean } = resultOf({ kind: 'mean', ...range }, none)
    expect([sum, mean]).toEqual([0, undefined])
    expect(resultOf({ kind: 'sum', ...range }, none)).toMatchObject({ ...unanswered, sum: 0 })
    expect(resultOf({ kind: 'variance', ...range }, none)).toMatchObject({
      ...unanswered,
      mean: undefined,
      variance: undefined,
      standardDeviation: undefined,
    })
  })

  it('a single client that answered is its own mean', () => {
    expect(resultOf({ kind: 'mean', ...range }, [-7])).toMatchObject({ mean: -7, sum: -7, missing: 0 })
    expect(resultOf({ kind: 'variance', ...range }, [-7])).toMatchObject({ mean: -7, variance: 0 })
  })

  it('missing answers do not change the mean', () => {
    expect(resultOf({ kind: 'mean', ...range }, [3, undefined, 5, null, undefined])).toMatchObject({
      mean: 4,
      answered: 2,
      missing: 3,
    })
  })
})

describe('the step', () => {
  it('may be left out for any number of clients', () => {
    for (const clients of [1, 2, 1000, 65535]) {
      for (const maximumRecords of [1, 500, 2 ** 32]) {
        const { layout, segments } = createStatistics(
          { a: { kind: 'mean', from: 0, to: 1 }, b: { kind: 'variance', from: 0, to: 1 } },
          { clients, maximumRecords },
        )
        for (const [index, { unitsPerAnswer }] of layout.entries()) {
          const most = clients * maximumRecords * unitsPerAnswer
          expect(most).toBeLessThan(2 ** 53)
          expect(2 ** segments[index]!.bits).toBeGreaterThan(most)
        }
      }
    }
    const { layout } = createStatistics({ a: { kind: 'mean', from: 0, to: 1 } }, { clients: 1000 })
    expect(layout[0]!.unitsPerAnswer).toBe(2 ** 20)
  })

  it('is refused if sums of squares do not fit a double, with the finest one that fits', () => {
    const fine = { kind: 'variance', from: 0, to: 1, step: 2 ** -23 } as const
    expect(() => createStatistics({ fine }, { clients: 1000 })).toThrow(
      expect.objectContaining({
        code: 'invalid-configuration',
        message: 'step of statistic "fine" is too fine for 1000 answers; at most 3001199 steps fit',
      }),
    )
    const fitting = (steps: number) => () =>
      createStatistics({ fine: { ...fine, step: 1 / steps } }, { clients: 1000 })
    expect(fitting(3001199)).not.toThrow()
    expect(fitting(3001200)).toThrow('too fine')
  })

  it.each([0, -1, 0.3, 2, Number.NaN, Number.POSITIVE_INFINITY, '1'])(
    'cannot be %s for a range of 1',
    (step) => {
      const mean = { kind: 'mean', from: 0, to: 1, step: step as number } as const
      expect(() => createStatistics({ mean }, { clients: 3 })).toThrow(
        expect.objectContaining({ code: 'invalid-configuration' }),
      )
    },
  )
})

describe('an impossible sum', () => {
  const mean = createStatistics({ it: { kind: 'mean', from: 0, to: 4, step: 1 } }, { clients: 9 })
  const variance = createStatistics({ it: { kind: 'variance', from: 0, to: 2, step: 1 } }, { clients: 9 })
  const impossible = (message: string) =>
    expect.objectContaining({
      code: 'input-out-of-range',
      fault: 'peer',
      message: `the sum for statistic "it" is impossible: ${message}`,
    })

  it('contains a fraction of an answer', () => {
    expect(() => readNumbers([Uint8Array.of(2, 3)], 9, mean)).toThrow(impossible('it has 1.25 answers'))
  })

  it('contains more answers than clients', () => {
    expect(() => readNumbers([Uint8Array.of(0, 12)], 2, mean)).toThrow(impossible('3 answers in 2 records'))
    expect(readNumbers([Uint8Array.of(0, 12)], 3, mean, everything).results.it.mean).toBe(4)
  })

  it('has a negative variance', () => {
    expect(() => readNumbers([Uint8Array.of(0, 4, 0)], 9, variance)).toThrow(
      impossible('1 answers have a negative variance'),
    )
    const { results } = readNumbers([Uint8Array.of(1, 2, 1)], 9, variance, everything)
    expect(results.it).toMatchObject({ mean: 1, variance: 0 })
  })

  it('contains more records than clients can have, or has other arrays', () => {
    const several = createStatistics(
      { it: { kind: 'variance', from: 0, to: 2, step: 1 } satisfies Variance },
      { clients: 9, maximumRecords: 2 },
    )
    expect(() => readNumbers([Uint8Array.of(0, 0, 0), Uint8Array.of(5)], 2, several)).toThrow(
      expect.objectContaining({
        fault: 'peer',
        message: 'the sum for the number of records is impossible: 5 records from 2 clients',
      }),
    )
    expect(() => readNumbers([Uint8Array.of(0, 0, 0)], 2, several)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
    expect(() => readNumbers([Uint16Array.of(0, 0)], 2, mean)).toThrow('must be a Uint8Array')
    for (const survivors of [0, 10, 1.5, Number.NaN, '2']) {
      expect(() => readNumbers([Uint8Array.of(0, 0)], survivors as number, mean)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', expected: '1 to 9' }),
      )
    }
  })
})
