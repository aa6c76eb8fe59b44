import { nobleCrypto } from 'secagg/crypto'
import { simulate } from 'secagg/simulate'
import { framedConnection } from 'secagg/transport'
import { createVector, executeMaskPlan, type MaskExecutor } from 'secagg/vector'
import { createMaskPool } from 'secagg/workers'
import { describe, expect, test } from 'vitest'
import { ACTIVE, seatsBelow } from '../attacks/support.js'
import { makeCohort, run } from '../support/cohort.js'
import { OldAbortController } from '../support/old-abort.js'
import { spawn } from '../workers/support.js'
import { expectExactSum, makeScene } from './support.js'

/** The rejection of a call whose signal has no reason. */
const ABORTED = { name: 'AbortError' }

describe('masks', () => {
  const suite = nobleCrypto().suites.chacha!
  const segments = [{ length: 2 ** 21, bits: 32 }]
  const plan = seatsBelow(4).map((index) => ({ seed: new Uint8Array(32).fill(index), sign: 1 as const }))

  async function expectOldSignals(execute: MaskExecutor): Promise<void> {
    const never = new OldAbortController()
    await execute(createVector(segments), segments, plan, suite, { signal: never.signal })
    expect(never.listeners).toBe(0)
    const before = new OldAbortController()
    before.abort()
    const early = execute(createVector(segments), segments, plan, suite, { signal: before.signal })
    await expect(early).rejects.toMatchObject(ABORTED)
    const midway = new OldAbortController()
    const options = { signal: midway.signal, onProgress: () => midway.abort() }
    await expect(execute(createVector(segments), segments, plan, suite, options)).rejects.toMatchObject(
      ABORTED,
    )
  }

  test('on this thread', () => expectOldSignals(executeMaskPlan))

  test('on a pool, even for a call that waits for another', async () => {
    const pool = await createMaskPool({ workers: 2, spawn })
    await expectOldSignals(pool.execute)
    const first = pool.execute(createVector(segments), segments, plan, suite)
    const stop = new OldAbortController()
    const second = pool.execute(createVector(segments), segments, plan, suite, { signal: stop.signal })
    stop.abort()
    await expect(second).rejects.toMatchObject(ABORTED)
    await first
    await pool.close()
  })
})

test('sessions work with signals that never fire', async () => {
  const { signal } = new OldAbortController()
  const cohort = await makeCohort({ ...ACTIVE, clientOptions: () => ({ signal }), serverOptions: { signal } })
  const { outcome } = await run(cohort)
  expect(outcome!.report.survivors).toEqual(seatsBelow(5))
})

test('a simulation', async () => {
  const options = { clients: 3, length: 10, bits: 16, adversary: 'honest-but-curious' } as const
  const { signal } = new OldAbortController()
  expect((await simulate({ ...options, signal })).exact).toBe(true)
  const stop = new OldAbortController()
  const stopped = simulate({ ...options, signal: stop.signal, onProgress: () => stop.abort() })
  await expect(stopped).rejects.toMatchObject(ABORTED)
})

describe('the drivers', () => {
  test('runClient works with a signal that never fires', async () => {
    const controllers = seatsBelow(5).map(() => new OldAbortController())
    const server = new OldAbortController()
    const scene = await makeScene(ACTIVE, { signal: server.signal })
    const parts = controllers.map(({ signal }, seat) => scene.join(seat, { signal }))
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    for (const part of parts) expect(await scene.clock.until(part)).toEqual({ included: true })
    await scene.clock.until(scene.round.closed)
    for (const { listeners } of [...controllers, server]) expect(listeners).toBe(0)
  })

  test('a signal that fires before the start, or in the middle', async () => {
    for (const after of [0, 5]) {
      const scene = await makeScene(ACTIVE)
      const client = new OldAbortController()
      if (after === 0) client.abort()
      else scene.clock.after(after, () => client.abort())
      await expect(scene.clock.until(scene.join(0, { signal: client.signal }))).rejects.toMatchObject(ABORTED)
      const server = new OldAbortController()
      if (after === 0) server.abort()
      else scene.clock.after(after, () => server.abort())
      const { outcome } = scene.serve({ signal: server.signal })
      await expect(scene.clock.until(outcome)).rejects.toMatchObject(ABORTED)
    }
  })
})

test('a ReadableStream that is not iterable, as in Safari, is read with its reader', async () => {
  const pieces = [Uint8Array.of(2, 0, 0), Uint8Array.of(0, 7, 8, 1, 0, 0, 0, 9)]
  const reader = {
    read: async () => {
      const value = pieces.shift()
      return value === undefined ? { done: true as const, value } : { done: false as const, value }
    },
    cancelled: 0,
    cancel: async () => void reader.cancelled++,
  }
  const connection = framedConnection(
    { readable: { getReader: () => reader }, write: () => {}, close: () => {} },
    10,
  )
  const messages: number[][] = []
  for await (const bytes of connection.messages) {
    messages.push([...bytes])
    if (messages.length === 2) break
  }
  expect(messages).toEqual([[7, 8], [9]])
  // A reader that stops also cancels the stream.
  expect(reader.cancelled).toBe(1)
})
