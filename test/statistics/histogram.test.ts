import fc from 'fast-check'
import { createStatistics, equalBins } from 'secagg/statistics'
import { describe, expect, it, test } from 'vitest'
import { encodeNumbers, resultOf } from './support.js'

describe('the bins of a histogram', () => {
  const stay = { kind: 'histogram', edges: [0, 1, 5, 10] } as const

  it('contain their lower edge, and the last one also contains its upper edge', () => {
    const days = [0, 0.999, 1, 4.5, 5, 9.999, 10]
    expect(resultOf(stay, days)).toMatchObject({ counts: [2, 2, 3], below: 0, above: 0, answered: 7 })
  })

  it('count numbers outside as below or above', () => {
    const days = [-1e-9, -1e300, 10.001, 1e300, 3]
    expect(resultOf(stay, days)).toMatchObject({ counts: [0, 1, 0], below: 2, above: 2, answered: 5 })
  })

  it('can refuse numbers outside', () => {
    const strict = createStatistics({ stay: { ...stay, outside: 'refuse' } }, { clients: 3 })
    for (const days of [-1, 11]) {
      expect(() => encodeNumbers({ stay: days }, strict)).toThrow(
        expect.objectContaining({
          code: 'input-out-of-range',
          message: 'the answer to statistic "stay" is outside of its bins',
        }),
      )
    }
    const { below, above, counts } = resultOf({ ...stay, outside: 'refuse' }, [0, 10])
    expect([below, above, counts]).toEqual([undefined, undefined, [1, 0, 1]])
  })

  it('accept finite numbers only', () => {
    const statistics = createStatistics({ stay }, { clients: 3 })
    expect(() => encodeNumbers({ stay: Number.POSITIVE_INFINITY }, statistics)).toThrow('is not finite')
    expect(() => encodeNumbers({ stay: '3' as never }, statistics)).toThrow('must be a number')
  })

  it('are found for every number, as by a search through all bins', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 2, maxLength: 30 }),
        fc.integer({ min: -60, max: 60 }),
        (unordered, number) => {
          const edges = [...unordered].sort((a, b) => a - b)
          const { counts, below, above } = resultOf({ kind: 'histogram', edges }, [number])
          const last = edges.length - 2
          const expected = edges
            .slice(0, -1)
            .findIndex(
              (edge, i) =>
                number >= edge && (number < edges[i + 1]! || (i === last && number === edges[i + 1])),
            )
          expect(counts.indexOf(1)).toBe(expected)
          expect([below, above]).toEqual([number < edges[0]! ? 1 : 0, number > edges.at(-1)! ? 1 : 0])
        },
      ),
      { seed: 6, numRuns: 300 },
    )
  })

  it('can have equal width', () => {
    expect(equalBins(0, 1, 10)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
    expect(equalBins(-3, 4, 1)).toEqual([-3, 4])
    for (const [from, to, bins] of [
      [0, 1, 0],
      [0, 1, 1.5],
      [1, 1, 3],
      [2, 1, 3],
      [0, Number.NaN, 3],
      [0, Number.MIN_VALUE, 3],
    ] as const) {
      expect(() => equalBins(from, to, bins)).toThrow(
        expect.objectContaining({ code: 'invalid-configuration' }),
      )
    }
  })
})

describe('quantiles read from a histogram', () => {
  test('are off by at most the width of a bin', () => {
    const cohorts = fc.record({
      edges: fc
        .uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 12 })
        .map((inner) => [-1, ...inner.sort((a, b) => a - b), 201]),
      answers: fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 60 }),
      probability: fc.oneof(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(100).map((n) => n / 100),
      ),
    })
    fc.assert(
      fc.property(cohorts, ({ edges, answers, probability }) => {
        const numbers = answers.map((answer) => answer / 100)
        const sorted = [...numbers].sort((a, b) => a - b)
        // ⌈p · n⌉ in whole numbers, for p in hundredths.
        const hundredths = Math.round(probability * 100)
        const rank =
          hundredths / 100 === probability
            ? Math.ceil((hundredths * numbers.length) / 100)
            : Math.ceil(probability * numbers.length)
        const actual = sorted[Math.max(rank, 1) - 1]!
        const { from, to, value } = resultOf({ kind: 'histogram', edges }, numbers).quantile(probability)!
        expect(actual).toBeGreaterThanOrEqual(from)
        expect(actual).toBeLessThanOrEqual(to)
        expect(value).toBeGreaterThanOrEqual(from)
        expect(value).toBeLessThanOrEqual(to)
        expect(Math.abs(value! - actual)).toBeLessThanOrEqual(to - from)
      }),
      { seed: 7, numRuns: 500 },
    )
  })

  const stay = { kind: 'histogram', edges: [0, 10, 20, 40] } as const

  it('are interpolated within their bin', () => {
    const { quantile } = resultOf(stay, [1, 2, 3, 4, 25, 26, 27, 28])
    expect(quantile(0.25)).toEqual({ from: 0, to: 10, value: 5 })
    expect(quantile(0.5)).toEqual({ from: 0, to: 10, value: 10 })
    expect(quantile(0.75)).toEqual({ from: 20, to: 40, value: 30 })
    expect(quantile(0)).toEqual({ from: 0, to: 10, value: 0 })
    expect(quantile(1)).toEqual({ from: 20, to: 40, value: 40 })
  })

  it('have no value outside of the bins, only a side', () => {
    const { quantile } = resultOf(stay, [-5, -6, 5, 50, 60])
    expect(quantile(0.1)).toEqual({ from: Number.NEGATIVE_INFINITY, to: 0, value: undefined })
    expect(quantile(0.5)).toEqual({ from: 0, to: 10, value: 5 })
    expect(quantile(0.9)).toEqual({ from: 40, to: Number.POSITIVE_INFINITY, value: undefined })
  })

  it('are undefined if nobody answered', () => {
    expect(resultOf(stay, [undefined, undefined]).quantile(0.5)).toBeUndefined()
    expect(resultOf(stay, [undefined]).quantile(0.5)).toBeUndefined()
    expect(resultOf(stay, [12]).quantile(0.5)).toEqual({ from: 10, to: 20, value: 15 })
  })

  it.each([-0.1, 1.1, Number.NaN, '0.5'])('refuse a probability of %s', (probability) => {
    expect(() => resultOf(stay, [1]).quantile(probability as number)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
