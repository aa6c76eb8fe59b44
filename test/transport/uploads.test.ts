import { localPlane } from 'secagg'
import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS, seatsBelow } from '../attacks/support.js'
import { endOf, expectExactSum, makeScene, type Scene } from './support.js'

/** Seven slices. */
const SLICED = {
  ...CURIOUS,
  clients: 12,
  segments: [{ length: 400, bits: 16, bound: 'modular' }],
  sliceLength: 64,
} as const

/** Sixteen. */
const LONG = { ...SLICED, segments: [{ length: 1000, bits: 16, bound: 'modular' }] } as const

const isSlice = (bytes: Uint8Array): boolean => bytes[1] === 10
const numberOf = (bytes: Uint8Array): number => bytes[2]!

/** A client that does something else before it sends a slice, on every connection. */
function joinSlowly(scene: Scene, seat: number, before: (slice: number) => Promise<void>) {
  return scene.join(seat, {}, async () => {
    const connection = await scene.connect(seat)()
    const send = async (bytes: Uint8Array) => {
      if (isSlice(bytes)) await before(numberOf(bytes))
      return connection.send(bytes)
    }
    return { messages: connection.messages, close: () => connection.close(), send }
  })
}

const never = new Promise<never>(() => {})
const evictedOf = ({ serverEvents }: Scene) =>
  serverEvents.flatMap((event) => (event.type === 'evicted' ? [event.seat] : []))

describe('four clients hold all places under the defaults of serveRound, and the others get their sum', () => {
  const DEFAULTS = { deadline: undefined, uploadTime: undefined }
  const others = seatsBelow(12).slice(4)

  test.each([
    { name: 'they begin and stop', before: async (slice: number) => (slice === 1 ? never : undefined) },
    {
      name: 'they stop before their last slice',
      before: async (slice: number) => (slice === 6 ? never : undefined),
    },
  ])('$name', async ({ before }) => {
    const scene = await makeScene(SLICED, DEFAULTS)
    const holding = [0, 1, 2, 3].map((seat) => endOf(joinSlowly(scene, seat, before)))
    await scene.clock.pass(10)
    const ends = scene.joinAll({ without: [0, 1, 2, 3] })
    while (scene.round.phase !== 'masked-input') await scene.clock.pass(100)
    // The vectors of the others arrive well before the deadline.
    await scene.clock.pass(10_000)
    expect(scene.round.report!.phases).toHaveLength(2)
    const accepted = scene.serverEvents.filter(
      (event) => event.type === 'message' && event.status === 'accepted' && others.includes(event.seat),
    )
    expect(accepted).toHaveLength(others.length * (2 + 7))
    expect(await expectExactSum(scene)).toEqual(others)
    expect(new Set((await scene.clock.until(ends)).values())).toEqual(new Set([true]))
    await scene.clock.until(Promise.all(holding))
  })

  test('they send a slice now and then', async () => {
    const scene = await makeScene(LONG, DEFAULTS)
    const slow = async (slice: number) => (slice === 0 ? undefined : scene.clock.sleep(7000))
    const holding = [0, 1, 2, 3].map((seat) => endOf(joinSlowly(scene, seat, slow)))
    await scene.clock.pass(10)
    const ends = scene.joinAll({ without: [0, 1, 2, 3] })
    expect(await expectExactSum(scene)).toEqual(expect.arrayContaining(others))
    expect(new Set((await scene.clock.until(ends)).values())).toEqual(new Set([true]))
    await scene.clock.until(Promise.all(holding))
  })

  test('in a large cohort each client has less time, so more than four cannot block it either', async () => {
    const scene = await makeScene({ ...LONG, clients: 40 }, DEFAULTS)
    const slow = async (slice: number) => (slice === 0 ? undefined : scene.clock.sleep(5000))
    const dripping = seatsBelow(8)
    const holding = dripping.map((seat) => endOf(joinSlowly(scene, seat, slow)))
    await scene.clock.pass(10)
    const ends = scene.joinAll({ without: dripping })
    expect(await expectExactSum(scene)).toEqual(expect.arrayContaining(seatsBelow(40).slice(8)))
    expect(new Set((await scene.clock.until(ends)).values())).toEqual(new Set([true]))
    await scene.clock.until(Promise.all(holding))
  })
})

describe('which client gets the next place', () => {
  test('a client that has lost its place comes after those that have not', async () => {
    const times = { uploadTime: 4000, deadline: 20_000 }
    const scene = await makeScene({ ...SLICED, ...ACTIVE }, { maximumUploads: 1, ...times })
    // It comes back immediately each time, and stops again.
    const stalling = endOf(joinSlowly(scene, 0, async (slice) => (slice === 1 ? never : undefined)))
    await scene.clock.pass(10)
    // When the last one arrives, the first has been back and waiting for more than a second.
    const ends = Promise.all(
      [1, 2, 3, 4].map((seat) =>
        joinSlowly(scene, seat, async (slice) => scene.clock.sleep(slice > 0 ? 600 : seat === 4 ? 3000 : 50)),
      ),
    )
    expect(await expectExactSum(scene)).toEqual([1, 2, 3, 4])
    await scene.clock.until(ends)
    expect(evictedOf(scene)).toEqual([0])
    await scene.clock.until(stalling)
  })

  test('waiting clients get a place in the order in which they came', async () => {
    const scene = await makeScene({ ...SLICED, ...ACTIVE }, { maximumUploads: 1, deadline: 60_000 })
    const parts = seatsBelow(5).map((seat) =>
      joinSlowly(scene, seat, async (slice) => scene.clock.sleep(slice === 0 ? 100 * seat : 300)),
    )
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    await scene.clock.until(Promise.all(parts))
    const { serverEvents } = scene
    const opened = serverEvents.findIndex((event) => 'phase' in event && event.phase === 'masked-input')
    const closed = serverEvents.findIndex((event) => 'phase' in event && event.phase === 'consistency-check')
    const slices = serverEvents
      .slice(opened, closed)
      .flatMap((event) => (event.type === 'message' && event.status === 'accepted' ? [event.seat] : []))
    expect(slices).toEqual(seatsBelow(5).flatMap((seat) => Array.from({ length: 7 }, () => seat)))
  })

  test('no more clients lose their places than others wait', async () => {
    const scene = await makeScene(
      { ...SLICED, ...ACTIVE },
      { maximumUploads: 4, uploadTime: 1000, deadline: 9000 },
    )
    // All four are slow and honest; one waits.
    const slow = async (slice: number) => scene.clock.sleep(slice === 0 ? 0 : 500)
    const holding = [0, 1, 2, 3].map((seat) => endOf(joinSlowly(scene, seat, slow)))
    await scene.clock.pass(10)
    const last = joinSlowly(scene, 4, async (slice) => scene.clock.sleep(slice === 0 ? 100 : 0))
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    expect(evictedOf(scene)).toHaveLength(1)
    await scene.clock.until(Promise.all([last, ...holding]))
  })

  test('the time in which the host stores a slice does not count against the client', async () => {
    const slices = new Map<string, Uint8Array>()
    const scene = await makeScene(
      { ...SLICED, ...ACTIVE },
      {
        maximumUploads: 1,
        uploadTime: 4000,
        deadline: 60_000,
        plane: localPlane({
          sliceStore: {
            put: async (seat, slice, bytes) => {
              await scene.clock.sleep(slice === 3 ? 1500 : 0)
              slices.set(`${seat} ${slice}`, bytes)
            },
            get: (seat, slice) => slices.get(`${seat} ${slice}`)!,
            discard: () => {},
          },
        }),
      },
    )
    const ends = scene.joinAll()
    expect(await expectExactSum(scene)).toEqual(seatsBelow(5))
    await scene.clock.until(ends)
    expect(evictedOf(scene)).toEqual([])
  })
})
