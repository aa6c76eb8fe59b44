import * as fc from 'fast-check'
import {
  composedRdp,
  epsilonOf,
  gaussianRdp,
  NEIGHBORS,
  type NoisySum,
  RDP_ORDERS,
  rdpOf,
  subsampledRdp,
} from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { privacyLoss } from '../../src/privacy/accountant.js'
import { discreteGaussianGap } from '../../src/privacy/rdp.js'
import { discreteGaussianLaw, divergence, logOfSum, skellamLaw, sumLaw } from './support.js'

const sum: NoisySum = {
  distribution: 'skellam',
  clients: 100,
  minimumHonest: 60,
  dimension: 256,
  localVariance: 40,
  l1Sensitivity: 300,
  l2Sensitivity: 30,
}

describe('from Rényi divergence to ε', () => {
  test('normal noise of 4.530877117 sensitivities gives (1, 10⁻⁶)', () => {
    expect(epsilonOf(gaussianRdp(4.530877117), 1e-6).epsilon).toBeCloseTo(1, 6)
  })

  test('the orders are 2 to 128 and 256', () => {
    expect(RDP_ORDERS).toHaveLength(128)
    expect(RDP_ORDERS.slice(0, 3)).toEqual([2, 3, 4])
    expect(RDP_ORDERS.slice(-2)).toEqual([128, 256])
  })

  test('ε is 0 if the divergence is small in comparison with δ', () => {
    expect(epsilonOf(() => 1e-13, 1e-6)).toEqual({ epsilon: 0, order: 2 })
    expect(epsilonOf(() => 1.1e-12, 1e-6).epsilon).toBeGreaterThan(0)
  })

  test('ε is infinite without any privacy', () => {
    expect(epsilonOf(() => Number.POSITIVE_INFINITY, 1e-6).epsilon).toBe(Number.POSITIVE_INFINITY)
  })

  test.each([0, 1, -1, Number.NaN, 2])('δ = %d is refused', (delta) => {
    expect(() => epsilonOf(gaussianRdp(1), delta)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }),
    )
  })
})

describe('no curve is below the divergence that it bounds', () => {
  const orders = [2, 3, 4, 8, 16, 32, 64]

  test.each([0.3, 1, 4, 50])('Skellam noise of variance %d', (variance) => {
    const law = skellamLaw(variance, 900)
    for (const shift of [1, 2, 5]) {
      const curve = rdpOf({
        ...sum,
        minimumHonest: 1,
        localVariance: variance,
        dimension: 1,
        l1Sensitivity: shift,
        l2Sensitivity: shift,
      })
      for (const order of orders) {
        const exact = divergence(order, 880, law.at, (k) => law.at(k - shift))
        expect(curve(order), `shift ${shift}, order ${order}`).toBeGreaterThanOrEqual(exact)
      }
    }
  })

  test('curves are close to the divergence if the noise is large', () => {
    const law = skellamLaw(500, 900)
    const curve = rdpOf({ ...sum, minimumHonest: 5, localVariance: 100, l1Sensitivity: 3, l2Sensitivity: 3 })
    for (const order of orders.slice(0, 5)) {
      const exact = divergence(order, 880, law.at, (k) => law.at(k - 3))
      expect(curve(order)).toBeGreaterThan(exact)
      expect(curve(order)).toBeLessThan(exact * 1.01)
    }
  })

  test('Skellam noise on two elements', () => {
    const law = skellamLaw(6, 900)
    const curve = rdpOf({
      ...sum,
      minimumHonest: 3,
      localVariance: 2,
      l1Sensitivity: 4,
      l2Sensitivity: Math.sqrt(10),
    })
    for (const order of orders) {
      const one = divergence(order, 880, law.at, (k) => law.at(k - 1))
      const three = divergence(order, 880, law.at, (k) => law.at(k - 3))
      expect(curve(order)).toBeGreaterThanOrEqual(one + three)
    }
  })

  test.each([
    [0.4, 2],
    [0.4, 5],
    [0.7, 5],
    [1.5, 4],
  ])('discrete Gaussian noise of variance %d from each of %d clients', (variance, clients) => {
    const law = sumLaw(discreteGaussianLaw(variance, 40), clients)
    for (const shift of [1, 2]) {
      const curve = rdpOf({
        distribution: 'discrete-gaussian',
        clients,
        minimumHonest: clients,
        dimension: 1,
        localVariance: variance,
        l1Sensitivity: shift,
        l2Sensitivity: shift,
      })
      for (const order of [2, 4, 8]) {
        const exact = divergence(order, 40, law.at, (k) => law.at(k - shift))
        expect(curve(order), `shift ${shift}, order ${order}`).toBeGreaterThanOrEqual(exact)
      }
    }
  })

  test('sampling, for both orders of two neighbors', () => {
    const law = skellamLaw(4, 300)
    const curve = rdpOf({ ...sum, minimumHonest: 1, localVariance: 4, l1Sensitivity: 1, l2Sensitivity: 1 })
    for (const rate of [0.01, 0.2, 0.7]) {
      const mixture = (k: number): number =>
        logOfSum([Math.log1p(-rate) + law.at(k), Math.log(rate) + law.at(k - 1)])
      for (const order of [2, 3, 5, 12]) {
        const bound = subsampledRdp(curve, rate)(order)
        expect(bound).toBeGreaterThanOrEqual(divergence(order, 280, mixture, law.at))
        expect(bound).toBeGreaterThanOrEqual(divergence(order, 280, law.at, mixture))
        expect(bound).toBeLessThanOrEqual(curve(order))
      }
    }
  })
})

describe('what ε depends on', () => {
  const epsilon = (changes: Partial<NoisySum>): number =>
    epsilonOf(rdpOf({ ...sum, ...changes }), 1e-6).epsilon

  test('ε falls with more honest noise and grows with a larger vector', () => {
    const one = fc.record({
      distribution: fc.constantFrom('skellam' as const, 'discrete-gaussian' as const),
      localVariance: fc.double({ min: 0.3, max: 1e4, noNaN: true }),
      minimumHonest: fc.integer({ min: 1, max: 99 }),
      l2Sensitivity: fc.double({ min: 1, max: 100, noNaN: true }),
    })
    fc.assert(
      fc.property(one, (changes) => {
        const now = epsilon(changes)
        expect(epsilon({ ...changes, minimumHonest: changes.minimumHonest + 1 })).toBeLessThanOrEqual(now)
        expect(epsilon({ ...changes, localVariance: changes.localVariance * 1.1 })).toBeLessThanOrEqual(now)
        expect(epsilon({ ...changes, l2Sensitivity: changes.l2Sensitivity * 1.1 })).toBeGreaterThanOrEqual(
          now,
        )
        expect(epsilon({ ...changes, l1Sensitivity: 400 })).toBeGreaterThanOrEqual(now)
        expect(epsilon({ ...changes, clients: 1000 })).toBeGreaterThanOrEqual(now)
      }),
      { seed: 5, numRuns: 200 },
    )
  })

  test('the gap of discrete Gaussians contains all terms, for any number of clients', () => {
    const slowly = (clients: number, variance: number): number => {
      let total = 0
      for (let k = 1; k < clients; k++) total += Math.exp((-2 * Math.PI ** 2 * variance * k) / (k + 1))
      return 10 * total
    }
    expect(discreteGaussianGap(1, 1)).toBe(0)
    for (const clients of [2, 3, 100, 4097, 4098]) {
      expect(discreteGaussianGap(clients, 0.3) / slowly(clients, 0.3)).toBeCloseTo(1, 12)
    }
    const ratio = discreteGaussianGap(20_000, 0.3) / slowly(20_000, 0.3)
    expect(ratio).toBeGreaterThan(1)
    expect(ratio).toBeLessThan(1.002)
  })
})

describe('several rounds', () => {
  test('divergences add up, and ε grows more slowly than the number of rounds', () => {
    const curve = rdpOf(sum)
    const ten = composedRdp([{ curve, times: 10 }])
    expect(ten(7)).toBeCloseTo(10 * curve(7), 12)
    const [one, all] = [epsilonOf(curve, 1e-6).epsilon, epsilonOf(ten, 1e-6).epsilon]
    expect(all).toBeGreaterThan(one)
    expect(all).toBeLessThan(10 * one)
  })

  test('rounds of vectors and a histogram are composed', () => {
    const histogram = rdpOf({ ...sum, localVariance: 1, l1Sensitivity: 1, l2Sensitivity: 1 })
    const both = composedRdp([{ curve: rdpOf(sum), times: 3 }, { curve: histogram }])
    expect(both(5)).toBeCloseTo(3 * rdpOf(sum)(5) + histogram(5), 12)
  })

  test('the loss states rounds, δ and the neighbor relation', () => {
    const loss = privacyLoss(sum, { delta: 1e-6, rounds: 7, samplingRate: undefined })
    const renyi = epsilonOf(composedRdp([{ curve: rdpOf(sum), times: 7 }]), 1e-6).epsilon
    expect(loss).toEqual({
      ...{ epsilon: loss.epsilon, accountant: 'gaussian', order: undefined },
      ...{ delta: 1e-6, rounds: 7, neighbors: NEIGHBORS, amplified: undefined },
    })
    expect(loss.epsilon).toBeGreaterThan(0.8 * renyi)
    expect(loss.epsilon).toBeLessThan(0.95 * renyi)
  })
})

describe('sampling', () => {
  test('a sampling rate of 1 is the same as no sampling', () => {
    const curve = rdpOf(sum)
    expect(subsampledRdp(curve, 1)).toBe(curve)
    expect(subsampledRdp(curve, 1 - 1e-12)(9)).toBeCloseTo(curve(9), 9)
  })

  test('order 2, computed by hand', () => {
    // ln((1 − γ)(1 + γ) + γ² e^ε(2))
    expect(subsampledRdp(() => 0.5, 0.1)(2)).toBeCloseTo(Math.log(0.99 + 0.01 * Math.exp(0.5)), 14)
  })

  test('ε falls with the sampling rate', () => {
    const rates = [0.9, 0.5, 0.1, 0.01, 0.001]
    const losses = rates.map((rate) => epsilonOf(subsampledRdp(rdpOf(sum), rate), 1e-6).epsilon)
    expect(losses).toEqual([...losses].sort((a, b) => b - a))
  })

  test('divergences too large for a double do not give NaN', () => {
    expect(subsampledRdp(() => 1e4, 0.5)(128)).toBeLessThanOrEqual(1e4)
    expect(subsampledRdp(() => Number.POSITIVE_INFINITY, 0.5)(3)).toBe(Number.POSITIVE_INFINITY)
  })

  test.each([0, -0.1, 1.1, Number.NaN])('a rate of %d is refused', (rate) => {
    expect(() => subsampledRdp(gaussianRdp(1), rate)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
