import { describe, expect, test } from 'vitest'
import { survivorsStatement } from '../../src/protocol/statements.js'
import type { CohortRun } from '../support/cohort.js'
import { named } from '../support/seeded.js'
import {
  ACTIVE,
  CURIOUS,
  expectRefusal,
  finish,
  openedRound,
  publishedDigest,
  seatsBelow,
  signatures,
  subsetsOf,
  survivors,
  unmasking,
} from './support.js'

const SEATS = seatsBelow(5)
/** Client 4 lives in one view of the round and is dead in the other. */
const VICTIM = 4
const ALIVE = SEATS
const DEAD = SEATS.filter((seat) => seat !== VICTIM)

/** The victim itself must see itself alive; of the other four, some are told otherwise. */
const splits = subsetsOf(DEAD)

/** Bytes of the share of the victim's secret that an answer reveals: 16 of b, 32 of the mask key. */
function victimShare({ config }: CohortRun, view: readonly number[], answer: Uint8Array): number {
  const shares = unmasking(config, view).read(answer)
  return shares.find(({ seat }) => seat === VICTIM)!.value.length
}

/** Opens a round in which the server, helped by some clients, tells `toldDead` that the victim is dead; the shares that it has then. */
async function splitActively(
  options: typeof ACTIVE & { readonly corruptClients?: number },
  helpers: readonly number[],
  toldDead: readonly number[],
): Promise<{ readonly fewest: number; readonly threshold: number }> {
  const opened = await openedRound('consistency-check', options)
  const { config, sessions, signers } = opened
  const honest = SEATS.filter((seat) => !helpers.includes(seat))
  const viewOf = (seat: number): readonly number[] => (toldDead.includes(seat) ? DEAD : ALIVE)
  const signed = new Map<number, Uint8Array>()
  for (const seat of honest) {
    const answer = await sessions[seat]!.receive(survivors(config).write(viewOf(seat)))
    signed.set(seat, answer.slice(2))
  }
  // A helper signs what it is asked to, and gives away both shares that it holds.
  const shares = { 16: helpers.length, 32: helpers.length }
  for (const seat of honest) {
    const view = viewOf(seat)
    const genuine = []
    for (const signer of view) {
      const statement = survivorsStatement(config, publishedDigest(opened), signer, view)
      if (helpers.includes(signer)) {
        genuine.push({ seat: signer, value: await signers[signer]!.sign(statement) })
      } else if (viewOf(signer) === view) {
        genuine.push({ seat: signer, value: signed.get(signer)! })
      }
    }
    const asked = sessions[seat]!.receive(signatures(config).write(genuine))
    if (genuine.length >= config.threshold) {
      shares[victimShare(opened, view, await asked) as 16 | 32]++
    } else {
      const expected = { code: 'too-few-clients', fault: 'server', phase: 'unmasking' } as const
      await expectRefusal(asked, expected)
      expect(sessions[seat]!.done).toBe(false)
    }
  }
  return { fewest: Math.min(shares[16], shares[32]), threshold: config.threshold }
}

describe('active: a server names different survivors to different clients', () => {
  test.each([{ helpers: [] as readonly number[] }, { helpers: [0] }, { helpers: [0, 1] }])(
    'and, helped by clients $helpers, never gets t shares of both secrets of one client',
    async ({ helpers }) => {
      for (const toldDead of splits) {
        await named(`told that the victim is dead: ${toldDead}`, async () => {
          const { fewest, threshold } = await splitActively(ACTIVE, helpers, toldDead)
          expect(fewest).toBeLessThan(threshold)
        })
      }
    },
  )

  test('where fewer corrupt clients are stated than there are, it does NOT protect', async () => {
    const understated = { ...ACTIVE, corruptClients: 0 }
    expect(await splitActively(understated, [], [1, 2])).toEqual({ fewest: 0, threshold: 3 })
    expect(await splitActively(understated, [0], [1, 2])).toEqual({ fewest: 3, threshold: 3 })
    const stated = await splitActively({ ...ACTIVE, corruptClients: 1 }, [0], [1, 2])
    expect(stated.fewest).toBeLessThan(stated.threshold)
  })

  test('signatures over the other set do not fill the gap', async () => {
    const opened = await openedRound('consistency-check', ACTIVE)
    const { config, sessions } = opened
    const told = [DEAD, DEAD, ALIVE, ALIVE, ALIVE]
    const signed: { seat: number; value: Uint8Array }[] = []
    for (const [seat, view] of told.entries()) {
      const answer = await sessions[seat]!.receive(survivors(config).write(view))
      signed.push({ seat, value: answer.slice(2) })
    }
    for (const [seat, view] of told.entries()) {
      const foreign = view.filter((other) => told[other] !== view)
      for (const filler of foreign) {
        const mixed = signed.filter((entry) => told[entry.seat] === view || entry.seat === filler)
        // Up to t with whatever: each lacks one that is right.
        while (mixed.length < config.threshold) mixed.push(signed.find((entry) => !mixed.includes(entry))!)
        mixed.sort((a, b) => a.seat - b.seat)
        const inView = mixed.filter((entry) => view.includes(entry.seat))
        const refusal = await sessions[seat]!.receive(signatures(config).write(inView)).catch(
          (error) => error,
        )
        expect(refusal).toMatchObject({ fault: 'server', phase: 'unmasking', culprits: [] })
        expect(inView.length < config.threshold ? 'too-few-clients' : 'invalid-signature').toBe(refusal.code)
      }
      expect(sessions[seat]!.done).toBe(false)
    }
  })

  test('a client that was lied to is lost, and the others finish without it', async () => {
    const opened = await openedRound('consistency-check', ACTIVE)
    const { config, sessions } = opened
    await sessions[0]!.receive(survivors(config).write(DEAD))
    await expectRefusal(sessions[0]!.receive(opened.pending.get(0)!), {
      code: 'conflicting-message',
      fault: 'server',
      phase: 'consistency-check',
    })
    expect(await finish(opened, { silent: [0] })).toEqual(SEATS)
  })
})

describe('honest-but-curious: a server names different survivors to different clients', () => {
  async function sharesWith(helpers: readonly number[], toldDead: readonly number[]): Promise<number> {
    const opened = await openedRound('unmasking', CURIOUS)
    const shares = { 16: helpers.length, 32: helpers.length }
    for (const seat of SEATS.filter((each) => !helpers.includes(each))) {
      const view = toldDead.includes(seat) ? DEAD : ALIVE
      const answer = await opened.sessions[seat]!.receive(survivors(opened.config).write(view))
      shares[victimShare(opened, view, answer) as 16 | 32]++
    }
    expect(opened.config.threshold).toBe(3)
    return Math.min(shares[16], shares[32])
  }

  test('and gets t shares of one secret of a client at most, while no client helps it', async () => {
    for (const toldDead of splits) expect(await sharesWith([], toldDead)).toBeLessThan(3)
  })

  test('this model does NOT protect: with one client that helps, the server has t shares of both', async () => {
    expect(await sharesWith([0], [1, 2])).toBe(3)
  })
})
