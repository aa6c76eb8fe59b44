import type { SecAggError } from 'secagg'
import type { Connection, RunClientOptions } from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS, expectRefusal, seatsBelow } from '../attacks/support.js'
import { endOf, expectExactSum, makeScene, type Scene } from './support.js'

/** A connection that the test can make silent in both directions. It stays open. */
function halfOpen(scene: Scene, seat: number, seen: Uint8Array[] = []) {
  const connect = scene.connect(seat)
  const never = new Promise<never>(() => {})
  const line = { attempts: 0, silent: false }
  const opening = async (): Promise<Connection> => {
    const connection = await connect()
    line.attempts++
    line.silent = false
    let here = true
    return {
      // Sending still seems to work.
      send: (bytes) => (line.silent && here ? undefined : connection.send(bytes)),
      close: () => {
        here = false
        connection.close()
      },
      messages: {
        async *[Symbol.asyncIterator]() {
          for await (const bytes of connection.messages) {
            if (line.silent) await never
            seen.push(bytes)
            yield bytes
          }
        },
      },
    }
  }
  return { line, opening }
}

const isBeat = (bytes: Uint8Array): boolean => bytes[0] === 0 && bytes[1]! >= 6

describe('a proxy goes silent and keeps the connection open', () => {
  test('the client notices within the default time, and is in the sum', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 800_000 })
    const { line, opening } = halfOpen(scene, 0)
    const part = scene.join(0, {}, opening)
    const others = scene.joinAll({ without: [0, 1] })
    await scene.clock.pass(30_000)
    line.silent = true
    await scene.clock.pass(100_000)
    expect(line.attempts).toBe(2)
    const lost = scene.clientEvents.get(0)!.find(({ type }) => type === 'disconnected')
    expect(lost).toMatchObject({ cause: { code: 'connection-lost', fault: 'network' } })
    expect((lost as { cause: SecAggError }).cause.message).toContain('was silent')
    const last = scene.join(1)
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(await scene.clock.until(part)).toEqual({ included: true })
    await scene.clock.until(Promise.all([others, last]))
  })

  test('the client also notices before the first heartbeat', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 800_000 })
    const { line, opening } = halfOpen(scene, 0)
    const part = scene.join(0, {}, opening)
    const others = scene.joinAll({ without: [0, 1] })
    await scene.clock.pass(3000)
    line.silent = true
    await scene.clock.pass(100_000)
    expect(line.attempts).toBe(2)
    const last = scene.join(1)
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    await scene.clock.until(Promise.all([others, last, part]))
  })

  test('with maximumSilence, it is noticed earlier', async () => {
    const scene = await makeScene(ACTIVE, { deadline: 800_000 })
    const { line, opening } = halfOpen(scene, 0)
    const part = scene.join(0, { maximumSilence: 4000 }, opening)
    const others = scene.joinAll({ without: [0, 1] })
    await scene.clock.pass(60_000)
    expect(line.attempts).toBe(1)
    line.silent = true
    await scene.clock.pass(6000)
    expect(line.attempts).toBe(2)
    const last = scene.join(1)
    await expectExactSum(scene)
    await scene.clock.until(Promise.all([others, last, part]))
  })

  test('with maximumSilence, the server notices that a client is silent', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 800_000, maximumSilence: 30_000, reconnectTime: 5000 })
    const { line, opening } = halfOpen(scene, 0)
    const stop = new AbortController()
    const part = endOf(scene.join(0, { signal: stop.signal, maximumSilence: 200_000 }, opening)).catch(
      () => 'gone',
    )
    const others = scene.joinAll({ without: [0, 1] })
    await scene.clock.pass(100_000)
    // The clients that wait are not silent: they answer heartbeats.
    expect(scene.serverEvents.filter(({ type }) => type === 'disconnected')).toEqual([])
    line.silent = true
    await scene.clock.pass(50_000)
    expect(scene.serverEvents.filter(({ type }) => type === 'disconnected')).toEqual([
      { type: 'disconnected', seat: 0, cause: expect.objectContaining({ code: 'connection-lost' }) },
    ])
    const last = scene.join(1)
    expect(await expectExactSum(scene)).toEqual([1, 2, 3, 4])
    stop.abort(new Error('gone'))
    await scene.clock.until(Promise.all([others, last, part]))
  })
})

describe('peers that do not support heartbeats', () => {
  test('a client whose server sends none connects a second time, and stays connected', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 4_000_000 })
    let connections = 0
    // Like an earlier server, which ignores unknown notices.
    const old = async (): Promise<Connection> => {
      const connection = await scene.connect(0)()
      connections++
      return {
        messages: connection.messages,
        close: () => connection.close(),
        send: (bytes) => (isBeat(bytes) ? undefined : connection.send(bytes)),
      }
    }
    const part = scene.join(0, {}, old)
    const others = scene.joinAll({ without: [0, 1] })
    await scene.clock.pass(3_000_000)
    // It connected again once.
    expect(connections).toBe(2)
    const last = scene.join(1)
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(await scene.clock.until(part)).toEqual({ included: true })
    await scene.clock.until(Promise.all([others, last]))
  })

  test('a client that sends none receives none, and is not disconnected', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 4_000_000, maximumSilence: 20_000 })
    const seen: Uint8Array[] = []
    const { opening } = halfOpen(scene, 0, seen)
    const part = scene.join(0, { maximumSilence: Number.POSITIVE_INFINITY }, opening)
    const others = scene.joinAll({ without: [0, 1] })
    await scene.clock.pass(200_000)
    expect(scene.serverEvents.filter(({ type }) => type === 'disconnected')).toEqual([])
    const last = scene.join(1)
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    await scene.clock.until(Promise.all([others, last, part]))
    expect(seen.filter(isBeat)).toEqual([])
    // The other clients were sent some.
    expect(scene.round.report!.refused).toEqual([])
  })
})

describe('something that takes long does not count as silence', () => {
  const SLICED = {
    ...ACTIVE,
    segments: [{ length: 400, bits: 16, bound: 'modular' }],
    sliceLength: 64,
  } as const

  test('clients that wait for room while the server does not read from them', async () => {
    const options = { maximumUploads: 1, deadline: 4_000_000, uploadTime: 2_000_000, maximumSilence: 30_000 }
    const scene = await makeScene(SLICED, options)
    const slow = scene.join(0, {}, async () => {
      const connection = await scene.connect(0)()
      const send = async (bytes: Uint8Array): Promise<void> => {
        if (bytes[1] === 10) await scene.clock.sleep(20_000)
        await connection.send(bytes)
      }
      return { messages: connection.messages, close: () => connection.close(), send }
    })
    const ends = scene.joinAll({ without: [0] })
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    await scene.clock.until(Promise.all([slow, ends]))
    const cut = scene.serverEvents.filter((event) => event.type === 'disconnected' && event.seat !== 0)
    expect(cut).toHaveLength(4)
    expect(scene.serverEvents.filter(({ type }) => type === 'shut-out')).toEqual([])
    for (const seat of [1, 2, 3, 4]) {
      expect(scene.clientEvents.get(seat)!.filter(({ type }) => type === 'disconnected')).toEqual([])
    }
  })

  test('an upload of one message that takes minutes', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 4_000_000 })
    const part = scene.join(0, {}, async () => {
      const connection = await scene.connect(0)()
      const send = async (bytes: Uint8Array): Promise<void> => {
        if (bytes[0] !== 0 && bytes[1] === 5) await scene.clock.sleep(900_000)
        await connection.send(bytes)
      }
      return { messages: connection.messages, close: () => connection.close(), send }
    })
    const ends = scene.joinAll({ without: [0] })
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    await scene.clock.until(Promise.all([part, ends]))
    expect(scene.clientEvents.get(0)!.filter(({ type }) => type === 'connected')).toHaveLength(1)
  })

  test('a client that takes long before its first message', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 4_000_000 })
    const save = async (): Promise<void> => scene.clock.sleep(400_000)
    const part = scene.join(0, { save })
    const ends = scene.joinAll({ without: [0] })
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    await scene.clock.until(Promise.all([part, ends]))
    expect(scene.clientEvents.get(0)!.filter(({ type }) => type === 'connected')).toHaveLength(1)
  })

  test('timers that fire a minute late, as in a hidden tab, disconnect nobody', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 4_000_000, maximumSilence: 60_000 })
    const throttled = {
      after: (ms: number, callback: () => void) =>
        scene.clock.after(Math.ceil((scene.clock.now + ms) / 60_000) * 60_000 - scene.clock.now, callback),
    }
    const part = scene.join(0, { clock: throttled, maximumSilence: 20_000 })
    const others = scene.joinAll({ without: [0, 1] })
    await scene.clock.pass(2_000_000)
    const last = scene.join(1)
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    await scene.clock.until(Promise.all([part, others, last]))
    expect(scene.clientEvents.get(0)!.filter(({ type }) => type === 'connected')).toHaveLength(1)
  })
})

describe('hostile heartbeats', () => {
  test('a client that floods the server with them is excluded', async () => {
    const scene = await makeScene(CURIOUS)
    const connection = await scene.connect(1)()
    const ends = scene.joinAll({ without: [1] })
    let sent = 0
    const flood = (async () => {
      for (; sent < 1000; sent++) await connection.send(Uint8Array.of(0, 6 + (sent % 2)))
    })().catch(() => undefined)
    const reading = (async () => {
      for await (const _bytes of connection.messages);
    })()
    await scene.clock.until(flood)
    expect(sent).toBeLessThan(120)
    expect(scene.serverEvents).toContainEqual({ type: 'shut-out', seat: 1, code: 'too-many-messages' })
    expect(await expectExactSum(scene)).toEqual([0, 2, 3, 4])
    await scene.clock.until(Promise.all([ends, reading.catch(() => undefined)]))
  })

  test('a server that floods a client with them gets one answer at a time', async () => {
    const scene = await makeScene(CURIOUS)
    const [near, far] = scene.network.connection()
    let waiting = 0
    let most = 0
    const send = async (bytes: Uint8Array): Promise<void> => {
      most = Math.max(most, ++waiting)
      await scene.clock.sleep(1000)
      await near.send(bytes)
      waiting--
    }
    const stop = new AbortController()
    const part = scene.join(0, { signal: stop.signal }, () => ({
      messages: near.messages,
      close: () => near.close(),
      send,
    }))
    for (let count = 0; count < 500; count++)
      await scene.clock.until(Promise.resolve(far.send(Uint8Array.of(0, 6))))
    expect(most).toBe(1)
    stop.abort(new Error('enough'))
    await expect(scene.clock.until(part)).rejects.toThrow('enough')
  })
})

test('an invalid maximumSilence is refused immediately', async () => {
  const scene = await makeScene(CURIOUS)
  const misuse = { code: 'invalid-argument', fault: 'usage', phase: undefined } as const
  for (const maximumSilence of [0, 999, -1, Number.NaN, '5000' as unknown as number, 2 ** 31]) {
    const options: Partial<RunClientOptions> = { maximumSilence }
    const error = await expectRefusal(scene.clock.until(scene.join(0, options)), misuse)
    expect(error.message).toContain('maximumSilence')
    expect(() => scene.serve({ maximumSilence })).toThrow(expect.objectContaining(misuse))
  }
})
