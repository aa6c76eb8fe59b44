import { createRoundConfig } from 'secagg'
import { type Connection, type OwnConnection, type RunClientOptions, runClient } from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS } from '../attacks/support.js'
import { expectExactSum, makeScene, type Scene } from './support.js'

const BAD = 2

/** How the part of the bad client ended. Checks that the others got their sum without waiting for a deadline. */
async function expectNoWait(scene: Scene, bad: Promise<unknown>): Promise<unknown> {
  const ends = scene.joinAll({ without: [BAD] })
  const error = bad.catch((reason: unknown) => reason)
  expect(await expectExactSum(scene)).toEqual([0, 1, 3, 4])
  expect(scene.serverEvents).toContainEqual({ type: 'left', seat: BAD })
  expect(scene.serverEvents.some(({ type }) => type === 'deadline')).toBe(false)
  expect(scene.clock.now).toBeLessThan(5000)
  expect(new Set((await scene.clock.until(ends)).values())).toEqual(new Set([true]))
  return scene.clock.until(error)
}

/** A connection that does something else instead of sending. */
function sending(
  connection: OwnConnection,
  send: (bytes: Uint8Array, on: OwnConnection['send']) => void | Promise<void>,
): Connection {
  return {
    messages: connection.messages,
    close: () => connection.close(),
    send: (bytes) => send(bytes, (message) => connection.send(message)),
  }
}

const throws = (): never => {
  throw new Error('broken')
}

describe('a client whose part is over tells the server before it leaves, and nobody waits for it', () => {
  test('it has a different model', async () => {
    const scene = await makeScene(CURIOUS)
    const { config, crypto, inputs, clock } = scene
    const other = createRoundConfig({
      ...CURIOUS,
      sessionId: config.sessionId,
      segments: config.segments,
      context: { model: new Uint8Array(1) },
    })
    const bad = runClient(scene.connect(BAD), {
      ...{ config: other, seat: BAD, input: inputs[BAD]!, crypto, clock },
    })
    const expected = { code: 'message-refused', got: 'configuration-mismatch' }
    expect(await expectNoWait(scene, bad)).toMatchObject(expected)
  })

  test('it uses another version of the protocol', async () => {
    const scene = await makeScene(ACTIVE)
    const bad = scene.join(BAD, {}, () =>
      sending(scene.connect(BAD)(), (bytes, on) =>
        // Notices do not have a version.
        on(bytes[0] === 0 ? bytes : Uint8Array.of(99, ...bytes.subarray(1))),
      ),
    )
    const expected = { code: 'message-refused', got: 'unsupported-version' }
    expect(await expectNoWait(scene, bad)).toMatchObject(expected)
  })

  test.each<{ name: string; code: string; options: Partial<RunClientOptions> }>([
    { name: 'an input of another length', code: 'invalid-argument', options: { input: new Uint32Array(1) } },
    {
      name: 'an input that cannot be read, when it is masked',
      code: 'invalid-argument',
      options: { input: throws },
    },
    { name: 'a store that fails', code: 'storage-failure', options: { save: throws } },
    {
      name: 'a session id that was used before',
      code: 'session-id-reused',
      options: { claimSession: () => false },
    },
    { name: 'a listener that throws', code: 'invalid-argument', options: { onEvent: throws } },
    {
      name: 'a saved session of another version',
      code: 'unsupported-version',
      options: { saved: new Uint8Array(100) },
    },
  ])('$name', async ({ code, options }) => {
    const scene = await makeScene(ACTIVE)
    expect(await expectNoWait(scene, scene.join(BAD, options))).toMatchObject({ code })
  })

  test.each(['connected', 'sent', 'received'] as const)('it is aborted when it has %s', async (moment) => {
    const scene = await makeScene(ACTIVE)
    const stop = new AbortController()
    const reason = new Error('the page is closed')
    const onEvent = ({ type }: { readonly type: string }) => {
      if (type === moment) stop.abort(reason)
    }
    expect(await expectNoWait(scene, scene.join(BAD, { signal: stop.signal, onEvent }))).toBe(reason)
  })

  test('it is aborted in the middle of a long message, which is completed first: messages do not overlap', async () => {
    const scene = await makeScene(ACTIVE)
    const stop = new AbortController()
    let inSending = 0
    let overlaps = 0
    const bad = scene.join(BAD, { signal: stop.signal }, () =>
      sending(scene.connect(BAD)(), async (bytes, on) => {
        if (inSending++ > 0) overlaps++
        if (bytes[0] !== 0) {
          stop.abort(new Error('gone'))
          await scene.clock.sleep(500)
        }
        await on(bytes)
        inSending--
      }),
    )
    expect(await expectNoWait(scene, bad)).toEqual(new Error('gone'))
    expect(overlaps).toBe(0)
    expect(scene.clock.now).toBeGreaterThan(500)
  })
})

test('a message that is never sent delays an aborted client for two seconds, and no longer', async () => {
  const scene = await makeScene(ACTIVE)
  const stop = new AbortController()
  const bad = scene.join(BAD, { signal: stop.signal }, () =>
    sending(scene.connect(BAD)(), () => {
      stop.abort(new Error('gone'))
      return new Promise<never>(() => {})
    }),
  )
  await expect(scene.clock.until(bad)).rejects.toThrow('gone')
  expect(scene.clock.now).toBeGreaterThan(1900)
  expect(scene.clock.now).toBeLessThan(2100)
})

test('a client that is told how the round ended, or that another process has its seat, does not send that it leaves', async () => {
  const scene = await makeScene(CURIOUS)
  const first = scene.join(0).catch(() => undefined)
  await scene.clock.pass(100)
  const ends = scene.joinAll({ without: [0] })
  const second = scene.join(0, { saved: scene.saved.get(0) })
  expect(await scene.clock.until(second)).toEqual({ included: true })
  await scene.clock.until(Promise.all([first, ends]))
  await scene.clock.until(scene.round.closed)
  expect(scene.serverEvents.some(({ type }) => type === 'left')).toBe(false)
})

test('a client that has left may come back while the round is open', async () => {
  const scene = await makeScene(CURIOUS)
  const stop = new AbortController()
  const onEvent = ({ type }: { readonly type: string }) => {
    if (type === 'sent') stop.abort(new Error('suspended'))
  }
  const suspended = scene.join(BAD, { signal: stop.signal, onEvent }).catch((error: Error) => error.message)
  const ends = scene.joinAll({ without: [BAD, 4] })
  expect(await scene.clock.until(suspended)).toBe('suspended')
  const again = scene.join(BAD, { saved: scene.saved.get(BAD) })
  await scene.clock.pass(100)
  const last = scene.join(4)
  expect(await expectExactSum(scene)).toEqual([0, 1, 2, 3, 4])
  await scene.clock.until(Promise.all([again, ends, last]))
})
