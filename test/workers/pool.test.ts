import { nobleCrypto } from 'secagg/crypto'
import {
  copyVector,
  type ElementRange,
  type ExecutionOptions,
  elementCount,
  executeMaskPlan,
  type MaskPlan,
  type Segment,
  type Vector,
} from 'secagg/vector'
import { createMaskPool, type MaskPool } from 'secagg/workers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { aes, chacha, counting, difference, filled, MIXED, planOf, sharedMemory, spawn } from './support.js'

/** 20 MiB of work on the segments below, which the calling thread shares with the others. */
const TERMS = 20

let pool: MaskPool

beforeAll(async () => {
  pool = await createMaskPool({ workers: 3, spawn })
})
afterAll(() => pool.close())

async function onOneThread(
  segments: readonly Segment[],
  plan: MaskPlan,
  suite: typeof aes,
  options: ExecutionOptions = {},
): Promise<Vector> {
  const target = filled(segments, options.range)
  await executeMaskPlan(target, segments, plan, suite, options)
  return target
}

describe('a pool gives the same bits as one thread', () => {
  const suites = { aes, chacha, 'chacha of another provider': nobleCrypto().suites.chacha! }
  const memories = { 'memory of its own': undefined, 'shared memory': sharedMemory }
  const cases = Object.keys(suites).flatMap((suite) =>
    Object.keys(memories).map((memory) => ({ suite, memory })),
  ) as { suite: keyof typeof suites; memory: keyof typeof memories }[]

  test.each(cases)('on mixed segments in $memory, $suite', async ({ suite: name, memory }) => {
    const { suite, opened } = counting(suites[name])
    const plan = planOf(TERMS, suite)
    const target = filled(MIXED, undefined, memories[memory])
    await pool.execute(target, MIXED, plan, suite)
    // One of the keystreams is a sample.
    expect(opened() - 1).toBeLessThan(TERMS)
    expect(difference(target, await onOneThread(MIXED, plan, suite))).toBeUndefined()
  })

  const ranges: readonly ElementRange[] = [
    { from: 1, to: elementCount(MIXED) - 1 },
    { from: 65_537, to: 65_537 + 100_003 },
    { from: 12_345, to: 222_222 },
  ]
  test.each(ranges)('in the range from $from to $to', async (range) => {
    for (const memory of [undefined, sharedMemory]) {
      const { suite, opened } = counting(chacha)
      const plan = planOf(120, suite)
      const target = filled(MIXED, range, memory)
      await pool.execute(target, MIXED, plan, suite, { range })
      expect(opened() - 1).toBeLessThan(120)
      expect(difference(target, await onOneThread(MIXED, plan, suite, { range }))).toBeUndefined()
    }
  })

  test.each([1, 8, 9, 16, 17, 32, 33, 64])('for %i bits', async (bits) => {
    const segments = [{ length: 123_457, bits }]
    const plan = planOf(140, chacha)
    const target = filled(segments)
    await pool.execute(target, segments, plan, chacha)
    expect(difference(target, await onOneThread(segments, plan, chacha))).toBeUndefined()
  })

  test('with more workers than pieces, and more terms than are processed at a time', async () => {
    const segments = [{ length: 16_385, bits: 31 }]
    const { suite, opened } = counting(aes)
    const plan = planOf(300, suite)
    const target = filled(segments)
    await pool.execute(target, segments, plan, suite)
    expect(opened() - 1).toBeLessThan(300)
    expect(difference(target, await onOneThread(segments, plan, suite))).toBeUndefined()
  })

  test('of one term on a long vector', async () => {
    const segments = [{ length: 4_200_001, bits: 32 }]
    const plan = planOf(1, chacha)
    const target = [new Uint32Array(4_200_001)]
    const expected = [new Uint32Array(4_200_001)]
    await pool.execute(target, segments, plan, chacha)
    await executeMaskPlan(expected, segments, plan, chacha)
    expect(difference(target, expected)).toBeUndefined()
  })

  test('in several calls at the same time', async () => {
    const plans = [1, 2, 3, 4].map((tag) => planOf(TERMS + tag, chacha))
    const targets = plans.map(() => filled(MIXED))
    await Promise.all(plans.map((plan, index) => pool.execute(targets[index]!, MIXED, plan, chacha)))
    for (const [index, plan] of plans.entries()) {
      expect(difference(targets[index]!, await onOneThread(MIXED, plan, chacha))).toBeUndefined()
    }
  })
})

describe('on a page that may not share memory, because it is not cross-origin isolated', () => {
  test.each([
    ['memory of its own', undefined],
    ['shared memory, such as that of WebAssembly,', sharedMemory],
  ])('a target on %s is transferred to the workers and back again and again', async (_, memory) => {
    const target = filled(MIXED, undefined, memory)
    const { suite, opened } = counting(chacha)
    const plan = planOf(TERMS, suite)
    vi.stubGlobal('SharedArrayBuffer', undefined)
    try {
      const own = await createMaskPool({ workers: 2, spawn })
      await own.execute(target, MIXED, plan, suite)
      await own.execute(target, MIXED, plan, suite)
      await own.close()
    } finally {
      vi.unstubAllGlobals()
    }
    expect(opened() - 1).toBeLessThan(2 * TERMS)
    const expected = await onOneThread(MIXED, plan, chacha)
    await executeMaskPlan(expected, MIXED, plan, chacha)
    expect(difference(target, expected)).toBeUndefined()
  })
})

describe('the calling thread itself does', () => {
  test.each([0, 1])('a small plan: %i terms', async (terms) => {
    const { suite, opened } = counting(chacha)
    const plan = planOf(terms, suite)
    const target = filled(MIXED)
    await pool.execute(target, MIXED, plan, suite)
    expect(opened()).toBe(terms)
    expect(difference(target, await onOneThread(MIXED, plan, suite))).toBeUndefined()
  })

  test('a suite whose keystream differs from that of the standard suite with the same key length', async () => {
    const { chacha20Key: _, ...inverted } = chacha.keystream(new Uint8Array(32), 0)
    const own: typeof chacha = {
      ...chacha,
      keystream: (seed, offset) => {
        const stream = chacha.keystream(
          seed.map((byte) => byte ^ 0xff),
          offset,
        )
        return { ...inverted, next: (length) => stream.next(length) }
      },
    }
    const { suite, opened } = counting(own)
    const plan = planOf(TERMS, suite)
    const target = filled(MIXED)
    await pool.execute(target, MIXED, plan, suite)
    expect(opened()).toBe(TERMS + 1)
    expect(difference(target, await onOneThread(MIXED, plan, own))).toBeUndefined()
    expect(difference(target, await onOneThread(MIXED, plan, chacha))).toBeDefined()
  })

  test('a suite that fails: the caller gets the error', async () => {
    const broken: typeof chacha = {
      ...chacha,
      keystream: () => {
        throw new Error('no keystream today')
      },
    }
    const execution = pool.execute(filled(MIXED), MIXED, planOf(TERMS, broken), broken)
    await expect(execution).rejects.toMatchObject({
      code: 'crypto-failure',
      cause: new Error('no keystream today'),
    })
  })
})

describe('a pool refuses what one thread refuses, before it changes the target', () => {
  const plan = planOf(TERMS, chacha)
  const cases: readonly [string, readonly Segment[], MaskPlan, ElementRange | undefined][] = [
    ['a target that does not fit the segments', MIXED.slice(1), plan, undefined],
    ['a target that does not fit the range', MIXED, plan, { from: 1, to: 100 }],
    ['a range beyond the elements', MIXED, plan, { from: 0, to: 10 ** 9 }],
    ['a seed of the other suite', MIXED, [...plan, ...planOf(1, aes)], undefined],
    ['a sign of 2', MIXED, [...plan, { seed: new Uint8Array(32), sign: 2 as 1 }], undefined],
  ]
  test.each(cases)('%s', async (_, segments, plan, range) => {
    const target = filled(MIXED)
    await expect(pool.execute(target, segments, plan, chacha, { range })).rejects.toMatchObject({
      code: 'invalid-argument',
      fault: 'usage',
    })
    expect(difference(target, filled(MIXED))).toBeUndefined()
  })
})

describe('while a pool works', () => {
  const long = planOf(200, chacha)

  test.each([
    ['copies', undefined],
    ['shared memory', sharedMemory],
  ])('on %s, it reports its progress', async (_, memory) => {
    const fractions: number[] = []
    const onProgress = (fraction: number): void => void fractions.push(fraction)
    await pool.execute(filled(MIXED, undefined, memory), MIXED, long, chacha, { onProgress })
    expect(fractions.length).toBeGreaterThan(20)
    expect(fractions).toEqual([...new Set(fractions)].sort((a, b) => a - b))
    expect(fractions[0]).toBeGreaterThan(0)
    expect(fractions.at(-1)).toBe(1)
  })

  test.each([
    ['copies', undefined],
    ['shared memory', sharedMemory],
  ])(
    'on %s, an abort ends it, with its reason, and leaves the target alone from then on',
    async (_, memory) => {
      const abort = new AbortController()
      const reason = new Error('enough')
      const target = filled(MIXED, undefined, memory)
      const work = pool.execute(target, MIXED, long, chacha, {
        signal: abort.signal,
        onProgress: () => abort.abort(reason),
      })
      await expect(work).rejects.toBe(reason)
      const left = copyVector(target)
      await pool.execute(filled(MIXED), MIXED, long, chacha)
      expect(difference(target, left)).toBeUndefined()
    },
  )

  test('a progress callback that throws ends it', async () => {
    const reason = new Error('no')
    const onProgress = (): void => {
      throw reason
    }
    await expect(pool.execute(filled(MIXED), MIXED, long, chacha, { onProgress })).rejects.toBe(reason)
  })

  test('a waiting call rejects as soon as it is aborted', async () => {
    const ended: string[] = []
    const abort = new AbortController()
    const target = filled(MIXED)
    const first = pool.execute(filled(MIXED), MIXED, long, chacha, {
      onProgress: () => abort.abort(new Error('not needed any more')),
    })
    const second = pool.execute(target, MIXED, long, chacha, { signal: abort.signal })
    const third = pool.execute(filled(MIXED), MIXED, planOf(TERMS, chacha), chacha)
    await Promise.all([
      first.then(() => ended.push('first')),
      expect(second)
        .rejects.toThrow('not needed any more')
        .then(() => ended.push('second')),
      third.then(() => ended.push('third')),
    ])
    expect(ended).toEqual(['second', 'first', 'third'])
    expect(difference(target, filled(MIXED))).toBeUndefined()
  })

  test('an abort right after the call leaves the target as it was', async () => {
    const abort = new AbortController()
    const target = filled(MIXED)
    const work = pool.execute(target, MIXED, long, chacha, { signal: abort.signal })
    abort.abort()
    await expect(work).rejects.toHaveProperty('name', 'AbortError')
    expect(difference(target, filled(MIXED))).toBeUndefined()
  })

  test('a call that is aborted beforehand leaves the target as it was', async () => {
    const target = filled(MIXED)
    await expect(
      pool.execute(target, MIXED, long, chacha, { signal: AbortSignal.abort() }),
    ).rejects.toHaveProperty('name', 'AbortError')
    expect(difference(target, filled(MIXED))).toBeUndefined()
  })

  test('afterwards the pool works again', async () => {
    expect([pool.threads, pool.failure]).toEqual([3, undefined])
    const target = filled(MIXED)
    await pool.execute(target, MIXED, long, chacha)
    expect(difference(target, await onOneThread(MIXED, long, chacha))).toBeUndefined()
  })
})

describe('a closed pool', () => {
  test('finishes earlier calls, and runs later ones on the calling thread', async () => {
    const own = await createMaskPool({ workers: 1, spawn })
    expect(own.threads).toBe(1)
    const plan = planOf(TERMS, chacha)
    const targets = [1, 2, 3].map(() => filled(MIXED))
    const before = targets.slice(0, 2).map((target) => own.execute(target, MIXED, plan, chacha))
    const closed = own.close()
    expect(own.threads).toBe(0)
    const { suite, opened } = counting(chacha)
    await own.execute(targets[2]!, MIXED, plan, suite)
    expect(opened()).toBe(TERMS)
    await Promise.all([...before, closed])
    const expected = await onOneThread(MIXED, plan, chacha)
    for (const target of targets) expect(difference(target, expected)).toBeUndefined()
  })

  test('can be closed again', async () => {
    const own = await createMaskPool({ workers: 1, spawn })
    await own.close()
    await expect(own.close()).resolves.toBeUndefined()
    expect([own.threads, own.failure]).toEqual([0, undefined])
  })
})
