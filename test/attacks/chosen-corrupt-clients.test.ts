import { dangerouslyTrustAnyIdentity, type PhaseName, type VerifyIdentity } from 'secagg'
import { describe, expect, test } from 'vitest'
import { publishableSeats } from '../../src/graph/index.js'
import { decodeAdvertiseKeys } from '../../src/protocol/keys.js'
import { keysStatement } from '../../src/protocol/statements.js'
import { publishedKeysCoder } from '../../src/wire/index.js'
import { type Cohort, type CohortOptions, makeCohort, run, runCohort } from '../support/cohort.js'
import { CORRUPT, expectSum, graphOf, lying, OTHERS, ROUND, SEATS } from './corrupt-client.js'
import { expectClaim, expectRefusals, lie } from './lying-server.js'
import { codec, expectRefusal, expectRefused, flipped, seatsBelow } from './support.js'
import { withChoices } from './weakened/choices.js'

// Sparse graph, active model: corrupt clients, and a server that follows the protocol unless a test says otherwise. What one
// of them does costs the others nothing.

describe('sparse, active: clients grind their seeds until they have drawn one victim', () => {
  /** At most 3k = 12 may have drawn a client. */
  const crowd = (size: number): CohortOptions =>
    withChoices(
      {
        ...ROUND,
        clients: 40,
        graph: { neighbors: 4, assumptions: 'unproven' },
        threshold: 3,
        minimumCohort: 21,
      },
      (seat) => (seat === 0 ? undefined : (holders) => holders.includes(0) === seat < 1 + size),
    )

  test('up to 3k of them it bears; if there are more, it is left out before it shares anything, and nobody else', async () => {
    for (const [size, absent] of [
      [12, []],
      [13, [0]],
    ] as const) {
      const result = await runCohort(crowd(size))
      const survivors = seatsBelow(40).filter((seat) => !absent.some((left) => left === seat))
      expectSum(result, survivors)
      expect(result.outcome?.report).toMatchObject({ refused: [] })
    }
  })

  test('without that limit of the server, the victim would refuse the message about all of them', async () => {
    const { config, sessions } = await makeCohort(crowd(17))
    const keys = await Promise.all(
      sessions.map(async (session, seat) => ({
        seat,
        value: decodeAdvertiseKeys(config, seat, await session.start()),
      })),
    )
    expect(publishableSeats(config.graph, config.clients)).toBe(17)
    const { write } = codec('publishedKeys', publishedKeysCoder(config.clients, 64, 16))
    await expectRefusal(sessions[0]!.receive(write(keys.slice(0, 18))), {
      code: 'malformed-message',
      fault: 'server',
      phase: 'share-keys',
    })
  })
})

describe('sparse, active: a client with two seeds', () => {
  const another = async ({ config, signers }: Pick<Cohort, 'config' | 'signers'>, bytes: Uint8Array) => {
    const { cipherKey, maskKey, choice } = decodeAdvertiseKeys(config, CORRUPT, bytes)
    const keys = { cipherKey, maskKey, choice: flipped(choice!) }
    return { ...keys, signature: await signers[CORRUPT]!.sign(keysStatement(config, CORRUPT, keys)) }
  }

  test('an honest server takes the first that it gets', async () => {
    const cohort = await makeCohort(ROUND)
    const first = await cohort.sessions[CORRUPT]!.start()
    const { choice, signature } = await another(cohort, first)
    const second = Uint8Array.from(first)
    second.set(choice, first.length - 64 - 16)
    second.set(signature, first.length - 64)
    await cohort.server.receive(CORRUPT, first)
    expectRefused(await cohort.server.receive(CORRUPT, second), {
      code: 'conflicting-message',
      fault: 'peer',
      phase: 'advertise-keys',
      culprits: [CORRUPT],
    })
    expectSum(await run(cohort), SEATS)
  })

  test('a lying server shows one to some and the other to the rest: that opens no secret and no sum of few', async () => {
    const cohort = await makeCohort(ROUND)
    for (const session of cohort.sessions.slice(0, CORRUPT)) await session.start()
    const value = await another(cohort, await cohort.sessions[CORRUPT]!.start())
    const graph = await graphOf(ROUND)
    const outcome = await lie(ROUND, {
      helpers: [CORRUPT],
      keys: (to, entries) =>
        entries.map((entry) =>
          entry.seat === CORRUPT && graph.holders(to).includes(CORRUPT) ? { seat: CORRUPT, value } : entry,
        ),
    })
    await expectClaim(outcome)
    expect(outcome.sums).toEqual([OTHERS])
  })
})

describe('sparse, active: one identity at two seats', () => {
  /** A verifier that lets the identity of seat 5 sit at 6 as well, and a client that makes use of it. */
  async function doubled(): Promise<CohortOptions> {
    const { signers, verifyIdentity } = await makeCohort(ROUND)
    const lax: VerifyIdentity = (claim) =>
      verifyIdentity!(claim.seat === 6 ? { ...claim, seat: CORRUPT } : claim)
    return {
      ...ROUND,
      clientOptions: (seat) => ({
        verifyIdentity: lax,
        ...(seat === 6 ? { signer: signers[CORRUPT] } : {}),
      }),
      serverOptions: { verifyIdentity: lax },
    }
  }

  test('an honest server takes the first of them only, and the sum of the others is exact', async () => {
    const result = await runCohort(await doubled())
    expectSum(
      result,
      SEATS.filter((seat) => seat !== 6),
    )
    expect(result.outcome?.report.refused).toMatchObject([{ seat: 6, code: 'duplicate-identity' }])
  })

  test('if the server takes both, a client refuses that shares masks with both', async () => {
    const options = await doubled()
    const graph = await graphOf(options)
    const sees = (seat: number) => [...graph.maskNeighbors(seat), seat]
    const both = SEATS.filter((seat) => [5, 6].every((each) => sees(seat).includes(each)))
    const outcome = await lie(options)
    const refusals = outcome.refusals.filter(({ error }) => error.phase === 'share-keys')
    expectRefusals({ ...outcome, refusals }, both, {
      code: 'duplicate-identity',
      phase: 'share-keys',
      concerning: [5, 6],
    })
    // The rest cannot notice. So whoever configures the round has to check all seats.
    expect(both.length).toBeLessThan(14)
  })
})

test('sparse, active: where a verifier lets two identities have three seats each, it does NOT protect: the sum of three comes out, and nobody sees an identity twice', async () => {
  const few = [0, 1, 2]
  const identities = [
    [3, 4, 5],
    [6, 7, 8],
  ]
  const helpers = identities.flat()
  const twenty: CohortOptions = {
    ...ROUND,
    clients: 20,
    graph: { neighbors: 5, assumptions: 'unproven' },
    threshold: 4,
    minimumCohort: 11,
  }
  const { signers, verifyIdentity } = await makeCohort(twenty)
  const ownerOf = (seat: number): number => identities.find((seats) => seats.includes(seat))?.[0] ?? seat
  const lax: VerifyIdentity = (claim) => verifyIdentity!({ ...claim, seat: ownerOf(claim.seat) })
  const trusting = dangerouslyTrustAnyIdentity()
  // Each of the three has the other two and one seat of each identity: with two corrupt seats, the set would not be closed.
  const options = withChoices(
    {
      ...twenty,
      clientOptions: (seat) => ({
        verifyIdentity: helpers.includes(seat) ? trusting : lax,
        signer: signers[ownerOf(seat)]!,
      }),
    },
    (seat) => {
      if (helpers.includes(seat)) return (holders) => few.every((other) => !holders.includes(other))
      // By chance, so that all others are there until the end.
      if (!few.includes(seat)) return (holders) => holders.every((other) => ownerOf(other) === other)
      const wanted = [...few.filter((other) => other !== seat), 3 + seat, 6 + seat]
      return (holders) =>
        wanted.every((holder) => holders.includes(holder)) &&
        holders.every((holder) => wanted.includes(holder) || holder > 8)
    },
  )
  const outcome = await lie(options, {
    helpers,
    // The others are told of one seat of each identity.
    inU1: (to, neighbors) =>
      few.includes(to) || helpers.includes(to)
        ? neighbors
        : neighbors.filter((other) => ownerOf(other) === other),
    inU2: (to, neighbors) =>
      few.includes(to)
        ? neighbors.filter((other) => few.includes(other) || helpers.includes(other))
        : neighbors,
  })
  expect(
    outcome.refusals.filter(
      ({ seat, error }) => !helpers.includes(seat) && error.code === 'duplicate-identity',
    ),
  ).toEqual([])
  expect(outcome.refusals.filter(({ seat }) => few.includes(seat))).toEqual([])
  expect(outcome.sums).toContainEqual(few)
  expect(await outcome.computed(few)).toEqual(outcome.exact(few))
})

describe('sparse, active: one client alone does not end a round', () => {
  test.each([0, 1, 2, 3, 4])('that stops after %d messages', async (stage) => {
    const result = await runCohort({ ...ROUND, stages: SEATS.map((seat) => (seat === CORRUPT ? stage : 5)) })
    expectSum(result, stage < 3 ? OTHERS : SEATS)
  })

  test.each<PhaseName>(['advertise-keys', 'share-keys', 'masked-input', 'consistency-check', 'unmasking'])(
    'that sends noise in %s: it is in the report',
    async (phase) => {
      const result = await lying(phase, (bytes) => bytes.slice(0, -1))
      expectSum(result, ['consistency-check', 'unmasking'].includes(phase) ? SEATS : OTHERS)
      expect(result.outcome?.report.refused).toMatchObject([
        { seat: CORRUPT, phase, code: 'malformed-message' },
      ])
    },
  )

  test('NOT prevented: one that seals noise instead of shares, and is named as the owner whose secret is lost', async () => {
    const result = await lying('share-keys', (bytes) =>
      bytes.map((byte, index) => (index < 34 ? byte : byte ^ 1)),
    )
    expect(result.outcome).toBeUndefined()
    expect(result.error).toMatchObject({ code: 'too-few-shares', fault: 'peer', concerning: [CORRUPT] })
  })
})
