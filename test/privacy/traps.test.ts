import {
  analyzeIntegerPrivacy,
  analyzePrivacy,
  chooseIntegerPrivacy,
  choosePrivacy,
  createIntegerEncoder,
  createPrivateEncoder,
  decodePrivateSum,
  NEIGHBORS,
  type PrivacyParameters,
  type PrivacySetting,
  type PrivacyTarget,
  rdpOf,
  scaleFor,
} from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { provenEpsilon } from '../../src/privacy/accountant.js'
import { discreteGaussianGap } from '../../src/privacy/rdp.js'
import { encodeAll, meanSquare, rotationSeed, sumLanes } from './cohort.js'
import { seededCrypto } from './support.js'

const setting: PrivacySetting = {
  clients: 30,
  minimumHonest: 12,
  length: 4096,
  clip: 3,
  bits: 20,
  noiseMultiplier: 1,
  delta: 1e-6,
}

/** ε for the server where the noise of just so many honest clients is in the sum. */
function epsilonWith(parameters: PrivacyParameters, honest: number): number {
  const sum = { ...parameters, minimumHonest: honest, clients: honest }
  return provenEpsilon(sum, { delta: parameters.delta, rounds: 1 }).epsilon
}

describe('dropouts do not weaken ε while minimumHonest honest clients remain', () => {
  test.each(['skellam', 'discrete-gaussian'] as const)('in the accountant (%s)', (distribution) => {
    const parameters = analyzePrivacy({ ...setting, distribution })
    for (let honest = 12; honest <= 30; honest++) {
      expect(epsilonWith(parameters, honest)).toBeLessThanOrEqual(parameters.epsilon)
    }
    expect(epsilonWith(parameters, 11)).toBeGreaterThan(parameters.epsilon)
  })

  test('in the sum: twelve of thirty clients add all of the noise that is promised', () => {
    const zeros = Array.from({ length: 12 }, () => new Float64Array(4096))
    const lanes = sumLanes(
      encodeAll(setting, zeros, 80).map(({ vector }) => vector),
      20,
    )
    const noise = meanSquare(decodePrivateSum(setting, lanes, rotationSeed), new Float64Array(4096))
    const { totalStandardDeviation } = analyzePrivacy(setting)
    expect(totalStandardDeviation).toBe(3)
    expect(Math.abs(noise / 3 ** 2 - 1)).toBeLessThan(4 * Math.sqrt(2 / 4096))
  })

  test('each client adds noise of σ_total/√h, not σ_total/√n', () => {
    expect(analyzePrivacy(setting).localStandardDeviation).toBeCloseTo(3 / Math.sqrt(12), 12)
  })
})

test('the headroom is for the noise of all n clients', () => {
  const { scale, localStandardDeviation } = analyzePrivacy(setting)
  const headroom = { clients: 30, dimension: 4096, clip: 3, bits: 20, tail: 4 }
  expect(scale).toBe(scaleFor({ ...headroom, localStandardDeviation }))
  const variance = (3 * 30) ** 2 / 4096 + 30 * localStandardDeviation ** 2
  expect(4 * Math.sqrt(scale ** 2 * variance + 30 / 4)).toBeCloseTo(2 ** 19, 4)
})

test('the gap of discrete Gaussians is computed for n clients, their variance for h', () => {
  const coarse = {
    ...setting,
    clients: 3000,
    minimumHonest: 10,
    bits: 10,
    distribution: 'discrete-gaussian' as const,
  }
  const parameters = analyzePrivacy(coarse)
  const { localVariance, dimension, l2Sensitivity } = parameters
  const [gap, gapOfFew] = [discreteGaussianGap(3000, localVariance), discreteGaussianGap(10, localVariance)]
  expect(gap).toBeGreaterThan(gapOfFew)
  const l2 = l2Sensitivity / Math.sqrt(10 * localVariance)
  const curve = rdpOf(parameters)
  expect(curve(2)).toBeLessThanOrEqual(l2 ** 2 + gap * dimension)
  expect(curve(2)).toBeGreaterThan(rdpOf({ ...parameters, clients: 10 })(2))
  expect(curve(2)).toBeGreaterThan(rdpOf({ ...parameters, minimumHonest: 11 })(2))
})

describe('weights under privacy', () => {
  test('cannot be passed separately from the vector', () => {
    const { encode } = createPrivateEncoder(setting, seededCrypto(81))
    expect(encode).toHaveLength(2)
  })

  test('a weight inside the vector is clipped and noised with it', () => {
    // A client that claims to stand for a million others has no more influence than any other.
    const given = { ...setting, length: 5, noiseMultiplier: 0.01, bits: 24 }
    const weight = 1e6
    const vector = Float64Array.of(weight * 0.1, weight * -0.2, 0, weight * 0.3, weight)
    const [encoding] = encodeAll(given, [vector], 82)
    const decoded = decodePrivateSum(given, encoding!.vector, rotationSeed)
    expect(Math.hypot(...decoded)).toBeLessThan(3.1)
    expect(encoding!.clipping.factor).toBeLessThan(1e-5)
    expect(decoded[3]! / decoded[4]!).toBeCloseTo(0.3, 1)
  })
})

describe('a distribution that is too coarse at the scale', () => {
  const coarse: PrivacySetting = {
    ...setting,
    clients: 1000,
    minimumHonest: 1000,
    length: 256,
    clip: 10,
    bits: 12,
    delta: 1e-5,
    distribution: 'discrete-gaussian',
  }
  const target: PrivacyTarget = { ...coarse, epsilon: 6, clip: 10 }

  test('is reported by the analysis, with the ε that remains', () => {
    const parameters = analyzePrivacy(coarse)
    expect(parameters.collapsed).toBe(true)
    expect(parameters.epsilon).toBeCloseTo(687388.8, 1)
    expect(parameters.warnings.join()).toContain('skellam')
    expect(analyzePrivacy({ ...coarse, bits: 20 }).collapsed).toBe(false)
    expect(analyzePrivacy({ ...coarse, distribution: 'skellam' }).collapsed).toBe(false)
  })

  test('is refused by the encoder', () => {
    const act = (): unknown => createPrivateEncoder(coarse, seededCrypto(85))
    expect(act).toThrow(expect.objectContaining({ code: 'invalid-configuration' }))
    expect(act).toThrow('skellam')
  })

  test('is refused by the chooser, which says what would work', () => {
    const small = { ...target, epsilon: 50, bits: 9 }
    const act = (): unknown => choosePrivacy(small)
    expect(act).toThrow(expect.objectContaining({ code: 'invalid-configuration' }))
    expect(act).toThrow('the distribution skellam would work')
    expect(choosePrivacy({ ...small, distribution: 'skellam' }).epsilon).toBeLessThanOrEqual(50)
  })
})

describe('parameters that claim a smaller ε than their noise gives are refused', () => {
  const crypto = seededCrypto(1)
  const claims = expect.objectContaining({
    code: 'configuration-mismatch',
    message: expect.stringMatching(/^epsilon of the privacy parameters is 1, but must be \d/),
  })

  test('vectors', () => {
    const setting = { clients: 100, minimumHonest: 75, length: 10, clip: 1, bits: 16, noiseMultiplier: 1e-2 }
    const parameters = analyzePrivacy({ ...setting, delta: 1e-5 })
    const travelled = JSON.parse(JSON.stringify(parameters))
    expect(() => createPrivateEncoder(travelled, crypto)).not.toThrow()
    expect(() => createPrivateEncoder({ ...travelled, epsilon: 1 }, crypto)).toThrow(claims)
    const seed = new Uint8Array(32)
    const sum = new Uint16Array(10)
    expect(() => decodePrivateSum(travelled, sum, seed)).not.toThrow()
    expect(() => decodePrivateSum({ ...travelled, scale: 3 }, sum, seed)).toThrow('scale of the privacy')
  })

  test('whole numbers', () => {
    const query = { clients: 100, minimumHonest: 75, length: 10, l1Sensitivity: 1, l2Sensitivity: 1 }
    const setting = { ...query, maximumSum: 100, delta: 1e-5, noiseStandardDeviation: 1e-6 }
    const travelled = JSON.parse(JSON.stringify(analyzeIntegerPrivacy(setting)))
    expect(() => createIntegerEncoder(travelled, crypto)).not.toThrow()
    expect(() => createIntegerEncoder({ ...travelled, epsilon: 1 }, crypto)).toThrow(claims)
  })
})

describe('sampling lowers ε only against parties that do not see the participants', () => {
  const sampled = analyzePrivacy({ ...setting, samplingRate: 0.05, rounds: 20 })

  test('the lower ε is stated separately from the one that holds against the server', () => {
    expect(sampled.epsilon).toBe(analyzePrivacy({ ...setting, rounds: 20 }).epsilon)
    expect(sampled.amplified).toMatchObject({ samplingRate: 0.05 })
    expect(sampled.amplified!.epsilon).toBeLessThan(sampled.epsilon)
    expect(sampled.warnings.join()).toContain('does not hold against the server')
    expect(sampled.warnings.join()).toContain('noise that does not depend on who was sampled')
  })

  test('the chooser does not use it to keep its target', () => {
    const target = { ...setting, epsilon: 2, rounds: 20 }
    const [without, sampled] = [choosePrivacy(target), choosePrivacy({ ...target, samplingRate: 0.05 })]
    expect(sampled.noiseMultiplier).toBe(without.noiseMultiplier)
    expect(sampled.epsilon).toBeLessThanOrEqual(2)
  })
})

test('every ε comes with the neighbor relation', () => {
  expect(NEIGHBORS).toBe('add-or-remove-one-client')
  const histogram = { ...setting, l1Sensitivity: 1, l2Sensitivity: 1, maximumSum: 30, epsilon: 1 }
  for (const parameters of [
    analyzePrivacy(setting),
    choosePrivacy({ ...setting, epsilon: 4 }),
    chooseIntegerPrivacy(histogram),
  ]) {
    expect(parameters.neighbors).toBe(NEIGHBORS)
  }
})

test('the noise of a histogram does not depend on its length', () => {
  const histogram = { ...setting, l1Sensitivity: 1, l2Sensitivity: 1, maximumSum: 30, epsilon: 1 }
  const [short, long] = [1, 1000].map((length) => chooseIntegerPrivacy({ ...histogram, length }))
  expect(long!.noiseStandardDeviation).toBe(short!.noiseStandardDeviation)
})

test('variances are rounded up, never down', () => {
  for (const noiseMultiplier of [0.1, 1 / 3, 1, Math.PI, 77.7]) {
    const { localVariance, localStandardDeviation, scale } = analyzePrivacy({ ...setting, noiseMultiplier })
    const asked = (localStandardDeviation * scale) ** 2
    expect(localVariance).toBeGreaterThan(asked)
    expect(localVariance).toBeLessThan(asked * (1 + 2 ** -30))
  }
})
