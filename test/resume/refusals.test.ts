import { ClientSession, createRoundConfig, SecAggError, ServerSession, type Vector } from 'secagg'
import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS, expectRefusal, MODELS, seatsBelow } from '../attacks/support.js'
import { run } from '../support/cohort.js'
import { named } from '../support/seeded.js'
import { SLICED, savedCohort } from './support.js'

const malformed = { code: 'malformed-state', fault: 'usage', phase: undefined } as const

/** A copy of an input of 16 bits in which one element is another. */
function changedAt(input: Vector, element: number): Vector {
  return input.map((lanes) =>
    Uint16Array.from(lanes as Uint16Array, (value, at) => value ^ Number(at === element)),
  )
}

describe('a masked vector is sent once', () => {
  test.each(MODELS)(
    '$adversary: another input after a resume is refused, the same one gives the same bytes',
    async (model) => {
      const cohort = await savedCohort(model)
      const { pending, sessions } = await run(cohort, { until: 'masked-input' })
      const sent = await sessions[1]!.receive(pending.get(1)!)
      const changed = changedAt(cohort.inputs[1]!, 2)
      const inputChanged = { code: 'input-changed', fault: 'usage', phase: 'masked-input' } as const
      const cheating = cohort.resumeClient(1, changed)
      await expectRefusal(cheating.resend(), inputChanged)
      await expectRefusal(cheating.receive(pending.get(1)!), inputChanged)
      const honest = cohort.resumeClient(1)
      expect(await honest.receive(pending.get(1)!)).toEqual(sent)
      expect(await honest.resend()).toEqual(sent)
    },
  )

  test('in slices: not a slice of another input either, first or later', async () => {
    const cohort = await savedCohort(SLICED)
    const { pending, sessions } = await run(cohort, { until: 'masked-input' })
    await sessions[1]!.receive(pending.get(1)!)
    const changed = changedAt(cohort.inputs[1]!, 199)
    const attempt = async () => {
      for await (const _slice of cohort.resumeClient(1, changed).slices(2))
        throw new Error('a slice was made')
    }
    await expectRefusal(attempt(), { code: 'input-changed', fault: 'usage', phase: 'masked-input' })
    const slices = []
    for await (const slice of cohort.resumeClient(1).slices(2)) slices.push(slice)
    const again = []
    for await (const slice of sessions[1]!.slices(2)) again.push(slice)
    expect(slices).toEqual(again)
    expect(slices.length).toBe(2)
  })

  test('the server announces other survivors after a client has come back: refused', async () => {
    const cohort = await savedCohort(CURIOUS)
    const { pending, sessions } = await run(cohort, { until: 'unmasking' })
    const answer = await sessions[1]!.receive(pending.get(1)!)
    const other = pending.get(1)!.slice()
    other[2]! ^= 1 << 4
    const resumed = cohort.resumeClient(1)
    await expectRefusal(resumed.receive(other), {
      code: 'conflicting-message',
      fault: 'server',
      phase: 'unmasking',
    })
    expect(await resumed.receive(pending.get(1)!)).toEqual(answer)
  })
})

describe('what cannot be saved does not leave', () => {
  test.each(MODELS)(
    '$adversary: a client whose store fails gives no message, and goes on once it works',
    async (model) => {
      let broken: number | 'server' | undefined
      const cohort = await savedCohort({
        ...model,
        onSave: (who) => {
          if (who === broken) throw new Error('disk full')
        },
      })
      const { sessions, server } = cohort
      let saved: Uint8Array | undefined
      for (;;) {
        for (const seat of server.waitingFor) {
          const inbound = server.messageFor(seat)
          const act = () =>
            inbound === undefined ? sessions[seat]!.start() : sessions[seat]!.receive(inbound)
          if (seat === 2) {
            broken = 2
            const refused = await expectRefusal(act(), {
              code: 'storage-failure',
              fault: 'usage',
              phase: undefined,
            })
            expect(refused.cause).toEqual(new Error('disk full'))
            broken = undefined
            expect(cohort.clientForms.get(2)).toBe(saved)
          }
          await server.receive(seat, await act())
          if (seat === 2) saved = cohort.clientForms.get(2)
        }
        broken = 'server'
        const phase = server.phase
        await expectRefusal(server.closePhase(), {
          code: 'storage-failure',
          fault: 'usage',
          phase: undefined,
        })
        expect(server.phase).toBe(phase)
        broken = undefined
        const outcome = await server.closePhase()
        if (!outcome.done) continue
        expect(outcome.report.survivors).toEqual(seatsBelow(5))
        return
      }
    },
  )
})

describe.each(MODELS)('$adversary: what was saved is damaged', (model) => {
  test('a client’s session, cut at any length or with a bit changed, is refused', async () => {
    const cohort = await savedCohort(model)
    const { config, inputs } = cohort
    await run(cohort, {
      onClientMessage: (_seat, _round, bytes) => {
        const form = cohort.clientForms.get(0)!
        const resume = (bytes_: Uint8Array) => ClientSession.resume(bytes_, { config, input: inputs[0]! })
        const refused = (bytes_: Uint8Array, what: string): void => {
          expect(() => resume(bytes_), what).toThrow(
            expect.objectContaining({ code: 'malformed-state', fault: 'usage' }),
          )
        }
        for (let length = 0; length < form.length; length += 3)
          refused(form.slice(0, length), `cut at ${length}`)
        for (let at = 1; at < form.length; at += 11) {
          refused(
            form.map((byte, index) => (index === at ? byte ^ 4 : byte)),
            `changed at ${at}`,
          )
        }
        refused(Uint8Array.of(...form, 0), 'longer')
        return bytes
      },
    })
  })

  test('a server’s session, cut at any length or with a bit changed, is refused or whole', async () => {
    const cohort = await savedCohort(model)
    const { config, verifyIdentity } = cohort
    const ran = await run(cohort)
    expect(ran.outcome?.sum).toEqual(ran.expected)
    expect(cohort.serverForms.length).toBe(model === ACTIVE ? 5 : 4)
    for (const [index, form] of cohort.serverForms.entries()) {
      const refused = (bytes: Uint8Array, what: string): Promise<void> =>
        named(`form ${index}, ${what}`, async () => {
          const error = await ServerSession.resume(bytes, { config, verifyIdentity }).catch(
            (thrown: unknown) => thrown,
          )
          expect(error).toBeInstanceOf(SecAggError)
          expect(error).toMatchObject({ code: 'malformed-state', fault: 'usage' })
        })
      for (let length = 0; length < form.length; length += 5)
        await refused(form.slice(0, length), `cut at ${length}`)
      for (let at = 5; at < form.length; at += 13) {
        await refused(
          form.map((byte, place) => (place === at ? byte ^ 1 : byte)),
          `changed at ${at}`,
        )
      }
      await refused(Uint8Array.of(...form, 0), 'longer')
    }
  })
})

test('the sum of one moment is not taken together with the seats of another', async () => {
  const cohort = await savedCohort(CURIOUS)
  const { pending, server, sessions, config, serverForms } = await run(cohort, {
    until: 'masked-input',
  }).then((ran) => ({ ...cohort, ...ran }))
  for (const seat of [0, 1]) {
    await server.receive(seat, await sessions[seat]!.receive(pending.get(seat)!))
    await server.checkpoint()
  }
  const [one, two] = serverForms.slice(-2) as [Uint8Array, Uint8Array]
  // The packed sum of five elements of 16 bits is the last part.
  const mixed = Uint8Array.of(...two.subarray(0, -10), ...one.subarray(-10))
  await expectRefusal(ServerSession.resume(mixed, { config }), malformed)
  await expect(ServerSession.resume(two, { config, crypto: cohort.crypto })).resolves.toBeInstanceOf(
    ServerSession,
  )
})

test('sessions are resumed in their own round and as their own party', async () => {
  const cohort = await savedCohort(CURIOUS)
  await run(cohort, { until: 'masked-input' })
  const { config, inputs } = cohort
  const [client, server] = [cohort.clientForms.get(0)!, cohort.serverForms.at(-1)!]
  const input = inputs[0]!
  await expectRefusal(ServerSession.resume(client, { config }), malformed)
  expect(() => ClientSession.resume(server, { config, input })).toThrow(SecAggError)
  const other = createRoundConfig({ ...CURIOUS, sessionId: new Uint8Array(16), segments: config.segments })
  const mismatch = { code: 'configuration-mismatch', fault: 'usage', phase: undefined } as const
  await expectRefusal(ServerSession.resume(server, { config: other }), mismatch)
  expect(() => ClientSession.resume(client, { config: other, input })).toThrow(
    expect.objectContaining(mismatch),
  )
  const nothing = undefined as unknown as Uint8Array
  const invalid = { code: 'invalid-argument', fault: 'usage', phase: undefined } as const
  await expectRefusal(ServerSession.resume(nothing, { config }), invalid)
  expect(() => ClientSession.resume(nothing, { config, input })).toThrow(expect.objectContaining(invalid))
})

test('a server without a store has no checkpoints; one whose round is over has nothing to save', async () => {
  const cohort = await savedCohort(CURIOUS)
  const bare = new ServerSession({ config: cohort.config, crypto: cohort.crypto })
  await expectRefusal(bare.checkpoint(), { code: 'invalid-argument', fault: 'usage', phase: undefined })
  await run(cohort)
  await expectRefusal(cohort.server.checkpoint(), { code: 'out-of-order', fault: 'usage', phase: undefined })
})

test('what is refused while the session is being saved stands in the books', async () => {
  let receiving: Promise<unknown> | undefined
  const cohort = await savedCohort({
    ...CURIOUS,
    onSave: (who) => {
      if (who === 'server') receiving = cohort.server.receive(3, Uint8Array.of(9, 9))
    },
  })
  await run(cohort, { until: 'share-keys' })
  await receiving
  expect(cohort.server.report.refused).toMatchObject([{ seat: 3, count: 1 }])
})
