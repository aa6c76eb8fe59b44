import type { Connection } from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS, expectRefusal, seatsBelow } from '../attacks/support.js'
import { endOf, expectExactSum, makeScene, type Scene } from './support.js'

/** A client whose connection closes before it sends its message number `message`, and that stays away for some time. */
function joinUntil(scene: Scene, seat: number, message: number, awayFor = Number.POSITIVE_INFINITY) {
  const stop = new AbortController()
  let sent = 0
  let lost = false
  const connect = async (): Promise<Connection> => {
    if (lost && awayFor === Number.POSITIVE_INFINITY) return new Promise<never>(() => {})
    if (lost) await scene.clock.sleep(awayFor)
    const connection = await scene.connect(seat)()
    return {
      messages: connection.messages,
      close: () => connection.close(),
      send: async (bytes) => {
        // Heartbeats do not count as messages.
        if (bytes[0] !== 0 && ++sent === message && !lost) {
          lost = true
          connection.close()
        }
        return connection.send(bytes)
      },
    }
  }
  return { part: endOf(scene.join(seat, { signal: stop.signal }, connect)), stop }
}

describe('with reconnectTime, the round does not wait until the deadline for a client that lost its connection', () => {
  test('five sockets that close in three phases cost three times reconnectTime', async () => {
    const scene = await makeScene({ ...CURIOUS, clients: 12 }, { deadline: 20_000, reconnectTime: 1000 })
    const lost = [1, 1, 2, 2, 3].map((after, seat) => joinUntil(scene, seat, after + 1))
    const ends = scene.joinAll({ without: [0, 1, 2, 3, 4] })
    expect(await expectExactSum(scene)).toEqual([4, 5, 6, 7, 8, 9, 10, 11])
    expect(scene.clock.now).toBeGreaterThan(3000)
    expect(scene.clock.now).toBeLessThan(4000)
    expect(scene.serverEvents.some(({ type }) => type === 'deadline')).toBe(false)
    expect(new Set((await scene.clock.until(ends)).values())).toEqual(new Set([true]))
    for (const { stop } of lost) stop.abort(new Error('enough'))
    await scene.clock.until(Promise.allSettled(lost.map(({ part }) => part)))
  })

  test('a client that is back in time is in the sum', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 20_000, reconnectTime: 2000 })
    const { part } = joinUntil(scene, 3, 3, 1000)
    const ends = scene.joinAll({ without: [3] })
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(await scene.clock.until(part)).toBe(true)
    await scene.clock.until(ends)
  })

  test('a client that is already away when a phase opens is not waited for again', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 20_000, reconnectTime: 1000 })
    const early = joinUntil(scene, 4, 2)
    // The others are connected, and slow.
    const slow = seatsBelow(4).map((seat) =>
      scene.join(seat, {}, async () => {
        const connection = await scene.connect(seat)()
        const send = async (bytes: Uint8Array) => {
          if (bytes[0] !== 0) await scene.clock.sleep(3000)
          return connection.send(bytes)
        }
        return { messages: connection.messages, close: () => connection.close(), send }
      }),
    )
    expect(await expectExactSum(scene)).toEqual([0, 1, 2, 3])
    // Four phases of three seconds, and nothing else.
    expect(scene.clock.now).toBeLessThan(12_500)
    await scene.clock.until(Promise.all(slow))
    early.stop.abort(new Error('enough'))
    await scene.clock.until(Promise.allSettled([early.part]))
  })

  test('if the round cannot continue without the clients that are away, it waits for them until the deadline', async () => {
    const scene = await makeScene(ACTIVE, { deadline: 20_000, reconnectTime: 1000 })
    const away = [0, 1, 2].map((seat) => joinUntil(scene, seat, 2, 5000))
    const ends = scene.joinAll({ without: [0, 1, 2] })
    const survivors = await expectExactSum(scene)
    expect(survivors).toEqual(expect.arrayContaining([3, 4]))
    expect(survivors.length).toBeGreaterThanOrEqual(4)
    expect(scene.serverEvents).toContainEqual(
      expect.objectContaining({ type: 'not-enough', phase: 'share-keys' }),
    )
    expect(scene.clock.now).toBeLessThan(10_000)
    await scene.clock.until(ends)
    await scene.clock.until(Promise.all(away.map(({ part }) => part)))
  })

  test('if they stay away, the round ends at the deadline, not earlier', async () => {
    const scene = await makeScene(ACTIVE, { deadline: 20_000, reconnectTime: 1000 })
    const away = [0, 1, 2].map((seat) => joinUntil(scene, seat, 2))
    const ends = scene.joinAll({ without: [0, 1, 2] })
    await expectRefusal(scene.clock.until(scene.round.outcome), {
      code: 'too-few-clients',
      fault: 'peer',
      phase: 'share-keys',
    })
    expect(scene.clock.now).toBeGreaterThan(20_000)
    await scene.clock.until(ends)
    for (const { stop } of away) stop.abort(new Error('enough'))
    await scene.clock.until(Promise.allSettled(away.map(({ part }) => part)))
  })

  test('without the option, the round waits until the deadline', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 20_000 })
    const { part } = joinUntil(scene, 3, 3, 15_000)
    const ends = scene.joinAll({ without: [3] })
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(await scene.clock.until(part)).toBe(true)
    await scene.clock.until(ends)
  })
})

/** A connection that records what happens to it, and whose sends settle when the test wants it. */
function slowConnection(): {
  connection: Connection
  sent: Uint8Array[]
  overlaps: () => number
  closed: () => number
} {
  const never = new Promise<never>(() => {})
  const sent: Uint8Array[] = []
  let closed = 0
  const connection: Connection = {
    send: (bytes) => {
      sent.push(bytes)
      return never
    },
    close: () => {
      closed++
    },
    messages: { [Symbol.asyncIterator]: () => ({ next: () => never }) },
  }
  return { connection, sent, overlaps: () => Math.max(0, sent.length - 1), closed: () => closed }
}

describe('the end of a connection that never reads', () => {
  test('it is closed when `closed` resolves', async () => {
    const scene = await makeScene(ACTIVE)
    const ends = scene.joinAll({ without: [4] })
    const { connection, closed } = slowConnection()
    scene.round.connect(4, connection)
    let closedThen: number | undefined
    const over = scene.round.closed.then(() => {
      closedThen = closed()
    })
    await expectExactSum(scene)
    await scene.clock.until(Promise.all([ends, over]))
    expect(closedThen).toBe(1)
  })

  test('it is told that it was replaced only if no message is being sent, so messages do not overlap', async () => {
    const scene = await makeScene(ACTIVE)
    const { connection, overlaps, closed, sent } = slowConnection()
    const parts = [0, 1, 2, 3].map((seat) => scene.join(seat))
    const hello = await scene.sessions[4]!.start()
    const speaking: Connection = {
      ...connection,
      messages: (async function* () {
        yield hello
        await new Promise<never>(() => {})
      })(),
    }
    scene.round.connect(4, speaking)
    while (scene.round.phase !== 'share-keys') await scene.clock.pass(1)
    await scene.clock.pass(10)
    expect(sent).toHaveLength(1)
    scene.round.connect(4, slowConnection().connection)
    await expectExactSum(scene)
    expect(overlaps()).toBe(0)
    expect(closed()).toBe(1)
    await scene.clock.until(Promise.all(parts))
  })
})
