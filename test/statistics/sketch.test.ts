import { createStatistics, sketchSize } from 'secagg/statistics'
import { describe, expect, it, test } from 'vitest'
import { randomOf } from '../support/seeded.js'
import { encodeNumbers, everything, readNumbers, resultOf } from './support.js'

const seed = '000102030405060708090a0b0c0d0e0f'

/** Which cells of a sketch a string is counted in, by row. */
function cellsOf(string: string, { depth, width }: { depth: number; width: number }, key = seed): number[] {
  const sketch = { kind: 'sketch', depth, width, seed: key } as const
  const statistics = createStatistics({ it: sketch }, { clients: 2 })
  const cells = [...(encodeNumbers({ it: string }, statistics).input[0] as Uint8Array)]
  return cells.flatMap((cell, index) => (cell === 1 ? [index % width] : []))
}

describe('the cells of a string', () => {
  it('are fixed by the seed', () => {
    // HMAC-SHA-256 of row and UTF-16LE, by another implementation (Python 3's hmac).
    expect(cellsOf('influenza', { depth: 4, width: 1000 })).toEqual([685, 270, 672, 369])
    expect(cellsOf('Grippe é 🦠', { depth: 4, width: 1000 })).toEqual([979, 861, 370, 611])
    expect(cellsOf('', { depth: 4, width: 1000 })).toEqual([565, 57, 733, 376])
  })

  it('are one in each row, and a deeper sketch has the same ones in its first rows', () => {
    for (const depth of [1, 5, 32]) {
      expect(cellsOf('influenza', { depth, width: 77 })).toEqual(
        cellsOf('influenza', { depth: 32, width: 77 }).slice(0, depth),
      )
    }
  })

  it('depend on the seed, and on every code unit', () => {
    const size = { depth: 4, width: 2 ** 16 }
    const strings = ['a', 'b', 'A', 'a ', 'é', 'e\u0301', '\ud800', '\udbff', '\u0000']
    const cells = strings.map((string) => String(cellsOf(string, size)))
    expect(new Set(cells).size).toBe(strings.length)
    expect(cellsOf('a', size, `${seed}ff`)).not.toEqual(cellsOf('a', size))
  })

  it('are spread evenly over the width', () => {
    const width = 10
    const counts = new Array<number>(width).fill(0)
    const strings = 2000
    for (let i = 0; i < strings; i++) counts[cellsOf(`string ${i}`, { depth: 1, width })[0]!]!++
    const chiSquare = counts.reduce(
      (sum, count) => sum + (count - strings / width) ** 2 / (strings / width),
      0,
    )
    // 9 degrees of freedom: above 27.9 for one seed in a thousand. The seed is fixed.
    expect(chiSquare).toBeLessThan(27.9)
  })
})

describe('estimates', () => {
  const size = sketchSize({ relativeError: 0.05, failureProbability: 0.05 })

  it('are never below the count, and hardly ever above it by more than the bound', () => {
    expect(size).toEqual({ depth: 3, width: 55 })
    const random = randomOf(12)
    let [above, all] = [0, 0]
    for (let draw = 0; draw < 25; draw++) {
      const key = Array.from(random.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('')
      // Few strings are frequent, and many are rare.
      const answers = Array.from({ length: 300 }, () => `code ${Math.floor(120 / (1 + random.below(120)))}`)
      const result = resultOf({ kind: 'sketch', ...size, seed: key }, answers)
      expect(result.errorBound).toBeLessThanOrEqual(0.05 * 300)
      for (const code of new Set(answers)) {
        const count = answers.filter((answer) => answer === code).length
        const estimate = result.estimate(code)!
        expect(estimate).toBeGreaterThanOrEqual(count)
        all++
        if (estimate > count + result.errorBound) above++
      }
    }
    expect(all).toBeGreaterThan(300)
    expect(above / all).toBeLessThanOrEqual(Math.exp(-size.depth))
  })

  it('work for one client, and without answers', () => {
    const sketch = { kind: 'sketch', ...size, seed } as const
    const one = resultOf(sketch, ['influenza'])
    expect(one).toMatchObject({ answered: 1, missing: 0 })
    expect(one.estimate('influenza')).toBe(1)
    expect(one.estimate('measles')).toBe(0)
    const none = resultOf(sketch, [undefined, null])
    expect([none.answered, none.errorBound, none.estimate('influenza')]).toEqual([0, 0, 0])
    expect(() => one.estimate(3 as never)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

test('the size of a sketch follows from its error', () => {
  expect(sketchSize({ relativeError: 0.01, failureProbability: 0.001 })).toEqual({ depth: 7, width: 272 })
  expect(sketchSize({ relativeError: 0.99, failureProbability: 0.99 })).toEqual({ depth: 1, width: 3 })
  for (const changes of [
    { relativeError: 0 },
    { relativeError: 1 },
    { relativeError: 1e-7 },
    { failureProbability: 1e-20 },
    { failureProbability: Number.NaN },
  ]) {
    expect(() => sketchSize({ relativeError: 0.01, failureProbability: 0.01, ...changes })).toThrow(
      expect.objectContaining({ code: 'invalid-configuration', got: Object.values(changes)[0] }),
    )
  }
})

test('the seed is bytes or digits, and is stored as digits', () => {
  const bytes = Uint8Array.from({ length: 16 }, (_, index) => index)
  for (const given of [bytes, seed, seed.toUpperCase()]) {
    const { definition } = createStatistics(
      { it: { kind: 'sketch', depth: 1, width: 2, seed: given } },
      { clients: 2 },
    )
    expect(definition.it.seed).toBe(seed)
  }
})

test('a sum whose rows have different totals is impossible', () => {
  const statistics = createStatistics({ it: { kind: 'sketch', depth: 2, width: 2, seed } }, { clients: 7 })
  expect(() => readNumbers([Uint8Array.of(2, 2, 2, 1)], 5, statistics)).toThrow(
    'the sum for statistic "it" is impossible: the totals of its rows differ',
  )
  expect(readNumbers([Uint8Array.of(2, 2, 3, 1)], 5, statistics, everything).results.it.answered).toBe(4)
})
