import { describe, expect, test } from 'vitest'
import { expandMask, type Lanes, laneBytes } from '../../src/vector/index.js'
import { aes, chacha, seedOf, valuesOf } from './support.js'

const COUNT = 2 ** 16
const suites = { aes, chacha }

/** How far the counts are from being equal, in standard deviations of the chi-square distribution. */
function deviation(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
  const square = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  const freedom = counts.length - 1
  return (square - freedom) / Math.sqrt(2 * freedom)
}

function tally(cells: number, values: Iterable<number>): number[] {
  const counts = Array<number>(cells).fill(0)
  for (const value of values) counts[value]!++
  return counts
}

/** Up to eight bits of each element, from bit `shift` on. */
function* bitsOf(lanes: Lanes, shift: number): Generator<number> {
  if (lanes.BYTES_PER_ELEMENT === 8) {
    for (const lane of lanes as BigUint64Array) yield Number((lane >> BigInt(shift)) & 255n)
  } else {
    for (const lane of lanes as Uint32Array) yield (lane >>> shift) & 255
  }
}

describe.each(Object.entries(suites))('masks of %s are uniform', (_, suite) => {
  test.each([1, 2, 3, 7, 8, 9, 16, 20, 31, 32, 33, 48, 63, 64])(
    'in their top and bottom bits, k = %s',
    async (bits) => {
      const [mask] = (await expandMask(suite, seedOf(bits, suite), [{ length: COUNT, bits }])) as [Lanes]
      const cells = Math.min(bits, 8)
      expect(deviation(tally(2 ** cells, bitsOf(mask, bits - cells)))).toBeLessThan(5)
      expect(deviation(tally(256, bitsOf(mask, 0)).slice(0, 2 ** cells))).toBeLessThan(5)
    },
  )

  test.each([1, 4, 8, 10, 12])(
    'so that every value of k = %s bits is drawn, 2^k − 1 included',
    async (bits) => {
      const [mask] = (await expandMask(suite, seedOf(1, suite), [{ length: COUNT, bits }])) as [Uint16Array]
      expect(new Set(mask).size).toBe(2 ** bits)
      expect(Math.max(...mask.slice(0, 40_000))).toBe(2 ** bits - 1)
    },
  )
})

describe('no keystream is used twice', () => {
  const segments = [
    { length: 5000, bits: 64 },
    { length: 5000, bits: 64 },
    { length: 3, bits: 64 },
    { length: 5000, bits: 64 },
    { length: 5000, bits: 61 },
  ]

  test.each(Object.entries(suites))('%s: not within a segment, nor across segments', async (_, suite) => {
    const values = valuesOf(await expandMask(suite, seedOf(1, suite), segments)).flat()
    expect(new Set(values).size).toBe(values.length)
  })

  test('masks of two seeds and two suites have nothing in common', async () => {
    const masks = await Promise.all([
      expandMask(aes, seedOf(1, aes), segments),
      expandMask(aes, seedOf(2, aes), segments),
      expandMask(chacha, seedOf(1), segments),
    ])
    const values = masks.flatMap((mask) => valuesOf(mask).flat())
    expect(new Set(values).size).toBe(values.length)
  })

  test('narrow lanes are not tiled: no shift of a mask agrees with it more often than chance', async () => {
    const [mask] = (await expandMask(aes, seedOf(3, aes), [{ length: 8192, bits: 8 }])) as [Uint8Array]
    for (const shift of [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096]) {
      const agreeing = mask.filter((value, i) => value === mask[(i + shift) % mask.length]).length
      expect(agreeing, `shift ${shift}`).toBeLessThan(32 + 6 * Math.sqrt(32) + 32)
    }
  })

  test('masks use all bits of each segment and no more', async () => {
    for (let bits = 1; bits <= 64; bits++) {
      const [mask] = (await expandMask(chacha, seedOf(bits), [{ length: 64, bits }])) as [Lanes]
      const or = valuesOf([mask])[0]!.reduce((sum, value) => sum | value, 0n)
      expect(or, `k = ${bits}`).toBe(2n ** BigInt(bits) - 1n)
      expect(mask.BYTES_PER_ELEMENT).toBe(laneBytes(bits))
    }
  })
})
