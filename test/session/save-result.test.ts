import { type PhaseOutcome, ServerSession, type SumSink } from 'secagg'
import { expect, test } from 'vitest'
import { nextTurn } from '../../src/vector/pace.js'
import { seatsBelow } from '../attacks/support.js'
import { makeCohort, run } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'

type Result = Extract<PhaseOutcome, { readonly done: true }>

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

test('an answer that arrives after a failure is in the second report; the sum is the same', async () => {
  const { config, crypto, answers, form } = await lastPhase()
  const results: Result[] = []
  const server = await ServerSession.resume(form, {
    config,
    crypto,
    saveResult: (result) => {
      if (results.push(result) === 1) throw new Error('the disk is full')
    },
  })
  for (const seat of [0, 1, 2]) await server.receive(seat, answers[seat]!)
  await expect(server.closePhase()).rejects.toMatchObject({ code: 'storage-failure' })
  await server.receive(3, answers[3]!)
  const outcome = await server.closePhase()
  const [first, second] = results
  expect(second).toEqual(outcome)
  expect(second!.sum).toEqual(first!.sum)
  expect(results.map(({ report }) => report.phases.at(-1)!.accepted)).toEqual([
    [0, 1, 2],
    [0, 1, 2, 3],
  ])
})

test('an abort before the result is stored prevents that; during it, it has no effect unless that fails', async () => {
  const { config, crypto, inputs, answers, form } = await lastPhase()
  const reason = new Error('shut down')
  /** Closes the last phase of a round whose result is stored by a function that has the signal of the round. */
  const close = async (options: {
    sink?: SumSink
    saveResult(stop: AbortController): Promise<void>
    stop: AbortController
  }) => {
    const { stop, sink } = options
    const server = await ServerSession.resume(form, {
      config,
      crypto,
      ...(sink && { sink }),
      signal: stop.signal,
      saveResult: () => options.saveResult(stop),
    })
    for (const [seat, answer] of answers.entries()) await server.receive(seat, answer)
    return server.closePhase().catch((error: unknown) => error)
  }

  let stored = 0
  const early = new AbortController()
  const saveResult = async () => void stored++
  expect(await close({ stop: early, sink: () => early.abort(reason), saveResult })).toBe(reason)
  expect(stored).toBe(0)

  const during = async (stop: AbortController) => {
    stop.abort(reason)
    await nextTurn()
    stored++
  }
  const outcome = await close({ stop: new AbortController(), saveResult: during })
  expect(outcome).toMatchObject({ done: true, sum: sumOf(config, seatsBelow(4), inputs) })
  expect(stored).toBe(1)

  const failing = async (stop: AbortController) => {
    stop.abort(reason)
    throw new Error('the disk is full')
  }
  expect(await close({ stop: new AbortController(), saveResult: failing })).toMatchObject({
    code: 'storage-failure',
  })
})

test('saveResult must be a function', async () => {
  const { config } = await lastPhase()
  const wrong = { config, saveResult: 'results.json' } as unknown as ConstructorParameters<
    typeof ServerSession
  >[0]
  expect(() => new ServerSession(wrong)).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
})
