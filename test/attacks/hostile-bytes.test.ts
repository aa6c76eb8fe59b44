import { type PhaseName, SecAggError } from 'secagg'
import { describe, expect, test } from 'vitest'
import { PROTOCOL_VERSION } from '../../src/wire/index.js'
import { type CohortOptions, makeCohort, run, runCohort } from '../support/cohort.js'
import { named, randomOf } from '../support/seeded.js'
import { finish, openedRound, seatsBelow } from './support.js'

const ACTIVE: CohortOptions = { clients: 4, threshold: 3, adversary: 'active' }
const CURIOUS: CohortOptions = { clients: 4, threshold: 3, adversary: 'honest-but-curious' }
const SPARSE: CohortOptions = {
  clients: 8,
  threshold: 2,
  adversary: 'honest-but-curious',
  graph: { neighbors: 4, assumptions: 'unproven' },
  minimumCohort: 5,
}

/** Each kind of round with each of its steps in which a client answers a message of the server. */
const STEPS: readonly (readonly [string, PhaseName, CohortOptions])[] = [
  ['honest-but-curious', 'share-keys', CURIOUS],
  ['honest-but-curious', 'masked-input', CURIOUS],
  ['honest-but-curious', 'unmasking', CURIOUS],
  ['active', 'share-keys', ACTIVE],
  ['active', 'masked-input', ACTIVE],
  ['active', 'consistency-check', ACTIVE],
  ['active', 'unmasking', ACTIVE],
  ['sparse', 'share-keys', SPARSE],
  ['sparse', 'masked-input', SPARSE],
  ['sparse', 'unmasking', SPARSE],
]

/** Spoiled forms of a message: one byte changed, cut short, lengthened, and noise behind a good header. */
function* spoiled(bytes: Uint8Array, seed: number): Generator<Uint8Array> {
  const random = randomOf(seed)
  for (let at = 0; at < bytes.length; at += 1 + random.below(9)) {
    const changed = bytes.slice()
    changed[at]! ^= 1 << random.below(8)
    yield changed
    yield bytes.slice(0, at)
  }
  yield Uint8Array.of(...bytes, 0)
  for (let i = 0; i < 20; i++)
    yield Uint8Array.of(PROTOCOL_VERSION, 1 + random.below(10), ...random.bytes(random.below(300)))
}

describe.each(STEPS)('hostile bytes, %s, %s', (_, phase, options) => {
  test('from the server: the client answers or refuses with a typed error that blames the server', async () => {
    const attempt = () => runCohort({ ...options, until: phase })
    let { sessions, pending } = await attempt()
    let refused = 0
    for (const bytes of spoiled(pending.get(0)!, 801)) {
      const error = await sessions[0]!.receive(bytes).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error === undefined) {
        // It was taken, as the change makes no difference that this client can see. Begin anew for the next.
        const fresh = await attempt()
        sessions = fresh.sessions
        pending = fresh.pending
        continue
      }
      refused++
      expect(error).toBeInstanceOf(SecAggError)
      expect(error).toMatchObject({ fault: 'server', culprits: [] })
    }
    expect(refused).toBeGreaterThan(20)
  })

  test('from a client: the server takes or refuses them, and uses nothing that it refused', async () => {
    const cohort = await runCohort({ ...options, until: phase })
    const { server, sessions, pending, config } = cohort
    const good = await sessions[0]!.receive(pending.get(0)!)
    let taken = false
    let refused = 0
    for (const bytes of spoiled(good, 802)) {
      const receipt = await named(`${bytes.slice(0, 40)}`, () => server.receive(0, bytes))
      if (receipt.status === 'accepted') {
        expect(taken).toBe(false)
        taken = true
      } else if (receipt.status === 'refused') {
        refused++
        expect(receipt.error).toMatchObject({ name: 'SecAggError', fault: 'peer', culprits: [0] })
      }
    }
    expect(refused).toBeGreaterThan(20)
    if (taken) return
    // Nothing that it sent was taken, so the others have their sum without it.
    const others = new Map([...pending].filter(([seat]) => seat !== 0))
    const { outcome, expected } = await run({ ...cohort, pending: others })
    const count = outcome?.report.phases.find((entry) => entry.phase === phase)
    expect(count?.accepted).toEqual(seatsBelow(config.clients).slice(1))
    expect(outcome?.sum).toEqual(expected)
  })
})

describe('hostile bytes where vectors go in slices', () => {
  const SLICED: CohortOptions = {
    ...CURIOUS,
    segments: [{ length: 300, bits: 16, bound: 'modular' }],
    sliceLength: 64,
  }

  test('from a client: a slice is taken or refused, and only whole vectors of genuine slices are in the sum', async () => {
    const opened = await openedRound('masked-input', await makeCohort(SLICED))
    const { server, sessions, pending } = opened
    const slices = await slicesOf(opened, 0)
    let refused = 0
    for (const slice of slices) {
      for (const bytes of spoiled(slice, 803)) {
        // One that is well-formed is as good as any other: a client may mask what it likes.
        if (bytes.length === slice.length && bytes[1] === 10) continue
        const receipt = await named(`${bytes.slice(0, 12)}`, () => server.receive(0, bytes))
        expect(receipt).toMatchObject({ status: 'refused', error: { fault: 'peer', culprits: [0] } })
        refused++
      }
    }
    expect(refused).toBeGreaterThan(100)
    expect(server.waitingFor).toEqual([0, 1, 2, 3])
    for (const seat of pending.keys()) {
      const own = seat === 0 ? slices : await slicesOf({ sessions, pending }, seat)
      // The last first, and each twice.
      for (const slice of [...own].reverse()) {
        expect((await server.receive(seat, slice)).status).toBe('accepted')
        expect((await server.receive(seat, slice)).status).toBe('duplicate')
      }
    }
    const outcome = await server.closePhase()
    const survivors = new Map(outcome.done ? [] : outcome.messages)
    expect(await finish({ ...opened, pending: survivors })).toEqual([0, 1, 2, 3])
  })

  test.each([
    { what: 'a slice beyond the last', number: 5 },
    { what: 'a slice with the greatest number', number: 2 ** 32 - 1 },
    { what: 'a slice whose number has the top bit set', number: 2 ** 31 },
  ])('$what', async ({ number }) => {
    const opened = await openedRound('masked-input', await makeCohort(SLICED))
    const [first] = await slicesOf(opened, 0)
    const bytes = first!.slice()
    new DataView(bytes.buffer).setUint32(2, number, true)
    expect(await opened.server.receive(0, bytes)).toMatchObject({
      status: 'refused',
      error: { code: 'malformed-message', fault: 'peer', culprits: [0] },
    })
  })

  test('a flood of slices for which there is no room leaves nothing behind but one thing to wait for', async () => {
    const options = { ...SLICED, serverOptions: { maximumUploads: 1 } }
    const opened = await openedRound('masked-input', await makeCohort(options))
    const { server, sessions, pending } = opened
    await server.receive(0, await sessions[0]!.receive(pending.get(0)!))
    const rooms = new Set<Promise<void>>()
    for (const seat of [1, 2, 3]) {
      const first = await sessions[seat]!.receive(pending.get(seat)!)
      for (let count = 0; count < 100; count++) {
        const receipt = await server.receive(seat, first)
        if (receipt.status === 'busy') rooms.add(receipt.room)
        else expect.fail(receipt.status)
      }
    }
    expect(rooms.size).toBe(1)
    expect(await server.discardUpload(0)).toBe(true)
    await Promise.all(rooms)
    expect(server.report.refused).toEqual([])
  })

  test('a whole vector instead of slices, and a slice instead of a whole vector', async () => {
    const sliced = await openedRound('masked-input', await makeCohort(SLICED))
    const whole = await openedRound('masked-input', await makeCohort({ ...SLICED, sliceLength: undefined }))
    const bytes = await whole.sessions[0]!.receive(whole.pending.get(0)!)
    const refusal = {
      status: 'refused',
      error: { code: 'unexpected-message', fault: 'peer', culprits: [0] },
    } as const
    expect(await sliced.server.receive(0, bytes)).toMatchObject(refusal)
    const [slice] = await slicesOf(sliced, 0)
    expect(await whole.server.receive(0, slice!)).toMatchObject(refusal)
  })
})

/** The masked vector of one client, slice by slice. */
async function slicesOf(
  { sessions, pending }: Pick<Awaited<ReturnType<typeof openedRound>>, 'sessions' | 'pending'>,
  seat: number,
): Promise<Uint8Array[]> {
  const slices = [await sessions[seat]!.receive(pending.get(seat)!)]
  for await (const slice of sessions[seat]!.slices()) slices.push(slice)
  return slices
}
