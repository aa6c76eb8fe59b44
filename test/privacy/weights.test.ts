import { describe, expect, test } from 'vitest'
import {
  bitLength,
  dyadicOf,
  exponential,
  gaussianWeight,
  logarithm,
  poissonWeight,
  type Weight,
} from '../../src/privacy/noise/weights.js'
import { randomOf } from '../support/seeded.js'

/** numerator / denominator, from bigints of any size. */
function quotient(numerator: bigint, denominator: bigint): number {
  return Number((numerator << 80n) / denominator) / 2 ** 80
}

describe('fixed point', () => {
  test('the binary digits of a number', () => {
    for (const [value, digits] of [
      [0n, 0],
      [1n, 1],
      [2n, 2],
      [255n, 8],
      [256n, 9],
      [(1n << 200n) - 1n, 200],
      [1n << 200n, 201],
    ] as const) {
      expect(bitLength(value)).toBe(digits)
    }
  })

  test('a double becomes an exact rational number', () => {
    expect(dyadicOf(0.75)).toEqual({ numerator: 3n, shift: 2 })
    expect(dyadicOf(2 ** 60)).toEqual({ numerator: 1n << 60n, shift: 0 })
    expect(dyadicOf(0.1)).toEqual({ numerator: 3602879701896397n, shift: 55 })
  })

  test('logarithms and exponentials agree with the platform', () => {
    const random = randomOf(11)
    for (let i = 0; i < 300; i++) {
      const [p, q] = [BigInt(random.word() + 1), BigInt((random.word() >>> random.below(31)) + 1)]
      const exact = Math.log(Number(p) / Number(q))
      expect(quotient(logarithm(p, q, 140), 1n << 140n)).toBeCloseTo(exact, 13)
      const x = BigInt(random.word()) - BigInt(random.below(2 ** 32)) * 8n
      const e = quotient(exponential(x << 100n, 132), 1n << 132n)
      expect(e / Math.exp(Number(x) / 2 ** 32)).toBeCloseTo(1, 12)
    }
  })

  test('logarithms and exponentials agree with each other, to 300 digits', () => {
    for (const [p, q] of [
      [3n, 2n],
      [1n, 7n],
      [4n, 3n],
      [2n, 3n],
      [1n, 1n],
      [1000001n, 1000000n],
      [1n, 1n << 90n],
    ] as const) {
      const value = exponential(logarithm(p, q, 340), 340)
      const error = value * q - (p << 340n)
      expect(bitLength(error < 0n ? -error : error)).toBeLessThan(bitLength(q) + 40)
    }
    // ln 2 in hexadecimal.
    expect((logarithm(2n, 1n, 160) >> 32n).toString(16)).toBe('b17217f7d1cf79abc9e3b39803f2f6af')
  })
})

describe('weights', () => {
  /** Checks weight(k) / weight(mode) = ratio, to the precision of the brackets. */
  function expectRatio(weight: Weight, k: bigint, numerator: bigint, denominator: bigint): void {
    const precision = 200
    const [one, mode] = [weight.bracket(k, precision), weight.bracket(weight.mode, precision)]
    expect(one.low * denominator <= mode.high * numerator, `${k} is low enough`).toBe(true)
    expect(one.high * denominator >= mode.low * numerator, `${k} is high enough`).toBe(true)
    expect(one.high - one.low).toBeLessThanOrEqual(3n)
  }

  test.each([2 ** -41, 0.01, 0.5, 1, 5.5, 40, 300.625, 2 ** 20 + 0.5, 2 ** 56])(
    'Poisson probabilities of mean %d',
    (mean) => {
      const { numerator, shift } = dyadicOf(mean)
      const weight = poissonWeight({ numerator, shift })
      expect(weight.mode).toBe(BigInt(Math.floor(mean)))
      // weight(m + j) / weight(m) = λ^j m! / (m + j)!
      let [above, below] = [1n, 1n]
      for (let j = 1n; j <= 40n; j++) {
        above *= numerator
        below *= (weight.mode + j) << BigInt(shift)
        expectRatio(weight, weight.mode + j, above, below)
      }
      ;[above, below] = [1n, 1n]
      for (let j = 0n; j < 40n && j < weight.mode; j++) {
        above *= (weight.mode - j) << BigInt(shift)
        below *= numerator
        expectRatio(weight, weight.mode - j - 1n, above, below)
      }
      expect(weight.bracket(-1n, 200)).toEqual({ low: 0n, high: 0n })
    },
  )

  test('the weight of a Poisson variable is √(2πλ) times its probability', () => {
    const { low } = poissonWeight(dyadicOf(4)).bracket(3n, 100)
    const expected = Math.sqrt(8 * Math.PI) * Math.exp(-4) * (4 ** 3 / 6)
    expect(quotient(low, 1n << 100n)).toBeCloseTo(expected, 14)
  })

  test('Gaussian weights agree with the platform', () => {
    for (const variance of [0.25, 1, 77.5, 2 ** 40]) {
      const weight = gaussianWeight(dyadicOf(variance))
      for (const z of [0, 0.3, 1, 3, 6]) {
        const k = Math.round(z * Math.sqrt(variance))
        const { low, high } = weight.bracket(BigInt(k), 120)
        const expected = Math.exp((-k * k) / (2 * variance))
        expect(quotient(low, 1n << 120n) / expected).toBeCloseTo(1, 12)
        expect(high - low).toBeLessThanOrEqual(3n)
        expect(weight.bracket(BigInt(-k), 120)).toEqual({ low, high })
      }
    }
  })

  test.each([
    ['Poisson', poissonWeight(dyadicOf(1000.25))],
    ['Gaussian', gaussianWeight(dyadicOf(1000.25))],
  ])('more digits of %s never contradict fewer', (_, weight) => {
    for (let k = weight.mode - 900n; k < weight.mode + 900n; k += 50n) {
      for (const [few, many] of [
        [16, 40],
        [40, 90],
        [90, 400],
      ] as const) {
        const [coarse, fine] = [weight.bracket(k, few), weight.bracket(k, many)]
        expect(coarse.low << BigInt(many - few) <= fine.high).toBe(true)
        expect(coarse.high << BigInt(many - few) >= fine.low).toBe(true)
      }
    }
  })

  test('far from the mode, the bracket only says that the weight is small', () => {
    expect(gaussianWeight(dyadicOf(1)).bracket(1000n, 64)).toEqual({ low: 0n, high: 1n })
    expect(poissonWeight(dyadicOf(2 ** 30)).bracket(3n, 64)).toEqual({ low: 0n, high: 1n })
  })
})
