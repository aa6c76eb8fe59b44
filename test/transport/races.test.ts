import { localPlane, type SliceStore } from 'secagg'
import type { Connection } from 'secagg/transport'
import { expect, test } from 'vitest'
import { ACTIVE, CURIOUS, seatsBelow } from '../attacks/support.js'
import { endOf, expectExactSum, makeScene } from './support.js'

test.each([1, 2, 3, 4])('a connection is lost while answer %i is being stored', async (slow) => {
  const scene = await makeScene(CURIOUS, { deadline: 120_000 })
  const ends = scene.joinAll({ without: [2] })
  let saves = 0
  const late = scene.join(2, {
    save: async (bytes) => {
      scene.saved.set(2, bytes)
      if (++saves !== slow) return
      await scene.clock.sleep(10)
      scene.network.fail()
      await scene.clock.sleep(5000)
    },
  })
  const all = Promise.all([ends, endOf(late)])
  expect(await expectExactSum(scene)).toEqual(seatsBelow(scene.config.clients))
  expect((await scene.clock.until(all))[1]).toBe(true)
})

test('an accepted answer counts even if the checkpoint after it fails', async () => {
  let stored = 0
  const scene = await makeScene(ACTIVE, {
    checkpointEvery: 3,
    // The checkpoint in each phase of five answers fails. What opens the next phase is stored.
    save: () => {
      if (++stored === 1) throw new Error('the disk is full')
    },
  })
  const ends = scene.joinAll()
  expect(await expectExactSum(scene)).toEqual(seatsBelow(scene.config.clients))
  const types = scene.serverEvents.map(({ type }) => type)
  expect(types.filter((type) => type === 'failed' || type === 'deadline')).toEqual(['failed'])
  expect(new Set((await scene.clock.until(ends)).values())).toEqual(new Set([true]))
})

test('a client that is gone is not waited for if a checkpoint has completed its vector', async () => {
  const kept = new Map<string, Uint8Array>()
  let failures = 1
  const sliceStore: SliceStore = {
    put: (seat, slice, bytes) => void kept.set(`${seat} ${slice}`, bytes),
    get: (seat, slice) => {
      if (seat === 1 && slice === 2 && failures-- > 0) throw new Error('the disk is gone')
      return kept.get(`${seat} ${slice}`)!
    },
    discard: () => {},
  }
  const sliced = { segments: [{ length: 300, bits: 13, bound: 800 }], sliceLength: 64 } as const
  const scene = await makeScene(
    { ...CURIOUS, ...sliced },
    { plane: localPlane({ sliceStore }), checkpointEvery: 1 },
  )
  const stop = new AbortController()
  let connections = 0
  const connect = () => (++connections === 1 ? scene.connect(1)() : new Promise<never>(() => {}))
  const gone = endOf(scene.join(1, { signal: stop.signal }, connect)).catch(() => 'stopped')
  let saves = 0
  const last = scene.join(4, {
    save: async () => {
      if (++saves === 3) await scene.clock.sleep(1000)
    },
  })
  const others = [0, 2, 3].map((seat) => scene.join(seat))
  while (scene.round.phase !== 'unmasking') await scene.clock.pass(100)
  expect(scene.clock.now).toBeLessThan(2000)
  expect(await expectExactSum(scene)).toEqual(seatsBelow(scene.config.clients))
  expect(scene.serverEvents.filter(({ type }) => type === 'failed')).toHaveLength(1)
  stop.abort()
  expect(await scene.clock.until(Promise.all([gone, last, ...others]))).toBeDefined()
})

test('the cause of a disconnection: another connection has taken its place', async () => {
  const scene = await makeScene(CURIOUS)
  const first = await scene.connect(0)()
  await scene.clock.pass(5)
  await scene.connect(0)()
  await scene.clock.pass(5)
  expect(first).toBeDefined()
  expect(scene.serverEvents).toContainEqual({ type: 'disconnected', seat: 0, cause: 'replaced' })
})

test('a listener that throws leaves no connection open', async () => {
  const scene = await makeScene(CURIOUS)
  let opened: Connection | undefined
  let closed = 0
  const connect = async () => {
    opened = await scene.connect(0)()
    const { send, messages, close } = opened
    return {
      send,
      messages,
      close: () => {
        closed++
        close()
      },
    }
  }
  const onEvent = () => {
    throw new Error('broken')
  }
  expect(await scene.clock.until(endOf(scene.join(0, { onEvent }, connect)))).toBe('invalid-argument')
  expect(closed).toBe(1)
})

test('a deadline that is undefined for one phase is the general one', async () => {
  const patience: { deadline: number } = JSON.parse('{}')
  const { deadline } = patience
  const scene = await makeScene(CURIOUS, { weather: { delay: 50 }, phases: { 'masked-input': { deadline } } })
  const ends = scene.joinAll()
  expect(await expectExactSum(scene)).toEqual(seatsBelow(scene.config.clients))
  await scene.clock.until(ends)
})

test('checkpoints without a save function are refused immediately', async () => {
  const scene = await makeScene(CURIOUS)
  expect(() => scene.serve({ checkpointEvery: 2, save: undefined })).toThrow(
    'checkpointEvery needs the option save',
  )
})
