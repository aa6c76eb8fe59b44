import type { Connection, RunClientOptions } from 'secagg/transport'
import { describe, expect, test } from 'vitest'
import { Uploads } from '../../src/transport/client/upload.js'
import { Ending } from '../../src/transport/notices.js'
import { CURIOUS, expectRefusal, seatsBelow } from '../attacks/support.js'
import { expectExactSum, makeScene, type Scene } from './support.js'
import { VirtualClock } from './virtual-clock.js'

const never = new Promise<never>(() => {})

/** Runs all clients; the first attempts of client 0 do not get anywhere. */
async function hangs(
  connectOf: (scene: Scene, attempt: number) => Connection | Promise<Connection>,
  options: Partial<RunClientOptions> = {},
) {
  const scene = await makeScene(CURIOUS, { deadline: 800_000 })
  let attempts = 0
  const part = scene.join(0, options, () => connectOf(scene, ++attempts))
  const others = scene.joinAll({ without: [0] })
  await scene.clock.pass(100_000)
  const causes = scene.clientEvents
    .get(0)!
    .flatMap((event) => (event.type === 'disconnected' ? [String(event.cause)] : []))
  return { scene, part, others, causes, attempts: () => attempts }
}

/** A connection over which nothing can be sent, such as a socket that is never opened. */
function stuck(onClose: () => void): Connection {
  return {
    send: () => never,
    messages: { [Symbol.asyncIterator]: () => ({ next: () => never }) },
    close: onClose,
  }
}

describe('an attempt to connect that does not get anywhere', () => {
  test('a `connect` that never returns is called again after a minute', async () => {
    const { scene, part, others, causes } = await hangs((scene, attempt) =>
      attempt === 1 ? never : scene.connect(0)(),
    )
    expect(causes).toEqual([expect.stringMatching(/no connection was made within 60\d\d\d milliseconds/)])
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(await scene.clock.until(part)).toEqual({ included: true })
    await scene.clock.until(others)
  })

  test('a connection that comes after that is closed', async () => {
    let closed = 0
    let arrive = (_: Connection): void => {}
    const { scene, part, others } = await hangs((scene, attempt) =>
      attempt === 1 ? new Promise((resolve) => (arrive = resolve)) : scene.connect(0)(),
    )
    arrive(stuck(() => closed++))
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    await scene.clock.until(Promise.all([part, others]))
    expect(closed).toBe(1)
  })

  test('a socket that is never opened is replaced', async () => {
    let closed = 0
    const { scene, part, others, causes } = await hangs((scene, attempt) =>
      attempt === 1 ? stuck(() => closed++) : scene.connect(0)(),
    )
    expect(causes).toEqual([expect.stringMatching(/no connection was made within 60\d\d\d milliseconds/)])
    expect(closed).toBe(1)
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(await scene.clock.until(part)).toEqual({ included: true })
    await scene.clock.until(others)
  })

  test('`maximumSilence` says how long an attempt may take, and `Infinity` lets it wait', async () => {
    const quick = await hangs((scene, attempt) => (attempt < 4 ? never : scene.connect(0)()), {
      maximumSilence: 5000,
    })
    expect(quick.causes).toHaveLength(3)
    expect(quick.attempts()).toBe(4)
    await quick.scene.clock.until(Promise.all([quick.part, quick.others]))
    const abort = new AbortController()
    const patient = await hangs(() => never, {
      maximumSilence: Number.POSITIVE_INFINITY,
      signal: abort.signal,
    })
    expect(patient.causes).toEqual([])
    abort.abort()
    await expect(patient.part).rejects.toThrow('aborted')
    await patient.scene.clock.until(patient.others)
  })

  test('a client whose attempts all hang gives up', async () => {
    const { scene, part, others } = await hangs(() => never)
    await expectRefusal(scene.clock.until(part), {
      code: 'connection-lost',
      fault: 'network',
      phase: undefined,
    })
    await scene.clock.until(others)
  })

  test('`openUpload` that never returns is called again', async () => {
    const clock = new VirtualClock()
    let attempts = 0
    const wanted = new Ending()
    const uploads = new Uploads(
      {} as never,
      () => {
        if (++attempts === 3) wanted.end(undefined)
        return never
      },
      { clock, time: 1000, ending: new Ending() },
    )
    uploads.heard({ kind: 'upload', address: 'a', ticket: Uint8Array.of(1) })
    const first = Uint8Array.of(2)
    const sending = uploads.send({
      first,
      make: async () => first,
      async *slices() {},
      isWanted: () => !wanted.over,
    })
    await clock.until(sending)
    expect(attempts).toBe(3)
    expect(clock.now).toBe(3 * 1000 + 500 + 1000 + 1500)
  })
})
