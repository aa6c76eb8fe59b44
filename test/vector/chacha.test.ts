import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { SymmetricSuite } from '../../src/crypto/index.js'
import {
  type BlockAdder,
  createPlainAdder,
  createVector,
  executeMaskPlan,
  type LaneRun,
  segmentsInRange,
} from '../../src/vector/index.js'
import { createKernelAdder } from '../../src/vector/kernels/kernel-adder.js'
import { watchMemories } from './memories.js'
import { chacha, seedOf, valuesFor, vectorOf } from './support.js'

const BLOCKS = 40

/** No vector needs this block of a keystream, or a later one. */
const LAST_BLOCK = 2 ** 32 - 1

const run = fc.record({
  blocks: fc.integer({ min: 1, max: 12 }),
  gap: fc.constantFrom(0, 0, 0, 1, 5),
  width: fc.constantFrom<LaneRun['width']>(1, 2, 4, 8),
})

/** Runs of whole blocks in ascending order, with gaps between some of them. */
const runsArbitrary = fc.array(run, { minLength: 1, maxLength: 9 }).map((pieces) => {
  let at = 0
  return pieces.flatMap(({ blocks, gap, width }): LaneRun[] => {
    const from = at + gap * 64
    const to = Math.min(from + blocks * 64, BLOCKS * 64)
    at = to
    return from < to ? [{ from, to, width }] : []
  })
})

/** Block counters from 0 up to the last one that is followed by enough blocks. */
const counterArbitrary = fc.oneof(
  fc.nat(9),
  fc.integer({ min: 0, max: LAST_BLOCK - BLOCKS }),
  fc.integer({ min: LAST_BLOCK - BLOCKS - 9, max: LAST_BLOCK - BLOCKS }),
)

afterEach(() => vi.unstubAllGlobals())

function contents(adder: BlockAdder): Uint8Array {
  const bytes = new Uint8Array(BLOCKS * 64)
  adder.store(0, bytes)
  return bytes
}

describe('ChaCha20 in the kernel', () => {
  test('adds the same keystream as the provider gives, for every width, sign and block counter', async () => {
    const start = new Uint8Array(BLOCKS * 64).map((_, index) => (index % 3) * 127 + index)
    await fc.assert(
      fc.asyncProperty(
        runsArbitrary,
        counterArbitrary,
        fc.constantFrom<1 | -1>(1, -1),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        async (runs, counter, sign, seed) => {
          const [made, given] = [createKernelAdder(BLOCKS * 64)!, createPlainAdder(BLOCKS * 64)]
          made.load(0, start)
          given.load(0, start)
          made.addChaCha20!(seed, counter, sign, runs)
          given.add(await chacha.keystream(seed, counter * 64).next(BLOCKS * 64), sign, runs)
          expect(contents(made)).toEqual(contents(given))
        },
      ),
    )
  })

  test('works up to the end of the longest possible vector', async () => {
    const segments = [{ length: LAST_BLOCK * 8, bits: 64 }]
    const range = { from: LAST_BLOCK * 8 - 1000, to: LAST_BLOCK * 8 }
    const plan = [{ seed: seedOf(7), sign: 1 as const }]
    const [made, given] = await Promise.all(
      [createKernelAdder(64 * 9)!, createPlainAdder(64 * 9)].map(async (adder) => {
        const mask = createVector(segmentsInRange(segments, range))
        await executeMaskPlan(mask, segments, plan, chacha, { range, adder })
        return mask
      }),
    )
    expect(made).toEqual(given)
    expect((made![0] as BigUint64Array).every((lane) => lane !== 0n)).toBe(true)
  })

  test('is used instead of `next` if a keystream gives its key', async () => {
    const segments = [
      { length: 70_000, bits: 20 },
      { length: 33, bits: 7 },
      { length: 500, bits: 64 },
    ]
    const silent: SymmetricSuite = {
      ...chacha,
      keystream: (seed, offset) => ({
        ...chacha.keystream(seed, offset),
        next: () => {
          throw new Error('asked for keystream')
        },
      }),
    }
    const plan = [
      { seed: seedOf(1), sign: 1 as const },
      { seed: seedOf(2), sign: -1 as const },
    ]
    const values = valuesFor(segments, 3)
    const [made, given] = [vectorOf(values, segments), vectorOf(values, segments)]
    await executeMaskPlan(made, segments, plan, silent)
    await executeMaskPlan(given, segments, plan, chacha, { adder: createPlainAdder(4096) })
    expect(made).toEqual(given)
    const adder = createPlainAdder(4096)
    await expect(executeMaskPlan(made, segments, plan, silent, { adder })).rejects.toMatchObject({
      code: 'crypto-failure',
      cause: new Error('asked for keystream'),
    })
  })

  test('leaves no seed and no keystream in memory', () => {
    const memories = watchMemories()
    const adder = createKernelAdder(1024)!
    adder.addChaCha20!(new Uint8Array(32).fill(9), 0, 1, [{ from: 0, to: 1024, width: 4 }])
    const holds = (): boolean => new Uint8Array(memories[0]!.buffer).some((byte) => byte !== 0)
    expect(memories).toHaveLength(1)
    expect(holds()).toBe(true)
    adder.wipe()
    expect(holds()).toBe(false)
  })
})
