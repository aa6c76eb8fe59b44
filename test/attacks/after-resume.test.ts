import type { Vector } from 'secagg'
import { describe, expect, test } from 'vitest'
import { savedCohort } from '../resume/support.js'
import { run } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { ACTIVE, CURIOUS, expectRefusal, expectRefused, flipped, MODELS, survivors } from './support.js'

const everybody = [0, 1, 2, 3, 4]
/** Survivors that the server could announce to client 1 instead. */
const others = [
  [0, 1, 2, 3],
  [0, 1, 2, 4],
  [1, 2, 3, 4],
]

describe('a server asks a client that has come back for shares of other secrets', () => {
  test('honest-but-curious: the client has revealed shares for one U3, and reveals no others', async () => {
    const cohort = await savedCohort(CURIOUS)
    const { pending, sessions } = await run(cohort, { until: 'unmasking' })
    const answer = await sessions[1]!.receive(pending.get(1)!)
    for (const other of others) {
      const refused = { code: 'conflicting-message', fault: 'server', phase: 'unmasking' } as const
      await expectRefusal(cohort.resumeClient(1).receive(survivors(cohort.config).write(other)), refused)
    }
    expect(await cohort.resumeClient(1).receive(pending.get(1)!)).toEqual(answer)
  })

  test('active: the client has signed one U3, and neither signs another nor reveals shares for it', async () => {
    const cohort = await savedCohort(ACTIVE)
    const checking = await run(cohort, { until: 'consistency-check' })
    const signed = await cohort.sessions[1]!.receive(checking.pending.get(1)!)
    const refuses = async (code: 'conflicting-message' | 'unexpected-message'): Promise<void> => {
      const round = code === 'conflicting-message' ? 'consistency-check' : 'unmasking'
      for (const other of others) {
        const announced = survivors(cohort.config).write(other)
        await expectRefusal(cohort.resumeClient(1).receive(announced), {
          code,
          fault: 'server',
          phase: round,
        })
      }
    }
    await refuses('conflicting-message')
    expect(await cohort.resumeClient(1).receive(checking.pending.get(1)!)).toEqual(signed)
    const unmasking = await run({ ...cohort, pending: checking.pending }, { until: 'unmasking' })
    await cohort.sessions[1]!.receive(unmasking.pending.get(1)!)
    // It is past all that.
    await refuses('unexpected-message')
  })
})

test.each(MODELS)(
  '$adversary: a server comes back from an older form and announces others than before',
  async (model) => {
    const cohort = await savedCohort(model)
    const { pending, sessions, server } = { ...cohort, ...(await run(cohort, { until: 'masked-input' })) }
    const masked = new Map<number, Uint8Array>()
    for (const [seat, bytes] of pending) masked.set(seat, await sessions[seat]!.receive(bytes))
    for (const seat of [0, 1, 2, 3]) await server.receive(seat, masked.get(seat)!)
    await server.checkpoint()
    const older = cohort.serverForms.at(-1)!
    await server.receive(4, masked.get(4)!)
    const first = await server.closePhase()
    const answers = new Map<number, Uint8Array>()
    for (const [seat, bytes] of first.done ? [] : first.messages)
      answers.set(seat, await sessions[seat]!.receive(bytes))
    expect(answers.size).toBe(5)

    const restored = await cohort.resumeServer(older)
    const second = await restored.closePhase()
    expect(restored.report.survivors).toEqual([0, 1, 2, 3])
    const phase = restored.phase!
    for (const [seat, bytes] of second.done ? [] : second.messages) {
      const refused = { code: 'conflicting-message', fault: 'server', phase } as const
      await expectRefusal(sessions[seat]!.receive(bytes), refused)
      await expectRefusal(cohort.resumeClient(seat).receive(bytes), refused)
    }
    // What was answered to the first is of no use for the second: there is no sum, and so no wrong one.
    for (const [seat, bytes] of answers) await restored.receive(seat, bytes)
    const closed = await restored.closePhase().catch((error: unknown) => error)
    expect(closed).toMatchObject({ name: 'SecAggError', fault: 'peer' })
  },
)

describe.each(MODELS)('$adversary: a server that has come back', (model) => {
  test('takes no second version of a message, no matter in which round, and counts no duplicate', async () => {
    const cohort = await savedCohort(model)
    const said: [seat: number, bytes: Uint8Array][] = []
    let server = cohort.server
    for (;;) {
      const phase = server.phase!
      for (const seat of server.waitingFor) {
        const open = server.messageFor(seat)
        const session = cohort.sessions[seat]!
        const answer = await (open ? session.receive(open) : session.start())
        said.push([seat, answer])
        await server.receive(seat, answer)
      }
      await server.checkpoint()
      server = await cohort.resumeServer()
      for (const [index, [seat, bytes]] of said.entries()) {
        expect(await server.receive(seat, bytes)).toEqual({ status: 'duplicate' })
        const isOpen = index >= said.length - 5
        const code = isOpen ? 'conflicting-message' : 'late-message'
        const refused = { code, fault: 'peer', phase, culprits: [seat] } as const
        expectRefused(await server.receive(seat, flipped(bytes, -1)), refused)
      }
      const outcome = await server.closePhase()
      if (outcome.done) {
        expect(outcome.sum).toEqual(sumOf(cohort.config, everybody, cohort.inputs))
        return
      }
      server = await cohort.resumeServer()
    }
  })
})

describe('a client comes back from an older form than its last, which it cannot tell', () => {
  /** Client 1 is given what it has stored before it answered in `phase`, after all have answered. */
  async function setBack(phase: 'share-keys' | 'masked-input', input?: Vector) {
    const cohort = await savedCohort(CURIOUS)
    const { pending } = await run(cohort, { until: phase })
    const older = cohort.clientForms.get(1)!
    for (const [seat, bytes] of pending) {
      await cohort.server.receive(seat, await cohort.sessions[seat]!.receive(bytes))
    }
    const client = cohort.resumeClient(1, input, older)
    const receipt = await cohort.server.receive(1, await client.receive(pending.get(1)!))
    const refused = { code: 'conflicting-message', fault: 'peer', phase: phase, culprits: [1] } as const
    expectRefused(receipt, refused)
    expect(cohort.server.report.refused).toMatchObject([{ seat: 1, code: 'conflicting-message' }])
    return { cohort, client }
  }

  /** The rest of the round; the client at seat 1 goes on as if nothing had happened. */
  async function finish({ cohort, client }: Awaited<ReturnType<typeof setBack>>) {
    const { server, sessions, config, inputs } = cohort
    for (;;) {
      const outcome = await server.closePhase()
      if (outcome.done) return { sum: outcome.sum, exact: sumOf(config, everybody, inputs) }
      for (const [seat, bytes] of outcome.messages) {
        const session = seat === 1 ? client : sessions[seat]!
        await server.receive(seat, await session.receive(bytes))
      }
    }
  }

  test('it masks another vector: the server has seen both, but takes and sums up the first only', async () => {
    const changed = [Uint16Array.of(1, 2, 3, 4, 5)]
    const { sum, exact } = await finish(await setBack('masked-input', changed))
    expect(sum).toEqual(exact)
  })

  test('it shares another secret: refused and in the report, but if it goes on the sum is not that of the inputs', async () => {
    const { sum, exact } = await finish(await setBack('share-keys'))
    expect(sum).not.toEqual(exact)
  })
})
