import type { CryptoProvider } from 'secagg'
import { expect } from 'vitest'
import { randomOf } from '../support/seeded.js'
import { toyCrypto } from '../support/toy-crypto.js'

/** The toy provider, whose random bytes are generated word by word. */
export function seededCrypto(seed: number): CryptoProvider {
  const { word } = randomOf(seed)
  return {
    ...toyCrypto(seed),
    randomBytes: (length) => {
      const words = new Uint32Array(Math.ceil(length / 4))
      for (let i = 0; i < words.length; i++) words[i] = word()
      return new Uint8Array(words.buffer, 0, length)
    },
  }
}

/** ln P[X = k] for k from −reach to reach. */
export interface LogLaw {
  readonly reach: number
  at(k: number): number
}

/** The Skellam distribution e^−μ I_|k|(μ), from the continued fraction of I_k / I_{k−1}. */
export function skellamLaw(variance: number, reach: number): LogLaw {
  const ratios = new Float64Array(reach + 61)
  for (let k = reach + 59; k >= 1; k--) ratios[k] = 1 / ((2 * k) / variance + ratios[k + 1]!)
  const logs = new Float64Array(reach + 1)
  for (let k = 1; k <= reach; k++) logs[k] = logs[k - 1]! + Math.log(ratios[k]!)
  return normalized(reach, (k) => logs[Math.abs(k)]!)
}

/** The discrete Gaussian. */
export function discreteGaussianLaw(variance: number, reach: number): LogLaw {
  return normalized(reach, (k) => (-k * k) / (2 * variance))
}

/** The distribution of the sum of `count` variables, by convolution, cut off beyond the reach of the summands. */
export function sumLaw(law: LogLaw, count: number): LogLaw {
  let sum = law
  for (let i = 1; i < count; i++) {
    const left = sum
    const reach = left.reach + law.reach
    const logs = Array.from({ length: 2 * reach + 1 }, (_, index) => {
      const k = index - reach
      const terms: number[] = []
      for (let j = Math.max(-law.reach, k - left.reach); j <= Math.min(law.reach, k + left.reach); j++) {
        terms.push(law.at(j) + left.at(k - j))
      }
      return logOfSum(terms)
    })
    sum = { reach, at: (k) => logs[k + reach]! }
  }
  return sum
}

/** Rényi divergence of order α between the distributions with logarithms p and q on −reach … reach. */
export function divergence(
  order: number,
  reach: number,
  p: (k: number) => number,
  q: (k: number) => number,
): number {
  const terms = Array.from({ length: 2 * reach + 1 }, (_, index) => {
    const k = index - reach
    return order * p(k) + (1 - order) * q(k)
  })
  return logOfSum(terms) / (order - 1)
}

export function logOfSum(terms: readonly number[]): number {
  const greatest = terms.reduce((most, term) => Math.max(most, term), Number.NEGATIVE_INFINITY)
  return greatest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - greatest), 0))
}

/**
 * Pearson's test of `draws` against a distribution. Numbers expected fewer than 25 times are combined on each side. The
 * limit is six standard deviations above the mean of the statistic. Seeds are fixed, so the result is always the same.
 */
export function expectLaw(draws: Int32Array, law: LogLaw): void {
  const counts = new Map<number, number>()
  for (const draw of draws) counts.set(draw, (counts.get(draw) ?? 0) + 1)
  let [left, right] = [-law.reach, law.reach]
  const expectedAt = (k: number): number => draws.length * Math.exp(law.at(k))
  while (expectedAt(left) < 25) left++
  while (expectedAt(right) < 25) right--
  let [statistic, inside, insideExpected] = [0, 0, 0]
  const add = (observed: number, expected: number): void => {
    statistic += (observed - expected) ** 2 / expected
  }
  for (let k = left; k <= right; k++) {
    const observed = counts.get(k) ?? 0
    add(observed, expectedAt(k))
    inside += observed
    insideExpected += expectedAt(k)
  }
  if (draws.length - insideExpected > 5) add(draws.length - inside, draws.length - insideExpected)
  const degrees = right - left + 1
  expect(statistic, `χ² of ${degrees}`).toBeLessThan(degrees + 6 * Math.sqrt(2 * degrees) + 6)
}

function normalized(reach: number, log: (k: number) => number): LogLaw {
  const total = logOfSum(Array.from({ length: 2 * reach + 1 }, (_, index) => log(index - reach)))
  return { reach, at: (k) => (Math.abs(k) > reach ? Number.NEGATIVE_INFINITY : log(k) - total) }
}
