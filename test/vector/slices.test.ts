import fc from 'fast-check'
import { elementCount, packedRange, type Segment } from 'secagg/vector'
import { expect, it } from 'vitest'
import { sliceCount, sliceRange } from '../../src/vector/segments.js'

const segment = fc.record({ length: fc.integer({ min: 1, max: 400 }), bits: fc.integer({ min: 1, max: 64 }) })

function slicesOf(segments: readonly Segment[], sliceLength: number | undefined) {
  const count = sliceCount(segments, sliceLength)
  return Array.from({ length: count }, (_, slice) => sliceRange(segments, sliceLength, slice))
}

it('slices follow one another from the first element to the last, and none is empty', () => {
  fc.assert(
    fc.property(
      fc.array(segment, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 64, max: 500 }),
      (segments, sliceLength) => {
        const slices = slicesOf(segments, sliceLength)
        expect(slices[0]!.from).toBe(0)
        expect(slices.at(-1)!.to).toBe(elementCount(segments))
        slices.forEach(({ from, to }, index) => {
          if (index > 0) expect(from).toBe(slices[index - 1]!.to)
          expect(to).toBeGreaterThan(from)
          expect(to - from).toBeLessThan(sliceLength + 8)
        })
      },
    ),
    { seed: 1 },
  )
})

it('every slice begins and ends between two bytes of the packed vector', () => {
  fc.assert(
    fc.property(
      fc.array(segment, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 64, max: 500 }),
      (segments, sliceLength) => {
        let end = 0
        for (const slice of slicesOf(segments, sliceLength)) {
          const { from, to } = packedRange(segments, slice)
          expect(from).toBe(end)
          end = to
        }
      },
    ),
    { seed: 2 },
  )
})

it('without a length there is one slice, the whole vector', () => {
  const segments = [
    { length: 5, bits: 3 },
    { length: 7, bits: 40 },
  ]
  expect(slicesOf(segments, undefined)).toEqual([{ from: 0, to: 12 }])
})

it('refuses a slice number that is too large or not a whole number', () => {
  const segments = [{ length: 130, bits: 3 }]
  for (const slice of [-1, 3, 0.5, Number.NaN]) {
    expect(() => sliceRange(segments, 64, slice)).toThrow(/whole number below 3/)
  }
})
