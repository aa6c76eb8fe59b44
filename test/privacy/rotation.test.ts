import { paddedLength, rotate, rotateBack } from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { l2Norm } from '../../src/privacy/wrapping.js'
import { randomOf, seeded } from '../support/seeded.js'

const seed = Uint8Array.from({ length: 16 }, (_, i) => i)

function unitVector(length: number, at: number): Float64Array {
  const vector = new Float64Array(length)
  vector[at] = 1
  return vector
}

describe('the rotation', () => {
  test.each([1, 2, 8, 64])('of %d elements is an orthonormal matrix of ±1/√d', (length) => {
    const columns = Array.from({ length }, (_, at) => {
      const column = unitVector(length, at)
      rotate(column, seed)
      return column
    })
    for (const [i, one] of columns.entries()) {
      for (const value of one) expect(Math.abs(value)).toBeCloseTo(1 / Math.sqrt(length), 14)
      for (const [j, other] of columns.entries()) {
        const product = one.reduce((sum, value, index) => sum + value * other[index]!, 0)
        expect(product).toBeCloseTo(i === j ? 1 : 0, 14)
      }
    }
  })

  test.each([1, 2, 1024, 4096, 8192, 2 ** 16])(
    'of %d elements can be undone and keeps the norm',
    async (length) => {
      await seeded(20, (random) => {
        const vector = Float64Array.from({ length }, () => random.word() / 2 ** 31 - 1)
        const rotated = Float64Array.from(vector)
        rotate(rotated, seed)
        expect(l2Norm(rotated) / l2Norm(vector)).toBeCloseTo(1, 13)
        rotateBack(rotated, seed)
        const greatest = rotated.reduce((most, value, i) => Math.max(most, Math.abs(value - vector[i]!)), 0)
        expect(greatest).toBeLessThan(1e-13)
      })
    },
  )

  test('vectors larger than the cache get the same transform', () => {
    // Element i of the transform of e_j is (−1)^(number of common ones of i and j), up to the sign of j.
    const length = 2 ** 14
    const random = randomOf(21)
    for (let turn = 0; turn < 5; turn++) {
      const j = random.below(length)
      const column = unitVector(length, j)
      rotate(column, seed)
      const sign = Math.sign(column[0]!)
      const isRight = column.every((value, i) => {
        const ones = (i & j).toString(2).replaceAll('0', '').length
        return Math.abs(value - (sign * (ones % 2 === 0 ? 1 : -1)) / 128) < 1e-15
      })
      expect(isRight).toBe(true)
    }
  })

  test('spreads a single element over all, differently for each seed', () => {
    const ones = (): Float64Array => new Float64Array(1024).fill(1)
    const [one, other] = [ones(), ones()]
    rotate(one, seed)
    rotate(other, Uint8Array.from(seed).fill(9))
    expect(one).not.toEqual(other)
    expect(one.reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeLessThan(5)
  })

  test('signs are the bits of SHA-256 over label, seed and counter', () => {
    // Computed by another program, for the counters 0 and 1.
    const signsAt = (from: number): string =>
      Array.from({ length: 16 }, (_, i) => {
        const column = unitVector(512, from + i)
        rotate(column, seed)
        return column[0]! < 0 ? 1 : 0
      }).join('')
    expect([signsAt(0), signsAt(256)]).toEqual(['1100000000000010', '1001000110111001'])
  })
})

describe('what is refused', () => {
  test.each([15, 65, 0])('a seed of %d bytes', (length) => {
    expect(() => rotate(new Float64Array(4), new Uint8Array(length))).toThrow(
      expect.objectContaining({ code: 'invalid-argument', got: length }),
    )
  })

  test('a length that is not a power of two, and other arrays', () => {
    for (const values of [new Float64Array(3), new Float64Array(0), new Float32Array(4), [1, 2]]) {
      expect(() => rotate(values as Float64Array, seed)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
  })

  test('lengths are padded to the next power of two', () => {
    expect([1, 2, 3, 4, 5, 1000, 1024, 1025, 2 ** 30].map(paddedLength)).toEqual([
      1,
      2,
      4,
      4,
      8,
      1024,
      1024,
      2048,
      2 ** 30,
    ])
  })
})
