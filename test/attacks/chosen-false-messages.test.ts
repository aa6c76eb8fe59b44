import type { ErrorCode } from 'secagg'
import { client } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { decodeClientSession } from '../../src/session/saved/saved-client.js'
import { acknowledgementsCoder } from '../../src/wire/index.js'
import { savedCohort } from '../resume/support.js'
import { run, runCohort } from '../support/cohort.js'
import { CORRUPT, expectSum, graphOf, lying, OTHERS, ROUND, SEATS } from './corrupt-client.js'
import { expectRefusals, type Lies, lie } from './lying-server.js'
import { codec, expectRefusal, expectRefused, flipped, openedRound } from './support.js'
import { withChoices } from './weakened/choices.js'
import type { ClientSteps } from './weakened/clients.js'

// Sparse graph, active model: corrupt clients send proofs, acknowledgements and shares that are false, and a server follows
// the protocol unless a test says otherwise.

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

describe('sparse, active: corrupt clients acknowledge whom they hold no shares of, so that clients called dead unmask', () => {
  const VICTIM = 9
  // No client has more than two of them as holders, and so none gets more than two acknowledgements from them.
  const HELPERS = [1, 5, 12]
  const options = () =>
    withChoices(ROUND, (seat) => {
      if (HELPERS.includes(seat)) return undefined
      const wanted = seat === VICTIM ? 2 : undefined
      return (holders) => {
        const corrupt = holders.filter((holder) => HELPERS.includes(holder)).length
        return wanted === undefined ? corrupt <= 2 : corrupt === wanted
      }
    })

  /** Each client around the victim is called dead to just as many of its holders as its mask key takes. */
  async function lies(): Promise<{ border: readonly number[]; lies: Lies }> {
    const { graph } = await lie(options())
    const border = graph.maskNeighbors(VICTIM).filter((seat) => !HELPERS.includes(seat))
    const deceived = (owner: number): readonly number[] => {
      const honest = graph.holders(owner).filter((holder) => !HELPERS.includes(holder))
      return honest.slice(0, 5 - (7 - honest.length))
    }
    return {
      border,
      lies: {
        helpers: HELPERS,
        alive: (to, owners) =>
          owners.filter((owner) => !(border.includes(owner) && deceived(owner).includes(to))),
        acknowledgements: (_, received) => {
          const others = HELPERS.filter((seat) => received.every((entry) => entry.seat !== seat))
          const added = others.map((seat) => ({ seat, value: new Uint8Array(16) }))
          return [...received, ...added].sort((a, b) => a.seat - b.seat)
        },
      },
    }
  }

  test('only those of holders count, so that no one around the victim unmasks', async () => {
    const attack = await lies()
    const outcome = await lie(options(), attack.lies)
    expect(outcome.draw.e1).toBe(true)
    expect(outcome.sums).toEqual([])
    const honest = outcome.refusals.filter(({ seat }) => !HELPERS.includes(seat))
    expectRefusals({ ...outcome, refusals: honest }, attack.border, {
      code: 'too-few-clients',
      phase: 'unmasking',
    })
  })

  test('where clients count those of any seat, the server sees one input', async () => {
    const attack = await lies()
    const weakened: ClientSteps = {
      unmask: ({ shares }, received) => (received.length >= 5 ? shares : []),
    }
    const outcome = await lie(options(), { ...attack.lies, weakened })
    expect(outcome.sums).toContainEqual([VICTIM])
    expect(await outcome.computed([VICTIM])).toEqual(outcome.exact([VICTIM]))
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
