import * as fc from 'fast-check'
import {
  analyzePrivacy,
  choosePrivacy,
  epsilonOf,
  explainPrivacy,
  NEIGHBORS,
  type PrivacySetting,
  type PrivacyTarget,
  rdpOf,
} from 'secagg/privacy'
import { describe, expect, test } from 'vitest'

const few: PrivacySetting = {
  clients: 100,
  minimumHonest: 100,
  length: 256,
  clip: 10,
  noiseMultiplier: 1,
  bits: 16,
  delta: 1e-5,
}
const many: PrivacySetting = { ...few, clients: 1000, minimumHonest: 1000, bits: 12 }

const target: PrivacyTarget = {
  epsilon: 3,
  clients: 200,
  minimumHonest: 120,
  length: 5000,
  clip: 1.5,
  delta: 1e-6,
  rounds: 10,
}

describe('reference values', () => {
  test.each([
    [few, 'skellam', 129.425794, 6, 4.75476876, 8, 4.37926],
    [few, 'discrete-gaussian', 129.425794, 6, 4.7547674, 7, 4.37926],
    [many, 'skellam', 0.818704494, 9, 7.58700959, 8, 6.98814],
    [many, 'discrete-gaussian', 0.818704494, 9, 687388.8, 1, 687388.8],
  ] as const)('%# scale and ε (%s)', (setting, distribution, scale, scaleDigits, renyi, digits, epsilon) => {
    const parameters = analyzePrivacy({ ...setting, distribution })
    expect(parameters.scale).toBeCloseTo(scale, scaleDigits)
    expect(epsilonOf(rdpOf(parameters), setting.delta).epsilon).toBeCloseTo(renyi, digits)
    expect(parameters.epsilon / epsilon).toBeCloseTo(1, 4)
    expect(parameters.localStandardDeviation).toBeCloseTo(10 / Math.sqrt(setting.clients), 12)
  })
})

describe('the numbers that follow from a setting', () => {
  test('are consistent', () => {
    const parameters = analyzePrivacy({ ...few, clients: 200, minimumHonest: 64, length: 200, rounds: 3 })
    expect(parameters).toMatchObject({
      distribution: 'skellam',
      tail: 4,
      rounds: 3,
      length: 200,
      dimension: 200,
      segment: { length: 200, bits: 16, bound: 'modular' },
      totalStandardDeviation: 10,
      localStandardDeviation: 10 / 8,
      neighbors: NEIGHBORS,
      amplified: undefined,
      collapsed: false,
    })
    const { scale, localVariance, l2Sensitivity, l1Sensitivity, sumStandardDeviation } = parameters
    expect(localVariance / (1.25 * scale) ** 2).toBeCloseTo(1, 9)
    expect(localVariance).toBeGreaterThanOrEqual((1.25 * scale) ** 2)
    expect(l2Sensitivity).toBeGreaterThan(10 * scale)
    expect(l1Sensitivity).toBeCloseTo(Math.sqrt(200) * l2Sensitivity, 6)
    expect(sumStandardDeviation).toBeGreaterThan(Math.sqrt(200) * 1.25)
    expect(Object.isFrozen(parameters) && Object.isFrozen(parameters.warnings)).toBe(true)
  })

  test('leave room for the worst vector: a window of the rotation holds all of it', () => {
    const scaleAt = (length: number): number => analyzePrivacy({ ...few, length }).scale
    expect(scaleAt(200)).toBe(scaleAt(128))
    expect(scaleAt(255)).toBe(scaleAt(128))
    expect(scaleAt(256)).toBeGreaterThan(scaleAt(255))
  })

  test('ε never grows with more noise, more bits or fewer rounds', () => {
    const one = fc.record({
      clients: fc.integer({ min: 10, max: 5000 }),
      honest: fc.double({ min: 0.1, max: 1, noNaN: true }),
      length: fc.integer({ min: 1, max: 1e6 }),
      noiseMultiplier: fc.double({ min: 0.1, max: 50, noNaN: true }),
      bits: fc.integer({ min: 12, max: 30 }),
      distribution: fc.constantFrom('skellam' as const, 'discrete-gaussian' as const),
    })
    fc.assert(
      fc.property(one, ({ honest, ...some }) => {
        const setting = { ...few, ...some, minimumHonest: Math.ceil(some.clients * honest) }
        const { epsilon, centralEpsilon } = analyzePrivacy(setting)
        const epsilonWith = (change: Partial<PrivacySetting>): number =>
          analyzePrivacy({ ...setting, ...change }).epsilon
        expect(epsilonWith({ noiseMultiplier: setting.noiseMultiplier * 1.2 })).toBeLessThanOrEqual(epsilon)
        expect(epsilonWith({ bits: setting.bits + 1 })).toBeLessThanOrEqual(epsilon * (1 + 1e-9))
        expect(epsilonWith({ delta: 1e-4 })).toBeLessThanOrEqual(epsilon)
        expect(epsilonWith({ rounds: 2 })).toBeGreaterThanOrEqual(epsilon)
        expect(epsilonWith({ tail: 5 })).toBeGreaterThanOrEqual(epsilon * (1 - 1e-9))
        expect(centralEpsilon).toBeLessThanOrEqual(epsilon)
      }),
      { seed: 41, numRuns: 100 },
    )
  })

  test('every number is explained, and each ε comes with the neighbor relation', () => {
    const parameters = analyzePrivacy({ ...few, samplingRate: 0.1 })
    const lines = explainPrivacy(parameters)
    for (const { name, value, meaning } of lines) {
      expect(
        name.split('.').reduce((part: unknown, key) => (part as Record<string, unknown>)[key], parameters),
      ).toBe(value)
      expect(meaning.length).toBeGreaterThan(10)
    }
    for (const { name, meaning } of lines.filter(({ name: each }) => /(^|\.)epsilon/.test(each))) {
      expect(meaning, name).toContain('add or remove one client, that is, replace its vector by zeros')
    }
    const { meaning } = lines.find(({ name }) => name === 'amplified.epsilon')!
    expect(meaning).toContain('do not learn the number or the identity of the participants')
    expect(meaning).toContain('the noise does not depend on who was sampled')
    const numbers = Object.entries(parameters).filter(([, value]) => typeof value === 'number')
    const unexplained = ['clients', 'length', 'rounds', 'order', 'tail', 'samplingRate']
    expect(lines.map(({ name }) => name)).toEqual(
      expect.arrayContaining(numbers.map(([name]) => name).filter((name) => !unexplained.includes(name))),
    )
  })

  test('warnings name what weakens the promise', () => {
    expect(analyzePrivacy({ ...few, minimumHonest: 60 }).warnings).toEqual([])
    const [dropouts] = analyzePrivacy(few).warnings
    expect(dropouts).toContain('drop out')
    const [delta] = analyzePrivacy({ ...few, minimumHonest: 60, delta: 0.01 }).warnings
    expect(delta).toContain('1/100')
    const [rounding] = analyzePrivacy({ ...many, minimumHonest: 900 }).warnings
    expect(rounding).toContain('12 bits')
  })

  test.each([
    ['clients', 1],
    ['clients', 2.5],
    ['minimumHonest', 0],
    ['minimumHonest', 101],
    ['length', 0],
    ['clip', 0],
    ['clip', -1],
    ['clip', Number.POSITIVE_INFINITY],
    ['clip', Number.NaN],
    ['bits', 0],
    ['bits', 33],
    ['noiseMultiplier', 0],
    ['noiseMultiplier', '1'],
    ['delta', 0],
    ['delta', 1],
    ['rounds', 0],
    ['rounds', 1.5],
    ['tail', 0],
    ['samplingRate', 0],
    ['samplingRate', 1.01],
    ['distribution', 'gaussian'],
  ])('%s = %s is refused by name', (name, value) => {
    const act = (): unknown => analyzePrivacy({ ...few, [name]: value })
    expect(act).toThrow(expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }))
    expect(act).toThrow(name)
  })

  test('too few bits for the clients are refused, with the number that is needed', () => {
    const act = (): unknown => analyzePrivacy({ ...many, bits: 6 })
    expect(act).toThrow(expect.objectContaining({ code: 'invalid-configuration', expected: 7, got: 6 }))
    expect(analyzePrivacy({ ...many, bits: 7 }).scale).toBeGreaterThan(0)
  })
})

describe('the chooser', () => {
  test('keeps the target with the smallest noise multiplier of six digits', () => {
    for (const distribution of ['skellam', 'discrete-gaussian'] as const) {
      const chosen = choosePrivacy({ ...target, bits: 18, distribution })
      expect(chosen.epsilon).toBeLessThanOrEqual(3)
      expect(chosen.epsilon).toBeGreaterThan(3 * (1 - 1e-4))
      expect(Number(chosen.noiseMultiplier.toPrecision(6))).toBe(chosen.noiseMultiplier)
      const less = { ...chosen, noiseMultiplier: chosen.noiseMultiplier * (1 - 1e-5) }
      expect(analyzePrivacy(less).epsilon).toBeGreaterThan(3)
    }
  })

  test('its result can be checked from the setting alone', () => {
    const { clients, minimumHonest, length, clip, bits, noiseMultiplier, delta, rounds, ...rest } =
      choosePrivacy(target)
    const setting = { clients, minimumHonest, length, clip, bits, noiseMultiplier, delta, rounds }
    expect(analyzePrivacy(setting)).toEqual({ ...setting, ...rest })
  })

  test('chooses the fewest bits that need little more noise', () => {
    const chosen = choosePrivacy(target)
    const ample = choosePrivacy({ ...target, bits: 32 })
    expect(chosen.noiseMultiplier).toBeLessThanOrEqual(ample.noiseMultiplier * 1.05)
    const fewer = choosePrivacy({ ...target, bits: chosen.bits - 1 })
    expect(fewer.noiseMultiplier).toBeGreaterThan(ample.noiseMultiplier * 1.05)
  })

  test('fewer honest clients each add more noise', () => {
    const [half, all] = [60, 200].map((minimumHonest) =>
      choosePrivacy({ ...target, bits: 20, minimumHonest }),
    )
    expect(half!.localStandardDeviation / all!.localStandardDeviation).toBeCloseTo(Math.sqrt(200 / 60), 2)
  })

  test('advice for an impossible target works: more bits, or a larger ε', () => {
    const impossible = { ...target, epsilon: 0.5, bits: 9 }
    let message = ''
    try {
      choosePrivacy(impossible)
    } catch (error) {
      expect(error).toMatchObject({ code: 'invalid-configuration', fault: 'usage' })
      message = (error as Error).message
    }
    const bits = Number(/(\d+) bits or/.exec(message)![1])
    const epsilon = Number(/ε = ([\d.]+) would work/.exec(message)![1])
    expect(choosePrivacy({ ...impossible, bits }).epsilon).toBeLessThanOrEqual(0.5)
    expect(() => choosePrivacy({ ...impossible, bits: bits - 1 })).toThrow('no amount of noise')
    expect(choosePrivacy({ ...impossible, epsilon }).bits).toBe(9)
  })

  test('advice for an impossible target works: more honest clients', () => {
    const impossible = { ...target, epsilon: 0.5, minimumHonest: 1, bits: 11, length: 16 }
    let message = ''
    try {
      choosePrivacy(impossible)
    } catch (error) {
      message = (error as Error).message
    }
    const minimumHonest = Number(/at least (\d+) honest clients or/.exec(message)![1])
    expect(choosePrivacy({ ...impossible, minimumHonest }).epsilon).toBeLessThanOrEqual(0.5)
    expect(() => choosePrivacy({ ...impossible, minimumHonest: minimumHonest - 1 })).toThrow(
      'no amount of noise',
    )
  })

  test.each([
    ['epsilon', 0],
    ['epsilon', Number.NaN],
    ['epsilon', 2000],
    ['bits', 0],
    ['clip', 0],
    ['minimumHonest', 201],
  ])('%s = %s is refused by name', (name, value) => {
    const act = (): unknown => choosePrivacy({ ...target, [name]: value })
    expect(act).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(act).toThrow(name)
  })
})
