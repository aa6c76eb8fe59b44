import { createRoundConfig, type ErrorCode, type PhaseName } from 'secagg'
import { describe, expect, test } from 'vitest'
import { type PublishedKeys, publishedKeysCoder, survivorsCoder } from '../../src/wire/index.js'
import { LOW_ORDER_POINTS } from '../crypto/providers.js'
import { makeCohort, run } from '../support/cohort.js'
import { codec, expectRefusal, finish, seatsBelow } from './support.js'

const parameters = {
  clients: 20,
  adversary: 'honest-but-curious',
  graph: { neighbors: 4, assumptions: 'unproven' },
  threshold: 3,
  minimumCohort: 12,
} as const
/** The client to which the server lies. */
const seat = 7
const keys = codec<PublishedKeys>('publishedKeys', publishedKeysCoder(5, 0))

describe('sparse: a client refuses', () => {
  /** A round that has come to `round`, and what client 7 was told of in round 1. */
  async function openedAt(phase: PhaseName) {
    let told: PublishedKeys = []
    const opened = await run(await makeCohort(parameters), {
      until: phase,
      onServerMessage: (receiver, current, bytes) => {
        if (receiver === seat && current === 'share-keys') told = keys.read(bytes)
        return bytes
      },
    })
    if (phase === 'share-keys') told = keys.read(opened.pending.get(seat)!)
    return { ...opened, session: opened.sessions[seat]!, told }
  }

  const own = ({ seat: other }: { readonly seat: number }): boolean => other === seat

  test.each<{ what: string; code: ErrorCode; forge(told: PublishedKeys): PublishedKeys }>([
    {
      what: 'a neighbor at a seat that does not exist',
      code: 'malformed-message',
      forge: (told) => [...told.slice(0, 4), { ...told[4]!, seat: 20 }],
    },
    {
      what: 'one neighbor fewer',
      code: 'too-few-clients',
      forge: (told) =>
        told.filter((entry, index) => own(entry) || index !== told.findIndex((each) => !own(each))),
    },
    {
      what: 'neighbors without itself, its own keys being at another seat',
      code: 'own-entry-mismatch',
      forge: (told) => {
        const free = seatsBelow(20).find((each) => told.every((entry) => entry.seat !== each))!
        const moved = told.map((entry) => (own(entry) ? { ...entry, seat: free } : entry))
        return moved.sort((one, other) => one.seat - other.seat)
      },
    },
    {
      what: 'its own keys at the seat of a neighbor',
      code: 'duplicate-key',
      forge: (told) => told.map((entry) => (own(entry) ? entry : { ...told.find(own)!, seat: entry.seat })),
    },
    {
      what: 'two neighbors with one key',
      code: 'duplicate-key',
      forge: (told) => {
        const [first, second] = told.filter((entry) => !own(entry))
        return told.map((entry) => (entry === second ? { ...first!, seat: entry.seat } : entry))
      },
    },
    {
      what: 'a neighbor with a key of low order',
      code: 'invalid-public-key',
      forge: (told) =>
        told.map((entry) =>
          own(entry) ? entry : { ...entry, value: { ...entry.value, maskKey: LOW_ORDER_POINTS[2]! } },
        ),
    },
  ])('$what', async ({ code, forge }) => {
    const { session, told, ...opened } = await openedAt('share-keys')
    const attempt = session.receive(keys.write(forge(told)))
    await expect(attempt).rejects.toMatchObject({ code, fault: 'server', phase: 'share-keys', culprits: [] })
    expect(await finish(opened)).toEqual(seatsBelow(20))
  })

  test.each([
    { what: 'more neighbors than it has', bytes: withOneMore },
    { what: '65535 neighbors in a few bytes', bytes: (genuine: Uint8Array) => withCount(genuine, 65_535) },
    { what: 'a neighbor named twice', bytes: (genuine: Uint8Array) => copied(genuine, 4 + 68, 4, 4) },
  ])('$what, which bytes can say', async ({ bytes }) => {
    const { session, pending, ...opened } = await openedAt('share-keys')
    const attempt = session.receive(bytes(pending.get(seat)!))
    await expectRefusal(attempt, { code: 'malformed-message', fault: 'server', phase: 'share-keys' })
    expect(await finish({ ...opened, pending })).toEqual(seatsBelow(20))
  })

  test('survivors without itself, and survivors that are not its neighbors', async () => {
    const { session, told, ...opened } = await openedAt('unmasking')
    const around = told.map((entry) => entry.seat)
    const codecOfSurvivors = codec('survivors', survivorsCoder(around))
    const without = codecOfSurvivors.write(around.filter((other) => other !== seat))
    const refused = { fault: 'server', phase: 'unmasking' } as const
    await expectRefusal(session.receive(without), { ...refused, code: 'invalid-survivors' })
    const strangers = codecOfSurvivors.write(around)
    strangers[strangers.length - 1]! |= 1 << 5
    await expectRefusal(session.receive(strangers), { ...refused, code: 'malformed-message' })
    expect(await finish(opened)).toEqual(seatsBelow(20))
  })

  test('a second set of survivors after the first', async () => {
    const { session, told, pending, ...opened } = await openedAt('unmasking')
    const around = told.map((entry) => entry.seat)
    const answer = await session.receive(pending.get(seat)!)
    const other = around.filter((each) => each !== around.find((first) => first !== seat))
    await expectRefusal(session.receive(codec('survivors', survivorsCoder(around)).write(other)), {
      code: 'conflicting-message',
      fault: 'server',
      phase: 'unmasking',
    })
    expect(await session.receive(pending.get(seat)!)).toEqual(answer)
    expect(await finish({ ...opened, pending })).toEqual(seatsBelow(20))
  })
})

test('sparse: no server draws the ring in the active model', () => {
  const { graph } = createRoundConfig({
    ...parameters,
    adversary: 'active',
    sessionId: new Uint8Array(32),
    segments: [{ length: 1, bits: 8, bound: 'modular' }],
  })
  expect(graph).toMatchObject({ kind: 'chosen' })
})

/** The message of round 1 with one neighbor more, whose keys are as good as any. */
function withOneMore(bytes: Uint8Array): Uint8Array {
  const told = keys.read(bytes)
  const free = seatsBelow(20).find((each) => told.every((entry) => entry.seat !== each))!
  const [cipherKey, maskKey] = [new Uint8Array(32).fill(4), new Uint8Array(32).fill(5)]
  const more = [...told, { seat: free, value: { cipherKey, maskKey, signature: new Uint8Array(0) } }]
  more.sort((one, other) => one.seat - other.seat)
  return codec<PublishedKeys>('publishedKeys', publishedKeysCoder(6, 0)).write(more)
}

/** The message of round 1 with another number of entries in front. */
function withCount(bytes: Uint8Array, count: number): Uint8Array {
  return Uint8Array.of(...bytes.slice(0, 2), count & 255, count >>> 8, ...bytes.slice(4))
}

/** A copy in which `length` bytes from `source` on stand at `target` as well. */
function copied(bytes: Uint8Array, target: number, source: number, length: number): Uint8Array {
  return Uint8Array.from(bytes).copyWithin(target, source, source + length)
}
