import type { Connection } from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS, expectRefusal, seatsBelow } from '../attacks/support.js'
import { expectExactSum, makeScene, type Scene } from './support.js'

/** The `connect` of a client, with changes to the connection. */
function through(scene: Scene, seat: number, change: (connection: Connection) => Partial<Connection>) {
  const connect = scene.connect(seat)
  return async (): Promise<Connection> => {
    const connection = await connect()
    return {
      send: (bytes) => connection.send(bytes),
      messages: connection.messages,
      close: () => connection.close(),
      ...change(connection),
    }
  }
}

const LOST = { code: 'connection-lost', fault: 'network', phase: undefined } as const

describe('only progress of the round resets the count of failures', () => {
  test('the client gives up on connections that always break at the same message', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 1_000_000 })
    let sent = 0
    // Like a proxy that closes the connection at a message that is too long for it.
    const connect = through(scene, 0, (connection) => ({
      send: async (bytes) => {
        if (bytes[0] === 0 || bytes[1] !== 5) return connection.send(bytes)
        sent++
        connection.close()
        throw new Error('ECONNRESET')
      },
    }))
    const part = scene.join(0, {}, connect)
    const ends = scene.joinAll({ without: [0] })
    const error = await expectRefusal(scene.clock.until(part), LOST)
    expect(error.cause).toEqual(new Error('ECONNRESET'))
    expect(sent).toBe(11)
    expect(scene.clock.now).toBeLessThan(200_000)
    // It tells the server that it gives up, so nobody waits for it.
    expect(await expectExactSum(scene)).toEqual([1, 2, 3, 4])
    expect(scene.clock.now).toBeLessThan(200_000)
    await scene.clock.until(ends)
  })

  test('the client gives up on connections that always end after the same message', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 1_000_000 })
    const connect = through(scene, 0, (connection) => ({
      // Only its keys arrive.
      send: (bytes) => (bytes[1] === 1 ? connection.send(bytes) : undefined),
      messages: {
        async *[Symbol.asyncIterator]() {
          for await (const bytes of connection.messages) {
            yield bytes
            await scene.clock.sleep(100)
            return connection.close()
          }
        },
      },
    }))
    const retries: number[] = []
    const retryAfter = (failures: number): number | undefined => {
      retries.push(failures)
      return failures > 4 ? undefined : 1
    }
    const part = expectRefusal(scene.join(0, { retryAfter }, connect), LOST)
    const ends = scene.joinAll({ without: [0] })
    await scene.clock.until(part)
    // The first message was progress, its repetitions were not.
    expect(retries).toEqual([1, 2, 3, 4, 5])
    expect(await expectExactSum(scene)).toEqual([1, 2, 3, 4])
    await scene.clock.until(ends)
  })

  test('a round continues over connections that break after every message', async () => {
    const scene = await makeScene(ACTIVE, { deadline: 1_000_000 })
    const failures: number[] = []
    const retryAfter = (count: number): number | undefined => {
      failures.push(count)
      return count > 2 ? undefined : 10
    }
    const part = scene.join(
      0,
      { retryAfter },
      through(scene, 0, (connection) => ({
        send: async (bytes) => {
          await connection.send(bytes)
          if (bytes[0] === 0) return
          await scene.clock.sleep(5)
          connection.close()
        },
      })),
    )
    const ends = scene.joinAll({ without: [0] })
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(await scene.clock.until(part)).toEqual({ included: true })
    expect(failures.length).toBeGreaterThan(3)
    await scene.clock.until(ends)
  })

  test('connections that stay open for a while and are then closed as idle do not count as failures', async () => {
    const scene = await makeScene(CURIOUS, { deadline: 4_000_000 })
    const part = scene.join(
      0,
      {},
      through(scene, 0, (connection) => {
        scene.clock.after(60_000, () => connection.close())
        return {}
      }),
    )
    const others = scene.joinAll({ without: [0, 1] })
    await scene.clock.pass(3_000_000)
    const last = scene.join(1)
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(await scene.clock.until(part)).toEqual({ included: true })
    await scene.clock.until(Promise.all([others, last]))
  })
})
