import { executeMaskPlan, type MaskOptions, type Vector } from 'secagg/vector'
import { createMaskPool, type MaskWorker } from 'secagg/workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { serveMasks, type WorkerPort } from '../../src/workers/serve.js'
import { type FromWorker, GREETING } from '../../src/workers/worker-messages.js'
import {
  chacha,
  counting,
  difference,
  filled,
  MIXED,
  type Puppet,
  planOf,
  poolOf,
  puppets,
  sharedMemory,
  spawnNowhere,
} from './support.js'

const plan = planOf(40, chacha)

async function expected(): Promise<Vector> {
  const target = filled(MIXED)
  await executeMaskPlan(target, MIXED, plan, chacha)
  return target
}

/** Dies at piece number `last`, counted from 1. */
function mortal(last: number): () => Puppet {
  return puppets((puppet, type) => {
    const pieces = puppet.received.filter((received) => received === 'piece').length
    if (type === 'piece' && pieces === last) puppet.die()
  })
}

/** Uses `first` once, and `others` from then on. */
function firstOf(first: () => MaskWorker, others: () => MaskWorker): () => MaskWorker {
  let started = 0
  return () => (started++ === 0 ? first() : others())
}

describe('a worker dies while it works', () => {
  test.each([1, 2])('its piece is done on the calling thread: at piece %i', async (last) => {
    const pool = await poolOf(3, firstOf(mortal(last), puppets()))
    const target = filled(MIXED)
    await pool.execute(target, MIXED, plan, chacha)
    expect(difference(target, await expected())).toBeUndefined()
    expect(pool.threads).toBe(2)
    expect(pool.failure).toMatchObject({ code: 'crypto-failure', fault: 'crypto', cause: 'it fell over' })

    const again = filled(MIXED)
    await pool.execute(again, MIXED, plan, chacha)
    expect(difference(again, await expected())).toBeUndefined()
  })

  test.each([1, 2])('all others die too, and the calling thread does the rest: at piece %i', async (last) => {
    const pool = await poolOf(2, mortal(last))
    const fractions: number[] = []
    const target = filled(MIXED)
    await pool.execute(target, MIXED, plan, chacha, { onProgress: (fraction) => fractions.push(fraction) })
    expect(difference(target, await expected())).toBeUndefined()
    expect(fractions).toEqual([...new Set(fractions)].sort((a, b) => a - b))
    expect(fractions.at(-1)).toBe(1)
    expect(pool.threads).toBe(0)

    const { suite, opened } = counting(chacha)
    await pool.execute(filled(MIXED), MIXED, plan, suite)
    expect(opened()).toBe(40)
  })

  test('with memory that was transferred to it', async () => {
    vi.stubGlobal('SharedArrayBuffer', undefined)
    try {
      const pool = await poolOf(2, firstOf(mortal(2), puppets()))
      const target = filled(MIXED)
      await pool.execute(target, MIXED, plan, chacha)
      expect(pool.threads).toBe(1)
      expect(difference(target, await expected())).toBeUndefined()
    } finally {
      vi.unstubAllGlobals()
    }
  })

  test('in shared memory that it does not change, because the vector is short: its piece is done here', async () => {
    const pool = await poolOf(2, firstOf(mortal(2), puppets()))
    const target = filled(MIXED, undefined, sharedMemory)
    await pool.execute(target, MIXED, plan, chacha)
    expect(pool.threads).toBe(1)
    expect(difference(target, await expected())).toBeUndefined()
  })

  test.each([
    [3, true],
    [4, true],
    [3, false],
    [4, false],
  ])('what it has added up before is added up here: at piece %i, shared memory: %s', async (last, shares) => {
    if (!shares) vi.stubGlobal('SharedArrayBuffer', undefined)
    try {
      const many = planOf(100, chacha)
      const pool = await poolOf(2, firstOf(mortal(last), puppets()))
      const target = filled(MIXED)
      await pool.execute(target, MIXED, many, chacha)
      expect(pool.threads).toBe(1)
      const here = filled(MIXED)
      await executeMaskPlan(here, MIXED, many, chacha)
      expect(difference(target, here)).toBeUndefined()
    } finally {
      vi.unstubAllGlobals()
    }
  })

  test('in shared memory, which it may have changed: the call fails, and the next one works', async () => {
    const long = [...MIXED, { length: 500_000, bits: 32 }]
    const pool = await poolOf(2, firstOf(mortal(2), puppets()))
    const target = filled(long, undefined, sharedMemory)
    await expect(pool.execute(target, long, plan, chacha)).rejects.toMatchObject({
      name: 'SecAggError',
      code: 'crypto-failure',
      fault: 'crypto',
    })
    expect(pool.threads).toBe(1)
    const again = filled(long, undefined, sharedMemory)
    await pool.execute(again, long, plan, chacha)
    const here = filled(long)
    await executeMaskPlan(here, long, plan, chacha)
    expect(difference(again, here)).toBeUndefined()
  })

  test('before its first piece', async () => {
    const pool = await poolOf(
      2,
      puppets((puppet, type) => type === 'plan' && puppet.die()),
    )
    const target = filled(MIXED)
    await pool.execute(target, MIXED, plan, chacha)
    expect(difference(target, await expected())).toBeUndefined()
  })

  test('a worker cannot read a message', async () => {
    const pool = await poolOf(
      1,
      puppets((_, type) => {
        if (type === 'piece') throw new TypeError('could not be cloned')
      }),
    )
    const target = filled(MIXED)
    await pool.execute(target, MIXED, plan, chacha)
    expect(difference(target, await expected())).toBeUndefined()
    expect(pool.threads).toBe(0)
  })
})

describe('a worker that cannot be started is left out, and the pool tells why', () => {
  /** Posts one message some time after its start. */
  function saying(type: 'message' | 'error' | 'messageerror', event: object): () => MaskWorker {
    return () => ({
      postMessage: () => undefined,
      terminate: () => undefined,
      addEventListener: (listened, listener) => {
        if (listened === type) setTimeout(() => listener({ preventDefault: () => undefined, ...event }), 0)
      },
    })
  }
  const message = (data: object): (() => MaskWorker) => saying('message', { data })
  const cases: readonly [string, () => MaskWorker, unknown][] = [
    [
      'as the host has none',
      () => {
        throw new ReferenceError('Worker is not defined')
      },
      new ReferenceError('Worker is not defined'),
    ],
    ['as its file is not there', saying('error', {}), 'its file could not be loaded'],
    ['as its file is broken', saying('error', { message: 'SyntaxError' }), 'SyntaxError'],
    ['as it has no cryptography', message({ type: 'failed', reason: 'none' }), 'none'],
    ['as its file is another', message({ type: 'hello' }), 'its file belongs to another version'],
    [
      'as its file belongs to another version',
      message({ type: 'ready', greeting: `${GREETING}0` }),
      'its file belongs to another version',
    ],
    ['as it cannot be understood', saying('messageerror', {}), 'a message could not be read'],
  ]
  test.each(cases)('%s', async (_, spawn, cause) => {
    const pool = await poolOf(2, spawn)
    expect(pool.threads).toBe(0)
    expect(pool.failure).toMatchObject({ code: 'unsupported', fault: 'usage', cause })
    const target = filled(MIXED)
    await pool.execute(target, MIXED, plan, chacha)
    expect(difference(target, await expected())).toBeUndefined()
  })

  test('its file is missing, as a host reports it', async () => {
    const pool = await poolOf(2, spawnNowhere)
    expect(pool.threads).toBe(0)
    expect(pool.failure).toMatchObject({ code: 'unsupported' })
  })

  test('other workers start', async () => {
    const pool = await poolOf(3, firstOf(saying('error', {}), puppets()))
    expect(pool.threads).toBe(2)
    expect(pool.failure).toMatchObject({ code: 'unsupported' })
    const { suite, opened } = counting(chacha)
    const target = filled(MIXED)
    await pool.execute(target, MIXED, plan, suite)
    expect(opened() - 1).toBeLessThan(40)
    expect(difference(target, await expected())).toBeUndefined()
  })
})

describe('an execution that ends early leaves no mask sums behind', () => {
  const many = planOf(64, chacha)
  /** Ends the execution once part of it is done. */
  const endings: readonly [string, () => MaskOptions][] = [
    [
      'by its signal',
      () => {
        const abort = new AbortController()
        const onProgress = (fraction: number): void => {
          if (fraction > 0.5) abort.abort(new Error('enough'))
        }
        return { signal: abort.signal, onProgress }
      },
    ],
    [
      'by an error of onProgress',
      () => ({
        onProgress: (fraction) => {
          if (fraction > 0.5) throw new Error('enough')
        },
      }),
    ],
  ]
  afterEach(() => vi.unstubAllGlobals())

  test.each(endings)('%s: their memory is wiped, and used again', async (_, ending) => {
    const allocated: SharedArrayBuffer[] = []
    vi.stubGlobal(
      'SharedArrayBuffer',
      class extends SharedArrayBuffer {
        constructor(bytes: number) {
          super(bytes)
          allocated.push(this)
        }
      },
    )
    const pool = await poolOf(2, puppets())
    await expect(pool.execute(filled(MIXED), MIXED, many, chacha, ending())).rejects.toThrow('enough')
    const count = allocated.length
    expect(count).toBeGreaterThan(0)
    for (const memory of allocated) expect(new Uint8Array(memory).findIndex((byte) => byte !== 0)).toBe(-1)

    const target = filled(MIXED)
    await pool.execute(target, MIXED, many, chacha)
    const here = filled(MIXED)
    await executeMaskPlan(here, MIXED, many, chacha)
    expect(difference(target, here)).toBeUndefined()
    expect(allocated.length).toBeLessThanOrEqual(Math.max(count, 4))
  })

  test('a worker that is stopped wipes memory that was transferred to it', async () => {
    const said: FromWorker[] = []
    const port: WorkerPort = { onmessage: null, postMessage: (message) => void said.push(message) }
    await serveMasks(port)
    const hear = port.onmessage!
    const target = [new Uint32Array(10).fill(5)]
    const piece = { target, segments: [{ length: 10, bits: 32 }], range: { from: 0, to: 10 }, bytes: 64 }
    const seeds = new Uint8Array(32).fill(7)
    hear({
      data: { type: 'plan', suite: 'chacha', seeds, signs: Int8Array.of(1), reports: false, fills: false },
    })
    hear({ data: { type: 'piece', from: 0, to: 1, fresh: false, piece } })
    hear({ data: { type: 'stop' } })
    await expect.poll(() => said.at(-1)?.type).toBe('stopped')
    expect(target).toEqual([new Uint32Array(10)])
  })
})

test('a pool without workers is valid, a pool with half a worker is not', async () => {
  const pool = await createMaskPool({ workers: 0 })
  expect([pool.threads, pool.failure]).toEqual([0, undefined])
  for (const workers of [-1, 0.5, Number.NaN, 1025]) {
    await expect(createMaskPool({ workers })).rejects.toMatchObject({ code: 'invalid-argument' })
  }
})

test('a worker wipes the seeds of a plan when the plan ends', async () => {
  const said: FromWorker[] = []
  const port: WorkerPort = { onmessage: null, postMessage: (message) => void said.push(message) }
  await serveMasks(port)
  const seeds = new Uint8Array(64).fill(7)
  const target = [new Uint32Array(10)]
  const piece = { target, segments: [{ length: 10, bits: 32 }], range: { from: 0, to: 10 }, bytes: 64 }
  const hear = port.onmessage!
  hear({
    data: { type: 'plan', suite: 'chacha', seeds, signs: Int8Array.of(1, -1), reports: false, fills: false },
  })
  hear({ data: { type: 'piece', from: 0, to: 2, fresh: false, piece } })
  await expect.poll(() => said.length).toBe(2)
  expect(said.map(({ type }) => type)).toEqual(['ready', 'done'])
  expect(seeds).toEqual(new Uint8Array(64).fill(7))
  hear({ data: { type: 'end' } })
  await expect.poll(() => seeds.every((byte) => byte === 0)).toBe(true)
})
