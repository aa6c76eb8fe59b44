import type { PhaseName, Receipt } from 'secagg'
import { describe, expect, it } from 'vitest'
import { type CohortRun, run, runCohort } from '../support/cohort.js'

const ALL_ROUNDS: readonly (readonly ['honest-but-curious' | 'active', PhaseName])[] = [
  ...(['advertise-keys', 'share-keys', 'masked-input', 'unmasking'] as const).map(
    (phase) => ['honest-but-curious', phase] as const,
  ),
  ['active', 'advertise-keys'],
  ['active', 'consistency-check'],
  ['active', 'unmasking'],
]

/** A round of four, three of which are needed, just come to `until`; and what a client answers there. */
async function opened(adversary: 'honest-but-curious' | 'active', until: PhaseName) {
  const cohort = await runCohort({ clients: 4, threshold: 3, adversary, until })
  const answerOf = (seat: number): Promise<Uint8Array> => {
    const message = cohort.pending.get(seat)
    return message === undefined ? cohort.sessions[seat]!.start() : cohort.sessions[seat]!.receive(message)
  }
  return { ...cohort, answerOf }
}

/** The message of another client's, which is well-formed and not this one's. */
function twisted(bytes: Uint8Array): Uint8Array {
  const other = bytes.slice()
  other[other.length - 1]! ^= 1
  return other
}

function refusal(receipt: Receipt) {
  return receipt.status === 'refused' ? receipt.error : undefined
}

async function finish(cohort: CohortRun): Promise<CohortRun> {
  const rest = await run(cohort)
  expect(rest.outcome?.sum).toEqual(rest.expected)
  return rest
}

describe.each(ALL_ROUNDS)('the server, %s, collecting %s', (adversary, phase) => {
  it('takes a message once, knows it again, and refuses a different one of the same seat', async () => {
    const { server, answerOf, ...cohort } = await opened(adversary, phase)
    const message = await answerOf(1)
    expect(await server.receive(1, message)).toEqual({ status: 'accepted' })
    expect(await server.receive(1, message.slice())).toEqual({ status: 'duplicate' })
    const error = refusal(await server.receive(1, twisted(message)))
    expect(error).toMatchObject({ code: 'conflicting-message', fault: 'peer', phase, culprits: [1] })
    expect(await server.receive(1, message)).toEqual({ status: 'duplicate' })
    const { outcome } = await finish({ ...cohort, server })
    const { phases, refused, survivors } = outcome!.report
    expect(phases.find((entry) => entry.phase === phase)).toMatchObject({
      accepted: [0, 1, 2, 3],
      duplicates: 3,
    })
    expect(refused).toEqual([
      { seat: 1, phase, code: 'conflicting-message', reason: error!.message, count: 1 },
    ])
    expect(survivors).toEqual([0, 1, 2, 3])
  })

  it('takes exactly one of two versions that arrive at once, and one of two copies', async () => {
    const { server, answerOf, ...cohort } = await opened(adversary, phase)
    const message = await answerOf(1)
    const [first, second, third] = await Promise.all([
      server.receive(1, message),
      server.receive(1, message),
      server.receive(1, twisted(message)),
    ])
    expect([first!.status, second!.status, third!.status]).toEqual(['accepted', 'duplicate', 'refused'])
    await finish({ ...cohort, server })
  })

  it('refuses bad bytes of a seat and takes its good ones after them', async () => {
    const { server, answerOf, ...cohort } = await opened(adversary, phase)
    const message = await answerOf(2)
    for (const bytes of [new Uint8Array(0), message.slice(0, -1), Uint8Array.of(...message, 0)]) {
      const error = refusal(await server.receive(2, bytes))
      expect(error).toMatchObject({ code: 'malformed-message', fault: 'peer', phase, culprits: [2] })
    }
    expect(server.waitingFor).toEqual([0, 1, 2, 3])
    expect(await server.receive(2, message)).toEqual({ status: 'accepted' })
    expect(server.waitingFor).toEqual([0, 1, 3])
    const { outcome } = await finish({ ...cohort, server })
    expect(outcome!.report.refused).toMatchObject([{ seat: 2, phase, code: 'malformed-message', count: 3 }])
  })

  it('stays open where too few have answered, and goes on once there are enough', async () => {
    const { server, answerOf, ...cohort } = await opened(adversary, phase)
    for (const seat of [0, 3]) await server.receive(seat, await answerOf(seat))
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(server.closePhase()).rejects.toMatchObject({
        code: 'too-few-clients',
        phase,
        expected: 3,
        got: 2,
      })
      expect(server.phase).toBe(phase)
      expect(server.waitingFor).toEqual([1, 2])
    }
    await finish({ ...cohort, server })
  })

  it('knows no seats beyond the round’s', async () => {
    const { server, answerOf, ...cohort } = await opened(adversary, phase)
    const message = await answerOf(0)
    for (const seat of [4, -1, 1.5, Number.NaN]) {
      expect(refusal(await server.receive(seat, message))).toMatchObject({
        fault: 'peer',
        phase,
        culprits: [seat],
      })
    }
    await finish({ ...cohort, server })
  })

  it('is not closed twice at once', async () => {
    const { server, answerOf } = await opened(adversary, phase)
    for (const seat of [0, 1, 2]) await server.receive(seat, await answerOf(seat))
    const [first, second] = await Promise.allSettled([server.closePhase(), server.closePhase()])
    expect(first!.status).toBe('fulfilled')
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'out-of-order', fault: 'usage' } })
    expect(server.phase).not.toBe(phase)
  })

  it('refuses what comes late, knows again what came in time, and goes on without the late', async () => {
    const { server, answerOf, ...cohort } = await opened(adversary, phase)
    const messages = await Promise.all([0, 1, 2, 3].map(answerOf))
    for (const seat of [0, 1, 2]) await server.receive(seat, messages[seat]!)
    const [outcome, whileClosing] = await Promise.all([server.closePhase(), server.receive(3, messages[3]!)])
    const late = { code: 'late-message', fault: 'peer', culprits: [3] }
    expect(refusal(whileClosing)).toMatchObject(late)
    expect(refusal(await server.receive(3, messages[3]!))).toMatchObject(late)
    expect(await server.receive(0, messages[0]!)).toEqual({ status: 'duplicate' })
    expect(refusal(await server.receive(0, twisted(messages[0]!)))).toMatchObject({
      fault: 'peer',
      culprits: [0],
    })
    if (outcome.done) return
    const pending = new Map(outcome.messages)
    expect([...pending.keys()]).toEqual([0, 1, 2])
    await finish({ ...cohort, server, pending })
  })
})
