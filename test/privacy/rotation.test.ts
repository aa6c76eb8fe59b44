import { rotate, rotateBack } from 'secagg/privacy'
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

  test.each([1, 2, 3, 1000, 1024, 1025, 4096, 8192, 8191, 2 ** 16, 100_000])(
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

  test.each([3, 5, 6, 7, 12, 48, 63])(
    'of %d elements is orthogonal, in two windows that overlap',
    (length) => {
      const width = 2 ** Math.floor(Math.log2(length))
      const columns = Array.from({ length }, (_, at) => {
        const column = unitVector(length, at)
        rotate(column, seed)
        return column
      })
      for (const [i, one] of columns.entries()) {
        for (const [j, other] of columns.entries()) {
          const product = one.reduce((sum, value, index) => sum + value * other[index]!, 0)
          expect(product).toBeCloseTo(i === j ? 1 : 0, 14)
        }
      }
      // The rows before the second window only have elements of the first one, all of the same magnitude.
      for (let row = 0; row < length; row++) {
        const squares = columns.map((column) => column[row]! ** 2)
        expect(squares.reduce((sum, square) => sum + square, 0)).toBeCloseTo(1, 14)
        if (row >= length - width) continue
        for (const [at, square] of squares.entries())
          expect(square).toBeCloseTo(at < width ? 1 / width : 0, 14)
      }
    },
  )

  test('the second window uses the signs after those of the first, and sees what the first has done', () => {
    const values = Float64Array.from({ length: 700 }, (_, i) => Math.sin(i))
    const rotated = Float64Array.from(values)
    rotate(rotated, seed)
    const expected = Float64Array.from(values)
    // A rotation of 1024 elements has the signs of both windows.
    const signs = Array.from({ length: 1024 }, (_, i) => {
      const column = unitVector(1024, i)
      rotate(column, seed)
      return Math.sign(column[0]!)
    })
    for (const [window, first] of [
      [expected.subarray(0, 512), 0],
      [expected.subarray(188), 512],
    ] as const) {
      const flipped = window.map((value, i) => value * signs[first + i]!)
      for (let row = 0; row < 512; row++) {
        let sum = 0
        for (let i = 0; i < 512; i++) {
          const ones = (row & i).toString(2).replaceAll('0', '').length
          sum += ones % 2 === 0 ? flipped[i]! : -flipped[i]!
        }
        window[row] = sum / Math.sqrt(512)
      }
    }
    expect(rotated.every((value, i) => Math.abs(value - expected[i]!) < 1e-12)).toBe(true)
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

  test('an empty vector, and other arrays', () => {
    for (const values of [new Float64Array(0), new Float32Array(4), [1, 2]]) {
      expect(() => rotate(values as Float64Array, seed)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
  })
})
