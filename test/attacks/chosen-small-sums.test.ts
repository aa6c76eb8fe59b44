import { describe, expect, test } from 'vitest'
import { named, randomOf } from '../support/seeded.js'
import { CHOSEN, expectClaim, expectRefusals, type Lies, lie, type Outcome } from './lying-server.js'
import { seatsBelow } from './support.js'
import { WITHOUT_ACKNOWLEDGEMENTS, WITHOUT_PROOFS } from './weakened/clients.js'
import { ABSENT, APART, pair, TARGETS } from './weakened/pair.js'

// Sparse graph, active model: a lying server tries to see the sum of a few clients.

const SEATS = seatsBelow(14)

const without = (seats: readonly number[], left: readonly number[]): number[] =>
  seats.filter((seat) => !left.includes(seat))

/** Everybody who shares a mask with one of `seats`, and is not one of them. */
function borderOf({ graph }: Outcome, seats: readonly number[]): number[] {
  return without(SEATS, seats).filter((seat) =>
    graph.maskNeighbors(seat).some((other) => seats.includes(other)),
  )
}

describe('sparse, active: a server calls clients dead that are alive, and has them unmask', () => {
  test.each([[[4]], [[4, 9]], [[2, 4, 9]]])('all around clients %j, to see their sum', async (targets) => {
    const options = { ...CHOSEN, seed: 4 }
    const border = borderOf(await lie(options), targets)
    const lies: Lies = { alive: (_, owners) => without(owners, border) }
    const refused = await lie(options, lies)
    await expectClaim(refused)
    expect(refused.sums).toEqual([])
    expectRefusals(refused, border, { code: 'too-few-clients', phase: 'unmasking' })

    const weak = await lie(options, { ...lies, weakened: WITHOUT_ACKNOWLEDGEMENTS })
    expect(weak.sums).toContainEqual(targets)
    expect(await weak.computed(targets)).toEqual(weak.exact(targets))
  })

  test('one client, all others being told the truth: the others’ sum is exact, and it reveals nothing', async () => {
    const dead = await lie({ ...CHOSEN, seed: 4 }, { alive: (_, owners) => without(owners, [4]) })
    await expectClaim(dead)
    expect(dead.sums).toEqual([without(SEATS, [4])])
    expectRefusals(dead, [4], { code: 'too-few-clients', phase: 'unmasking' })
  })

  test('to some of its holders, for both of its secrets: with two corrupt holders, no division gives both', async () => {
    const options = { ...CHOSEN, seed: 4 }
    const { graph } = await lie(options)
    const holders = graph.holders(4)
    const helpers = holders.slice(0, 2)
    for (let toldDead = 0; toldDead <= 5; toldDead++) {
      await named(`${toldDead} honest holders are told that the client is dead`, async () => {
        const deceived = holders.slice(2, 2 + toldDead)
        const alive: Lies['alive'] = (to, owners) => (deceived.includes(to) ? without(owners, [4]) : owners)
        await expectClaim(await lie(options, { helpers, alive }))
      })
    }
  })

  test('where more holders are corrupt than t allows, it does NOT protect', async () => {
    const options = { ...CHOSEN, seed: 4 }
    const holders = (await lie(options)).graph.holders(4)
    const deceived = holders.slice(3, 5)
    const outcome = await lie(options, {
      helpers: holders.slice(0, 3),
      alive: (to, owners) => (deceived.includes(to) ? without(owners, [4]) : owners),
    })
    expect(outcome.draw.e1).toBe(false)
    expect(outcome.refusals).toEqual([])
    expect(outcome.sums).toContainEqual([4])
    expect(await outcome.computed([4])).toEqual(outcome.exact([4]))
  })

  test('at random, with and without corrupt clients: at most one sum, of more than half of the clients', async () => {
    const random = randomOf(11)
    let sums = 0
    for (let round = 0; round < 12; round++) {
      await named(`round ${round}`, async () => {
        const helpers = round % 3 === 0 ? [] : [1, 2].slice(0, round % 3)
        const dead = random.shuffle(SEATS).slice(0, random.below(7))
        const share = random.pick([0, 0.05, 0.2])
        const flips = (): boolean => random.word() < share * 2 ** 32
        const outcome = await lie(
          { ...CHOSEN, seed: 4 },
          { helpers, alive: (_, owners) => owners.filter((owner) => dead.includes(owner) === flips()) },
        )
        await expectClaim(outcome)
        sums += outcome.sums.length
      })
    }
    expect(sums).toBeGreaterThan(2)
  })
})

describe('sparse, active: a server says that two holders are absent, and has them reveal b all the same', () => {
  test('they see in the proof that the client has not masked with them, and refuse', async () => {
    const outcome = await lie(pair(), APART)
    await expectClaim(outcome)
    expect(outcome.sums).toEqual([])
    const refusals = outcome.refusals.filter(({ error }) => error.phase === 'consistency-check')
    expectRefusals({ ...outcome, refusals }, ABSENT, {
      code: 'invalid-survivors',
      phase: 'consistency-check',
    })
    expect(new Set(refusals.flatMap(({ error }) => error.concerning))).toEqual(new Set(TARGETS))
  })

  test('and where it changes the proof, they see that nobody has signed it', async () => {
    const outcome = await lie(pair(), {
      ...APART,
      proof: (to, owner, genuine) =>
        ABSENT.includes(to) && TARGETS.includes(owner)
          ? { ...genuine, holders: Uint8Array.of(0x7f) }
          : genuine,
    })
    await expectClaim(outcome)
    expect(outcome.sums).toEqual([])
    const refusals = outcome.refusals.filter(({ error }) => error.phase === 'consistency-check')
    expectRefusals({ ...outcome, refusals }, ABSENT, {
      code: 'invalid-signature',
      phase: 'consistency-check',
    })
  })

  test('where they ask for no proof, the server sees the sum of the two clients', async () => {
    const outcome = await lie(pair(), { ...APART, weakened: WITHOUT_PROOFS })
    expect(outcome.draw).toMatchObject({ e1: true, e2: true })
    expect(outcome.sums).toContainEqual(TARGETS)
    expect(await outcome.computed(TARGETS)).toEqual(outcome.exact(TARGETS))
  })
})

describe('sparse, active: a server hides clients from each other', () => {
  test.each(['inU1', 'inU2'] as const)(
    'all but t − 1 of a client’s holders (%s): it goes no further',
    async (what) => {
      const options = { ...CHOSEN, seed: 4 }
      const few = (await lie(options)).graph.holders(4).slice(0, 4)
      const outcome = await lie(options, {
        [what]: (to: number, neighbors: readonly number[]) =>
          to === 4 ? neighbors.filter((other) => few.includes(other)) : neighbors,
        alive: (_, owners) => without(owners, [4]),
      })
      const phase = what === 'inU1' ? 'share-keys' : 'masked-input'
      expectRefusals(outcome, [4], { code: 'too-few-clients', phase })
      await expectClaim(outcome)
    },
  )

  test.each([
    { what: 'those who drew it from a client', hides: 'owners' },
    { what: 'two of its holders from a client', hides: 'holders' },
  ] as const)(
    '$what: nothing comes out with this client, and the others’ sum without it',
    async ({ hides }) => {
      const options = { ...CHOSEN, seed: 4 }
      const { graph } = await lie(options)
      const hidden =
        hides === 'owners'
          ? without(graph.owners(4), graph.holders(4))
          : without(graph.holders(4), graph.owners(4)).slice(0, 2)
      expect(hidden.length).toBeGreaterThan(1)
      for (const phase of ['inU1', 'inU2'] as const) {
        const view = {
          [phase]: (to: number, neighbors: readonly number[]) =>
            to === 4 ? without(neighbors, hidden) : neighbors,
        }
        const alive = await lie(options, view)
        await expectClaim(alive)
        expect(alive.sums).toEqual([])
        const dead = await lie(options, { ...view, alive: (_, owners) => without(owners, [4]) })
        await expectClaim(dead)
        expect(dead.sums).toEqual([without(SEATS, [4])])
      }
    },
  )
})
