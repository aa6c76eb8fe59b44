import { nobleCrypto } from 'secagg/crypto'
import { createVector, executeMaskPlan, type MaskPlan } from 'secagg/vector'
import { expect, test } from 'vitest'
import type { Keystream, SymmetricSuite } from '../../src/crypto/provider.js'
import { readAhead } from '../../src/vector/blocks.js'
import { borrowAdder } from '../../src/vector/kernels/kernel-adder.js'
import { createPlainAdder } from '../../src/vector/kernels/plain-adder.js'
import { seeded } from '../support/seeded.js'

const noble = nobleCrypto().suites.aes!
/** More than a block of the adder that is used by default. */
const LENGTH = 70_000
const segments = [{ length: LENGTH, bits: 32 }]
const planOf = (terms: number): MaskPlan =>
  Array.from({ length: terms }, (_, term) => ({
    seed: new Uint8Array(16).fill(term + 1),
    sign: term % 2 === 0 ? 1 : -1,
  }))

/** Keystreams that return promises, overwrite each piece after its use, and count pieces that are not used yet. */
function suiteOf(ahead: number | undefined): {
  readonly suite: SymmetricSuite
  readonly most: () => { readonly ofOne: number; readonly ofAll: number }
} {
  let all = 0
  let mostOfOne = 0
  let mostOfAll = 0
  const keystream = (seed: Uint8Array, offset: number): Keystream => {
    const own = noble.keystream(seed, offset)
    let ofThis = 0
    const next = async (length: number): Promise<Uint8Array> => Uint8Array.from(await own.next(length))
    return {
      ...(ahead !== undefined && { ahead }),
      next: (length) => {
        mostOfOne = Math.max(mostOfOne, ++ofThis)
        mostOfAll = Math.max(mostOfAll, ++all)
        return next(length)
      },
      release: (piece) => {
        piece?.fill(0xee)
        ofThis--
        all--
      },
    }
  }
  return { suite: { ...noble, keystream }, most: () => ({ ofOne: mostOfOne, ofAll: mostOfAll }) }
}

test.each([
  { ahead: undefined, terms: 1, ofOne: 1, ofAll: 1 },
  { ahead: undefined, terms: 3, ofOne: 1, ofAll: 3 },
  { ahead: 2, terms: 1, ofOne: 2, ofAll: 2 },
  { ahead: 4, terms: 1, ofOne: 4, ofAll: 4 },
  { ahead: 100, terms: 2, ofOne: 2, ofAll: 4 },
  { ahead: 4, terms: 300, ofOne: 1, ofAll: 4 },
])(
  'with $terms keystreams that allow $ahead pieces, $ofOne of one and $ofAll of all are requested',
  async (given) => {
    const { suite, most } = suiteOf(given.ahead)
    const plan = planOf(given.terms)
    const length = given.terms > 100 ? 500 : 10_000
    const [expected, got] = [[new Uint32Array(length)], [new Uint32Array(length)]]
    const shape = [{ length, bits: 32 }]
    await executeMaskPlan(expected, shape, plan, noble)
    await executeMaskPlan(got, shape, plan, suite, { adder: createPlainAdder(2 ** 10) })
    expect(got).toEqual(expected)
    expect(most()).toEqual({ ofOne: given.ofOne, ofAll: given.ofAll })
  },
)

test('pieces that are returned at once are requested one at a time, and the last one is shorter', () => {
  const lengths: number[] = []
  const stream = { next: (length: number) => new Uint8Array(lengths.push(length) && length) }
  const reader = readAhead([stream, stream], 160, 64)
  for (let piece = 0; piece < 6; piece++) {
    reader.used(reader.take() as Uint8Array)
    expect(lengths).toHaveLength(piece + 1)
  }
  expect(lengths).toEqual([64, 64, 64, 64, 32, 32])
})

test('a piece that fails after its turn was not reached is not an unhandled rejection', async () => {
  let requested = 0
  const failing: SymmetricSuite = {
    ...noble,
    keystream: () => ({ ahead: 4, next: () => Promise.reject(new Error(`piece ${++requested}`)) }),
  }
  const target = [new Uint32Array(LENGTH)]
  await expect(executeMaskPlan(target, segments, planOf(1), failing)).rejects.toMatchObject({
    code: 'crypto-failure',
    cause: new Error('piece 1'),
  })
  expect(requested).toBe(2)
})

test('pieces that were requested are released in order, also if the work ends before they are used', async () => {
  const log: string[] = []
  const keystream = (seed: Uint8Array, offset: number): Keystream => {
    const own = noble.keystream(seed, offset)
    const numbers = new Map<Uint8Array, number>()
    let count = 0
    const make = async (length: number, number: number): Promise<Uint8Array> => {
      // The later pieces are there first.
      for (let turn = 0; turn < 10 - number; turn++) await null
      if (number === 3) throw new Error('lost')
      const piece = Uint8Array.from(await own.next(length))
      numbers.set(piece, number)
      return piece
    }
    return {
      ahead: 4,
      next: (length) => make(length, ++count),
      release: (piece) => log.push(`${numbers.get(piece!)} of ${count}`),
    }
  }
  const stop = new AbortController()
  const adder = createPlainAdder(2 ** 10)
  const { add } = adder
  const stopping = {
    ...adder,
    add: (...given: Parameters<typeof add>) => {
      add(...given)
      stop.abort()
    },
  }
  const running = executeMaskPlan(
    [new Uint32Array(LENGTH)],
    segments,
    planOf(1),
    { ...noble, keystream },
    {
      adder: stopping,
      signal: stop.signal,
    },
  )
  await expect(running).rejects.toMatchObject({ name: 'AbortError' })
  await new Promise((resolve) => setTimeout(resolve))
  expect(log).toEqual(['1 of 4', '2 of 4', '4 of 4'])
})

test('an adder is kept, without the sum and the keystream, and is not shared by executions at the same time', async () => {
  const first = borrowAdder(2 ** 20, false)
  first.load(0, new Uint8Array(2 ** 17).fill(1))
  first.add(new Uint8Array(2 ** 17).fill(2), 1, [{ from: 0, to: 2 ** 17, width: 4 }])
  const second = borrowAdder(2 ** 20, false)
  second.load(0, new Uint8Array(64).fill(9))
  const got = new Uint8Array(64)
  first.store(0, got)
  expect(got).toEqual(new Uint8Array(64).fill(3))
  first.wipe()
  const third = borrowAdder(2 ** 20, false)
  third.store(0, got)
  expect(got).toEqual(new Uint8Array(64))
  third.wipe()
  second.wipe()

  const sums = [0, 1, 2].map(() => [new Uint32Array(LENGTH)])
  const { suite } = suiteOf(4)
  await Promise.all(sums.map((sum) => executeMaskPlan(sum, segments, planOf(2), suite)))
  const expected = [new Uint32Array(LENGTH)]
  await executeMaskPlan(expected, segments, planOf(2), noble)
  expect(sums).toEqual([expected, expected, expected])
})

test('executions that run at the same time as others that are aborted or fail have the right sums', () =>
  seeded(11, async (random) => {
    const execute = async (ends: boolean): Promise<void> => {
      const shape = [
        { length: 1 + random.below(LENGTH), bits: 1 + random.below(32) },
        { length: 1 + random.below(LENGTH), bits: 40 },
      ]
      const plan = planOf(1 + random.below(4))
      const { suite } = suiteOf(random.below(2) === 0 ? undefined : 4)
      const got = createVector(shape)
      const stop = new AbortController()
      let steps = random.below(6)
      const onProgress = (): void => {
        if (!ends || steps-- > 0) return
        if (plan.length % 2 === 0) stop.abort()
        else throw new Error('stop')
      }
      const running = executeMaskPlan(got, shape, plan, suite, { signal: stop.signal, onProgress })
      if (ends) return await running.catch(() => undefined)
      await running
      const expected = createVector(shape)
      await executeMaskPlan(expected, shape, plan, noble, { adder: createPlainAdder(2 ** 16) })
      expect(got.map((lanes, index) => lanes.every((lane, i) => lane === expected[index]![i]))).toEqual([
        true,
        true,
      ])
    }
    for (let turn = 0; turn < 4; turn++) {
      await Promise.all([false, true, false, true, false].map(execute))
    }
  }))
