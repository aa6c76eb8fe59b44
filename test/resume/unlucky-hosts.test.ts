import {
  ClientSession,
  createRoundConfig,
  defaultCrypto,
  type ResumedClientOptions,
  type SecAggError,
  ServerSession,
  type SliceStore,
} from 'secagg'
import { nobleCrypto } from 'secagg/crypto'
import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS, expectRefusal, MODELS, survivors } from '../attacks/support.js'
import { run } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { seeded } from '../support/seeded.js'
import { savedCohort } from './support.js'

const everybody = [0, 1, 2, 3, 4]
const SLICED = {
  ...CURIOUS,
  segments: [{ length: 200, bits: 16, bound: 'modular' }],
  sliceLength: 64,
} as const

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
    const closed = server.closeRound()
    const late = server.receive(4, masked.get(4)!)
    const checkpoint = server.checkpoint()
    const pendingOnes = [closed, late, checkpoint].map(settling)
    await awhile()
    expect(pendingOnes.map((settled) => settled())).toEqual([false, false, false])
    expect(server.round).toBe('masked-input')
    expect(server.messageFor(0)).toEqual(pending.get(0))
    stored!()
    expect(await closed).toMatchObject({ done: false, round: 'unmasking' })
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
  const failed = { code: 'storage-failure', fault: 'usage', round: undefined } as const
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
      const closing = server.closeRound().catch((error: SecAggError) => error.code)
      await Promise.all([...all, closing])
      expect(cohort.serverForms.length).toBeGreaterThan(before + 2)
      for (const form of cohort.serverForms.slice(before)) {
        let again = await cohort.resumeServer(form)
        const clients = everybody.map((seat) =>
          cohort.resumeClient(seat, cohort.inputs[seat], clientForms.get(seat)),
        )
        for (;;) {
          const names = again.round === 'masked-input' ? everybody : again.report.survivors
          for (const seat of again.waitingFor) {
            await again.receive(seat, await clients[seat]!.receive(again.messageFor(seat)!))
            for await (const slice of clients[seat]!.slices()) await again.receive(seat, slice)
          }
          const outcome = await again.closeRound()
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
  const cohort = await savedCohort({ ...SLICED, serverOptions: { sliceStore } })
  const { pending, sessions, server } = { ...cohort, ...(await run(cohort, { until: 'masked-input' })) }
  await server.receive(2, await sessions[2]!.receive(pending.get(2)!))
  expect([...kept]).toEqual(['2'])
  const resumed = await cohort.resumeServer()
  expect([...kept]).toEqual([])
  expect(resumed.waitingFor).toEqual(everybody)
})

describe('resumed with other options', () => {
  test.each(MODELS)(
    '$adversary: with another provider at every step the bytes and the sum are the same',
    async (model) => {
      const providers = [await defaultCrypto(), nobleCrypto()] as const
      const cohort = await savedCohort({ ...model, crypto: providers[0] })
      const { config, verifyIdentity, signers, inputs } = cohort
      let step = 0
      let server = cohort.server
      const clients = [...cohort.sessions]
      for (;;) {
        const crypto = providers[++step % 2]!
        for (const seat of server.waitingFor) {
          const open = server.messageFor(seat)
          const answer = await (open ? clients[seat]!.receive(open) : clients[seat]!.start())
          const save = (bytes: Uint8Array) => void forms.set(seat, bytes)
          const forms = cohort.clientForms as Map<number, Uint8Array>
          const options = {
            config,
            crypto,
            input: inputs[seat]!,
            signer: signers[seat],
            verifyIdentity,
            save,
          }
          clients[seat] = ClientSession.resume(forms.get(seat)!, options)
          expect(await clients[seat]!.resend()).toEqual(answer)
          await server.receive(seat, answer)
        }
        const outcome = await server.closeRound()
        if (outcome.done) {
          expect(outcome.sum).toEqual(sumOf(config, everybody, inputs))
          return
        }
        const save = (bytes: Uint8Array) => void (cohort.serverForms as Uint8Array[]).push(bytes)
        server = await ServerSession.resume(cohort.serverForms.at(-1)!, {
          config,
          crypto,
          verifyIdentity,
          save,
        })
      }
    },
  )

  test('with a lower minimum: what the client asked for at first holds', async () => {
    const cohort = await savedCohort({ ...CURIOUS, clientOptions: () => ({ minimumSurvivors: 5 }) })
    await run(cohort, { until: 'unmasking' })
    const options = { config: cohort.config, input: cohort.inputs[1]!, minimumSurvivors: 3 }
    const client = ClientSession.resume(cohort.clientForms.get(1)!, options)
    const refused = { code: 'too-few-clients', fault: 'server', round: 'unmasking' } as const
    await expectRefusal(client.receive(survivors(cohort.config).write([0, 1, 2, 3])), refused)
  })

  test('with slices of another length, or none: it is another round', async () => {
    const cohort = await savedCohort(SLICED)
    await run(cohort, { until: 'masked-input' })
    for (const sliceLength of [128, undefined]) {
      const config = createRoundConfig({ ...SLICED, sliceLength, sessionId: cohort.config.sessionId })
      const mismatch = { code: 'configuration-mismatch', fault: 'usage' }
      expect(() =>
        ClientSession.resume(cohort.clientForms.get(0)!, { config, input: cohort.inputs[0]! }),
      ).toThrow(expect.objectContaining(mismatch))
    }
  })
})

describe('identities are no longer what they were', () => {
  test('a server says whose message it would refuse now; where the verifier fails it says that', async () => {
    const cohort = await savedCohort(ACTIVE)
    const { pending, sessions, server, config, crypto } = {
      ...cohort,
      ...(await run(cohort, { until: 'consistency-check' })),
    }
    for (const seat of [0, 1, 2])
      await server.receive(seat, await sessions[seat]!.receive(pending.get(seat)!))
    await server.checkpoint()
    const form = cohort.serverForms.at(-1)!
    const revoked = await expectRefusal(
      ServerSession.resume(form, {
        config,
        crypto,
        verifyIdentity: async (claim) => (claim.seat === 2 ? undefined : cohort.verifyIdentity!(claim)),
      }),
      { code: 'malformed-state', fault: 'usage', round: undefined },
    )
    expect(revoked.cause).toMatchObject({ code: 'invalid-signature', culprits: [2] })
    const failing = ServerSession.resume(form, {
      config,
      crypto,
      verifyIdentity: () => Promise.reject(new Error('no directory')),
    })
    await expect(failing).rejects.toMatchObject({
      name: 'SecAggError',
      code: 'crypto-failure',
      fault: 'crypto',
    })
    // With the directory back it goes on.
    expect((await cohort.resumeServer()).waitingFor).toEqual([3, 4])
  })

  test('a client reveals no share where it no longer knows who has signed', async () => {
    const cohort = await savedCohort(ACTIVE)
    const { pending, config } = await run(cohort, { until: 'unmasking' })
    const client = ClientSession.resume(cohort.clientForms.get(1)!, {
      config,
      crypto: cohort.crypto,
      input: cohort.inputs[1]!,
      verifyIdentity: async (claim) => (claim.seat === 2 ? undefined : cohort.verifyIdentity!(claim)),
    })
    await expect(client.receive(pending.get(1)!)).rejects.toMatchObject({
      code: 'invalid-signature',
      fault: 'server',
    })
    expect(client.done).toBe(false)
  })
})

describe('two processes come back from one form', () => {
  /** Two processes of client 1 in the last round, and what the server announces to one and to the other. */
  async function twins(save: (seen: Uint8Array) => (bytes: Uint8Array) => void) {
    const cohort = await savedCohort(CURIOUS)
    const { pending, config } = await run(cohort, { until: 'unmasking' })
    const form = cohort.clientForms.get(1)!
    const twin = () =>
      ClientSession.resume(form, {
        config,
        crypto: cohort.crypto,
        input: cohort.inputs[1]!,
        save: save(form),
      })
    return {
      twins: [twin(), twin()] as const,
      form,
      all: pending.get(1)!,
      less: survivors(config).write([0, 1, 2, 3]),
    }
  }

  test('with a store that takes everything both answer, each another U3: so there may be one process only', async () => {
    const {
      twins: [one, other],
      all,
      less,
    } = await twins(() => () => undefined)
    expect(await one.receive(all)).not.toEqual(await other.receive(less))
  })

  test('with a store that takes only what follows on what it has, one answers and the other does not', async () => {
    let current: Uint8Array | undefined
    const {
      twins: [one, other],
      all,
      less,
    } = await twins((seen) => {
      let last = seen
      current ??= seen
      return (bytes) => {
        if (current !== last) throw new Error('somebody else has stored something')
        current = bytes
        last = bytes
      }
    })
    await one.receive(all)
    const failed = { code: 'storage-failure', fault: 'usage', round: undefined } as const
    await expectRefusal(other.receive(less), failed)
    await expectRefusal(other.receive(all), failed)
  })
})
