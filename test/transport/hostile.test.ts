import { createRoundConfig } from 'secagg'
import { type Connection, type OwnConnection, runClient } from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { PROTOCOL_VERSION } from '../../src/wire/index.js'
import { ACTIVE, CURIOUS, expectRefusal, seatsBelow } from '../attacks/support.js'
import { randomOf } from '../support/seeded.js'
import { expectExactSum, makeScene, type Scene } from './support.js'

/** A connection of a seat that the test itself uses. */
async function raw(scene: Scene, seat: number): Promise<OwnConnection> {
  return scene.connect(seat)()
}

/** Everything that arrives over a connection until it ends. */
async function heard(connection: Connection): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = []
  try {
    for await (const bytes of connection.messages) messages.push(bytes)
  } catch {
    // It may end in any way.
  }
  return messages
}

const wordOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes.subarray(2))

async function flood(
  connection: OwnConnection,
  count: number,
  message: (index: number) => Uint8Array,
): Promise<number> {
  for (let index = 0; index < count; index++) {
    try {
      await connection.send(message(index))
    } catch {
      return index
    }
  }
  return count
}

describe('one client misbehaves, and the others get their sum without waiting', () => {
  test('garbage: it is refused, the client is told, and in the end excluded', async () => {
    const scene = await makeScene(ACTIVE)
    const ends = scene.joinAll({ without: [1] })
    const connection = await raw(scene, 1)
    const words = heard(connection)
    const random = randomOf(9)
    const sent = flood(connection, 1000, () =>
      Uint8Array.of(PROTOCOL_VERSION, ...random.bytes(random.below(100))),
    )
    expect(await expectExactSum(scene)).toEqual([0, 2, 3, 4])
    expect(scene.clock.now).toBeLessThan(1000)
    expect(await scene.clock.until(sent)).toBeLessThan(100)
    const told = (await scene.clock.until(words)).map(wordOf)
    expect(told[0]).toMatch(/^malformed-message|unexpected-message|unsupported-version$/)
    expect(told.at(-1)).toBe('too-many-messages')
    expect(scene.serverEvents).toContainEqual({ type: 'shut-out', seat: 1, code: 'too-many-messages' })
    await scene.clock.until(ends)
  })

  test('the same message a thousand times', async () => {
    const scene = await makeScene(ACTIVE)
    const ends = scene.joinAll({ without: [1] })
    const connection = await raw(scene, 1)
    const words = heard(connection)
    const hello = await scene.sessions[1]!.start()
    const sent = flood(connection, 1000, () => hello)
    expect(await scene.clock.until(sent)).toBeLessThan(100)
    // Reconnecting does not help: nobody waits for it.
    const again = await raw(scene, 1)
    expect((await scene.clock.until(heard(again))).map(wordOf)).toEqual(['too-many-messages'])
    expect(await expectExactSum(scene)).toEqual([0, 2, 3, 4])
    expect(scene.clock.now).toBeLessThan(1000)
    await scene.clock.until(Promise.all([ends, words]))
  })

  test('a message that is too long is not passed to the session', async () => {
    const scene = await makeScene(ACTIVE)
    const ends = scene.joinAll({ without: [1] })
    const connection = await raw(scene, 1)
    const words = heard(connection)
    await scene.clock.until(Promise.resolve(connection.send(new Uint8Array(100_000).fill(1))))
    expect((await scene.clock.until(words)).map(wordOf)).toEqual(['message-too-long'])
    expect(await expectExactSum(scene)).toEqual([0, 2, 3, 4])
    expect(scene.clock.now).toBeLessThan(1000)
    expect(scene.round.report!.refused).toEqual([])
    await scene.clock.until(ends)
  })

  test('notices that a client must not send', async () => {
    const scene = await makeScene(ACTIVE)
    const ends = scene.joinAll({ without: [1] })
    const connection = await raw(scene, 1)
    const sent = flood(connection, 1000, (index) => Uint8Array.of(0, index % 5, 97))
    expect(await scene.clock.until(sent)).toBeLessThan(100)
    expect(await expectExactSum(scene)).toEqual([0, 2, 3, 4])
    await scene.clock.until(ends)
  })

  test('another configuration: the client is told why its message was refused', async () => {
    const scene = await makeScene(CURIOUS)
    const { config, crypto } = scene
    const other = createRoundConfig({
      ...CURIOUS,
      sessionId: config.sessionId,
      segments: config.segments,
      context: { model: new Uint8Array(1) },
    })
    const part = runClient(scene.connect(4), {
      config: other,
      seat: 4,
      input: scene.inputs[4]!,
      crypto,
      clock: scene.clock,
    })
    const error = await expectRefusal(scene.clock.until(part), {
      code: 'message-refused',
      fault: 'network',
      phase: undefined,
    })
    expect(error.got).toBe('configuration-mismatch')
    const ends = scene.joinAll({ without: [4] })
    expect(await expectExactSum(scene)).toEqual([0, 1, 2, 3])
    await scene.clock.until(ends)
  })

  test('a second process on the same seat takes it over; the first is told', async () => {
    const scene = await makeScene(CURIOUS)
    const first = scene.join(0)
    await scene.clock.pass(100)
    const error = expectRefusal(first, { code: 'connection-lost', fault: 'network', phase: undefined })
    const again = scene.connect(0)
    const second = runClient(again, {
      config: scene.config,
      saved: scene.saved.get(0)!,
      seat: 0,
      input: scene.inputs[0]!,
      crypto: scene.crypto,
      clock: scene.clock,
    })
    expect((await scene.clock.until(error)).got).toBe('replaced')
    const ends = scene.joinAll({ without: [0] })
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(await scene.clock.until(second)).toEqual({ included: true })
    await scene.clock.until(ends)
  })
})

describe('vectors in slices, and room for one', () => {
  const SLICED = {
    ...ACTIVE,
    segments: [{ length: 400, bits: 16, bound: 'modular' }],
    sliceLength: 64,
  } as const

  test('the others wait for room, and nothing more is read from them', async () => {
    const scene = await makeScene(SLICED, { maximumUploads: 1, weather: { delay: 20 } })
    const ends = scene.joinAll()
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    await scene.clock.until(ends)
    const statuses = scene.serverEvents.flatMap((event) => (event.type === 'message' ? [event.status] : []))
    expect(statuses).toContain('busy')
    expect(statuses).not.toContain('duplicate')
    // Five clients, each with one message per phase, except in masked-input: there seven.
    expect(statuses.filter((status) => status === 'accepted')).toHaveLength(5 * (4 + 7))
  })

  test('a client that begins and stops loses its place after a while; when it comes back, it is in the sum', async () => {
    const scene = await makeScene(SLICED, { maximumUploads: 1, uploadTime: 2000, deadline: 8000 })
    const connect = scene.connect(0)
    let stalls = true
    const stalling = scene.join(0, {}, async () => {
      const connection = await connect()
      const send = async (bytes: Uint8Array) => {
        if (stalls && bytes[1] === 10 && bytes[2] === 2) {
          stalls = false
          return new Promise<never>(() => {})
        }
        return connection.send(bytes)
      }
      return { messages: connection.messages, close: () => connection.close(), send }
    })
    const ends = scene.joinAll({ without: [0] })
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(scene.serverEvents).toContainEqual({ type: 'evicted', seat: 0 })
    // After a quarter of the time for a vector without a slice.
    expect(scene.clock.now).toBeGreaterThan(500)
    expect(scene.clock.now).toBeLessThan(2000)
    expect(await scene.clock.until(stalling)).toEqual({ included: true })
    await scene.clock.until(ends)
  })

  test('a client that disconnects in the middle frees its place immediately', async () => {
    const scene = await makeScene(SLICED, { maximumUploads: 1, deadline: 8000 })
    const stop = new AbortController()
    const onEvent = (event: { readonly type: string; readonly phase?: string }) => {
      if (event.type === 'sent' && event.phase === 'masked-input') stop.abort(new Error('gone'))
    }
    const gone = scene.join(0, { signal: stop.signal, onEvent }).catch((error: Error) => error.message)
    const ends = scene.joinAll({ without: [0] })
    expect(await expectExactSum(scene)).toEqual([1, 2, 3, 4])
    expect(await scene.clock.until(gone)).toBe('gone')
    expect(new Set((await scene.clock.until(ends)).values())).toEqual(new Set([true]))
    expect(scene.serverEvents.some(({ type }) => type === 'evicted')).toBe(false)
  })
})

describe('a hostile server', () => {
  async function meet(messages: readonly Uint8Array[]): Promise<unknown> {
    const scene = await makeScene(ACTIVE)
    const [near, far] = scene.network.connection()
    const part = scene.join(0, { retryAfter: () => undefined }, () => near)
    const sending = (async () => {
      for (const bytes of messages) await far.send(bytes)
    })()
    const outcome = scene.clock.until(part.catch((error: unknown) => error))
    await outcome
    await scene.clock.until(sending.catch(() => undefined))
    return outcome
  }

  test('its messages are refused with typed errors', async () => {
    const fault = 'server'
    expect(await meet([Uint8Array.of(PROTOCOL_VERSION, 2, 3)])).toMatchObject({
      code: 'malformed-message',
      fault,
    })
    expect(await meet([new Uint8Array(100_000).fill(PROTOCOL_VERSION)])).toMatchObject({
      code: 'malformed-message',
      fault,
    })
    expect(await meet([new Uint8Array(0)])).toMatchObject({ code: 'malformed-message', fault })
    for (const notice of [[0], [0, 9], [0, 1, 200], [0, 5], [0, ...new Array(80).fill(97)]]) {
      const code = notice[1] === 5 ? 'unexpected-message' : 'malformed-message'
      expect(await meet([Uint8Array.from(notice)])).toMatchObject({ code, fault })
    }
  })

  test('a flood of its messages does not fill the client’s memory', async () => {
    const scene = await makeScene(ACTIVE)
    const [near, far] = scene.network.connection()
    let read = 0
    const counting: Connection = {
      // Nobody reads its answers.
      send: () => new Promise<never>(() => {}),
      close: () => near.close(),
      messages: {
        async *[Symbol.asyncIterator]() {
          for await (const bytes of near.messages) {
            read++
            yield bytes
          }
        },
      },
    }
    const stop = new AbortController()
    const part = scene.join(0, { signal: stop.signal }, () => counting).catch((error: Error) => error.message)
    const sent = flood(far, 40, () => Uint8Array.of(PROTOCOL_VERSION, 2, 3))
    await scene.clock.until(sent)
    expect(read).toBeLessThan(5)
    stop.abort(new Error('enough'))
    expect(await scene.clock.until(part)).toBe('enough')
  })
})

test('a function of the host that fails for one client affects only that client, which may try again', async () => {
  let failures = 3
  const scene = await makeScene(ACTIVE)
  const { verifyIdentity } = scene
  scene.serve({
    verifyIdentity: async (claim) => {
      if (failures-- > 0) throw new Error('the directory is down')
      return verifyIdentity!(claim)
    },
  })
  const ends = scene.joinAll()
  expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
  const failed = scene.serverEvents.filter(({ type }) => type === 'failed')
  expect(failed).toHaveLength(3)
  expect(failed[0]).toMatchObject({ error: { code: 'crypto-failure' } })
  await scene.clock.until(ends)
})

test('a store that fails ends the round without notifying clients, because the round can be resumed', async () => {
  const scene = await makeScene(ACTIVE)
  let saves = 0
  let stored: Uint8Array | undefined
  const broken = scene.serve({
    save: (bytes) => {
      if (++saves === 2) throw new Error('disk full')
      stored = bytes
    },
  })
  const ends = scene.joinAll()
  await expectRefusal(scene.clock.until(broken.outcome), {
    code: 'storage-failure',
    fault: 'usage',
    phase: undefined,
  })
  scene.serve({ saved: stored })
  expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
  expect(new Set((await scene.clock.until(ends)).values())).toEqual(new Set([true]))
})
