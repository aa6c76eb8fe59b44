import { createStatistics, type Definition } from 'secagg/statistics'
import { describe, expect, it } from 'vitest'
import { decoded, encodeNumbers, everything, readNumbers, resultOf } from './support.js'

const definition = {
  diabetic: { kind: 'count' },
  age: { kind: 'mean', from: 0, to: 100, step: 1 },
  cost: { kind: 'sum', from: 0, to: 100, step: 1 },
  weight: { kind: 'variance', from: 0, to: 100, step: 1 },
  stay: { kind: 'histogram', edges: [0, 10, 20] },
  ward: { kind: 'frequency', categories: ['surgery', 'medicine'], other: 'count' },
  smoking: { kind: 'contingency', rows: ['yes', 'no'], columns: ['ill', 'well'] },
  code: { kind: 'sketch', depth: 3, width: 50, seed: 'ab'.repeat(16) },
} as const satisfies Definition

/** Seven who stay short in surgery, three who stay long in medicine and answer nothing else. */
const records = [
  ...Array.from({ length: 7 }, () => ({
    diabetic: true,
    age: 40,
    cost: 10,
    weight: 60,
    stay: 3,
    ward: 'surgery',
    smoking: ['no', 'well'] as const,
    code: 'E11',
  })),
  ...Array.from({ length: 3 }, () => ({ stay: 15, ward: 'medicine', code: 'I10' })),
]
const statistics = createStatistics(definition, { clients: 10 })

describe('cells of fewer than five answers', () => {
  it('are withheld by default, including zeros, and the result says how many', () => {
    const { results, withheld } = decoded(statistics, records, {})
    expect(results.diabetic).toMatchObject({ count: 7, withheld: 0 })
    expect(results.age).toMatchObject({ mean: 40, sum: 280, withheld: 0 })
    expect(results.stay).toMatchObject({
      counts: [7, undefined],
      below: undefined,
      above: undefined,
      withheld: 3,
    })
    expect(results.ward).toMatchObject({
      counts: { surgery: 7, medicine: undefined },
      other: undefined,
      withheld: 2,
    })
    expect(results.smoking).toMatchObject({
      table: [
        [undefined, undefined],
        [undefined, 7],
      ],
      withheld: 3,
    })
    expect(results.code.estimate('E11')).toBe(7)
    expect(results.code.estimate('I10')).toBeUndefined()
    expect(withheld).toBe(8)
  })

  it('are all shown with `show-all`', () => {
    const { results, withheld } = decoded(statistics, records, { minimumCell: 'show-all' })
    expect(results.stay).toMatchObject({ counts: [7, 3], below: 0, above: 0, withheld: 0 })
    expect(results.ward).toMatchObject({ counts: { surgery: 7, medicine: 3 }, other: 0 })
    expect(results.smoking.table).toEqual([
      [0, 0],
      [0, 7],
    ])
    expect(results.code.estimate('I10')).toBe(3)
    expect(withheld).toBe(0)
  })

  it('are withheld below another minimum', () => {
    const { results } = decoded(statistics, records, { minimumCell: 3 })
    expect(results.stay.counts).toEqual([7, 3])
    expect(decoded(statistics, records, { minimumCell: 8 }).results.stay.counts).toEqual([
      undefined,
      undefined,
    ])
  })

  it('also withhold sums, means, variances and quantiles of few answers', () => {
    const few = decoded(statistics, records.slice(4), {})
    expect(few.results.age).toMatchObject({ mean: undefined, sum: undefined, withheld: 2, answered: 3 })
    expect(few.results.cost).toMatchObject({ sum: undefined, withheld: 1 })
    expect(few.results.weight).toMatchObject({
      mean: undefined,
      variance: undefined,
      standardDeviation: undefined,
      withheld: 2,
    })
    expect(few.results.diabetic).toMatchObject({ count: undefined, withheld: 1 })
    expect(few.results.stay.quantile(0.5)).toEqual({ from: 0, to: 10, value: 10 })
    expect(decoded(statistics, records.slice(6), {}).results.stay.quantile(0.5)).toBeUndefined()
  })

  it('are not secret: the totals reveal them', () => {
    const { counts, answered } = resultOf(
      { kind: 'frequency', categories: ['a', 'b'] },
      [...'aaaaaab'] as 'a'[],
      {},
    )
    expect(counts).toMatchObject({ a: 6, b: undefined })
    expect(answered - counts.a!).toBe(1)
  })
})

it.each([0, -1, 2.5, Number.NaN, '5', null])('a minimum of %s is refused', (minimumCell) => {
  const { input } = encodeNumbers({}, statistics)
  expect(() => readNumbers(input, 1, statistics, { minimumCell: minimumCell as number })).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  )
})

it('clamping does not change exact results', () => {
  const { input } = encodeNumbers(records[0]!, statistics)
  const clamped = readNumbers(input, 1, statistics, { ...everything, clamp: true })
  expect(JSON.stringify(clamped)).toBe(JSON.stringify(readNumbers(input, 1, statistics, everything)))
  expect(() => readNumbers(input, 1, statistics, { clamp: 1 as never })).toThrow(
    'clamp must be true or false',
  )
})
