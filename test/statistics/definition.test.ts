import { createStatistics, type Definition, type Statistics, statisticsContext } from 'secagg/statistics'
import { describe, expect, it, test } from 'vitest'
import { decoded, encodeNumbers } from './support.js'

const seed = 'ab'.repeat(16)

const definition = {
  count: { kind: 'count' },
  mean: { kind: 'mean', from: 0, to: 100, step: 1 },
  histogram: { kind: 'histogram', edges: [0, 10, 20] },
  frequency: { kind: 'frequency', categories: ['a', 'b'] },
  contingency: { kind: 'contingency', rows: ['a', 'b'], columns: ['c'] },
  sketch: { kind: 'sketch', depth: 2, width: 5, seed },
} as const satisfies Definition

describe('an invalid definition', () => {
  it.each([
    ['no statistics', {}, 'a definition must have 1 to 65534 statistics', 0],
    ['no object', null, 'a definition must be an object of statistics', 'object'],
    ['no kind', { it: {} }, 'the kind of statistic "it" must be one of count, sum, mean', undefined],
    ['an unknown kind', { it: { kind: 'median' } }, 'the kind of statistic "it" must be one of', '"median"'],
    ['a kind objects have', { it: { kind: 'constructor' } }, 'the kind of statistic "it"', '"constructor"'],
    [
      'a range whose ends are swapped',
      { it: { kind: 'mean', from: 5, to: 4 } },
      'to of statistic "it" must be above from',
      4,
    ],
    ['an empty range', { it: { kind: 'sum', from: 5, to: 5 } }, 'to of statistic "it" must be above from', 5],
    [
      'an endless range',
      { it: { kind: 'sum', from: 0, to: Number.POSITIVE_INFINITY } },
      'to of',
      Number.POSITIVE_INFINITY,
    ],
    ['no range', { it: { kind: 'variance' } }, 'from of statistic "it" must be a number', undefined],
    ['one edge', { it: { kind: 'histogram', edges: [1] } }, 'edges of statistic "it" must be a list', 1],
    ['no edges', { it: { kind: 'histogram' } }, 'edges of statistic "it" must be a list', undefined],
    [
      'edges that fall',
      { it: { kind: 'histogram', edges: [1, 3, 2] } },
      'edges of statistic "it" must ascend',
      2,
    ],
    ['an edge twice', { it: { kind: 'histogram', edges: [1, 1] } }, 'edges of statistic "it" must ascend', 1],
    [
      'a hole for an edge',
      { it: { kind: 'histogram', edges: Object.assign(new Array(3), { 0: 1, 2: 2 }) } },
      'edges of statistic "it" must be numbers',
      undefined,
    ],
    [
      'an unknown choice for outside',
      { it: { kind: 'histogram', edges: [1, 2], outside: 'drop' } },
      "outside of statistic \"it\" must be 'count' or 'refuse'",
      '"drop"',
    ],
    [
      'a step that is not a number',
      { it: { kind: 'sum', from: 0, to: 10, step: 1n } },
      'step of statistic "it" must divide its range of',
      'bigint',
    ],
    [
      'no categories',
      { it: { kind: 'frequency', categories: [] } },
      'categories of statistic "it" must be a list',
      0,
    ],
    [
      'a category twice',
      { it: { kind: 'frequency', categories: ['a', 'b', 'a'] } },
      'must all be different',
      '"a"',
    ],
    [
      'a number as category',
      { it: { kind: 'contingency', rows: ['a'], columns: [3] } },
      'columns of statistic "it" must be strings',
      3,
    ],
    [
      'a hole as category',
      { it: { kind: 'contingency', rows: new Array(1), columns: ['a'] } },
      'rows of statistic "it" must be strings',
      undefined,
    ],
    [
      'other as a number',
      { it: { kind: 'frequency', categories: ['a'], other: 1 } },
      'other of statistic "it"',
      1,
    ],
    [
      'a sketch without rows',
      { it: { kind: 'sketch', depth: 0, width: 5, seed } },
      'depth of statistic "it"',
      0,
    ],
    [
      'a sketch too wide',
      { it: { kind: 'sketch', depth: 1, width: 2 ** 22 + 1, seed } },
      'width of',
      2 ** 22 + 1,
    ],
    [
      'a short seed',
      { it: { kind: 'sketch', depth: 1, width: 5, seed: 'abcd' } },
      'seed of statistic "it"',
      '"abcd"',
    ],
    [
      'half a byte',
      { it: { kind: 'sketch', depth: 1, width: 5, seed: `${seed}a` } },
      'seed of',
      `"${seed}a"`,
    ],
    [
      'too many cells',
      { a: { kind: 'sketch', depth: 4, width: 2 ** 22, seed }, b: { kind: 'count' } },
      'with statistic "b", the vector has more than 16777216 cells',
      2 ** 24 + 2,
    ],
  ] as const)('%s', (_title, given, message, got) => {
    expect(() => createStatistics(given as unknown as Definition, { clients: 5 })).toThrow(
      expect.objectContaining({
        code: 'invalid-configuration',
        message: expect.stringContaining(message),
        got,
      }),
    )
  })

  it('must have clients and records in range', () => {
    for (const options of [
      { clients: 0 },
      { clients: 65536 },
      { clients: 1.5 },
      { clients: 3, maximumRecords: 0 },
      { clients: 3, maximumRecords: 2 ** 32 + 1 },
      undefined,
    ]) {
      expect(() => createStatistics(definition, options as never)).toThrow(
        expect.objectContaining({ code: 'invalid-configuration' }),
      )
    }
  })
})

describe('an invalid record', () => {
  const statistics = createStatistics(definition, { clients: 5, maximumRecords: 3 })

  it('has an unknown name: a misspelled answer does not count as missing', () => {
    expect(() => encodeNumbers([{}, { cuont: true } as never], statistics)).toThrow(
      expect.objectContaining({
        code: 'invalid-argument',
        message: 'record 1 has an answer to an unknown statistic: "cuont"',
      }),
    )
  })

  it('is not an object', () => {
    for (const record of [undefined, null, 3, 'mean', [undefined], [[]], [{}, null], new Array(2)]) {
      expect(() => encodeNumbers(record as never, statistics)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
  })

  it('has one wrong answer among right ones: nothing is encoded', () => {
    const record = Object.freeze({ count: true, mean: 3, frequency: 'c' })
    expect(() => encodeNumbers([{ count: true }, record as never], statistics)).toThrow(
      'the answer to statistic "frequency" in record 1 is not one of its categories',
    )
  })

  it('only its own properties are answers', () => {
    const named = createStatistics({ toString: { kind: 'count' }, count: { kind: 'count' } }, { clients: 2 })
    const inherited = Object.create({ count: true })
    expect(decoded(named, [inherited]).results).toMatchObject({
      toString: { answered: 0 },
      count: { answered: 0 },
    })
  })
})

describe('statistics', () => {
  const statistics = createStatistics(definition, { clients: 5 })

  it('are ordered by name, not by the order of the definition', () => {
    const reversed = Object.fromEntries(Object.entries(definition).reverse()) as unknown as typeof definition
    const other = createStatistics(reversed, { clients: 5 })
    expect(other).toEqual(statistics)
    expect(statisticsContext(other)).toEqual(statisticsContext(statistics))
  })
})

test('different statistics have different contexts', () => {
  const contextOf = (changed: Definition, options = { clients: 5, maximumRecords: 1 }): string =>
    String(statisticsContext(createStatistics(changed, options)))
  const base: Definition = {
    ...definition,
    sum: { kind: 'sum', from: 0, to: 1 },
    variance: { kind: 'variance', from: 0, to: 1 },
  }
  const changes: Definition[] = [
    base,
    { ...base, counted: { kind: 'count' } },
    { ...base, mean: { kind: 'mean', from: 0, to: 100, step: 2 } },
    { ...base, mean: { kind: 'mean', from: 0, to: 99, step: 1 } },
    { ...base, mean: { kind: 'sum', from: 0, to: 100, step: 1 } },
    { ...base, variance: { kind: 'variance', from: -1, to: 1 } },
    { ...base, histogram: { kind: 'histogram', edges: [0, 10, 21] } },
    { ...base, histogram: { kind: 'histogram', edges: [0, 10, 20], outside: 'refuse' } },
    { ...base, frequency: { kind: 'frequency', categories: ['b', 'a'] } },
    { ...base, frequency: { kind: 'frequency', categories: ['ab', ''] } },
    { ...base, frequency: { kind: 'frequency', categories: ['a', 'b'], other: 'count' } },
    { ...base, contingency: { kind: 'contingency', rows: ['a', 'b'], columns: ['d'] } },
    { ...base, contingency: { kind: 'contingency', rows: ['a', 'c'], columns: ['b'] } },
    { ...base, sketch: { kind: 'sketch', depth: 3, width: 5, seed } },
    { ...base, sketch: { kind: 'sketch', depth: 2, width: 6, seed } },
    { ...base, sketch: { kind: 'sketch', depth: 2, width: 5, seed: `${seed}00` } },
  ]
  const contexts = changes.map((changed) => contextOf(changed))
  contexts.push(contextOf(base, { clients: 5, maximumRecords: 2 }))
  expect(new Set(contexts).size).toBe(contexts.length)
  expect(contextOf({ ...base, mean: { kind: 'mean', from: -0, to: 100, step: 1 } })).toBe(contexts[0])
})

test('later changes of the arguments have no effect', () => {
  const categories = ['a', 'b']
  const statistics: Statistics = createStatistics({ it: { kind: 'frequency', categories } }, { clients: 2 })
  categories[0] = 'c'
  expect(statistics.definition.it).toEqual({ kind: 'frequency', categories: ['a', 'b'], other: 'refuse' })
})
