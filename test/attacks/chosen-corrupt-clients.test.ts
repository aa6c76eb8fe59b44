import type { ErrorCode, PhaseName, VerifyIdentity } from 'secagg'
import { client } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { chosenGraph } from '../../src/graph/chosen.js'
import { type Graph, publishableSeats } from '../../src/graph/index.js'
import { decodeAdvertiseKeys } from '../../src/protocol/keys.js'
import { keysStatement } from '../../src/protocol/statements.js'
import { decodeClientSession } from '../../src/session/saved/saved-client.js'
import { acknowledgementsCoder, publishedKeysCoder } from '../../src/wire/index.js'
import { savedCohort } from '../resume/support.js'
import {
  type Cohort,
  type CohortOptions,
  makeCohort,
  type RunOptions,
  run,
  runCohort,
} from '../support/cohort.js'
import { CHOSEN, expectClaim, expectRefusals, lie } from './lying-server.js'
import { codec, expectRefusal, expectRefused, flipped, openedRound, seatsBelow } from './support.js'
import { withChoices } from './weakened/choices.js'

// Sparse graph, active model: corrupt clients, and a server that follows the protocol unless a test says otherwise. What one
// of them does costs the others nothing.

const SEATS = seatsBelow(14)
const CORRUPT = 5
const OTHERS = SEATS.filter((seat) => seat !== CORRUPT)
const ROUND = { ...CHOSEN, seed: 4 }

/** Who has drawn whom in the round of these options; the clients of such a round draw the same each time. */
async function graphOf(options: CohortOptions): Promise<Graph> {
  const { config, sessions } = await makeCohort(options)
  const choosing: { seat: number; choice: Uint8Array }[] = []
  // One after the other, as in a round, since what they draw comes from one generator.
  for (const [seat, session] of sessions.entries()) {
    const { choice } = decodeAdvertiseKeys(config, seat, await session.start())
    choosing.push({ seat, choice: choice! })
  }
  const { neighbors } = config.graph as { neighbors: number }
  return chosenGraph({ hash: config.hash, clients: config.clients, neighbors }, choosing)
}

/** A round in which the corrupt client sends something else in `phase`. */
const lying = (
  phase: PhaseName,
  change: (bytes: Uint8Array) => Uint8Array,
  options: CohortOptions & RunOptions = ROUND,
) =>
  runCohort({
    ...options,
    onClientMessage: (seat, at, bytes) => (seat === CORRUPT && at === phase ? change(bytes) : bytes),
  })

/** The round gives the exact sum of `survivors`, and no client had reason to refuse anything. */
function expectSum(
  { outcome, expected, survivors, clientErrors }: Awaited<ReturnType<typeof runCohort>>,
  summed: readonly number[],
): void {
  expect([...clientErrors]).toEqual([])
  expect(survivors).toEqual(summed)
  expect(outcome?.sum).toEqual(expected)
}

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

describe('sparse, active: a client sends a masked vector with a false proof', () => {
  const proofs: readonly { what: string; code: ErrorCode; change(bytes: Uint8Array): Uint8Array }[] = [
    { what: 'one holder less', code: 'malformed-message', change: (bytes) => flipped(bytes, 2, 3) },
    { what: 'a holder that it has not', code: 'malformed-message', change: (bytes) => flipped(bytes, 2, 7) },
    {
      what: 'a signature that is not right',
      code: 'invalid-signature',
      change: (bytes) => flipped(bytes, 40),
    },
    {
      what: 'none at all',
      code: 'malformed-message',
      change: (bytes) => Uint8Array.from([...bytes.slice(0, 2), ...bytes.slice(67)]),
    },
  ]

  test.each(proofs)('$what: refused at once, and nothing of the vector counts', async ({ change, code }) => {
    const result = await lying('masked-input', change)
    expectSum(result, OTHERS)
    expect(result.outcome?.report.refused).toMatchObject([
      { seat: CORRUPT, phase: 'masked-input', code, count: 1 },
    ])
  })

  test.each(proofs)('$what: the client may still send the right one', async ({ change, code }) => {
    const opened = await openedRound('masked-input', ROUND)
    const bytes = await opened.sessions[CORRUPT]!.receive(opened.pending.get(CORRUPT)!)
    expectRefused(await opened.server.receive(CORRUPT, change(bytes)), {
      code,
      fault: 'peer',
      phase: 'masked-input',
      culprits: [CORRUPT],
    })
    expectSum(await run(opened), SEATS)
  })

  test.each(proofs)(
    '$what, in front of the first slice: refused, and the slices after it do not count',
    async ({ change, code }) => {
      const segments = [{ length: 200, bits: 16, bound: 'modular' }] as const
      const opened = await openedRound('masked-input', { ...ROUND, segments, sliceLength: 64 })
      const { sessions, server, pending } = opened
      // The number of the slice stands in front of the proof.
      const shifted = (bytes: Uint8Array) => {
        const changed = change(Uint8Array.from([...bytes.slice(0, 2), ...bytes.slice(6)]))
        return Uint8Array.from([...bytes.slice(0, 6), ...changed.slice(2)])
      }
      for (const [seat, message] of pending) {
        const first = await sessions[seat]!.receive(message)
        const receipt = await server.receive(seat, seat === CORRUPT ? shifted(first) : first)
        if (seat === CORRUPT) {
          expectRefused(receipt, { code, fault: 'peer', phase: 'masked-input', culprits: [CORRUPT] })
        }
        for await (const slice of sessions[seat]!.slices()) {
          expect((await server.receive(seat, slice)).status).toBe('accepted')
        }
      }
      const outcome = await server.closePhase()
      expectSum(await run({ ...opened, pending: new Map(outcome.done ? [] : outcome.messages) }), OTHERS)
    },
  )

  test('if the server passed it on, it would lose all holders of that client', async () => {
    const graph = await graphOf(ROUND)
    const outcome = await lie(ROUND, {
      proof: (_, owner, genuine) => (owner === CORRUPT ? { ...genuine, holders: Uint8Array.of(0) } : genuine),
    })
    const refusals = outcome.refusals.filter(({ error }) => error.phase === 'consistency-check')
    expectRefusals({ ...outcome, refusals }, graph.holders(CORRUPT), {
      code: 'invalid-survivors',
      phase: 'consistency-check',
      concerning: [CORRUPT],
    })
  })
})

describe('sparse, active: a client sends false acknowledgements', () => {
  /** All of its acknowledgements, which stand at the end of the message, replaced by other bytes. */
  const falsified = (bytes: Uint8Array): Uint8Array =>
    bytes.map((byte, index) =>
      index >= bytes.length - 16 * Math.floor((bytes.length - 2) / 16) ? 0xaa : byte,
    )

  test('with values that are not right: they count as none, and the round goes on with all inputs', async () => {
    const result = await lying('consistency-check', falsified)
    expectSum(result, SEATS)
    expect(result.outcome?.report.refused).toEqual([])
  })

  test('three of one client’s seven holders: it stops, since four are left, and its input is in the sum all the same', async () => {
    const graph = await graphOf(ROUND)
    const liars = graph.holders(0).slice(0, 3)
    const result = await runCohort({
      ...ROUND,
      onClientMessage: (seat, phase, bytes) =>
        phase === 'consistency-check' && liars.includes(seat) ? falsified(bytes) : bytes,
    })
    for (const error of result.clientErrors.values()) {
      expect(error).toMatchObject({
        code: 'too-few-clients',
        fault: 'server',
        phase: 'unmasking',
        culprits: [],
      })
    }
    expect([...result.clientErrors.keys()]).toContain(0)
    expect(result.survivors).toEqual(SEATS)
    expect(result.outcome?.sum).toEqual(result.expected)
  })

  test.each([
    { what: 'one more', change: (bytes: Uint8Array) => Uint8Array.from([...bytes, ...new Uint8Array(16)]) },
    { what: 'for clients that have not drawn it', change: (bytes: Uint8Array) => flipped(bytes, 2, 7) },
  ])('$what: the message is refused, and the round goes on', async ({ change }) => {
    const result = await lying('consistency-check', change)
    expectSum(result, SEATS)
    expect(result.outcome?.report.refused).toMatchObject([
      { seat: CORRUPT, phase: 'consistency-check', code: 'malformed-message' },
    ])
  })

  test('of seats that are not holders: a client does not count them', async () => {
    const cohort = await savedCohort(ROUND)
    const opened = await run(cohort, { until: 'unmasking' })
    const state = decodeClientSession(cohort.clientForms.get(0)!, cohort.config)
      .state as client.ClientAcknowledging
    const known = state.expected.map(({ seat }) => seat)
    const honest = codec('collectedAcknowledgements', acknowledgementsCoder(known)).read(
      opened.pending.get(0)!,
    )
    const strangers = SEATS.filter((seat) => seat !== 0 && !known.includes(seat))
    const { crypto, verifyIdentity } = cohort
    // Four of its holders and, with values that are right for a holder, all who are not.
    const mixed = [...honest.slice(0, 4), ...strangers.map((seat) => ({ seat, value: honest[5]!.value }))]
    mixed.sort((a, b) => a.seat - b.seat)
    await expectRefusal(client.unmask(state, mixed, { crypto, verifyIdentity }), {
      code: 'too-few-clients',
      fault: 'server',
      phase: 'unmasking',
    })
    expect((await client.unmask(state, honest.slice(0, 5), { crypto, verifyIdentity })).outbound).toEqual(
      state.shares,
    )
  })
})

describe('sparse, active: a holder reveals what it should not', () => {
  test.each([
    {
      what: 'both shares of an owner',
      change: (bytes: Uint8Array) => Uint8Array.from([...bytes, ...new Uint8Array(32)]),
    },
    {
      what: 'the share of the other secret',
      change: (bytes: Uint8Array) => Uint8Array.from([...bytes.slice(0, -16), ...new Uint8Array(32)]),
    },
  ])('$what: the message is refused, and the sum is exact', async ({ change }) => {
    const result = await lying('unmasking', change)
    expectSum(result, SEATS)
    expect(result.outcome?.report.refused).toMatchObject([
      { seat: CORRUPT, phase: 'unmasking', code: 'malformed-message' },
    ])
  })

  test('a wrong share: the sum is exact, and the report has the pair of holder and owner', async () => {
    const graph = await graphOf(ROUND)
    const result = await lying('unmasking', (bytes) => flipped(bytes, -1))
    expectSum(result, SEATS)
    const owner = graph.owners(CORRUPT).at(-1)!
    expect(result.outcome?.report.wrongShares).toMatchObject([{ holder: CORRUPT, owner }])
  })
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
