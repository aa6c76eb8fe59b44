import fc from 'fast-check'
import type { SymmetricSuite } from '../../src/crypto/index.js'
import { nobleCrypto } from '../../src/crypto/index.js'
import { laneBytes, type Segment, type Vector } from '../../src/vector/index.js'

const { suites } = nobleCrypto()
export const aes: SymmetricSuite = suites.aes!
export const chacha: SymmetricSuite = suites.chacha!

/** A seed for tests with `tag` in its first four bytes. */
export function seedOf(tag: number, suite: SymmetricSuite = chacha): Uint8Array {
  const seed = new Uint8Array(suite.keyLength)
  new DataView(seed.buffer).setUint32(0, tag)
  return seed
}

/** A suite with the same keystreams, whose pieces are promises. */
export function promised(suite: SymmetricSuite): SymmetricSuite {
  return {
    ...suite,
    keystream: (seed, offset) => {
      const stream = suite.keystream(seed, offset)
      return { next: async (length) => (await stream.next(length)).slice() }
    },
  }
}

export async function keystreamOf(
  suite: SymmetricSuite,
  seed: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  return (await suite.keystream(seed, 0).next(length)).slice()
}

/** Every lane as a BigInt. */
export function valuesOf(vector: Vector): bigint[][] {
  return vector.map((lanes) => Array.from(lanes as ArrayLike<number | bigint>, BigInt))
}

/** The vector of these values, which wrap at the width of its lanes. */
export function vectorOf(values: readonly (readonly bigint[])[], segments: readonly Segment[]): Vector {
  return segments.map(({ bits }, index) => {
    const width = laneBytes(bits)
    const lanes = values[index]!
    if (width === 8) return BigUint64Array.from(lanes)
    const numbers = lanes.map(Number)
    return width === 4
      ? Uint32Array.from(numbers)
      : width === 2
        ? Uint16Array.from(numbers)
        : Uint8Array.from(numbers)
  })
}

/** The definition of a mask, word by word. */
export async function referenceMask(
  suite: SymmetricSuite,
  seed: Uint8Array,
  segments: readonly Segment[],
): Promise<bigint[][]> {
  let start = 0
  const starts = segments.map(({ length, bits }) => {
    const own = start
    start = Math.ceil((own + length * laneBytes(bits)) / 64) * 64
    return own
  })
  const stream = new DataView((await keystreamOf(suite, seed, start)).buffer)
  return segments.map(({ length, bits }, index) =>
    Array.from({ length }, (_, i) => {
      let value = 0n
      for (let byte = laneBytes(bits) - 1; byte >= 0; byte--) {
        value = (value << 8n) | BigInt(stream.getUint8(starts[index]! + i * laneBytes(bits) + byte))
      }
      return BigInt.asUintN(bits, value)
    }),
  )
}

export const segmentsArbitrary: fc.Arbitrary<Segment[]> = fc.array(
  fc.record({ length: fc.oneof(fc.nat(3), fc.nat(300)), bits: fc.integer({ min: 1, max: 64 }) }),
  { maxLength: 5 },
)

/** Canonical values for segments. They are computed from one seed, because drawing each value would be slow. */
export function valuesFor(segments: readonly Segment[], seed: number): bigint[][] {
  let state = BigInt(seed) + 1n
  const next = (): bigint => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    return BigInt.asUintN(64, (state >> 33n) ^ (state << 31n) ^ state)
  }
  return segments.map(({ length, bits }) => Array.from({ length }, () => BigInt.asUintN(bits, next())))
}

/** Applies `operation` to the elements of two vectors, modulo 2^k. */
export function combine(
  left: readonly (readonly bigint[])[],
  right: readonly (readonly bigint[])[],
  segments: readonly Segment[],
  operation: (a: bigint, b: bigint) => bigint,
): bigint[][] {
  return segments.map(({ bits }, index) =>
    left[index]!.map((value, i) => BigInt.asUintN(bits, operation(value, right[index]![i]!))),
  )
}

/** The elements of a range, segment by segment. */
export function sliceValues(
  values: readonly (readonly bigint[])[],
  { from, to }: { readonly from: number; readonly to: number },
): bigint[][] {
  let start = 0
  return values.map((lanes) => {
    const own = lanes.slice(Math.max(from - start, 0), Math.max(to - start, 0))
    start += lanes.length
    return own
  })
}
