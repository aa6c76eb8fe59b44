import { expect, it } from 'vitest'
import { compareClasses, cropFractions, cropped, percentile, welchT } from '../../bench/timing/welch.js'
import { randomOf } from '../support/seeded.js'

const floats = (...values: number[]): Float64Array => Float64Array.from(values)

it('Welch’s t is the difference of the means over its standard error', () => {
  // Means 3 and 6, variances 2.5 and 10: −3 / √(2.5/5 + 10/5).
  expect(welchT(floats(1, 2, 3, 4, 5), floats(2, 4, 6, 8, 10))).toBeCloseTo(-3 / Math.sqrt(2.5), 12)
  // Of unequal sizes: means 2 and 12, variances 1 and 10: −10 / √(1/3 + 10/4).
  expect(welchT(floats(1, 2, 3), floats(8, 12, 12, 16))).toBeCloseTo(-10 / Math.sqrt(1 / 3 + 32 / 3 / 4), 12)
  expect(welchT(floats(8, 12, 12, 16), floats(1, 2, 3))).toBeCloseTo(10 / Math.sqrt(1 / 3 + 32 / 3 / 4), 12)
  expect(welchT(floats(7, 7), floats(7, 7))).toBe(0)
  expect(welchT(floats(8, 8), floats(7, 7))).toBe(Number.POSITIVE_INFINITY)
})

it('percentiles are of the sorted values', () => {
  const sorted = floats(10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
  expect([0, 0.05, 0.5, 0.95, 1].map((fraction) => percentile(sorted, fraction))).toEqual([
    10, 10, 60, 100, 100,
  ])
})

it('what is cropped is cropped from both classes alike', () => {
  const measurements = { times: floats(5, 1, 9, 3, 7, 2), classes: Uint8Array.of(0, 1, 0, 1, 1, 0) }
  expect(cropped(measurements, 5)).toEqual([floats(5, 2), floats(1, 3)])
  expect(cropped(measurements, 9)).toEqual([floats(5, 9, 2), floats(1, 3, 7)])
})

it('crops become denser towards the whole, which comes last', () => {
  const fractions = cropFractions()
  expect(fractions).toHaveLength(21)
  expect(fractions[0]).toBeCloseTo(1 - Math.SQRT1_2, 12)
  expect(fractions[19]).toBeCloseTo(1 - 2 ** -10, 12)
  expect(fractions[20]).toBe(1)
  const steps = fractions.slice(1).map((fraction, i) => fraction - fractions[i]!)
  expect(steps.slice(0, 19)).toEqual([...steps.slice(0, 19)].sort((a, b) => b - a))
})

/** Times that are normal but for some that are very long, with a mean that depends on the class. */
function timed(seed: number, difference: number, count = 20_000) {
  const random = randomOf(seed)
  const unit = (): number => random.word() / 2 ** 32
  const classes = Uint8Array.from({ length: count }, () => random.word() >>> 31)
  const times = Float64Array.from(classes, (side) => {
    const normal = Array.from({ length: 12 }, unit).reduce((sum, value) => sum + value, -6)
    const interrupted = random.below(50) === 0 ? 1e5 * unit() : 0
    return 1000 + 10 * normal + (side === 0 ? difference : 0) + interrupted
  })
  return { times, classes }
}

it('a difference is found under noise that hides it from a test of all measurements', () => {
  const measurements = timed(1, 2)
  const all = welchT(...cropped(measurements, Number.POSITIVE_INFINITY))
  expect(Math.abs(all)).toBeLessThan(4.5)
  const { t, kept, measurements: count, ratio } = compareClasses(measurements)
  expect(t).toBeGreaterThan(10)
  expect(kept).toBeLessThan(1)
  expect(count).toBe(20_000)
  expect(ratio).toBeGreaterThan(1)
  expect(compareClasses(timed(2, -2)).t).toBeLessThan(-10)
})

it.each([3, 4, 5, 6])('where there is no difference none is found (seed %i)', (seed) => {
  expect(Math.abs(compareClasses(timed(seed, 0)).t)).toBeLessThan(4.5)
})

it('a crop that leaves nearly nothing of a class tells nothing', () => {
  // The fast ones are nearly all of class 1.
  const classes = Uint8Array.from({ length: 1000 }, (_, i) => (i < 500 ? 0 : 1))
  const times = Float64Array.from({ length: 1000 }, (_, i) => (i < 500 ? (i < 10 ? 1 : 1000) : i - 499))
  const { kept, t } = compareClasses({ times, classes })
  expect(kept).toBeGreaterThan(0.5)
  expect(t).toBeGreaterThan(10)
})
