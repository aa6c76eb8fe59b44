import { createRoundConfig, dangerouslyTrustAnyIdentity } from 'secagg'
import { client } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import type { Acknowledgements, UnmaskingShares } from '../../src/wire/index.js'
import type { CohortOptions } from '../support/cohort.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import { CHOSEN, expectClaim, expectRefusals, type Lies, lie, type Outcome } from './lying-server.js'
import { hexOf, seatsBelow } from './support.js'
import { withChoices } from './weakened/choices.js'
import {
  acknowledgementFromMaskKeys,
  type ClientSteps,
  FROM_MASK_KEYS,
  UNDIRECTED,
  WITHOUT_SIGNATURES,
  withAcknowledgements,
} from './weakened/clients.js'
import { ABSENT, APART, pair, TARGETS } from './weakened/pair.js'

// Sparse graph, active model: attacks that the rules stop by a small margin. Each is carried out on the real clients, and on
// clients with a rule that is a little weaker.

const SEATS = seatsBelow(14)
const without = (seats: readonly number[], left: readonly number[]): number[] =>
  seats.filter((seat) => !left.includes(seat))

/** The server sees the input of one client, and it is the right one. */
async function expectSeen(outcome: Outcome, seats: readonly number[]): Promise<void> {
  expect(outcome.sums).toContainEqual(seats)
  expect(await outcome.computed(seats)).toEqual(outcome.exact(seats))
}

/** Nothing comes out, since those around the victim do not unmask. */
async function expectStopped(outcome: Outcome, border: readonly number[]): Promise<void> {
  await expectClaim(outcome)
  expect(outcome.sums).toEqual([])
  const refusals = outcome.refusals.filter(({ seat }) => border.includes(seat))
  expectRefusals({ ...outcome, refusals }, border, { code: 'too-few-clients', phase: 'unmasking' })
}

describe('sparse, active: a server adds to the acknowledgements of clients that it calls dead', () => {
  // Nobody has drawn client 0, so that its holders are all there is around it. The rest, 8 to 13, have drawn just these
  // holders, and at least five of the rest hold shares of each of them.
  const VICTIM = 0
  const BORDER = [1, 2, 3, 4, 5, 6, 7]
  const REST = [8, 9, 10, 11, 12, 13]
  const options = (): CohortOptions =>
    withChoices({ ...CHOSEN, seed: 4 }, (seat) => (holders) => {
      if (seat === VICTIM || REST.includes(seat)) return BORDER.every((other) => holders.includes(other))
      return !holders.includes(VICTIM) && holders.filter((other) => REST.includes(other)).length >= 5
    })
  const BORDER_DEAD: Lies = { alive: (_, owners) => without(owners, BORDER) }

  test.each([
    { what: 'its own for holders that it has counted as alive', weakened: UNDIRECTED },
    { what: 'those that mask keys would give', weakened: FROM_MASK_KEYS },
  ])('with $what: they count for nothing', async ({ weakened }) => {
    const honest = await lie(options())
    expect(honest.sums).toEqual([SEATS])
    const attack = weakened === UNDIRECTED ? reflecting() : await forging(honest)
    await expectStopped(await lie(options(), attack), BORDER)
  })

  test('where an acknowledgement has no direction, the server sees one input', async () => {
    await expectSeen(await lie(options(), { ...reflecting(), weakened: UNDIRECTED }), [VICTIM])
  })

  test('where acknowledgements are derived from mask keys, the server sees one input', async () => {
    const attack = await forging(await lie(options()))
    await expectSeen(await lie(options(), { ...attack, weakened: FROM_MASK_KEYS }), [VICTIM])
  })

  /** A client around the victim gets back what it has sent to the rest, as if the rest had sent it. */
  function reflecting(): Lies {
    const sent = new Map<number, Acknowledgements>()
    return {
      ...BORDER_DEAD,
      acknowledged: (from, acknowledgements) => void sent.set(from, acknowledgements),
      acknowledgements: (to, received) =>
        BORDER.includes(to) ? sent.get(to)!.filter(({ seat }) => REST.includes(seat)) : received,
    }
  }

  /**
   * The rest reveal shares of the mask keys around the victim. With such a key, the server computes all acknowledgements for
   * its owner. `honest` is the same run without lies: the keys are the same.
   */
  async function forging({ graph, keysOf, config, crypto }: Outcome): Promise<Lies> {
    const keyHolder = (seat: number) => ({ seat, publicKey: keysOf.get(seat)!.maskKey })
    const values = new Map<string, Uint8Array>()
    return {
      ...BORDER_DEAD,
      persists: true,
      acknowledgements: async (to, received, known) => {
        const secret = known.maskSecret(to)
        if (!BORDER.includes(to) || secret === undefined) return received
        return Promise.all(
          graph.holders(to).map(async (seat) => {
            const key = keyHolder(seat)
            const value =
              values.get(`${to} ${seat}`) ??
              (await acknowledgementFromMaskKeys(config, crypto, secret, key.publicKey, key, keyHolder(to)))
            values.set(`${to} ${seat}`, value)
            return { seat, value }
          }),
        )
      },
    }
  }
})

describe('sparse, active: a server collects as many acknowledgements as the shares of a mask key leave', () => {
  // Nobody but corrupt clients has drawn client 0. Each client around it has two corrupt holders, and five of the rest.
  const VICTIM = 0
  const BORDER = [1, 2, 3, 4, 5]
  const HELPERS = [12, 13]
  const options = (): CohortOptions =>
    withChoices({ ...CHOSEN, seed: 4 }, (seat) => (holders) => {
      const among = (seats: readonly number[]): number =>
        holders.filter((holder) => seats.includes(holder)).length
      if (seat === VICTIM) return among([...BORDER, ...HELPERS]) === 7
      if (among([VICTIM]) > 0) return false
      if (HELPERS.includes(seat)) return true
      return BORDER.includes(seat)
        ? among(HELPERS) === 2 && among(BORDER) === 0
        : among(HELPERS) === 0 && among(BORDER) === 3
    })

  /** So many honest holders of each client around the victim hear that it is alive, and the others that it is dead. */
  async function attack(alive: number): Promise<Lies> {
    const { graph } = await lie(options())
    const deceived = (owner: number): readonly number[] => without(graph.holders(owner), HELPERS).slice(alive)
    return {
      helpers: HELPERS,
      alive: (to, owners) =>
        owners.filter((owner) => !(BORDER.includes(owner) && deceived(owner).includes(to))),
    }
  }

  test('t − 1 of them: clients do not unmask', async () => {
    await expectStopped(await lie(options(), await attack(2)), BORDER)
  })

  test('where t − 1 are enough, the server sees one input', async () => {
    const outcome = await lie(options(), { ...(await attack(2)), weakened: withAcknowledgements(4) })
    expect(outcome.draw).toMatchObject({ e1: true, e2: true })
    await expectSeen(outcome, [VICTIM])
  })

  test('one of them many times: where clients do not count seats, the server sees one input', async () => {
    const outcome = await lie(options(), {
      ...(await attack(1)),
      acknowledgements: (_, received) => [...received, ...received],
      weakened: withAcknowledgements(5),
    })
    await expectSeen(outcome, [VICTIM])
  })
})

describe('sparse, active: a server puts together shares of both secrets', () => {
  const VICTIM = 4
  /** Half of these hear that the victim is dead. */
  const halved = (holders: readonly number[]): Lies => {
    const deceived = holders.slice(holders.length >> 1)
    return { alive: (to, owners) => (deceived.includes(to) ? without(owners, [VICTIM]) : owners) }
  }

  test('where t is k/2, it needs no corrupt client for it', async () => {
    const options = {
      ...CHOSEN,
      graph: { neighbors: 8, assumptions: 'unproven' },
      threshold: 4,
      seed: 4,
    } as const
    const { graph } = await lie(options)
    const outcome = await lie(options, halved(graph.holders(VICTIM)))
    expect(outcome.refusals).toEqual([])
    await expectSeen(outcome, [VICTIM])
  })

  test('so no assumptions allow it, not even that nobody is corrupt', () => {
    const assumptions = { corruptFraction: 0, dropoutFraction: 0.05, statisticalSecurity: 1 }
    const configure = (threshold: number) => () =>
      createRoundConfig({
        sessionId: new Uint8Array(16),
        clients: 100,
        adversary: 'active',
        graph: { neighbors: 30, assumptions },
        threshold,
        minimumCohort: 60,
        segments: [{ length: 1, bits: 8, bound: 'modular' }],
      })
    expect(configure(15)).toThrow(
      expect.objectContaining({
        code: 'invalid-configuration',
        message: expect.stringContaining('both secrets'),
      }),
    )
    expect(configure(21)).not.toThrow()
  })

  // Clients deal shares to those who have drawn them as well, from the same polynomials.
  const splitter = toySplitter(104)
  function generous(): { options: CohortOptions; steps(outcome: Outcome): ClientSteps } {
    const dealt = new Map<string, readonly Uint8Array[]>()
    const options = withChoices(
      {
        ...CHOSEN,
        seed: 4,
        clientOptions: (seat) => ({
          splitSecret: async (secret, threshold, holders) => {
            const all = await splitter(secret, threshold, 13)
            dealt.set(`${seat} ${secret.length}`, all.slice(holders))
            return all.slice(0, holders)
          },
        }),
      },
      (seat) => {
        if (seat === VICTIM) return (holders) => [8, 9, 10, 11].every((other) => !holders.includes(other))
        return [8, 9, 10, 11].includes(seat) ? (holders) => holders.includes(VICTIM) : undefined
      },
    )
    const steps = ({ graph }: Outcome): ClientSteps => ({
      unmask: async (state, received, capabilities) => {
        const { seat } = state
        const drawn = state.expected
          .map((entry) => entry.seat)
          .filter((other) => !state.owners.includes(other))
        const more = drawn.map((owner): UnmaskingShares[number] => {
          const others = without(graph.owners(owner), graph.holders(owner))
          const deceived = [...graph.holders(owner), ...others]
          const isAlive = owner !== VICTIM || deceived.indexOf(seat) < deceived.length >> 1
          return { seat: owner, value: dealt.get(`${owner} ${isAlive ? 16 : 32}`)![others.indexOf(seat)]! }
        })
        return [...(await client.unmask(state, received, capabilities)).outbound, ...more]
      },
    })
    return { options, steps }
  }

  test('with shares for holders only, no division of these gives both', async () => {
    const { graph } = await lie(generous().options)
    const all = [...graph.holders(VICTIM), ...without(graph.owners(VICTIM), graph.holders(VICTIM))]
    expect(all.length).toBeGreaterThanOrEqual(10)
    await expectClaim(await lie(generous().options, halved(all)))
  })

  test('where clients share with those who drew them as well, the server sees one input', async () => {
    const honest = await lie(generous().options)
    const { options, steps } = generous()
    const { graph } = honest
    const all = [...graph.holders(VICTIM), ...without(graph.owners(VICTIM), graph.holders(VICTIM))]
    const outcome = await lie(options, { ...halved(all), weakened: steps(honest) })
    expect(outcome.draw).toMatchObject({ e1: true, e2: true })
    expect(outcome.refusals).toEqual([])
    await expectSeen(outcome, [VICTIM])
  })
})

describe('sparse, active: where signatures are not checked', () => {
  test('a changed proof counts, and the server sees the sum of two clients', async () => {
    const outcome = await lie(pair(), {
      ...APART,
      proof: (to, owner, genuine) =>
        ABSENT.includes(to) && TARGETS.includes(owner)
          ? { ...genuine, holders: Uint8Array.of(0x7f) }
          : genuine,
      weakened: WITHOUT_SIGNATURES,
    })
    expect(outcome.draw).toMatchObject({ e1: true, e2: true })
    await expectSeen(outcome, TARGETS)
  })

  test('mask keys of the server’s count, and it sees the input of the client that it shows them to', async () => {
    const VICTIM = 4
    const { x25519, randomBytes } = toyCrypto(500)
    const own = await Promise.all(
      SEATS.map(async () => {
        const privateKey = randomBytes(32)
        return { privateKey, maskKey: await x25519.publicKey(privateKey) }
      }),
    )
    const clientOptions = () => ({ verifyIdentity: dangerouslyTrustAnyIdentity() })
    const outcome = await lie(
      { ...CHOSEN, seed: 4, clientOptions },
      {
        keys: (to, entries) =>
          entries.map(({ seat, value }) =>
            to === VICTIM && seat !== VICTIM
              ? { seat, value: { ...value, maskKey: own[seat]!.maskKey } }
              : { seat, value },
          ),
        maskSecrets: new Map(own.map(({ maskKey, privateKey }) => [hexOf(maskKey), privateKey])),
      },
    )
    expect(outcome.draw).toMatchObject({ e1: true, e2: true })
    await expectSeen(outcome, [VICTIM])
  })
})
