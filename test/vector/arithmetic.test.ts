import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addInto,
  checkSegments,
  checkVector,
  copyVector,
  createVector,
  elementCount,
  firstOutOfRange,
  type Lanes,
  laneBytes,
  reduceInto,
  subtractInto,
  type Vector,
  vectorInRange,
} from '../../src/vector/index.js'
import { combine, segmentsArbitrary, valuesFor, valuesOf, vectorOf } from './support.js'

describe('arithmetic modulo 2^k', () => {
  test('sums and differences equal those of BigInts, for every k', () => {
    fc.assert(
      fc.property(segmentsArbitrary, fc.nat(), fc.nat(), (segments, seed, otherSeed) => {
        const values = valuesFor(segments, seed)
        const others = valuesFor(segments, otherSeed)
        const source = vectorOf(others, segments)
        const sum = vectorOf(values, segments)
        addInto(sum, source, segments)
        addInto(sum, source, segments)
        reduceInto(sum, segments)
        expect(valuesOf(sum)).toEqual(combine(values, others, segments, (a, b) => a + 2n * b))
        subtractInto(sum, source, segments)
        subtractInto(sum, source, segments)
        reduceInto(sum, segments)
        expect(valuesOf(sum)).toEqual(values)
        expect(valuesOf(source)).toEqual(others)
      }),
    )
  })

  test('elements wrap around at 2^k, for every k', () => {
    for (let bits = 1; bits <= 64; bits++) {
      const segments = [{ length: 2, bits }]
      const vector = vectorOf([[2n ** BigInt(bits) - 1n, 0n]], segments)
      addInto(vector, vectorOf([[1n, 0n]], segments), segments)
      subtractInto(vector, vectorOf([[0n, 1n]], segments), segments)
      reduceInto(vector, segments)
      expect(valuesOf(vector)).toEqual([[0n, 2n ** BigInt(bits) - 1n]])
    }
  })

  test('a copy shares no memory with the original', () => {
    const vector = [new Uint16Array([1, 2, 3, 4]).subarray(1, 3)]
    const copy = copyVector(vector)
    expect(copy).toEqual([Uint16Array.of(2, 3)])
    expect(copy[0]!.buffer).not.toBe(vector[0]!.buffer)
  })
})

describe('shapes', () => {
  const segments = [
    { length: 2, bits: 8 },
    { length: 1, bits: 9 },
    { length: 0, bits: 32 },
    { length: 1, bits: 33 },
  ]

  test('lanes have the narrowest type that holds the bits', () => {
    expect(createVector(segments).map((lanes) => lanes.constructor.name)).toEqual([
      'Uint8Array',
      'Uint16Array',
      'Uint32Array',
      'BigUint64Array',
    ])
    expect(elementCount(segments)).toBe(4)
  })

  test.each<[string, unknown[], string]>([
    [
      'signed lanes',
      [new Int8Array(2), new Uint16Array(1), new Uint32Array(0), new BigUint64Array(1)],
      'segment 0',
    ],
    [
      'clamped lanes',
      [new Uint8ClampedArray(2), new Uint16Array(1), new Uint32Array(0), new BigUint64Array(1)],
      'segment 0',
    ],
    [
      'too narrow lanes',
      [new Uint8Array(2), new Uint8Array(1), new Uint32Array(0), new BigUint64Array(1)],
      'segment 1',
    ],
    ['a plain array', [[1, 2], new Uint16Array(1), new Uint32Array(0), new BigUint64Array(1)], 'segment 0'],
    [
      'a wrong length',
      [new Uint8Array(2), new Uint16Array(1), new Uint32Array(1), new BigUint64Array(1)],
      'segment 2',
    ],
    ['null', [new Uint8Array(2), new Uint16Array(1), new Uint32Array(0), null], 'segment 3'],
    [
      'an impostor',
      [
        new Uint8Array(2),
        { length: 1, [Symbol.toStringTag]: 'Uint16Array' },
        new Uint32Array(0),
        new BigUint64Array(1),
      ],
      'segment 1',
    ],
    ['a missing segment', [new Uint8Array(2)], 'one array of lanes per segment'],
  ])('%s is refused', (_, vector, message) => {
    const check = (): void => checkVector(vector as unknown as Vector, segments)
    expect(check).toThrow(expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }))
    expect(check).toThrow(message)
  })

  test('a vector of the wrong shape leaves the target unchanged', () => {
    const target = vectorOf([[1n, 2n], [3n], [], [4n]], segments)
    const source = [...createVector(segments).slice(0, 3), new BigUint64Array(2)]
    expect(() => addInto(target, source, segments)).toThrow('segment 3')
    expect(() => subtractInto(target, source, segments)).toThrow('segment 3')
    expect(valuesOf(target)).toEqual([[1n, 2n], [3n], [], [4n]])
  })

  test.each([0, 65, -1, 1.5, Number.NaN])('%s bits are refused', (bits) => {
    expect(() => laneBytes(bits)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
    expect(() => createVector([{ length: 1, bits }])).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })

  test.each([-1, 0.5, Number.NaN, 2 ** 53, 2 ** 38])('a segment of %s elements is refused', (length) => {
    const check = (): void => checkSegments([{ length, bits: 1 }])
    expect(check).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  test('writing to the views of a range changes the vector, within the range only', () => {
    const vector = vectorOf([[1n, 2n], [3n], [], [4n]], segments)
    const part = vectorInRange(vector, segments, { from: 1, to: 3 })
    expect(valuesOf(part)).toEqual([[2n], [3n], [], []])
    ;(part[1] as Uint16Array)[0] = 7
    expect(valuesOf(vector)).toEqual([[1n, 2n], [7n], [], [4n]])
  })

  test.each([
    [-1, 2],
    [3, 2],
    [0, 5],
    [0.5, 2],
  ])('a range from %s to %s is refused', (from, to) => {
    const take = (): Vector => vectorInRange(createVector(segments), segments, { from, to })
    expect(take).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})

describe('the first element out of range', () => {
  const cases: readonly [Lanes, bigint, number][] = [
    [Uint8Array.of(1, 2, 255), 256n, -1],
    [Uint8Array.of(1, 2, 255), 255n, 2],
    [Uint16Array.of(1, 2, 3), 2n, 1],
    [Uint32Array.of(0xfffffffe, 0xffffffff), 0xffffffffn, 1],
    [BigUint64Array.of(2n ** 64n - 1n), 2n ** 64n, -1],
    [BigUint64Array.of(2n ** 33n - 1n, 2n ** 33n), 2n ** 33n, 1],
    [Uint32Array.of(0), 0n, 0],
    [new Uint32Array(0), 0n, -1],
  ]
  test.each(cases)('of %s with the bound %s is at %s', (lanes, bound, index) => {
    expect(firstOutOfRange(lanes, bound)).toBe(index)
  })

  test('is the same that a simple search finds', () => {
    fc.assert(
      fc.property(
        segmentsArbitrary,
        fc.nat(),
        fc.bigInt({ min: 0n, max: 2n ** 65n }),
        (segments, seed, bound) => {
          for (const lanes of valuesFor(segments, seed).map(
            (values, i) => vectorOf([values], [segments[i]!])[0]!,
          )) {
            expect(firstOutOfRange(lanes, bound)).toBe(
              valuesOf([lanes])[0]!.findIndex((value) => value >= bound),
            )
          }
        },
      ),
    )
  })

  test('depends on all bits of a wide element', () => {
    const near = [
      0n,
      1n,
      2n ** 31n,
      2n ** 32n - 1n,
      2n ** 32n,
      2n ** 63n,
      2n ** 64n - 2n ** 32n,
      2n ** 64n - 1n,
    ]
    const values = near.flatMap((value) => [
      value - 2n ** 32n,
      value - 1n,
      value,
      value + 1n,
      value + 2n ** 32n,
    ])
    for (const [lanes, bits] of [
      [Uint32Array, 32n],
      [BigUint64Array, 64n],
    ] as const) {
      const elements = values.filter((value) => value >= 0n && value < 2n ** bits)
      for (const bound of elements.filter((value) => value > 0n)) {
        for (const element of elements) {
          const two =
            lanes === Uint32Array ? Uint32Array.of(0, Number(element)) : BigUint64Array.of(0n, element)
          expect(firstOutOfRange(two, bound), `${element} below ${bound}`).toBe(element >= bound ? 1 : -1)
        }
      }
    }
  })
})
