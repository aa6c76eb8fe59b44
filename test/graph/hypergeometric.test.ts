import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  deviance,
  type Hypergeometric,
  logAbove,
  logAtMost,
  logFactorial,
  logProbability,
  stirlingError,
} from '../../src/graph/chooser/tails.js'
import { binomial, logRatio, ways } from './exact.js'

/** Logarithms this near mean probabilities that agree to 1e-12. */
function expectLog(actual: number, expected: number, tolerance = 1e-12): void {
  if (actual === expected) return
  expect(Math.abs(actual - expected), `${actual} for ${expected}`).toBeLessThan(tolerance)
}

describe('Stirling remainders', () => {
  test('factorials up to 300 against whole numbers', () => {
    let factorial = 1n
    for (let n = 1; n <= 300; n++) {
      factorial *= BigInt(n)
      const exact = logRatio(factorial, 1n)
      expect(Math.abs(logFactorial(n) - exact), `${n}!`).toBeLessThanOrEqual(Math.max(exact, 1) * 1e-15)
    }
    expect(logFactorial(0)).toBe(0)
  })

  test.each([
    // n, ln n! − (n + ½) ln n + n − ½ ln 2π, from 50 decimal digits
    [1, 0.08106146679532726],
    [2, 0.0413406959554093],
    [15, 0.005554733551962801],
    [16, 0.005207655919609641],
    [100, 0.0008333305556349206],
    [1e8, 8.33333333333333e-10],
  ])('the remainder of %d', (n, remainder) => {
    expect(Math.abs(stirlingError(n) - remainder)).toBeLessThan(3e-15)
  })

  test('the deviance is smooth where its two forms meet, and exact at its least', () => {
    expect(deviance(42, 42)).toBe(0)
    // x ln(x / mean) + mean − x in 50 decimal digits, around |x − mean| = (x + mean) / 10 and near x = mean.
    expect(deviance(11, 9)).toBeCloseTo(0.2073776500836628, 14)
    expect(deviance(100, 82)).toBeCloseTo(1.845093872383825, 13)
    expect(deviance(100, 81.8)).toBeCloseTo(1.889294237939, 13)
    expect(deviance(1e8, 1e8 - 1) / 5.000000033333333e-9).toBeCloseTo(1, 12)
  })
})

describe('hypergeometric probabilities', () => {
  test('reference values', () => {
    const relative = (log: number, value: number): number => Math.abs(Math.exp(log) / value - 1)
    const one = { total: 15, marked: 6, drawn: 12 }
    expect(relative(logProbability(one, 4), 0.2967032967032967)).toBeLessThan(1e-13)
    const two = { total: 187, marked: 105, drawn: 43 }
    expect(relative(logProbability(two, 2), 5.423847289689941e-16)).toBeLessThan(1e-13)
    const three = { total: 1489, marked: 312, drawn: 370 }
    expect(relative(logAtMost(three, 89), 0.9599670222722507)).toBeLessThan(1e-13)
  })

  test('all laws over up to 14 places, at and beyond both ends', () => {
    for (let total = 1; total <= 14; total++) {
      for (let marked = 0; marked <= total; marked++) {
        for (let drawn = 0; drawn <= total; drawn++) expectExact({ total, marked, drawn })
      }
    }
  })

  const laws = fc.integer({ min: 1, max: 1500 }).chain((total) =>
    fc.record({
      total: fc.constant(total),
      marked: fc.integer({ min: 0, max: total }),
      drawn: fc.integer({ min: 0, max: Math.min(total, 120) }),
    }),
  )

  test('probabilities and both tails against whole numbers', () => {
    fc.assert(fc.property(laws, expectExact), { numRuns: 150 })
  })

  test.each([
    // total, marked, drawn, x, ln P[X = x] from 60 decimal digits
    [1e8, 5e6, 38, 21, -39.69941388495771],
    [1e8, 4.5e7, 7750, 4101, -102.1944229876546],
    [1e8, 9e7, 7750, 6658, -69.11189843557469],
    [1e8, 6e7, 6e7, 35954463, -188.7227157648622],
  ])('a probability over %d places, %d marked, %d drawn, %d of them', (total, marked, drawn, x, log) => {
    expectLog(logProbability({ total, marked, drawn }, x), log)
  })

  test.each([
    [1e8, 5e6, 44, 24, -47.8550684862394],
    [1e8, 4.5e7, 7204, 3637, -46.84593787177958],
  ])('a tail over %d places, %d marked, %d drawn, beyond %d', (total, marked, drawn, x, log) => {
    expectLog(logAbove({ total, marked, drawn }, x), log)
    // Drawn and marked may change roles, and what is not marked may be counted instead.
    expectLog(logAbove({ total, marked: drawn, drawn: marked }, x), log)
    expectLog(logAtMost({ total, marked: total - marked, drawn }, drawn - x - 1), log)
  })
})

function expectExact(law: Hypergeometric): void {
  const { total, marked, drawn } = law
  const all = binomial(total, drawn)
  const log = (count: bigint): number => (count === 0n ? Number.NEGATIVE_INFINITY : logRatio(count, all))
  let atMost = 0n
  for (let x = -1; x <= drawn + 1; x++) {
    const count = ways(total, marked, drawn, x)
    atMost += count
    expectLog(logProbability(law, x), log(count))
    expectLog(logAtMost(law, x), log(atMost))
    expectLog(logAbove(law, x), log(all - atMost))
  }
}
