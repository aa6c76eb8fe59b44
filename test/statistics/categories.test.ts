import { createStatistics } from 'secagg/statistics'
import { describe, expect, it } from 'vitest'
import { encodeNumbers, everything, readNumbers, resultOf } from './support.js'

describe('a count', () => {
  it('counts `true`; `false` is an answer, too', () => {
    expect(resultOf({ kind: 'count' }, [true, false, true, undefined, null])).toEqual({
      count: 2,
      answered: 3,
      missing: 2,
      withheld: 0,
      outOfRange: 0,
      noise: 0,
    })
    expect(resultOf({ kind: 'count' }, [undefined])).toMatchObject({ count: 0, answered: 0, missing: 1 })
  })

  it.each([1, 'true', [], {}])('refuses %j', (answer) => {
    const statistics = createStatistics({ it: { kind: 'count' } }, { clients: 2 })
    expect(() => encodeNumbers({ it: answer as never }, statistics)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', expected: 'true or false' }),
    )
  })
})

describe('the frequency of categories on a list', () => {
  it('refuses other strings without repeating them, or counts them', () => {
    const statistics = createStatistics(
      { ward: { kind: 'frequency', categories: ['surgery', 'medicine'] } },
      { clients: 4 },
    )
    expect(() => encodeNumbers({ ward: 'psychiatry' as 'surgery' }, statistics)).toThrow(
      expect.objectContaining({
        code: 'input-out-of-range',
        message: 'the answer to statistic "ward" is not one of its categories',
      }),
    )
    expect(() => encodeNumbers({ ward: 0 as never }, statistics)).toThrow('must be a string')
    const { counts, other } = resultOf(
      { kind: 'frequency', categories: ['surgery', 'medicine'], other: 'count' },
      ['surgery', 'psychiatry', 'Surgery', undefined, 'medicine', 'surgery'],
    )
    expect({ ...counts, other }).toEqual({ surgery: 2, medicine: 1, other: 2 })
  })

  it('counts any string, even the name of a property of every object', () => {
    const categories = ['__proto__', 'constructor', '2', '1', '', 'é', 'e\u0301', '\ud800', '\udfff'] as const
    const answers = ['__proto__', '__proto__', 'constructor', '1', '', '\ud800'] as const
    const { counts } = resultOf({ kind: 'frequency', categories }, answers)
    const expected = categories.map((category) => answers.filter((answer) => answer === category).length)
    expect(categories.map((category) => counts[category])).toEqual(expected)
    expect(Object.keys(counts)).toHaveLength(categories.length)
  })

  it('works for one client', () => {
    const only = { kind: 'frequency', categories: ['only'] } as const
    expect(resultOf(only, ['only']).counts.only).toBe(1)
    expect(resultOf(only, [null]).counts.only).toBe(0)
  })
})

describe('a contingency table', () => {
  const smoking = { kind: 'contingency', rows: ['smoker', 'not'], columns: ['ill', 'well', 'dead'] } as const

  it('has a cell for each pair', () => {
    const { table, answered, missing } = resultOf(smoking, [
      ['smoker', 'ill'],
      ['smoker', 'dead'],
      ['smoker', 'ill'],
      ['not', 'well'],
      undefined,
    ])
    expect(table).toEqual([
      [2, 0, 1],
      [0, 1, 0],
    ])
    expect([answered, missing]).toEqual([4, 1])
  })

  it('has one more row and column for other strings if they are counted', () => {
    const { table } = resultOf({ ...smoking, other: 'count' }, [
      ['vapes', 'ill'],
      ['smoker', 'missing'],
      ['vapes', 'missing'],
      ['not', 'dead'],
    ])
    expect(table).toEqual([
      [0, 0, 0, 1],
      [0, 0, 1, 0],
      [1, 0, 0, 1],
    ])
  })

  it('says whether the row or the column is wrong', () => {
    const statistics = createStatistics({ smoking }, { clients: 3 })
    const refusal = (answer: unknown) => () => encodeNumbers({ smoking: answer as never }, statistics)
    expect(refusal(['vapes', 'ill'])).toThrow('the row of statistic "smoking" is not one of its categories')
    expect(refusal(['not', 'unwell'])).toThrow(
      'the column of statistic "smoking" is not one of its categories',
    )
    expect(refusal(['not', 3])).toThrow('the column of statistic "smoking" must be a string')
    for (const answer of ['smoker', ['smoker'], ['smoker', 'ill', 'ill'], { row: 'smoker' }]) {
      expect(refusal(answer)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', expected: 'a pair of row and column' }),
      )
    }
  })
})

it('a sum of more answers than clients is impossible, for any statistic', () => {
  for (const statistic of [
    { kind: 'count' },
    { kind: 'histogram', edges: [0, 1, 2], outside: 'refuse' },
    { kind: 'frequency', categories: ['a', 'b'] },
    { kind: 'contingency', rows: ['a'], columns: ['b', 'c'] },
  ] as const) {
    const statistics = createStatistics({ it: statistic }, { clients: 7 })
    expect(readNumbers([Uint8Array.of(2, 3)], 5, statistics, everything).results.it.answered).toBe(5)
    expect(() => readNumbers([Uint8Array.of(2, 4)], 5, statistics)).toThrow(
      expect.objectContaining({ code: 'input-out-of-range', fault: 'peer' }),
    )
  }
})
