import { createFixedPoint, encodeValues, type FixedPoint } from 'secagg/fixed-point'
import { describe, expect, it, test } from 'vitest'
import { named, randomOf } from '../support/seeded.js'

/** Levels −7 to 7 with a step of 1, so that a value is the number of its level plus a fraction. */
const stochastic = createFixedPoint({ clip: 7, bitsPerValue: 4, clients: 2 })
const nearest = createFixedPoint({ clip: 7, bitsPerValue: 4, clients: 2, rounding: 'nearest' })

function levelsOf(
  values: readonly number[],
  encoding: FixedPoint,
  randomBytes = randomOf(1).bytes,
): number[] {
  const { lanes } = encodeValues(values, encoding, { randomBytes })
  return Array.from(lanes as Uint8Array, (lane) => lane - (encoding.levels - 1) / 2)
}

/** A source of random bytes that returns these words, little-endian. */
function wordsAsBytes(...words: number[]): (length: number) => Uint8Array {
  return (length) => new Uint8Array(Uint32Array.from(words).buffer, 0, length)
}

describe('stochastic rounding', () => {
  it('is unbiased', async () => {
    const count = 2 ** 16
    // Hoeffding: each of N independent levels is one of two adjacent levels. Their mean is off by t with probability of at
    // most 2·exp(−2Nt²). For this t, the probability is 10^−9.
    const tolerance = Math.sqrt(Math.log(2e9) / (2 * count))
    const random = randomOf(7)
    for (const value of [0.25, -0.25, 0.5, 1 / 3, -6.9, 6.99, -3.001, 5.75, 0.01]) {
      await named(`value ${value}`, () => {
        const meanOf = (encoding: FixedPoint): number =>
          levelsOf(new Array<number>(count).fill(value), encoding, random.bytes).reduce(
            (sum, level) => sum + level,
          ) / count
        expect(Math.abs(meanOf(stochastic) - value)).toBeLessThan(tolerance)
      })
    }
    // The tolerance is small enough to notice bias, which rounding to the nearest level has.
    expect(Math.abs(levelsOf([0.25], nearest)[0]! - 0.25)).toBeGreaterThan(10 * tolerance)
  })

  it('rounds the values of a vector independently', () => {
    const levels = levelsOf(new Array<number>(2 ** 16).fill(0.5), stochastic, randomOf(8).bytes)
    for (const distance of [1, 2, 16384]) {
      const pairs = levels.length - distance
      const equal = levels.filter((level, index) => level === levels[index + distance]).length
      // The sums of adjacent independent fair bits are independent and fair too. Hoeffding's bound as above.
      expect(Math.abs(equal / pairs - 0.5)).toBeLessThan(Math.sqrt(Math.log(2e9) / (2 * pairs)))
    }
  })

  it('rounds up for exactly the right fraction of all random words', async () => {
    const cases = [
      [0.25, 2 ** 30],
      [-0.25, 3 * 2 ** 30],
      [0.5, 2 ** 31],
      [3.75, 3 * 2 ** 30],
      [-6.5, 2 ** 31],
    ] as const
    for (const [value, words] of cases) {
      await named(`value ${value}`, () => {
        const below = Math.floor(value)
        expect(levelsOf([value, value], stochastic, wordsAsBytes(words - 1, words))).toEqual([
          below + 1,
          below,
        ])
        expect(levelsOf([value, value], stochastic, wordsAsBytes(0, 2 ** 32 - 1))).toEqual([below + 1, below])
      })
    }
  })

  it('never changes a value that is exactly a level', () => {
    const levels = Array.from({ length: 15 }, (_, index) => index - 7)
    for (const word of [1, 2 ** 31, 2 ** 32 - 1]) {
      const words = wordsAsBytes(...new Array<number>(15).fill(word))
      expect(levelsOf(levels, stochastic, words)).toEqual(levels)
    }
    expect(levelsOf([1e-12, -1e-12, -0], stochastic, wordsAsBytes(0, 2 ** 32 - 1, 0))).toEqual([0, 0, 0])
  })

  it('never leaves the range of levels, even if the scale is not exact', () => {
    for (const clip of [0.1, 1 / 3, 0.7, 1e-9, 12345.678]) {
      const encoding = createFixedPoint({ clip, bitsPerValue: 31, clients: 2 })
      const top = encodeValues([clip, -clip, 2 * clip], encoding, { randomBytes: wordsAsBytes(1, 1, 1) })
      expect([...top.lanes]).toEqual([encoding.levels - 1, 0, encoding.levels - 1])
    }
  })

  it('requests four random bytes per value, at most 64 KiB at a time', () => {
    const asked: number[] = []
    const random = randomOf(9)
    const randomBytes = (length: number): Uint8Array => {
      asked.push(length)
      return random.bytes(length)
    }
    encodeValues(new Float32Array(40000), stochastic, { randomBytes })
    expect(asked).toEqual([65536, 65536, 4 * (40000 - 32768)])
    asked.length = 0
    encodeValues(new Float32Array(40000), nearest, { randomBytes })
    expect(asked).toEqual([])
  })

  it("uses the platform's randomness by default", () => {
    const encode = (): string => String(encodeValues(new Array<number>(200).fill(0.5), stochastic).lanes)
    expect(encode()).not.toBe(encode())
  })

  it('refuses a generator that returns too few bytes, none, or only zeros', () => {
    const broken = [
      () => new Uint8Array(7),
      (length: number) => new Uint8Array(length),
      () => undefined as unknown as Uint8Array,
      (length: number) => new Array<number>(length).fill(3) as unknown as Uint8Array,
    ]
    for (const randomBytes of broken) {
      expect(() => encodeValues(new Float64Array(9), stochastic, { randomBytes })).toThrow(
        expect.objectContaining({ code: 'no-randomness', fault: 'crypto' }),
      )
    }
  })
})

test('rounding to the nearest level rounds half up', () => {
  expect(levelsOf([0.49, 0.5, 0.51, -0.49, -0.5, -0.51, 6.5, -6.5, 7, -7], nearest)).toEqual([
    0, 1, 1, 0, 0, -1, 7, -6, 7, -7,
  ])
})
