import { ClientSession, createRoundConfig, defaultCrypto, ServerSession } from 'secagg'
import { nobleCrypto } from 'secagg/crypto'
import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS, expectRefusal, MODELS, survivors } from '../attacks/support.js'
import { run } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { EVERYBODY, SLICED, savedCohort } from './support.js'

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
        const outcome = await server.closePhase()
        if (outcome.done) {
          expect(outcome.sum).toEqual(sumOf(config, EVERYBODY, inputs))
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
    const refused = { code: 'too-few-clients', fault: 'server', phase: 'unmasking' } as const
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
      { code: 'malformed-state', fault: 'usage', phase: undefined },
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
      signer: cohort.signers[1],
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
    const failed = { code: 'storage-failure', fault: 'usage', phase: undefined } as const
    await expectRefusal(other.receive(less), failed)
    await expectRefusal(other.receive(all), failed)
  })
})
