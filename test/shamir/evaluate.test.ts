import { expect, it } from 'vitest'
import { GF256, GF65536, invert, multiply } from '../../src/shamir/field.js'
import { evaluateAtAll } from '../../src/shamir/split.js'
import { randomOf } from '../support/seeded.js'

/** The value at `x` of the polynomial of minimum degree through the points (0, values[0]), (1, values[1]), … */
function interpolated(values: readonly number[], x: number): number {
  return values.reduce((sum, value, i) => {
    const weight = values.reduce(
      (product, _, j) =>
        j === i ? product : multiply(GF65536, product, multiply(GF65536, x ^ j, invert(GF65536, i ^ j))),
      1,
    )
    return sum ^ multiply(GF65536, value, weight)
  }, 0)
}

const LEVELS = 4
const POINTS = 2 ** LEVELS

it.each(Array.from({ length: POINTS }, (_, i) => i))(
  'basis polynomial %i has exactly this degree',
  (degree) => {
    const rows = new Uint16Array(POINTS)
    rows[degree] = 1
    evaluateAtAll(GF65536, rows, 1, LEVELS)
    expect(rows[0]).toBe(degree === 0 ? 1 : 0)
    const all = [...rows]
    for (let x = degree + 1; x < POINTS; x++) expect(interpolated(all.slice(0, degree + 1), x)).toBe(rows[x])
    if (degree > 0) expect(interpolated(all.slice(0, degree), degree)).not.toBe(rows[degree])
  },
)

it('evaluates several polynomials at once', () => {
  const random = randomOf(3)
  const width = 3
  const rows = Uint16Array.from({ length: width * POINTS }, () => random.below(65536))
  const single = Array.from({ length: width }, (_, column) =>
    Uint16Array.from({ length: POINTS }, (_, i) => rows[i * width + column]!),
  )
  evaluateAtAll(GF65536, rows, width, LEVELS)
  single.forEach((values, column) => {
    evaluateAtAll(GF65536, values, 1, LEVELS)
    values.forEach((value, i) => {
      expect(rows[i * width + column]).toBe(value)
    })
  })
})

it('is additive', () => {
  const random = randomOf(4)
  const draw = () => Uint16Array.from({ length: POINTS }, () => random.below(65536))
  const [one, other] = [draw(), draw()]
  const sum = one.map((value, i) => value ^ other[i]!)
  for (const rows of [one, other, sum]) evaluateAtAll(GF65536, rows, 1, LEVELS)
  expect(sum).toEqual(one.map((value, i) => value ^ other[i]!))
})

it.each([LEVELS, 8])('GF(2^8), %i levels: two polynomials side by side in each word', (levels) => {
  const random = randomOf(5)
  const rows = Uint16Array.from({ length: 2 ** levels }, () => random.below(65536))
  const halves = [0, 8].map((shift) => rows.map((word) => (word >>> shift) & 255))
  evaluateAtAll(GF256, rows, 1, levels)
  halves.forEach((coefficients, half) => {
    const shift = 8 * half
    expect((rows[0]! >>> shift) & 255).toBe(coefficients[0])
    evaluateAtAll(GF256, coefficients, 1, levels)
    expect(rows.map((word) => (word >>> shift) & 255)).toEqual(coefficients)
  })
})

it('in both fields, the first basis polynomials have the same values', () => {
  for (const [row, values] of [
    [0, [1, 1, 1, 1]],
    [1, [0, 1, 2, 3]],
  ] as const) {
    for (const field of [GF256, GF65536]) {
      const rows = new Uint16Array(4)
      rows[row] = 1
      evaluateAtAll(field, rows, 1, 2)
      expect([...rows]).toEqual(values)
    }
  }
})
