import {
  ClientSession,
  localPlane,
  type ResumedClientOptions,
  type SecAggError,
  ServerSession,
  type SliceStore,
} from 'secagg'
import { describe, expect, test } from 'vitest'
import { CURIOUS, expectRefusal, survivors } from '../attacks/support.js'
import { run } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { seeded } from '../support/seeded.js'
import { EVERYBODY, SLICED, savedCohort } from './support.js'

/** Long enough for whatever needs no more than this thread. */
async function awhile(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve))
}

/** Whether `promise` has settled. */
function settling(promise: Promise<unknown>): () => boolean {
  let settled = false
  const settle = (): void => {
    settled = true
  }
  promise.then(settle, settle)
  return () => settled
}

describe('the store takes its time', () => {
  test('a client hands out nothing before its session is stored, whatever comes in', async () => {
    let stored: (() => void) | undefined
    const cohort = await savedCohort(CURIOUS)
    const { pending, config } = await run(cohort, { until: 'unmasking' })
    const slow = ClientSession.resume(cohort.clientForms.get(1)!, {
      config,
      crypto: cohort.crypto,
      input: cohort.inputs[1]!,
      save: () => new Promise<void>((resolve) => (stored = resolve)),
    })
    const answer = slow.receive(pending.get(1)!)
    const again = slow.receive(pending.get(1)!)
    const other = slow
      .receive(survivors(config).write([0, 1, 2, 3]))
      .catch((error: SecAggError) => error.code)
    const resent = slow.resend()
    const pendingOnes = [answer, again, other, resent].map(settling)
    await awhile()
    expect(pendingOnes.map((settled) => settled())).toEqual([false, false, false, false])
    expect(slow.done).toBe(false)
    stored!()
    expect(await other).toBe('conflicting-message')
    expect(await again).toEqual(await answer)
    expect(await resent).toEqual(await answer)
  })

  test('a server opens no round before it is stored; what comes in meanwhile is late', async () => {
    let stored: (() => void) | undefined
    const storing = new Promise<void>((resolve) => (stored = resolve))
    const cohort = await savedCohort(CURIOUS)
    const { pending } = await run(cohort, { until: 'masked-input' })
    const server = await ServerSession.resume(cohort.serverForms.at(-1)!, {
      config: cohort.config,
      crypto: cohort.crypto,
      save: () => storing,
    })
    const masked = new Map<number, Uint8Array>()
    for (const [seat, bytes] of pending) masked.set(seat, await cohort.sessions[seat]!.receive(bytes))
    for (const seat of [0, 1, 2, 3]) await server.receive(seat, masked.get(seat)!)
    const closed = server.closePhase()
    const late = server.receive(4, masked.get(4)!)
    const checkpoint = server.checkpoint()
    const pendingOnes = [closed, late, checkpoint].map(settling)
    await awhile()
    expect(pendingOnes.map((settled) => settled())).toEqual([false, false, false])
    expect(server.phase).toBe('masked-input')
    expect(server.messageFor(0)).toEqual(pending.get(0))
    stored!()
    expect(await closed).toMatchObject({ done: false, phase: 'unmasking' })
    expect(await late).toMatchObject({ status: 'refused', error: { code: 'late-message' } })
    await checkpoint
  })
})

test('a store that says no after it has stored: what was stored is as good as what was there before', async () => {
  let broken = false
  const cohort = await savedCohort({ ...CURIOUS, segments: [{ length: 5, bits: 16, bound: 'modular' }] })
  const { pending, config } = await run(cohort, { until: 'masked-input' })
  let form = cohort.clientForms.get(1)!
  const options: ResumedClientOptions = {
    config,
    crypto: cohort.crypto,
    input: cohort.inputs[1]!,
    save: (bytes) => {
      form = bytes
      if (broken) throw new Error('the folder could not be synchronized')
    },
  }
  const client = ClientSession.resume(form, options)
  broken = true
  const failed = { code: 'storage-failure', fault: 'usage', phase: undefined } as const
  await expectRefusal(client.receive(pending.get(1)!), failed)
  broken = false
  const fromDisk = await ClientSession.resume(form, options).resend()
  expect(await client.receive(pending.get(1)!)).toEqual(fromDisk)
})

test.each([1, 2, 3, 4])(
  'seed %i: checkpoints amid slices, discarded uploads and closing are whole',
  async (seed) => {
    await seeded(seed, async (random) => {
      const cohort = await savedCohort(SLICED)
      const { pending, config, server } = { ...cohort, ...(await run(cohort, { until: 'masked-input' })) }
      const slices: [seat: number, bytes: Uint8Array][] = []
      for (const [seat, bytes] of pending) {
        slices.push([seat, await cohort.sessions[seat]!.receive(bytes)])
        for await (const slice of cohort.sessions[seat]!.slices()) slices.push([seat, slice])
      }
      const before = cohort.serverForms.length
      const clientForms = new Map(cohort.clientForms)
      const all: Promise<unknown>[] = []
      for (const [seat, bytes] of random.shuffle(slices)) {
        all.push(server.receive(seat, bytes))
        if (random.below(3) === 0) all.push(server.checkpoint())
        if (random.below(8) === 0) all.push(server.discardUpload(random.below(5)))
      }
      const closing = server.closePhase().catch((error: SecAggError) => error.code)
      await Promise.all([...all, closing])
      expect(cohort.serverForms.length).toBeGreaterThan(before + 2)
      for (const form of cohort.serverForms.slice(before)) {
        let again = await cohort.resumeServer(form)
        const clients = EVERYBODY.map((seat) =>
          cohort.resumeClient(seat, cohort.inputs[seat], clientForms.get(seat)),
        )
        for (;;) {
          const names = again.phase === 'masked-input' ? EVERYBODY : again.report.survivors
          for (const seat of again.waitingFor) {
            await again.receive(seat, await clients[seat]!.receive(again.messageFor(seat)!))
            for await (const slice of clients[seat]!.slices()) await again.receive(seat, slice)
          }
          const outcome = await again.closePhase()
          if (outcome.done) {
            expect(outcome.report.survivors).toEqual(names)
            expect(outcome.sum).toEqual(sumOf(config, names, cohort.inputs))
            break
          }
          again = await cohort.resumeServer()
        }
      }
    })
  },
)

test('slices that a server has left behind when it was killed are taken out of the store', async () => {
  const kept = new Set<string>()
  const bytesOf = new Map<string, Uint8Array>()
  const sliceStore: SliceStore = {
    put: (seat, slice, bytes) => {
      kept.add(`${seat}`)
      bytesOf.set(`${seat} ${slice}`, bytes)
    },
    get: (seat, slice) => bytesOf.get(`${seat} ${slice}`)!,
    discard: (seat) => {
      kept.delete(`${seat}`)
    },
  }
  const cohort = await savedCohort({ ...SLICED, serverOptions: { plane: localPlane({ sliceStore }) } })
  const { pending, sessions, server } = { ...cohort, ...(await run(cohort, { until: 'masked-input' })) }
  await server.receive(2, await sessions[2]!.receive(pending.get(2)!))
  expect([...kept]).toEqual(['2'])
  const resumed = await cohort.resumeServer()
  expect([...kept]).toEqual([])
  expect(resumed.waitingFor).toEqual(EVERYBODY)
})
