import { describe, expect, test } from 'vitest'
import { ACTIVE, expectRefusal, seatsBelow } from '../attacks/support.js'
import { named } from '../support/seeded.js'
import { endOf, expectExactSum, makeScene, type Scene } from './support.js'

const SLICED = {
  ...ACTIVE,
  clients: 5,
  segments: [{ length: 200, bits: 16, bound: 'modular' }],
  sliceLength: 64,
} as const

/** The number of things that happen in a round without an abort. */
async function countEvents(events: (scene: Scene) => readonly unknown[]): Promise<number> {
  const scene = await makeScene(SLICED)
  await scene.clock.until(scene.joinAll())
  return events(scene).length
}

describe('an abort at every step', () => {
  test('the server aborts: every promise settles, and the clients are told', async () => {
    const steps = await countEvents(({ serverEvents }) => serverEvents)
    expect(steps).toBeGreaterThan(30)
    let aborted = 0
    for (let step = 1; step <= steps; step += 4) {
      await named(`at event ${step}`, async () => {
        const scene = await makeScene(SLICED)
        const stop = new AbortController()
        const reason = new Error('shut down')
        let count = 0
        // Replaces the round of the scene by one that is aborted.
        scene.serve({
          signal: stop.signal,
          onEvent: () => {
            if (++count === step) stop.abort(reason)
          },
        })
        const ends = scene.joinAll()
        const outcome = await scene.clock.until(scene.round.outcome.catch((error: unknown) => error))
        const ended = new Set((await scene.clock.until(ends)).values())
        await scene.clock.until(scene.round.closed)
        if (outcome === reason) {
          aborted++
          expect(ended).toEqual(new Set(['round-aborted']))
        } else {
          expect(ended).toEqual(new Set([true]))
        }
      })
    }
    expect(aborted).toBeGreaterThan(8)
  })

  test('one client aborts: it rejects with the reason, and the others get their sum', async () => {
    const steps = await countEvents(({ clientEvents }) => clientEvents.get(3)!)
    expect(steps).toBeGreaterThan(12)
    for (let step = 1; step <= steps; step++) {
      await named(`at event ${step}`, async () => {
        const scene = await makeScene(SLICED)
        const stop = new AbortController()
        const reason = new Error('the page is closed')
        let count = 0
        const onEvent = () => {
          if (++count === step) stop.abort(reason)
        }
        const gone = scene.join(3, { signal: stop.signal, onEvent }).catch((error: unknown) => error)
        const ends = scene.joinAll({ without: [3] })
        const survivors = await expectExactSum(scene)
        expect(survivors).toEqual(expect.arrayContaining([0, 1, 2, 4]))
        expect(new Set((await scene.clock.until(ends)).values())).toEqual(new Set([true]))
        // After the last event the round is already over for this client.
        expect([reason, { included: true }]).toContainEqual(await scene.clock.until(gone))
        await scene.clock.until(scene.round.closed)
      })
    }
  })
})

test('aborted before the start: nothing connects', async () => {
  const scene = await makeScene(ACTIVE)
  const signal = AbortSignal.abort(new Error('no'))
  let connected = 0
  const connect = () => {
    connected++
    return scene.connect(0)()
  }
  await expect(scene.clock.until(scene.join(0, { signal }, connect))).rejects.toThrow('no')
  expect(connected).toBe(0)
  await expect(scene.clock.until(scene.serve({ signal }).outcome)).rejects.toThrow('no')
  expect(await scene.clock.until(endOf(scene.join(1)))).toBe('round-aborted')
})

test('a connection that is made after the abort is closed', async () => {
  const scene = await makeScene(ACTIVE)
  const stop = new AbortController()
  const part = scene.join(0, { signal: stop.signal }, async () => {
    await scene.clock.sleep(1000)
    return scene.connect(0)()
  })
  scene.clock.after(500, () => stop.abort(new Error('gone')))
  await expect(scene.clock.until(part)).rejects.toThrow('gone')
  await scene.clock.pass(2000)
  expect(scene.serverEvents.map(({ type }) => type)).toEqual(['phase-opened', 'connected', 'disconnected'])
  const ends = scene.joinAll({ without: [0] })
  await expectExactSum(scene)
  await scene.clock.until(ends)
})

describe('a promise that never settles does not block the driver', () => {
  test.each(['connect', 'send', 'input', 'save'] as const)(
    'a client whose %s never comes back',
    async (what) => {
      const scene = await makeScene(ACTIVE)
      const never = new Promise<never>(() => {})
      const stop = new AbortController()
      const connect = scene.connect(0)
      const hanging = scene.join(
        0,
        {
          signal: stop.signal,
          ...(what === 'input' ? { input: () => never } : {}),
          ...(what === 'save' ? { save: () => never } : {}),
        },
        async () => {
          if (what === 'connect') return never
          const connection = await connect()
          return what === 'send'
            ? { ...connection, messages: connection.messages, close: connection.close, send: () => never }
            : connection
        },
      )
      const ends = scene.joinAll({ without: [0] })
      scene.clock.after(5000, () => stop.abort(new Error('enough')))
      await expect(scene.clock.until(hanging)).rejects.toThrow('enough')
      expect(await expectExactSum(scene)).toEqual([1, 2, 3, 4])
      await scene.clock.until(ends)
    },
  )

  test('a server whose client never reads, and whose verifier never answers', async () => {
    const scene = await makeScene(ACTIVE)
    const never = new Promise<never>(() => {})
    const deaf = {
      send: () => never,
      close: () => {},
      messages: { [Symbol.asyncIterator]: () => ({ next: () => never }) },
    }
    const ends = scene.joinAll({ without: [4] })
    scene.round.connect(4, deaf)
    expect(await expectExactSum(scene)).toEqual([0, 1, 2, 3])
    await scene.clock.until(ends)
    await scene.clock.until(scene.round.closed)

    const stop = new AbortController()
    const stuck = scene.serve({ signal: stop.signal, verifyIdentity: () => never })
    const waiting = scene.joinAll()
    await scene.clock.pass(100)
    stop.abort(new Error('enough'))
    await expect(scene.clock.until(stuck.outcome)).rejects.toThrow('enough')
    await scene.clock.until(stuck.closed)
    expect(new Set((await scene.clock.until(waiting)).values())).toEqual(new Set(['round-aborted']))
  })
})

describe('errors thrown by functions of the host', () => {
  test('a listener of the server’s events ends the round', async () => {
    const scene = await makeScene(ACTIVE)
    for (const type of ['connected', 'message', 'phase-opened'] as const) {
      const broken = (event: { readonly type: string }): void => {
        if (event.type === type) throw new Error('broken')
      }
      const { outcome, closed } = scene.serve({ onEvent: broken })
      const stop = new AbortController()
      const ends = seatsBelow(5).map((seat) =>
        scene.join(seat, { signal: stop.signal }).catch((error: unknown) => error),
      )
      const error = await expectRefusal(scene.clock.until(outcome), {
        code: 'invalid-argument',
        fault: 'usage',
        phase: undefined,
      })
      expect(error.cause).toEqual(new Error('broken'))
      await scene.clock.until(closed)
      stop.abort()
      await scene.clock.until(Promise.all(ends))
    }
  })

  test('a client’s listener, its retries and its input end its part', async () => {
    const scene = await makeScene(ACTIVE)
    const throws = (): never => {
      throw new Error('broken')
    }
    const ends = scene.joinAll({ without: [0] })
    for (const options of [{ onEvent: throws }, { retryAfter: throws }, { input: throws }]) {
      const connect = 'retryAfter' in options ? throws : scene.connect(0)
      const part = scene.join(0, options, connect)
      const error = await expectRefusal(scene.clock.until(part), {
        code: 'invalid-argument',
        fault: 'usage',
        phase: undefined,
      })
      expect(error.cause).toEqual(new Error('broken'))
    }
    expect(await expectExactSum(scene)).toEqual([1, 2, 3, 4])
    await scene.clock.until(ends)
  })

  test('a client that never reaches its server gives up, and says why', async () => {
    const scene = await makeScene(ACTIVE)
    const error = await expectRefusal(
      scene.clock.until(scene.join(0, {}, () => Promise.reject(new Error('refused')))),
      { code: 'connection-lost', fault: 'network', phase: undefined },
    )
    expect(error.cause).toEqual(new Error('refused'))
    expect(error.got).toBe(11)
    const retries = scene.clientEvents.get(0)!.map((event) => event.type === 'disconnected' && event.retryIn)
    expect(retries).toHaveLength(11)
    expect(retries.slice(0, 3)).toEqual([250, 500, 1000])
    expect(retries.at(-1)).toBeUndefined()
  })
})
