import { ClientSession } from 'secagg'
import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS, expectRefusal } from '../attacks/support.js'
import { type Cohort, makeCohort, run } from '../support/cohort.js'

/** A client's record of the ids that it has used, and how often it was asked. */
function record() {
  const used = new Set<string>()
  const asked: Uint8Array[] = []
  return {
    used,
    asked,
    claimSession: (id: Uint8Array) => {
      asked.push(id)
      const isFresh = !used.has(String(id))
      used.add(String(id))
      return isFresh
    },
  }
}

const optionsOf = ({ config, crypto, inputs, signers, verifyIdentity }: Cohort, seat = 0) => {
  return { config, crypto, seat, input: inputs[seat]!, signer: signers[seat], verifyIdentity }
}

const REUSED = { code: 'session-id-reused', fault: 'server', phase: 'advertise-keys' } as const

describe.each([CURIOUS, ACTIVE])('a session id that was used before ($adversary)', (parameters) => {
  test('a server that offers ids A, B and A again gets no message for the second A', async () => {
    const { claimSession } = record()
    const [a, b] = [
      await makeCohort({ ...parameters, seed: 1 }),
      await makeCohort({ ...parameters, seed: 2 }),
    ]
    const saved: Uint8Array[] = []
    const begin = (cohort: Cohort): Promise<Uint8Array> => {
      const save = (bytes: Uint8Array): void => void saved.push(bytes)
      return new ClientSession({ ...optionsOf(cohort), save, claimSession }).start()
    }
    await begin(a)
    await begin(b)
    expect(saved).toHaveLength(2)
    const again = new ClientSession({
      ...optionsOf(a),
      save: (bytes) => void saved.push(bytes),
      claimSession,
    })
    await expectRefusal(again.start(), REUSED)
    // Asked once more it stays with that, and nothing was stored that could be resumed.
    await expectRefusal(again.start(), REUSED)
    await expectRefusal(again.resend(), { code: 'out-of-order', fault: 'usage', phase: undefined })
    expect(saved).toHaveLength(2)
  })

  test('it is asked once, before the session is saved, and not by a session that is resumed', async () => {
    const { claimSession, asked, used } = record()
    const order: string[] = []
    const forms: Uint8Array[] = []
    const cohort = await makeCohort({
      ...parameters,
      clientOptions: (seat) => ({
        ...(seat === 0 && {
          claimSession: (id: Uint8Array) => {
            order.push('claim')
            return claimSession(id)
          },
          save: (bytes: Uint8Array) => {
            order.push('save')
            forms.push(bytes)
          },
        }),
      }),
    })
    await run(cohort)
    expect(order.slice(0, 2)).toEqual(['claim', 'save'])
    expect(asked).toEqual([cohort.config.sessionId])
    expect(used.size).toBe(1)
    // Of its first message, whose id is in the record by now.
    const resumed = ClientSession.resume(forms[0]!, { ...optionsOf(cohort), ...{ claimSession } })
    expect((await resumed.start()).length).toBeGreaterThan(64)
    expect(asked).toHaveLength(1)
  })
})

test('a store that fails after the id was recorded may be repaired: nothing had been sent', async () => {
  const { claimSession, asked } = record()
  let full = true
  const save = (): void => {
    if (full) throw new Error('the disk is full')
  }
  const session = new ClientSession({ ...optionsOf(await makeCohort(CURIOUS)), save, claimSession })
  const failed = { code: 'storage-failure', fault: 'usage', phase: undefined } as const
  await expectRefusal(session.start(), failed)
  full = false
  expect((await session.start()).length).toBeGreaterThan(64)
  expect(asked).toHaveLength(1)
})

test('an input that does not fit costs no session id', async () => {
  const { claimSession, asked } = record()
  const cohort = await makeCohort(CURIOUS)
  const session = new ClientSession({ ...optionsOf(cohort), input: new Uint8Array(3), claimSession })
  await expectRefusal(session.start(), { code: 'invalid-argument', fault: 'usage', phase: undefined })
  expect(asked).toEqual([])
})

test('a record that fails, or answers with no boolean, lets nothing out', async () => {
  const cohort = await makeCohort(CURIOUS)
  const start = (claimSession: () => boolean | Promise<boolean>): Promise<Uint8Array> =>
    new ClientSession({ ...optionsOf(cohort), claimSession }).start()
  const error = await expectRefusal(
    start(() => Promise.reject(new Error('locked'))),
    { code: 'storage-failure', fault: 'usage', phase: undefined },
  )
  expect(error.cause).toEqual(new Error('locked'))
  for (const answer of [undefined, null, 1, 'true', {}]) {
    await expectRefusal(
      start(() => answer as unknown as boolean),
      { code: 'invalid-argument', fault: 'usage', phase: undefined },
    )
  }
})

test('a record that changes the bytes it is given does not change the round', async () => {
  const cohort = await makeCohort(CURIOUS)
  const before = Uint8Array.from(cohort.config.sessionId)
  const claimSession = (id: Uint8Array): boolean => {
    id.fill(0)
    return true
  }
  await new ClientSession({ ...optionsOf(cohort), claimSession }).start()
  expect(cohort.config.sessionId).toEqual(before)
})
