import { createNoiseSampler, type NoiseDistribution } from 'secagg/privacy'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { RandomWords } from '../../src/crypto/random.js'
import { hatOf } from '../../src/privacy/noise/hat.js'
import { AliasTable, isBelow, Staircase, StepBounds } from '../../src/privacy/noise/staircase.js'
import { dyadicOf, gaussianWeight, poissonWeight } from '../../src/privacy/noise/weights.js'
import { randomOf } from '../support/seeded.js'
import { discreteGaussianLaw, expectLaw, type LogLaw, seededCrypto, skellamLaw } from './support.js'

afterEach(() => void vi.restoreAllMocks())

function drawn(distribution: NoiseDistribution, variance: number, count: number, seed: number): Int32Array {
  const draws = new Int32Array(count)
  createNoiseSampler(distribution, variance, seededCrypto(seed)).fill(draws)
  return draws
}

describe('draws have the right distribution', () => {
  test.each([2 ** -12, 0.01, 0.3, 1, 2.5, 17.25, 300, 4000.125, 40_000, 1e6])(
    'Skellam of variance %d',
    (variance) => {
      expectLaw(drawn('skellam', variance, 300_000, 1), skellamLaw(variance, reachOf(variance)))
    },
  )

  test.each([0.25, 0.6, 1, 9, 300, 16_750.5, 1e6])('the discrete Gaussian of variance %d', (variance) => {
    expectLaw(
      drawn('discrete-gaussian', variance, 300_000, 2),
      discreteGaussianLaw(variance, reachOf(variance)),
    )
  })

  test.each([
    ['skellam', 2 ** 40],
    ['skellam', 2 ** 56],
    ['discrete-gaussian', 2 ** 56],
  ] as const)(
    '%s of variance %d, in steps of an eighth of a standard deviation',
    (distribution, variance) => {
      const width = Math.sqrt(variance) / 8
      const draws = drawn(distribution, variance, 300_000, 3).map((draw) => Math.floor(draw / width))
      expectLaw(draws, normalSteps(8))
    },
  )

  test('mean, variance and fourth moment', () => {
    const variance = 5.5
    const draws = drawn('skellam', variance, 2 ** 19, 4)
    const moment = (power: number): number => draws.reduce((sum, x) => sum + x ** power, 0) / draws.length
    expect(Math.abs(moment(1))).toBeLessThan(4 * Math.sqrt(variance / draws.length))
    expect(moment(2) / variance).toBeCloseTo(1, 2)
    expect(moment(4) / (3 * variance ** 2 + variance)).toBeCloseTo(1, 1)
  })
})

describe('the bounds within a step', () => {
  const fine = { reachDigits: 24, areaDigits: 32 }

  test.each([
    ['poisson', 5000, 0],
    ['poisson', 5000, 2],
    ['poisson', 3e8, 6],
    ['poisson', 2 ** 50, 18],
    ['gaussian', 5000, 3],
    ['gaussian', 2 ** 50, 18],
  ] as const)('decide as the exact weight does: %s, %d, steps of 2^%d', (kind, parameter, stepDigits) => {
    const dyadic = dyadicOf(parameter)
    const weight = kind === 'poisson' ? poissonWeight(dyadic) : gaussianWeight(dyadic)
    const hat = hatOf(weight, { ...fine, stepDigits })
    const bounds = new StepBounds(hat, weight.mode, stepDigits)
    const random = randomOf(5)
    const digits = new RandomWords(seededCrypto(6))
    let decided = 0
    for (let turn = 0; turn < 1500; turn++) {
      const index = random.below(hat.steps.length)
      const { start, floor, ceiling } = hat.steps[index]!
      const offset = random.below(2 ** stepDigits)
      // Many points close to the curve, where a wrong bound would show.
      const near = (BigInt(offset) << 32n) >> BigInt(stepDigits)
      const slack = BigInt(random.below(2 ** 28)) - 2n ** 27n
      const word = turn % 2 === 0 ? random.word() : Number(BigInt.asUintN(32, 2n ** 32n - 1n - near + slack))
      const quick = bounds.decide(index, offset, word)
      if (quick === undefined) continue
      decided++
      const sliver = { bottom: floor, length: ceiling - floor, halvings: 0, unit: hat.unit }
      expect(quick).toBe(isBelow(weight, start + BigInt(offset), sliver, digits, BigInt(word)))
    }
    if (stepDigits > 0) expect(decided).toBeGreaterThan(700)
  })
})

describe('rare cases, made frequent by a coarse staircase', () => {
  // Most draws come from above a floor or from a tail.
  const coarse = { stepDigits: 4, reachDigits: 3, areaDigits: 10 }
  const short = { stepDigits: 0, reachDigits: 1, areaDigits: 10 }

  test.each([
    ['skellam', 30, coarse],
    ['skellam', 30, short],
    ['discrete-gaussian', 70, coarse],
    ['discrete-gaussian', 70, short],
  ] as const)('%s of variance %d (%#)', (distribution, variance, fineness) => {
    const words = new RandomWords(seededCrypto(5))
    const isSkellam = distribution === 'skellam'
    const weight = isSkellam ? poissonWeight(dyadicOf(variance / 2)) : gaussianWeight(dyadicOf(variance))
    const sampler = new Staircase(weight, fineness)
    const draw = isSkellam ? () => sampler.draw(words) - sampler.draw(words) : () => sampler.draw(words)
    const law = isSkellam ? skellamLaw(variance, 120) : discreteGaussianLaw(variance, 120)
    expectLaw(Int32Array.from({ length: 25_000 }, draw), law)
  })

  test('more digits are drawn until the comparison is decided', () => {
    // U < e^−½, where the first 32 digits of U are those of e^−½, and the next ones are below or above.
    const weight = gaussianWeight(dyadicOf(1))
    const { low } = weight.bracket(1n, 64)
    const whole = { bottom: 0n, length: 1n, halvings: 0, unit: 1n }
    for (const [next, expected] of [
      [-1n, true],
      [3n, false],
    ] as const) {
      const digits = [low >> 32n, (low & 0xffffffffn) + next, 5n]
      expect(isBelow(weight, 1n, whole, { integer: () => digits.shift()! })).toBe(expected)
      expect(digits).toEqual([5n])
    }
    // The same for an interval that is half as long and begins at ¼: ¼ + U/2 < e^−½.
    const upper = { bottom: 1n, length: 4n, halvings: 1, unit: 4n }
    expect(isBelow(weight, 1n, upper, { integer: () => 0xb0000000n })).toBe(true)
    expect(isBelow(weight, 1n, upper, { integer: () => 0xc0000000n })).toBe(false)
  })
})

describe('exactness', () => {
  test('the table gives every area its exact number of random words', () => {
    const random = randomOf(7)
    for (let turn = 0; turn < 50; turn++) {
      const count = 1 + random.below(60)
      const areas = Array.from({ length: count }, () => random.below(60))
      areas.push(4096 - areas.reduce((sum, area) => sum + area, 0))
      const table = new AliasTable(areas, 12)
      const counts = new Array(areas.length).fill(0)
      for (let point = 0; point < 4096; point++)
        counts[table.pick(((point << 20) | random.below(2 ** 20)) >>> 0)]++
      expect(counts).toEqual(areas)
    }
  })

  test.each([
    ['Poisson', poissonWeight(dyadicOf(100.75)), 2],
    ['Poisson', poissonWeight(dyadicOf(3)), 0],
    ['Gaussian', gaussianWeight(dyadicOf(90.5)), 2],
  ] as const)(
    'the hat of %s %# covers every number, no cut is above it, and the areas are right',
    (_, weight, stepDigits) => {
      for (const areaDigits of [10, 32]) {
        const { steps, tails, unit, areas } = hatOf(weight, { stepDigits, reachDigits: 6, areaDigits })
        const width = 2 ** stepDigits
        const covered = new Map<bigint, { floor: bigint; ceiling: bigint; halvings: bigint }>()
        const cover = (k: bigint, floor: bigint, ceiling: bigint, halvings: bigint): void => {
          expect(covered.has(k), `${k} is covered once`).toBe(false)
          covered.set(k, { floor, ceiling, halvings })
        }
        for (const { start, floor, ceiling } of steps) {
          for (let i = 0; i < width; i++) cover(start + BigInt(i), floor, ceiling, 0n)
        }
        for (const { start, direction, digits, ceiling } of tails) {
          for (let i = 0n; i < 80n; i++) cover(start + direction * i, 0n, ceiling, i >> BigInt(digits))
        }
        for (let k = weight.mode - 60n; k <= weight.mode + 60n; k++) {
          const { low, high } = weight.bracket(k, 200)
          const part = covered.get(k)
          if (high === 0n && part === undefined) continue
          expect(part!.floor << 200n <= low * unit, `the cut at ${k}`).toBe(true)
          expect((high * unit) << part!.halvings <= part!.ceiling << 200n, `the hat at ${k}`).toBe(true)
        }
        const tailArea = ({ digits, ceiling }: (typeof tails)[number]): number =>
          // ceiling · 2^digits (1 + ½ + ¼ + …), where a step of this height has the area ceiling.
          (Number(ceiling) * 2 ** digits * 2) / width
        expect(areas.slice(0, -1)).toEqual([
          ...steps.map(({ floor }) => Number(floor)),
          ...steps.map(({ floor, ceiling }) => Number(ceiling - floor)),
          ...tails.map(tailArea),
        ])
        expect(areas.reduce((sum, area) => sum + area, 0)).toBe(2 ** areaDigits)
        expect(areas.at(-1)).toBeGreaterThanOrEqual(0)
      }
    },
  )

  test.each(['skellam', 'discrete-gaussian'] as const)(
    '%s does not use floating-point arithmetic',
    (distribution) => {
      for (const name of [
        'exp',
        'expm1',
        'log',
        'log1p',
        'log2',
        'log10',
        'sqrt',
        'pow',
        'random',
        'fround',
      ] as const) {
        vi.spyOn(Math, name).mockImplementation(() => {
          throw new Error(`Math.${name} was called`)
        })
      }
      expect(new Set(drawn(distribution, 70_000.25, 5000, 8)).size).toBeGreaterThan(500)
    },
  )

  test('equal random bytes give equal draws', () => {
    expect(drawn('skellam', 12.5, 500, 9)).toEqual(drawn('skellam', 12.5, 500, 9))
    expect(drawn('skellam', 12.5, 500, 9)).not.toEqual(drawn('skellam', 12.5, 500, 10))
  })
})

describe('what is refused', () => {
  test.each([
    ['skellam', 0],
    ['skellam', -1],
    ['skellam', Number.NaN],
    ['skellam', Number.POSITIVE_INFINITY],
    ['discrete-gaussian', 0.249],
    ['laplace', 1],
  ])('%s of variance %d', (distribution, variance) => {
    expect(() => createNoiseSampler(distribution as NoiseDistribution, variance, seededCrypto(1))).toThrow(
      expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }),
    )
  })

  test('an array that is too narrow for the noise', () => {
    const sampler = createNoiseSampler('skellam', 1e6, seededCrypto(1))
    expect(() => sampler.fill(new Int16Array(4) as unknown as Int32Array)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', got: 'Int16Array' }),
    )
  })

  test.each([
    ['zeros', (length: number) => new Uint8Array(length)],
    ['too few bytes', (length: number) => new Uint8Array(length - 1).fill(1)],
  ])('a generator that gives %s', (_, randomBytes) => {
    const sampler = createNoiseSampler('skellam', 1, { ...seededCrypto(1), randomBytes })
    expect(() => sampler.fill(new Int32Array(1))).toThrow(expect.objectContaining({ code: 'no-randomness' }))
  })
})

function reachOf(variance: number): number {
  return Math.ceil(7 * Math.sqrt(variance)) + 20
}

/** The law of ⌊Z · fineness⌋ for a standard normal Z; each probability by Simpson's rule. */
function normalSteps(fineness: number): LogLaw {
  const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  return {
    reach: 6 * fineness,
    at: (k) => {
      const [a, b] = [k / fineness, (k + 1) / fineness]
      return Math.log(((density(a) + 4 * density((a + b) / 2) + density(b)) * (b - a)) / 6)
    },
  }
}
