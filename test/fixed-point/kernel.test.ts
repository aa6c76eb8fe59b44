import { createFixedPoint, type FixedPoint } from 'secagg/fixed-point'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { encodeWith } from '../../src/fixed-point/encode-range.js'
import { decodeWith, readerOf } from '../../src/fixed-point/real-values.js'
import { createFloatKernel, withFloatKernel } from '../../src/vector/kernels/kernel-floats.js'
import { createLanes } from '../../src/vector/lanes.js'
import { randomOf } from '../support/seeded.js'
import { watchMemories } from '../vector/memories.js'

const kernel = createFloatKernel()!

afterEach(() => vi.unstubAllGlobals())

/** Lengths around turns of 4, portions of 2048 and batches of 16384 values. */
const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 2047, 2048, 2049, 16384 + 2048 + 3]

/** Encodings with lanes of 1, 2, 4 and 8 bytes, in both rounding modes. */
const ENCODINGS: FixedPoint[] = (['stochastic', 'nearest'] as const).flatMap((rounding) =>
  [
    { clip: 7, bitsPerValue: 4, clients: 2 },
    { clip: 0.1, bitsPerValue: 8, clients: 100, maximumWeight: 2 },
    { clip: 1 / 3, bitsPerValue: 16, clients: 1000 },
    { clip: 1e-200, bitsPerValue: 24, clients: 100 },
    { clip: 1e200, bitsPerValue: 24, clients: 100, maximumWeight: 1000 },
    { clip: 1, bitsPerValue: 32, clients: 2, maximumWeight: 2 ** 21 },
  ].map((options) => createFixedPoint({ ...options, rounding })),
)

/** Values that are special for these encodings: the clip and its neighbors, levels, halves of levels, subnormals, zeros. */
function edgesOf({ clip, step }: FixedPoint): number[] {
  const magnitudes = [
    0,
    5e-324,
    2 ** -1022,
    1e-310,
    Number.MAX_VALUE,
    2 ** -149,
    clip,
    clip * (1 + 2 ** -52),
    2 * clip,
  ]
  magnitudes.push(
    clip * (1 - 2 ** -53),
    step,
    step / 2,
    1.5 * step,
    (step / 2) * (1 - 2 ** -53),
    step * 2 ** -33,
  )
  return magnitudes.flatMap((magnitude) => [magnitude, -magnitude])
}

function valuesFor(encoding: FixedPoint, length: number, seed: number): Float64Array {
  const random = randomOf(seed)
  const edges = edgesOf(encoding)
  return Float64Array.from({ length }, () =>
    random.below(4) === 0
      ? edges[random.below(edges.length)]!
      : encoding.clip * 1.05 * (random.word() / 2 ** 31 - 1 + random.word() / 2 ** 53),
  )
}

const name = ({ clip, bits, rounding }: FixedPoint): string => `${bits} bits, clip ${clip}, ${rounding}`

describe.each(ENCODINGS.map((encoding) => [name(encoding), encoding] as const))(
  'the kernel and plain TypeScript give the same numbers: %s',
  (_, encoding) => {
    test('encoding', () => {
      for (const length of LENGTHS) {
        for (const weight of [1, encoding.maximumWeight]) {
          const values = valuesFor(encoding, length, length)
          const [inKernel, plain] = [kernel, undefined].map((kernelOrNone) =>
            encodeWith(kernelOrNone, readerOf(values), { from: 0, to: length }, encoding, {
              weight,
              onClip: 'report',
              randomBytes: randomOf(length + 1).bytes,
            }),
          )
          expect(inKernel).toEqual(plain)
        }
      }
    })

    test('decoding', () => {
      for (const length of LENGTHS) {
        for (const totalWeight of [1, encoding.clients * encoding.maximumWeight]) {
          const random = randomOf(length)
          const maximum = BigInt(encoding.levels - 1) * BigInt(totalWeight)
          const lanes = createLanes(encoding.bits, length)
          for (let i = 0; i < length; i++) {
            const word = (BigInt(random.word()) << 32n) | BigInt(random.word())
            const element =
              [0n, maximum, maximum / 2n, maximum - 1n][random.below(16)] ?? word % (maximum + 1n)
            lanes[i] = lanes.BYTES_PER_ELEMENT === 8 ? element : Number(element)
          }
          expect(decodeWith(kernel, lanes, encoding, totalWeight)).toEqual(
            decodeWith(undefined, lanes, encoding, totalWeight),
          )
        }
      }
    })
  },
)

describe('the kernel refuses what plain TypeScript refuses, with the same message', () => {
  const encoding = createFixedPoint({ clip: 1, bitsPerValue: 8, clients: 2 })
  const messageOf = (work: () => unknown): string => {
    try {
      work()
    } catch (error) {
      return (error as Error).message
    }
    return 'nothing was refused'
  }

  test.each([
    [Number.NaN, 'report'],
    [Number.POSITIVE_INFINITY, 'report'],
    [Number.NEGATIVE_INFINITY, 'report'],
    [1 + 2 ** -52, 'refuse'],
    [-Number.MAX_VALUE, 'refuse'],
  ] as const)('the value %s with %s', (bad, onClip) => {
    for (const at of [0, 1, 2, 3, 2047, 2048, 3001]) {
      const values = new Float64Array(3002).fill(0.75)
      values[at] = bad
      const [inKernel, plain] = [kernel, undefined].map((kernelOrNone) =>
        messageOf(() =>
          encodeWith(kernelOrNone, readerOf(values), { from: 0, to: 3002 }, encoding, {
            weight: 1,
            onClip,
            randomBytes: randomOf(1).bytes,
          }),
        ),
      )
      expect(inKernel).toBe(plain)
      expect(inKernel).toContain(`value ${at} is`)
    }
  })

  test.each(ENCODINGS.map((encoding) => [name(encoding), encoding] as const))(
    'a sum above the largest: %s',
    (_, encoding) => {
      const lanes = createLanes(encoding.bits, 5)
      const above = BigInt(encoding.levels - 1) + 1n
      lanes[3] = lanes.BYTES_PER_ELEMENT === 8 ? above : Number(above)
      const [inKernel, plain] = [kernel, undefined].map((kernelOrNone) =>
        messageOf(() => decodeWith(kernelOrNone, lanes, encoding, 1)),
      )
      expect(inKernel).toBe(plain)
      expect(inKernel).toContain('element 3 of the sum')
    },
  )
})

test('the kernel overwrites what it encoded', () => {
  const memories = watchMemories()
  const watched = createFloatKernel()!
  watched.values.fill(0.5)
  const scaling = { clip: 1, maximumLevel: 7, weight: 1, refuse: false }
  const counts = { count: 0, largest: 0, excess: 0 }
  expect(watched.encode(new Uint8Array(2048), scaling, randomOf(1).bytes(8192), counts)).toBe(true)
  watched.wipe()
  expect(new Uint8Array(memories[0]!.buffer).every((byte) => byte === 0)).toBe(true)
})

test('nested calls get no kernel, because the outer call uses its memory', () => {
  const seen = withFloatKernel((outer) => withFloatKernel((inner) => [outer, inner]))
  expect(seen).toEqual([expect.anything(), undefined])
  expect(withFloatKernel((again) => again)).toBe(seen[0])
})

test('without WebAssembly there is no kernel', () => {
  vi.stubGlobal('WebAssembly', undefined)
  expect(createFloatKernel()).toBeUndefined()
})
