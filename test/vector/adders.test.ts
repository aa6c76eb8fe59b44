import { afterEach, describe, expect, test, vi } from 'vitest'
import type { LaneRun } from '../../src/vector/index.js'
import { borrowAdder, createKernelAdder } from '../../src/vector/kernels/kernel-adder.js'
import { createPlainAdder } from '../../src/vector/kernels/plain-adder.js'
import { aes, keystreamOf, seedOf } from './support.js'

const CAPACITY = 4096

afterEach(() => vi.unstubAllGlobals())

describe('the kernel and the plain adder agree', () => {
  test.each([1, 2, 4, 8] as const)('on lanes of %s bytes', async (width) => {
    const sum = await keystreamOf(aes, seedOf(1, aes), CAPACITY)
    // Lanes of all zeros and all ones, in which carries and borrows propagate furthest.
    sum.fill(0, 64, 128).fill(255, 128, 192)
    const stream = await keystreamOf(aes, seedOf(2, aes), CAPACITY + 1)
    stream.fill(255, 64, 100).fill(0, 100, 160).fill(1, 160, 192)
    const other = width === 4 ? 1 : 4
    const runs: LaneRun[] = [
      { from: 0, to: 2048, width },
      { from: 2048, to: 2112, width: other },
      { from: 2112, to: CAPACITY, width },
    ]
    const results = [createKernelAdder(CAPACITY)!, createPlainAdder(CAPACITY)].map((adder) => {
      adder.load(0, sum)
      adder.add(stream.subarray(0, CAPACITY), 1, runs)
      // A view that is not aligned to words.
      adder.add(stream.subarray(1), -1, runs)
      adder.add(stream.subarray(0, CAPACITY), -1, runs)
      adder.add(stream.subarray(1), 1, runs)
      const back = new Uint8Array(CAPACITY)
      adder.store(0, back)
      expect(back).toEqual(sum)
      adder.add(stream.subarray(1), -1, runs)
      adder.store(0, back)
      const part = new Uint8Array(70)
      adder.store(1, part)
      expect(part).toEqual(back.subarray(1, 71))
      adder.wipe()
      adder.store(0, part)
      expect(part).toEqual(new Uint8Array(70))
      return back
    })
    expect(results[0]).toEqual(results[1])
  })
})

describe('without WebAssembly there is no kernel', () => {
  test.each([
    ['it is missing', undefined],
    [
      'compiling is refused',
      {
        Module: () => {
          throw new Error('unsafe-eval')
        },
      },
    ],
  ])('if %s', async (_, host) => {
    vi.resetModules()
    vi.stubGlobal('WebAssembly', host)
    const { borrowAdder, createKernelAdder: createFresh } = await import(
      '../../src/vector/kernels/kernel-adder.js'
    )
    expect(createFresh(64)).toBeUndefined()
    const adder = borrowAdder(2 ** 20, false)
    adder.load(0, Uint8Array.of(1))
    adder.add(new Uint8Array(64).fill(2), 1, [{ from: 0, to: 64, width: 1 }])
    const back = new Uint8Array(1)
    adder.store(0, back)
    expect(back[0]).toBe(3)
  })

  test('if no memory is left', () => {
    vi.stubGlobal('WebAssembly', {
      ...WebAssembly,
      Memory: () => {
        throw new RangeError('no memory')
      },
    })
    expect(createKernelAdder(64)).toBeUndefined()
  })
})

test('an adder that is returned twice is not lent to two executions', () => {
  const first = borrowAdder(CAPACITY, false)
  first.wipe()
  const second = borrowAdder(CAPACITY, false)
  second.load(0, new Uint8Array(64).fill(7))
  first.wipe()
  const third = borrowAdder(CAPACITY, false)
  third.load(0, new Uint8Array(64).fill(9))
  const stored = new Uint8Array(64)
  second.store(0, stored)
  expect(stored).toEqual(new Uint8Array(64).fill(7))
  second.wipe()
  third.wipe()
})
