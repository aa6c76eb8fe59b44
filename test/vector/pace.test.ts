import { describe, expect, test } from 'vitest'
import type { SymmetricSuite } from '../../src/crypto/index.js'
import { createVector, executeMaskPlan, type MaskPlan, vectorInRange } from '../../src/vector/index.js'
import { inTurns, nextTurn } from '../../src/vector/pace.js'
import { chacha, promised, seedOf } from './support.js'

/** Fast enough for many mebibytes. */
const constant: SymmetricSuite = {
  ...chacha,
  keystream: () => ({ next: (length) => new Uint8Array(length).fill(1) }),
}

const segments = [{ length: 2 ** 20, bits: 32 }]
const plan: MaskPlan = Array.from({ length: 6 }, (_, index) => ({ seed: seedOf(index), sign: 1 }))

describe.each([
  ['at once', constant],
  ['by promise', promised(constant)],
])('long work with keystream %s', (_, suite) => {
  test('reports rising fractions and 1 at the end', async () => {
    const fractions: number[] = []
    const target = createVector(segments)
    await executeMaskPlan(target, segments, plan, suite, {
      onProgress: (fraction) => fractions.push(fraction),
    })
    expect(fractions.length).toBeGreaterThan(3)
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b))
    expect(fractions[0]).toBeGreaterThan(0)
    expect(fractions.filter((fraction) => fraction === 1)).toHaveLength(1)
    expect(fractions.at(-1)).toBe(1)
    expect((target[0] as Uint32Array).every((lane) => lane === 0x06060606)).toBe(true)
  })

  test('lets the event loop run', async () => {
    let turns = 0
    let over = false
    const count = (): void => {
      turns++
      if (!over) setTimeout(count, 0)
    }
    setTimeout(count, 0)
    await executeMaskPlan(createVector(segments), segments, plan, suite)
    over = true
    expect(turns).toBeGreaterThan(0)
  })

  test('stops in the middle if it is aborted, with the reason of the signal', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const fractions: number[] = []
    const onProgress = (fraction: number): void => {
      fractions.push(fraction)
      if (fractions.length === 2) abort.abort(reason)
    }
    const work = executeMaskPlan(createVector(segments), segments, plan, suite, {
      signal: abort.signal,
      onProgress,
    })
    await expect(work).rejects.toBe(reason)
    expect(fractions.length).toBe(2)
  })

  test('stops if the progress callback throws', async () => {
    const reason = new Error('no')
    const onProgress = (): void => {
      throw reason
    }
    await expect(executeMaskPlan(createVector(segments), segments, plan, suite, { onProgress })).rejects.toBe(
      reason,
    )
  })

  test('leaves the target unchanged if it was aborted before it began', async () => {
    const target = createVector(segments)
    await expect(
      executeMaskPlan(target, segments, plan, suite, { signal: AbortSignal.abort() }),
    ).rejects.toHaveProperty('name', 'AbortError')
    expect((target[0] as Uint32Array).every((lane) => lane === 0)).toBe(true)
  })
})

test('if a keystream fails midway, execution rejects, and no other promise is left unhandled', async () => {
  const failing: SymmetricSuite = {
    ...chacha,
    keystream: () => ({ next: async () => Promise.reject(new Error('broken')) }),
  }
  const range = { from: 0, to: 10 }
  const target = vectorInRange(createVector(segments), segments, range)
  await expect(executeMaskPlan(target, segments, plan, failing, { range })).rejects.toMatchObject({
    code: 'crypto-failure',
    cause: new Error('broken'),
  })
})

const unsupported = (): never => {
  throw new Error('A Node.js API is used which is not supported in the Edge Runtime.')
}

describe('a turn of the event loop', () => {
  const called: string[] = []
  const hosts = {
    setImmediate: { setImmediate: (callback: () => void) => queueMicrotask(callback) },
    'scheduler.yield': { scheduler: { yield: async () => void called.push('yield') } },
    MessageChannel: { MessageChannel },
    setTimeout: { setTimeout: (callback: () => void) => queueMicrotask(callback) },
    'nothing at all': {},
    'setTimeout, and other functions that only throw': {
      setImmediate: unsupported,
      MessageChannel: unsupported as unknown as new () => never,
      scheduler: { yield: unsupported },
      setTimeout: (callback: () => void) => queueMicrotask(callback),
    },
    'functions that only throw': { setImmediate: unsupported, setTimeout: unsupported },
  }
  test.each(Object.entries(hosts))('needs no more than %s', async (_, host) => {
    await expect(nextTurn(host)).resolves.toBeUndefined()
  })
})

describe('work in turns', () => {
  test('begins within the call if nothing is before it, and otherwise in the order of the calls', async () => {
    const inTurn = inTurns()
    const log: string[] = []
    const work = (name: string) => (): void => {
      log.push(name)
    }
    const nested: Promise<void>[] = []
    const first = inTurn(() => {
      nested.push(inTurn(work('nested')))
      log.push('first')
    })
    expect(log).toEqual(['first'])
    const second = inTurn(async () => {
      log.push('second begins')
      await nextTurn()
      log.push('second ends')
    })
    const third = inTurn(work('third'))
    await Promise.all([first, ...nested, second, third])
    expect(log).toEqual(['first', 'nested', 'second begins', 'second ends', 'third'])
    inTurn(work('alone again'))
    expect(log.at(-1)).toBe('alone again')
  })

  test('goes on after work that fails', async () => {
    const inTurn = inTurns()
    const failing = inTurn(() => {
      throw new Error('at once')
    })
    await expect(failing).rejects.toThrow('at once')
    const later = inTurn(() => Promise.reject(new Error('later')))
    const next = inTurn(() => 'next')
    await expect(later).rejects.toThrow('later')
    expect(await next).toBe('next')
  })
})
