import { ServerSession } from 'secagg'
import { expect, test } from 'vitest'
import { seatsBelow } from '../attacks/support.js'
import { makeCohort, run } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'

/** A server in the last phase, with all answers, and its saved bytes. */
async function lastPhase() {
  const saved: Uint8Array[] = []
  const cohort = await makeCohort({
    clients: 4,
    threshold: 3,
    adversary: 'honest-but-curious',
    segments: [{ length: 300, bits: 20, bound: 1000 }],
    serverOptions: { save: (bytes) => void saved.push(bytes) },
  })
  const { pending } = await run(cohort, { until: 'unmasking' })
  const answers = await Promise.all(
    cohort.sessions.map((session, seat) => session.receive(pending.get(seat)!)),
  )
  return { ...cohort, answers, form: saved.at(-1)! }
}

test('the result is stored before closePhase returns it; if that fails, the phase stays open', async () => {
  const { config, crypto, inputs, answers, form } = await lastPhase()
  const results: unknown[] = []
  const server = await ServerSession.resume(form, {
    config,
    crypto,
    saveResult: async (result) => {
      if (results.push(result) === 1) throw new Error('the disk is full')
    },
  })
  for (const [seat, answer] of answers.entries()) await server.receive(seat, answer)
  await expect(server.closePhase()).rejects.toMatchObject({ code: 'storage-failure', fault: 'usage' })
  expect(server.phase).toBe('unmasking')
  const outcome = await server.closePhase()
  expect(server.phase).toBeUndefined()
  expect(outcome.done && outcome.sum).toEqual(sumOf(config, seatsBelow(4), inputs))
  expect(results).toEqual([outcome, outcome])
  expect(outcome.done && outcome.report).toEqual(server.report)
  expect(server.report.phases.map(({ phase }) => phase)).toEqual([
    'advertise-keys',
    'share-keys',
    'masked-input',
    'unmasking',
  ])
})

test('with a sink, the result has no sum, and comes after the last block', async () => {
  const { config, crypto, answers, form } = await lastPhase()
  const order: string[] = []
  const server = await ServerSession.resume(form, {
    config,
    crypto,
    sink: () => void order.push('block'),
    saveResult: (result) => void order.push(Object.keys(result).sort().join()),
  })
  for (const [seat, answer] of answers.entries()) await server.receive(seat, answer)
  await server.closePhase()
  expect(order).toEqual(['block', 'configHash,done,report'])
})

test('saveResult must be a function', async () => {
  const { config } = await lastPhase()
  const wrong = { config, saveResult: 'results.json' } as unknown as ConstructorParameters<
    typeof ServerSession
  >[0]
  expect(() => new ServerSession(wrong)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
})
