import { describe, expect, test } from 'vitest'
import { makeCohort } from '../support/cohort.js'
import { named } from '../support/seeded.js'
import { toySplitter } from '../support/toy-crypto.js'
import {
  ACTIVE,
  CURIOUS,
  expectRefusal,
  finish,
  hexOf,
  openedRound,
  seatsBelow,
  signatures,
  subsetsOf,
  survivors,
  unmasking,
} from './support.js'

const SEATS = seatsBelow(5)

/** Every U3 that a server may name to somebody. */
const lawfulSets = (threshold: number): number[][] =>
  subsetsOf(SEATS).filter((set) => set.length >= threshold)

describe.each([
  { model: CURIOUS, threshold: 3 },
  { model: ACTIVE, threshold: 4 },
])('$model.adversary: a server asks for both shares of one client', ({ model, threshold }) => {
  test('whatever survivors it names, nobody reveals more than one share of an owner, of the one secret', async () => {
    for (const named3 of lawfulSets(threshold)) {
      await named(`U3 = ${named3}`, async () => {
        const dealt = new Map<string, { owner: number; holder: number; secret: 'key' | 'mask' }>()
        const splitter = toySplitter(1)
        const cohort = await makeCohort({
          ...model,
          clientOptions: (owner) => ({
            splitSecret: async (secret, t, holders) => {
              // A lower threshold would give the same sum, and each secret to fewer holders.
              expect([t, holders]).toEqual([threshold, 5])
              const shares = await splitter(secret, t, holders)
              shares.forEach((share, holder) => {
                dealt.set(hexOf(share), { owner, holder, secret: secret.length === 32 ? 'key' : 'mask' })
              })
              return shares
            },
          }),
        })
        const opened = await openedRound(model === ACTIVE ? 'consistency-check' : 'unmasking', cohort)
        const { config, sessions } = opened
        const answers = new Map<number, Uint8Array>()
        for (const seat of named3) {
          answers.set(seat, await sessions[seat]!.receive(survivors(config).write(named3)))
        }
        if (model === ACTIVE) {
          const signed = named3.map((seat) => ({ seat, value: answers.get(seat)!.slice(2) }))
          for (const seat of named3) {
            answers.set(seat, await sessions[seat]!.receive(signatures(config).write(signed)))
          }
        }
        for (const [holder, bytes] of answers) {
          const revealed = unmasking(config, named3).read(bytes)
          expect(revealed.map(({ seat }) => seat)).toEqual(SEATS)
          for (const { seat: owner, value } of revealed) {
            const secret = named3.includes(owner) ? 'mask' : 'key'
            expect(dealt.get(hexOf(value))).toEqual({ owner, holder, secret })
          }
        }
      })
    }
  })

  test('naming other survivors a second time is refused, the first ones get the same answer again', async () => {
    const round = model === ACTIVE ? 'consistency-check' : 'unmasking'
    const sets = lawfulSets(threshold).filter((set) => set.includes(0))
    for (const first of sets) {
      const opened = await openedRound(round, model)
      const client = opened.sessions[0]!
      const message = survivors(opened.config).write(first)
      const answer = await client.receive(message)
      for (const second of subsetsOf(SEATS).filter((set) => set.join() !== first.join())) {
        await named(`${first}, then ${second}`, () =>
          expectRefusal(client.receive(survivors(opened.config).write(second)), {
            code: 'conflicting-message',
            fault: 'server',
            phase: round,
          }),
        )
      }
      expect(await client.receive(message)).toEqual(answer)
    }
  })

  test('two sets at once: one is answered, the other refused, and the round ends with an exact sum', async () => {
    const opened = await openedRound(model === ACTIVE ? 'consistency-check' : 'unmasking', model)
    const client = opened.sessions[0]!
    const honest = opened.pending.get(0)!
    const forged = survivors(opened.config).write([0, 1, 2, 3])
    const [answered, refused] = await Promise.allSettled([client.receive(honest), client.receive(forged)])
    expect(answered.status).toBe('fulfilled')
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'conflicting-message' } })
    expect(await finish(opened)).toEqual(SEATS)
  })
})

test('active: other signatures after the shares were revealed are refused', async () => {
  const opened = await openedRound('unmasking', ACTIVE)
  const client = opened.sessions[0]!
  const honest = opened.pending.get(0)!
  const answer = await client.receive(honest)
  const fewer = signatures(opened.config).read(honest).slice(1)
  await expectRefusal(client.receive(signatures(opened.config).write(fewer)), {
    code: 'conflicting-message',
    fault: 'server',
    phase: 'unmasking',
  })
  expect(client.done).toBe(true)
  expect(await client.receive(honest)).toEqual(answer)
  expect(await finish(opened)).toEqual(SEATS)
})
