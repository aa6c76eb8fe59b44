import { afterEach, describe, expect, test, vi } from 'vitest'
import { equalBytes } from '../../src/crypto/bytes.js'
import { RandomWords } from '../../src/crypto/random.js'
import { flipPlainly, transformPlainly } from '../../src/privacy/rotation.js'
import { roundedL2Bound } from '../../src/privacy/scaled-sum.js'
import {
  l2Norm,
  plainSumOfSquares,
  roundConditionally,
  unwrap,
  wrapPlainly,
} from '../../src/privacy/wrapping.js'
import { createRotationKernel, PART, rotationKernelFor } from '../../src/vector/kernels/kernel-rotation.js'
import { createLanes } from '../../src/vector/lanes.js'
import { randomOf } from '../support/seeded.js'
import { watchMemories } from '../vector/memories.js'
import { seededCrypto } from './support.js'

const kernel = createRotationKernel()!

afterEach(() => vi.unstubAllGlobals())

/** Lengths around turns of 8 values, blocks of 1024, and parts of 4096. */
const LENGTHS = [1, 2, 7, 8, 9, 255, 1023, 1024, 1025, 4095, 4096, 4097, 10_001]

const EDGES = [
  0,
  5e-324,
  1e-310,
  2 ** -1022,
  1,
  0.5,
  1 - 2 ** -53,
  1 + 2 ** -52,
  2 ** -33,
  2 ** 45 + 0.5,
  2 ** 31,
  3.75,
]

/** Random values of very different sizes, and special ones. */
function valuesOf(length: number, seed: number): Float64Array {
  const random = randomOf(seed)
  return Float64Array.from({ length }, () => {
    const sign = random.below(2) === 0 ? 1 : -1
    if (random.below(4) === 0) return sign * EDGES[random.below(EDGES.length)]!
    return sign * random.word() * 2 ** -random.below(40) + random.word() * 2 ** -50
  })
}

function bytesOf(length: number, seed: number): Uint8Array {
  return randomOf(seed).bytes(Math.ceil(length / 8) + 1)
}

describe('the kernel and plain TypeScript give the same numbers', () => {
  // From a single block of 2^14 values on, transforms are cut into rows; from 2^21 on, twice.
  test.each([2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 17, 20, 21])('a transform of 2^%d values', (power) => {
    const length = 2 ** power
    const [inKernel, plain] = [valuesOf(length, power), valuesOf(length, power)]
    kernel.transform(inKernel, 1 / Math.sqrt(length))
    transformPlainly(plain, 1 / Math.sqrt(length))
    expect(equalBytes(new Uint8Array(inKernel.buffer), new Uint8Array(plain.buffer))).toBe(true)
  })

  test.each(LENGTHS)('signs, squares and rounding of %d values', (length) => {
    const signs = bytesOf(length, 1)
    const [inKernel, plain] = [valuesOf(length, 2), valuesOf(length, 2)]
    kernel.flip(inKernel, signs, 1 / 3)
    flipPlainly(plain, signs, 0, 1 / 3)
    expect(inKernel).toEqual(plain)
    expect(kernel.sumOfSquares(inKernel)).toBe(plainSumOfSquares(plain))

    const bound = roundedL2Bound(l2Norm(plain) * (1 + 1e-6), length)
    const wordsOf = (): RandomWords => new RandomWords(seededCrypto(3))
    expect(roundConditionally(inKernel, bound, wordsOf(), 64, kernel)).toBe(
      roundConditionally(plain, bound, wordsOf(), 64, null),
    )
    expect(inKernel).toEqual(plain)
    expect(plain.every(Number.isInteger)).toBe(true)
  })

  test('attempts to round that fail, and rounding toward zero after the last one', () => {
    for (const [bound, attempts] of [
      [l2Norm(new Float64Array(3000).fill(1.5)) * 1.04, 64],
      [l2Norm(new Float64Array(3000).fill(1.5)) * 1.0001, 3],
    ] as const) {
      const [inKernel, plain] = [new Float64Array(3000).fill(-1.5), new Float64Array(3000).fill(-1.5)]
      const words = [new RandomWords(seededCrypto(4)), new RandomWords(seededCrypto(4))] as const
      const made = roundConditionally(inKernel, bound, words[0], attempts, kernel)
      expect(made).toBe(roundConditionally(plain, bound, words[1], attempts, null))
      expect(inKernel).toEqual(plain)
      expect(words[0].next()).toBe(words[1].next())
    }
  })

  test.each([1, 7, 8, 9, 16, 17, 20, 31, 32])('wrapping modulo 2^%d, and back', (bits) => {
    for (const length of LENGTHS) {
      const values = valuesOf(length, 5).map(Math.round)
      if (length > 9) values.set([2 ** 51 - 1, 1 - 2 ** 51, -1, -0, 2 ** 32, -(2 ** 31)])
      const noise = new Int32Array(randomOf(6).bytes(4 * length).buffer, 0, length)
      const [inKernel, plain] = [createLanes(bits, length), createLanes(bits, length)] as [
        Uint32Array,
        Uint32Array,
      ]
      kernel.wrap(values, noise, inKernel, bits)
      wrapPlainly(values, noise, plain, bits)
      expect(inKernel).toEqual(plain)
      for (const minimum of [-(2 ** (bits - 1)), 0, -7, 2 ** 31 + 5]) {
        for (const factor of [1, 1 / 3]) {
          expect(unwrap(plain, bits, minimum, factor, kernel)).toEqual(
            unwrap(plain, bits, minimum, factor, null),
          )
        }
      }
    }
  })
})

test('each function wipes the memory that it used', () => {
  const memories = watchMemories()
  const watched = createRotationKernel()!
  const isBlank = (): boolean => new Uint8Array(memories[0]!.buffer).every((byte) => byte === 0)
  const values = valuesOf(2 ** 15, 7)
  const bits = new Uint8Array(2 ** 12).fill(255)
  const lanes = new Uint32Array(2 ** 15)
  const uses: (() => void)[] = [
    () => watched.transform(values, 1),
    () => watched.flip(values, bits, 2 ** -20),
    () => void watched.sumOfSquares(values),
    () => void watched.round(values, bits, (words) => words.fill(1234)),
    () => watched.settle(values, bits),
    () => watched.wrap(values, new Int32Array(2 ** 15).fill(9), lanes, 32),
    () => watched.unwrap(lanes, { minimum: 1, modulus: 2 ** 32, first: 1, factor: 1 }, values),
  ]
  for (const use of uses) {
    use()
    expect(isBlank()).toBe(true)
  }
})

test('a source of randomness that uses the kernel itself does no harm', () => {
  const [values, expected] = [valuesOf(2 * PART, 8), valuesOf(2 * PART, 8)]
  const [ups, expectedUps] = [new Uint8Array(PART / 4), new Uint8Array(PART / 4)]
  const draw = (words: Uint32Array): void => void words.fill(2 ** 31)
  const squares = kernel.round(values, ups, (words) => {
    kernel.sumOfSquares(valuesOf(100, 9))
    draw(words)
  })
  expect(squares).toBe(kernel.round(expected, expectedUps, draw))
  expect(ups).toEqual(expectedUps)
})

test('short vectors need no kernel, and without WebAssembly there is none', () => {
  expect(rotationKernelFor(255)).toBeUndefined()
  expect(rotationKernelFor(256)).toBe(rotationKernelFor(2 ** 20))
  vi.stubGlobal('WebAssembly', undefined)
  expect(createRotationKernel()).toBeUndefined()
})
