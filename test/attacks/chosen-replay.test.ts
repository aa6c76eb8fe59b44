import { dangerouslyTrustAnyIdentity, type VerifyIdentity } from 'secagg'
import { client } from 'secagg/protocol'
import { beforeAll, describe, expect, test } from 'vitest'
import { keysDigest } from '../../src/protocol/statements.js'
import { type CohortOptions, makeCohort } from '../support/cohort.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import { CHOSEN, expectClaim, expectRefusals, type Lies, lie, type Outcome } from './lying-server.js'
import { flipped, hexOf } from './support.js'
import { seedFor, withSameChoices } from './weakened/choices.js'
import { ABSENT, APART, pair, TARGETS } from './weakened/pair.js'

// Sparse graph, active model: a lying server shows clients what belongs to another run, to another seat or to nobody. A host
// that uses one session id twice gives it the most to choose from: all its runs have the same configuration hash.

const VICTIM = 4

/** The same session id, identities and inputs each time, and new randomness for each run. */
const attempt = (run: number): CohortOptions => ({
  ...CHOSEN,
  seed: 4,
  crypto: toyCrypto(100 + run),
  splitSecret: toySplitter(100 + run),
})

const pairOf = (run: number, more: Partial<CohortOptions> = {}): CohortOptions =>
  pair({ crypto: toyCrypto(100 + run), splitSecret: toySplitter(100 + run), ...more })

describe('sparse, active: a server changes what a client has signed, and shows it to its neighbors', () => {
  test.each([
    { what: 'another mask key', change: 'maskKey' },
    { what: 'another cipher key', change: 'cipherKey' },
    { what: 'the seed of another choice', change: 'choice' },
  ] as const)('$what: each refuses it before it shares anything', async ({ change }) => {
    const { graph } = await lie(attempt(1))
    const deceived = graph.owners(VICTIM)
    const outcome = await lie(attempt(1), {
      keys: (to, entries) =>
        entries.map((entry) =>
          entry.seat === VICTIM && deceived.includes(to)
            ? { seat: VICTIM, value: { ...entry.value, [change]: flipped(entry.value[change]!) } }
            : entry,
        ),
    })
    const refusals = outcome.refusals.filter(({ error }) => error.phase === 'share-keys')
    expectRefusals({ ...outcome, refusals }, deceived, {
      code: 'invalid-signature',
      phase: 'share-keys',
      concerning: [VICTIM],
    })
  })

  /** The two that are called absent hear of other choices of the targets, after which the proofs seem to include them. */
  const forged = (config: Outcome['config']): Lies => ({
    ...APART,
    keys: (to, entries) =>
      ABSENT.includes(to)
        ? entries.map(({ seat, value }) => {
            if (!TARGETS.includes(seat)) return { seat, value }
            const choice = seedFor(config, seat, (holders) => [0, 1, 2, 5, 6].includes(holders.indexOf(to)))
            return { seat, value: { ...value, choice } }
          })
        : entries,
  })

  test('a choice after which an absent holder seems to be included: nobody has signed it', async () => {
    const { config } = await makeCohort(pair())
    const outcome = await lie(pair(), forged(config))
    const refusals = outcome.refusals.filter(({ error }) => error.phase === 'share-keys')
    expectRefusals({ ...outcome, refusals }, ABSENT, { code: 'invalid-signature', phase: 'share-keys' })
    await expectClaim(outcome)
    expect(outcome.sums).toEqual([])
  })

  test('the proof alone stops it as well: it is signed over the seed', async () => {
    const { config, verifyIdentity } = await makeCohort(pair())
    const careless: VerifyIdentity = async (claim) => {
      const isOfKeys = new TextDecoder('latin1').decode(claim.message).includes('sign keys')
      return isOfKeys || (await verifyIdentity!(claim)) !== undefined ? `seat ${claim.seat}` : undefined
    }
    const clientOptions = () => ({ verifyIdentity: careless })
    const outcome = await lie(pair({ clientOptions }), forged(config))
    const refusals = outcome.refusals.filter(({ error }) => error.phase === 'consistency-check')
    expectRefusals({ ...outcome, refusals }, ABSENT, {
      code: 'invalid-signature',
      phase: 'consistency-check',
    })
    await expectClaim(outcome)
    expect(outcome.sums).toEqual([])
  })

  test('where clients verify no signature, the server sees the sum of two clients', async () => {
    const { config } = await makeCohort(pair())
    const clientOptions = () => ({ verifyIdentity: dangerouslyTrustAnyIdentity() })
    const outcome = await lie(pair({ clientOptions }), forged(config))
    expect(outcome.refusals.filter(({ seat }) => ABSENT.includes(seat))).toEqual([])
    expect(outcome.sums).toContainEqual(TARGETS)
    expect(await outcome.computed(TARGETS)).toEqual(outcome.exact(TARGETS))
  })
})

describe('sparse, active: two versions of one client, both signed, since a session id is used twice', () => {
  test('its holders of the earlier run take no proof of the later one, and open nothing of it', async () => {
    const [earlier, honest] = [await lie(attempt(1)), await lie(attempt(2))]
    const deceived = earlier.graph
      .holders(VICTIM)
      .filter((seat) => honest.graph.maskNeighbors(VICTIM).includes(seat))
    expect(deceived.length).toBeGreaterThan(3)
    const outcome = await lie(attempt(2), {
      keys: (to, entries) =>
        entries.map((entry) =>
          entry.seat === VICTIM && deceived.includes(to)
            ? { seat: VICTIM, value: earlier.keysOf.get(VICTIM)! }
            : entry,
        ),
    })
    const refusals = outcome.refusals.filter(({ error }) => error.phase === 'consistency-check')
    expectRefusals({ ...outcome, refusals }, deceived, {
      code: 'invalid-signature',
      phase: 'consistency-check',
      concerning: [VICTIM],
    })
    for (const seat of deceived) {
      expect(outcome.acknowledged.get(seat)!.map((entry) => entry.seat)).not.toContain(VICTIM)
      expect(outcome.revealed.get(seat)?.map((entry) => entry.seat) ?? []).not.toContain(VICTIM)
    }
    expect(outcome.known.maskKeys).toEqual([])
  })
})

describe('sparse, active: a server passes on acknowledgements that are not due', () => {
  // Without lies. In the later run all clients happen to draw the same holders again, which helps the server most.
  let earlier: Outcome
  let later: Outcome
  const laterRun = (): CohortOptions => withSameChoices(attempt(2), toyCrypto(102), earlier.keysOf)

  beforeAll(async () => {
    earlier = await lie(attempt(1))
    later = await lie(laterRun())
  })

  /** What each holder of `to` has sent to `owner`, as if it were for `to`. */
  const sentTo = ({ graph, acknowledged }: Outcome, to: number, owner: (holder: number) => number) =>
    graph.holders(to).map((holder) => {
      const entry = acknowledged.get(holder)!.find(({ seat }) => seat === owner(holder))
      return { seat: holder, value: entry?.value ?? new Uint8Array(16) }
    })

  const replays: readonly {
    what: string
    fake(to: number): ReturnType<typeof sentTo>
  }[] = [
    {
      what: 'of an earlier run under the same session id',
      fake: (to) => sentTo(earlier, to, () => to),
    },
    {
      what: 'that its holders have sent to another client',
      fake: (to) =>
        sentTo(later, to, (holder) => later.acknowledged.get(holder)!.find(({ seat }) => seat !== to)!.seat),
    },
    {
      what: 'that the client has made itself, for its holders',
      fake: (to) =>
        later.graph.holders(to).map((holder) => {
          const own = later.acknowledged.get(to)!.find(({ seat }) => seat === holder)
          return { seat: holder, value: own?.value ?? new Uint8Array(16) }
        }),
    },
    {
      what: 'of zeros',
      fake: (to) => later.graph.holders(to).map((seat) => ({ seat, value: new Uint8Array(16) })),
    },
  ]

  test.each(replays)('$what: they count for nothing', async ({ fake }) => {
    const border = later.graph.maskNeighbors(VICTIM)
    const outcome = await lie(laterRun(), {
      alive: (_, owners) => owners.filter((owner) => !border.includes(owner)),
      acknowledgements: (to, received) => (border.includes(to) ? fake(to) : received),
    })
    expect(outcome.sums).toEqual([])
    expectRefusals(outcome, border, { code: 'too-few-clients', phase: 'unmasking' })
  })

  test('where clients take those of an earlier run, the server sees one input', async () => {
    const border = earlier.graph.maskNeighbors(VICTIM)
    const outcome = await lie(laterRun(), {
      alive: (_, owners) => owners.filter((owner) => !border.includes(owner)),
      acknowledgements: (to) => sentTo(earlier, to, () => to),
      weakened: {
        // The right values, but of the earlier run.
        unmask: ({ seat, shares }, received) => {
          const right = new Set(sentTo(earlier, seat, () => seat).map(({ value }) => hexOf(value)))
          const count = received.filter(({ value }) => right.has(hexOf(value))).length
          expect(count).toBeGreaterThanOrEqual(5)
          return shares
        },
      },
    })
    expect(outcome.sums).toContainEqual([VICTIM])
    expect(await outcome.computed([VICTIM])).toEqual(outcome.exact([VICTIM]))
  })
})

describe('sparse, active: a server shows the proof of an earlier run, in which no holder was absent', () => {
  const replayed = (earlier: Outcome): Lies => ({
    ...APART,
    proof: (to, owner, genuine) =>
      ABSENT.includes(to) && TARGETS.includes(owner) ? earlier.proofs.get(owner)! : genuine,
  })

  test('it is signed over the keys of that run, and refused', async () => {
    const earlier = await lie(pairOf(8))
    const outcome = await lie(pairOf(9), replayed(earlier))
    const refusals = outcome.refusals.filter(({ error }) => error.phase === 'consistency-check')
    expectRefusals({ ...outcome, refusals }, ABSENT, {
      code: 'invalid-signature',
      phase: 'consistency-check',
    })
    await expectClaim(outcome)
    expect(outcome.sums).toEqual([])
  })

  test('where proofs of that run are good as well, the server sees the sum of two clients', async () => {
    const earlier = await lie(pairOf(8))
    const outcome = await lie(pairOf(9), {
      ...replayed(earlier),
      weakened: {
        acknowledge: async (state, living, capabilities) => {
          const { config, sharers } = state
          const withOldKeys = sharers.map((sharer) => ({
            ...sharer,
            choice: {
              ...sharer.choice!,
              keysDigest: keysDigest(config, sharer.seat, earlier.keysOf.get(sharer.seat)!),
            },
          }))
          const believed = ABSENT.includes(state.seat)
            ? sharers.map((sharer, index) => (TARGETS.includes(sharer.seat) ? withOldKeys[index]! : sharer))
            : sharers
          const copy = { ...state, sharers: believed }
          return (await client.acknowledgeOwners(copy, living, capabilities)).state
        },
      },
    })
    expect(outcome.sums).toContainEqual(TARGETS)
    expect(await outcome.computed(TARGETS)).toEqual(outcome.exact(TARGETS))
  })
})
