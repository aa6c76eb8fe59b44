import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SymmetricSuite } from '../../src/crypto/index.js'
import {
  elementCount,
  executeMaskPlan,
  expandMask,
  type MaskPlan,
  type Segment,
  segmentsInRange,
  type Vector,
  vectorInRange,
} from '../../src/vector/index.js'
import { createKernelAdder } from '../../src/vector/kernels/kernel-adder.js'
import { createPlainAdder } from '../../src/vector/kernels/plain-adder.js'
import {
  aes,
  chacha,
  combine,
  promised,
  referenceMask,
  seedOf,
  segmentsArbitrary,
  sliceValues,
  valuesFor,
  valuesOf,
  vectorOf,
} from './support.js'

const suiteArbitrary = fc.constantFrom<SymmetricSuite>(aes, chacha, promised(aes), promised(chacha))

/** A plan of a few terms, in which seeds can be repeated. */
const termsArbitrary = fc.array(fc.record({ tag: fc.nat(3), sign: fc.constantFrom<1 | -1>(1, -1) }), {
  maxLength: 8,
})

function planOf(
  terms: readonly { readonly tag: number; readonly sign: 1 | -1 }[],
  suite: SymmetricSuite,
): MaskPlan {
  return terms.map(({ tag, sign }) => ({ seed: seedOf(tag, suite), sign }))
}

async function referencePlan(
  values: bigint[][],
  segments: readonly Segment[],
  plan: MaskPlan,
  suite: SymmetricSuite,
): Promise<bigint[][]> {
  let sum = values
  for (const { seed, sign } of plan) {
    const mask = await referenceMask(suite, seed, segments)
    sum = combine(sum, mask, segments, (a, b) => a + BigInt(sign) * b)
  }
  return sum
}

/** Two cuts of `count` elements. */
function rangeOf(count: number, first: number, second: number): { from: number; to: number } {
  const cuts = [first % (count + 1), second % (count + 1)]
  return { from: Math.min(...cuts), to: Math.max(...cuts) }
}

describe('a mask', () => {
  test('is the low bits of the words of the keystream, segments beginning at multiples of 64 bytes', async () => {
    await fc.assert(
      fc.asyncProperty(segmentsArbitrary, suiteArbitrary, fc.nat(), async (segments, suite, tag) => {
        const mask = await expandMask(suite, seedOf(tag, suite), segments)
        expect(valuesOf(mask)).toEqual(await referenceMask(suite, seedOf(tag, suite), segments))
      }),
    )
  })

  test('of a range is that part of the whole mask, for any range', async () => {
    await fc.assert(
      fc.asyncProperty(
        segmentsArbitrary,
        suiteArbitrary,
        fc.nat(),
        fc.nat(),
        async (segments, suite, a, b) => {
          const range = rangeOf(elementCount(segments), a, b)
          const seed = seedOf(1, suite)
          const part = await expandMask(suite, seed, segments, range)
          const whole = await expandMask(suite, seed, segments)
          expect(part).toEqual(vectorInRange(whole, segments, range))
        },
      ),
    )
  })

  test('of a range requests no keystream before the range', async () => {
    const offsets: number[] = []
    const watched: SymmetricSuite = {
      ...chacha,
      keystream: (seed, offset) => {
        offsets.push(offset)
        return chacha.keystream(seed, offset)
      },
    }
    const segments = [
      { length: 2 ** 30, bits: 32 },
      { length: 1000, bits: 8 },
    ]
    const mask = await expandMask(watched, seedOf(1), segments, { from: 2 ** 30 - 1, to: 2 ** 30 + 70 })
    expect(mask.map(({ length }) => length)).toEqual([1, 70])
    expect(offsets).toEqual([2 ** 32 - 64])
  })
})

describe('a mask plan', () => {
  const adders = { WebAssembly: createKernelAdder, 'plain loops': createPlainAdder }

  test.each(Object.entries(adders))(
    'gives the same sums as BigInts, block by block, with %s',
    async (_, createAdder) => {
      await fc.assert(
        fc.asyncProperty(
          segmentsArbitrary,
          suiteArbitrary,
          termsArbitrary,
          fc.integer({ min: 1, max: 9 }),
          async (segments, suite, terms, blocks) => {
            const values = valuesFor(segments, 1)
            const target = vectorOf(values, segments)
            const plan = planOf(terms, suite)
            await executeMaskPlan(target, segments, plan, suite, { adder: createAdder(64 * blocks)! })
            expect(valuesOf(target)).toEqual(await referencePlan(values, segments, plan, suite))
          },
        ),
      )
    },
  )

  test('gives the same result if it is divided by terms and by elements', async () => {
    await fc.assert(
      fc.asyncProperty(
        segmentsArbitrary,
        suiteArbitrary,
        termsArbitrary,
        fc.nat(),
        fc.nat(),
        async (segments, suite, terms, a, b) => {
          const plan = planOf(terms, suite)
          const values = valuesFor(segments, 2)
          const whole = vectorOf(values, segments)
          await executeMaskPlan(whole, segments, plan, suite)

          const byTerms = vectorOf(values, segments)
          const middle = a % (plan.length + 1)
          await executeMaskPlan(byTerms, segments, plan.slice(middle), suite)
          await executeMaskPlan(byTerms, segments, plan.slice(0, middle), suite)
          expect(byTerms).toEqual(whole)

          const byCoordinates = vectorOf(values, segments)
          const count = elementCount(segments)
          const { from, to } = rangeOf(count, a, b)
          const ranges = [
            { from: to, to: count },
            { from: 0, to: from },
            { from, to },
          ]
          await Promise.all(
            ranges.map((range) => {
              const part = vectorInRange(byCoordinates, segments, range)
              return executeMaskPlan(part, segments, plan, suite, { range, adder: createPlainAdder(128) })
            }),
          )
          expect(byCoordinates).toEqual(whole)
        },
      ),
      { numRuns: 50 },
    )
  })

  test('can be executed on a separate slice, as in a worker', async () => {
    const segments = [
      { length: 100, bits: 20 },
      { length: 50, bits: 64 },
    ]
    const range = { from: 77, to: 123 }
    const values = sliceValues(valuesFor(segments, 1), range)
    const target = vectorOf(values, segmentsInRange(segments, range))
    await executeMaskPlan(target, segments, planOf([{ tag: 1, sign: -1 }], chacha), chacha, { range })
    const mask = sliceValues(await referenceMask(chacha, seedOf(1), segments), range)
    expect(valuesOf(target)).toEqual(combine(values, mask, segments, (a, b) => a - b))
  })

  test('can have more terms than streams that are open at a time, and every term twice', async () => {
    const segments = [{ length: 40, bits: 11 }]
    const terms = Array.from({ length: 600 }, (_, index) => ({ tag: index % 300, sign: 1 as const }))
    const target = vectorOf([Array(40).fill(0n)], segments)
    await executeMaskPlan(target, segments, planOf(terms, chacha), chacha)
    const half = vectorOf([Array(40).fill(0n)], segments)
    await executeMaskPlan(half, segments, planOf(terms.slice(0, 300), chacha), chacha)
    expect(valuesOf(target)).toEqual(combine(valuesOf(half), valuesOf(half), segments, (a, b) => a + b))
  })

  test('without terms only reduces the target modulo 2^k', async () => {
    const segments = [{ length: 2, bits: 3 }]
    const target = [Uint8Array.of(255, 8)]
    await executeMaskPlan(target, segments, [], aes)
    expect(target).toEqual([Uint8Array.of(7, 0)])
  })

  test('for a vector without elements does nothing', async () => {
    for (const segments of [[], [{ length: 0, bits: 5 }]]) {
      const target = vectorOf(
        segments.map(() => []),
        segments,
      )
      await executeMaskPlan(target, segments, planOf([{ tag: 1, sign: 1 }], aes), aes)
      expect(elementCount(segments)).toBe(0)
    }
  })

  test('releases each piece of keystream after using it', async () => {
    let used = 0
    const releasing: SymmetricSuite = {
      ...chacha,
      keystream: (seed, offset) => ({ ...chacha.keystream(seed, offset), release: () => used++ }),
    }
    const target = vectorOf([Array(40).fill(0n)], [{ length: 40, bits: 32 }])
    const plan = planOf(
      [
        { tag: 1, sign: 1 },
        { tag: 2, sign: 1 },
      ],
      chacha,
    )
    await executeMaskPlan(target, [{ length: 40, bits: 32 }], plan, releasing, {
      adder: createPlainAdder(64),
    })
    expect(used).toBe(6)
  })
})

describe('a wrong argument is refused before the target changes:', () => {
  const segments = [{ length: 4, bits: 3 }]
  const term = { seed: seedOf(1), sign: 1 } as const
  const cases: readonly [string, Partial<{ target: unknown[]; plan: unknown[]; options: object }>][] = [
    ['a target of wrong lanes', { target: [new Uint16Array(4)] }],
    ['a target that does not fit the range', { options: { range: { from: 1, to: 4 } } }],
    ['a range beyond the elements', { options: { range: { from: 1, to: 5 } } }],
    ['a seed of the other suite', { plan: [term, { seed: new Uint8Array(16), sign: 1 }] }],
    ['a seed that is text', { plan: [term, { seed: 'a'.repeat(32), sign: 1 }] }],
    ['a sign of 0', { plan: [term, { ...term, sign: 0 }] }],
    ['an addition by another name', { plan: [{ ...term, sign: '1' }] }],
  ]
  test.each(cases)('%s', async (_, { target, plan = [term], options = {} }) => {
    const own = target ?? [Uint8Array.of(255, 255, 255, 255)]
    const before = structuredClone(own)
    await expect(
      executeMaskPlan(own as unknown as Vector, segments, plan as unknown as MaskPlan, chacha, options),
    ).rejects.toMatchObject({ code: 'invalid-argument', fault: 'usage' })
    expect(own).toEqual(before)
  })

  test('a keystream of the wrong length is a crypto failure', async () => {
    const short: SymmetricSuite = {
      ...chacha,
      keystream: () => ({ next: (length) => new Uint8Array(length - 1) }),
    }
    await expect(expandMask(short, seedOf(1), segments)).rejects.toMatchObject({ code: 'crypto-failure' })
    await expect(expandMask(promised(short), seedOf(1), segments)).rejects.toMatchObject({
      code: 'crypto-failure',
    })
  })
})
