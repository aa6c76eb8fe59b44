import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS, expectRefusal, flipped, seatsBelow } from '../attacks/support.js'
import { endOf, expectExactSum, makeScene } from './support.js'

describe('a deadline is reached', () => {
  test('with enough answers: the round continues without the missing clients', async () => {
    const scene = await makeScene(ACTIVE)
    const ends = scene.joinAll({ without: [2] })
    expect(await expectExactSum(scene)).toEqual([0, 1, 3, 4])
    expect(new Set((await scene.clock.until(ends)).values())).toEqual(new Set([true]))
    expect(scene.serverEvents).toContainEqual({ type: 'deadline', phase: 'advertise-keys', missing: [2] })
    // The round waited for one deadline only.
    expect(scene.clock.now).toBeGreaterThan(10_000)
    expect(scene.clock.now).toBeLessThan(11_000)
  })

  test('with too few answers: there is no sum, and the clients are told', async () => {
    const scene = await makeScene(ACTIVE)
    const ends = scene.joinAll({ without: [2, 3] })
    await expectRefusal(scene.clock.until(scene.round.outcome), {
      code: 'too-few-clients',
      fault: 'peer',
      phase: 'advertise-keys',
    })
    expect([...(await scene.clock.until(ends)).values()]).toEqual([
      'round-aborted',
      'round-aborted',
      'round-aborted',
    ])
  })

  test('with fewer answers than the host requires, although enough for the protocol', async () => {
    const scene = await makeScene(CURIOUS, {
      phases: { 'share-keys': { minimum: 5 }, 'masked-input': { minimum: 5 } },
    })
    const stop = new AbortController()
    const ends = scene.joinAll({ without: [4] })
    const gone = endOf(
      scene.join(4, {
        signal: stop.signal,
        onEvent: ({ type }) => type === 'received' && stop.abort(new Error('gone')),
      }),
    ).catch((error: Error) => error.message)
    const error = await expectRefusal(scene.clock.until(scene.round.outcome), {
      code: 'too-few-clients',
      fault: 'peer',
      phase: 'share-keys',
    })
    expect([error.expected, error.got]).toEqual([5, 4])
    const told = scene.join(3).catch((refusal: unknown) => refusal)
    expect(await scene.clock.until(told)).toMatchObject({
      code: 'round-aborted',
      fault: 'network',
      got: 'too-few-clients',
    })
    await scene.clock.until(ends)
    expect(await scene.clock.until(gone)).toBe('gone')
  })

  test('each phase has its own deadline', async () => {
    const scene = await makeScene(CURIOUS, { phases: { 'advertise-keys': { deadline: 500 } } })
    const ends = scene.joinAll({ without: [0] })
    await expectExactSum(scene)
    expect(scene.clock.now).toBeLessThan(1000)
    await scene.clock.until(ends)
  })

  test('a round without a deadline waits as long as necessary', async () => {
    const scene = await makeScene(CURIOUS, { deadline: Number.POSITIVE_INFINITY })
    const ends = scene.joinAll({ without: [0] })
    await scene.clock.pass(10_000_000)
    expect(scene.round.phase).toBe('advertise-keys')
    const late = endOf(scene.join(0))
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    await scene.clock.until(Promise.all([ends, late]))
  })
})

describe('late joiners', () => {
  test('a client that connects before the first deadline is in the sum', async () => {
    const scene = await makeScene(CURIOUS)
    const ends = scene.joinAll({ without: [1] })
    await scene.clock.pass(9000)
    const late = scene.join(1)
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(await scene.clock.until(late)).toEqual({ included: true })
    await scene.clock.until(ends)
  })

  test('a client that connects after it is told immediately that it is too late', async () => {
    const scene = await makeScene(CURIOUS, { weather: { delay: 100 } })
    const ends = scene.joinAll({ without: [1] })
    while (scene.round.phase !== 'share-keys') await scene.clock.pass(100)
    const late = scene.join(1)
    await expectRefusal(scene.clock.until(late), { code: 'late-message', fault: 'network', phase: undefined })
    expect(await expectExactSum(scene)).toEqual([0, 2, 3, 4])
    await scene.clock.until(ends)
  })

  test('a client that connects when the round is over is told how it ended', async () => {
    const scene = await makeScene(CURIOUS)
    const ends = scene.joinAll({ without: [1] })
    await expectExactSum(scene)
    await scene.clock.until(ends)
    await scene.clock.until(scene.round.closed)
    expect(await scene.clock.until(scene.join(1))).toEqual({ included: false })
    expect(scene.clientEvents.get(1)!.filter(({ type }) => type === 'disconnected')).toEqual([])
  })
})

describe('clients that the round does not wait for', () => {
  test('`enough` answers close a phase immediately; the missing clients are too late', async () => {
    const scene = await makeScene(CURIOUS, { phases: { 'advertise-keys': { enough: 4 } } })
    const ends = scene.joinAll({ without: [3] })
    expect(await expectExactSum(scene)).toEqual([0, 1, 2, 4])
    expect(scene.clock.now).toBeLessThan(1000)
    expect(await scene.clock.until(endOf(scene.join(3)))).toBe(false)
    await scene.clock.until(ends)
  })

  test('a client that detects a lie of the server leaves, and nobody waits for it', async () => {
    const scene = await makeScene(ACTIVE)
    const lying = scene.connect(2)
    const refusal = scene
      .join(2, {}, async () => {
        const connection = await lying()
        return {
          send: (bytes) => connection.send(bytes),
          close: () => connection.close(),
          messages: {
            async *[Symbol.asyncIterator]() {
              for await (const bytes of connection.messages) yield flipped(bytes, -1)
            },
          },
        }
      })
      .catch((error: unknown) => error)
    const ends = scene.joinAll({ without: [2] })
    expect(await scene.clock.until(refusal)).toMatchObject({ code: 'invalid-signature', fault: 'server' })
    expect(await expectExactSum(scene)).toEqual([0, 1, 3, 4])
    expect(scene.serverEvents).toContainEqual({ type: 'left', seat: 2 })
    expect(scene.clock.now).toBeLessThan(1000)
    await scene.clock.until(ends)
  })

  test('if `enough` answers turn out to be too few, the round waits for the others', async () => {
    const scene = await makeScene(CURIOUS, { phases: { unmasking: { enough: 3 } } })
    /** One of the first three answers in the last phase has a wrong share. Three is the threshold. */
    const joined = seatsBelow(5).map((seat) =>
      scene.join(seat, {}, async () => {
        const connection = await scene.connect(seat)()
        const send = async (bytes: Uint8Array) => {
          const isLast = bytes[1] === 9
          if (isLast && seat > 2) await scene.clock.sleep(1000)
          await connection.send(isLast && seat === 0 ? flipped(bytes, -1) : bytes)
        }
        return { messages: connection.messages, close: () => connection.close(), send }
      }),
    )
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(
      scene.serverEvents.some((event) => event.type === 'not-enough' && event.error.code === 'wrong-share'),
    ).toBe(true)
    await scene.clock.until(Promise.all(joined))
  })
})
