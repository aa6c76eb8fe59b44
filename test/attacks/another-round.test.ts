import {
  ClientSession,
  createRoundConfig,
  dangerouslyTrustAnyIdentity,
  type RoundInput,
  readOutcome,
  roundInput,
} from 'secagg'
import {
  decodeOutcome,
  encodeUpdate,
  openRound,
  planRound,
  type Round,
  type RoundPlan,
} from 'secagg/federated'
import {
  createPrivateStatistics,
  createStatistics,
  decodePrivateStatistics,
  decodeStatistics,
  encodePrivateRecords,
  encodeRecords,
  openStatistics,
  type Statistics,
  type StatisticsRound,
} from 'secagg/statistics'
import { describe, expect, test } from 'vitest'
import { privateTask, runFederated, task, updateOf } from '../federated/support.js'
import { runRound } from '../statistics/support.js'
import { makeCohort, run, runCohort } from '../support/cohort.js'
import { toyCrypto } from '../support/toy-crypto.js'
import { seatsBelow } from './support.js'

/*
 * Data of one round in the hands of another: whatever fits in shape used to come out as numbers, and the numbers were
 * noise, or a mean of another scale.
 */
const [id, nextId] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
const updates = seatsBelow(10).map((seat) => updateOf(seat))
/** So large an ε that noise alone would hardly be seen. */
const quietTask = { ...privateTask, privacy: { ...privateTask.privacy!, epsilon: 1000 } }

const anothers = expect.objectContaining({ code: 'configuration-mismatch', fault: 'usage' })

describe('an outcome of another round is refused', () => {
  const cases: readonly [string, (plan: RoundPlan) => Round][] = [
    ['the next one of the same plan', (plan) => openRound(plan, { sessionId: nextId })],
    [
      'one from another model',
      (plan) => openRound(plan, { sessionId: id, context: { model: Uint8Array.of(1) } }),
    ],
  ]
  test.each(cases)('%s, with and without privacy', async (_, next) => {
    for (const plan of [planRound(task), planRound(quietTask)]) {
      const { outcome } = await runFederated(plan, { sessionId: id, updates })
      expect(() => decodeOutcome(outcome!, openRound(plan, { sessionId: id }))).not.toThrow()
      expect(() => decodeOutcome(outcome!, next(plan))).toThrow(anothers)
    }
  })

  test('one of a plan with another clip, whose segments are the same', async () => {
    const [plan, wider] = [planRound(task), planRound({ ...task, clip: 2 })]
    expect(wider.segments).toEqual(plan.segments)
    const { outcome } = await runFederated(plan, { sessionId: id, updates })
    expect(() => decodeOutcome(outcome!, openRound(wider, { sessionId: id }))).toThrow(anothers)
  })

  test('which under privacy would have been taken for a mean, all of it noise', async () => {
    const plan = planRound(quietTask)
    const { outcome, result } = await runFederated(plan, { sessionId: id, updates })
    const next = openRound(plan, { sessionId: nextId })
    const garbage = decodeOutcome({ ...outcome!, configHash: next.config.hash }, next).mean
    const distance = Math.hypot(...garbage.map((value, i) => value - result!.mean[i]!))
    expect(distance).toBeGreaterThan(5 * plan.privacy!.meanStandardDeviation * Math.sqrt(plan.length))
  })

  test('and one that does not say which round it is of', async () => {
    const { outcome, config } = await runCohort({ clients: 3, adversary: 'honest-but-curious' })
    const { configHash, ...nameless } = outcome!
    expect(configHash).toEqual(config.hash)
    expect(readOutcome(outcome!, config)).toEqual({ sum: outcome!.sum, survivors: [0, 1, 2] })
    expect(() => readOutcome(nameless as never, config)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
    const other = createRoundConfig({ ...config, corruptClients: 0, sessionId: id, graph: 'complete' })
    expect(() => readOutcome(outcome!, other)).toThrow(anothers)
  })
})

describe('an input that was encoded for another round is refused', () => {
  const plan = planRound(quietTask)
  const [round, next] = [openRound(plan, { sessionId: id }), openRound(plan, { sessionId: nextId })]
  const encoded = (own: Round) => encodeUpdate(updates[0]!, 1, own).input
  const identity = {
    signer: { sign: async () => new Uint8Array(64) },
    verifyIdentity: dangerouslyTrustAnyIdentity(),
  }
  const sessionOf = (input: RoundInput) =>
    new ClientSession({ config: round.config, seat: 0, input, ...identity })

  test('before anything is sent, though it would fit', () => {
    expect(() => sessionOf(encoded(round))).not.toThrow()
    expect(() => sessionOf(encoded(next))).toThrow(anothers)
  })

  test('also where it comes from a worker or a store', () => {
    expect(() => sessionOf(structuredClone(encoded(round)))).not.toThrow()
    expect(() => sessionOf(structuredClone(encoded(next)))).toThrow(anothers)
  })

  test('also where it is a resumed session', async () => {
    let saved = new Uint8Array(0)
    const options = { config: round.config, ...identity }
    const save = (bytes: Uint8Array): void => {
      saved = new Uint8Array(bytes)
    }
    await new ClientSession({ ...options, seat: 0, input: encoded(round), save }).start()
    expect(() => ClientSession.resume(saved, { ...options, input: encoded(round) })).not.toThrow()
    expect(() => ClientSession.resume(saved, { ...options, input: encoded(next) })).toThrow(anothers)
  })

  test('also where a function yields it, whole or in slices', async () => {
    for (const sliceLength of [undefined, 64]) {
      const segments = [{ length: 100, bits: 16, bound: 1000 }]
      const parameters = { sessionId: id, clients: 3, adversary: 'honest-but-curious', segments } as const
      const config = createRoundConfig({ ...parameters, sliceLength })
      const other = createRoundConfig({ ...parameters, sliceLength, sessionId: nextId })
      const part = ({ from, to }: { from: number; to: number }) => [new Uint16Array(to - from).fill(1)]
      const run = async (own: typeof config, wrapped: boolean) => {
        const cohort = await makeCohort({
          ...parameters,
          sliceLength,
          clientOptions: (seat) => {
            if (seat !== 1) return {}
            const yields = (range: { from: number; to: number }) => roundInput(own, part(range))
            return { input: wrapped ? roundInput(own, part) : yields }
          },
        })
        return reachMaskedInput(cohort)
      }
      expect(await run(config, false)).toBeUndefined()
      expect(await run(config, true)).toBeUndefined()
      expect(await run(other, false)).toEqual(anothers)
      await expect(run(other, true)).rejects.toEqual(anothers)
    }
  })

  test('while a vector that says nothing is taken as it was', async () => {
    const { vector } = encoded(next)
    const session = new ClientSession({
      config: round.config,
      seat: 0,
      input: vector,
      ...identity,
    })
    expect(await session.start()).toBeInstanceOf(Uint8Array)
  })
})

describe('statistics of another round are refused', () => {
  const clients = 5
  const occasion = { adversary: 'honest-but-curious', sessionId: id, corruptClients: 1 } as const
  const exact = createStatistics({ age: { kind: 'mean', from: 0, to: 120 } }, { clients })
  const wider = createStatistics({ age: { kind: 'mean', from: 0, to: 240 } }, { clients })
  const target = { clients, minimumHonest: 2, delta: 1e-3 }
  const noisy = createPrivateStatistics(exact.definition, { ...target, epsilon: 10 })
  const noisier = createPrivateStatistics(exact.definition, { ...target, epsilon: 9.999 })

  test('an outcome of other statistics, or of another round of the same', async () => {
    expect(wider.segments).toEqual(exact.segments)
    const round = openStatistics(exact, occasion)
    const inputs = seatsBelow(clients).map((seat) => encodeRecords({ age: 20 * seat }, round).input)
    const { outcome } = await runRound(round, inputs)
    expect(decodeStatistics(outcome!, round).results.age.mean).toBeCloseTo(40, 3)
    const others: StatisticsRound<Statistics>[] = [
      openStatistics(wider, occasion),
      openStatistics(exact, { ...occasion, sessionId: nextId }),
    ]
    for (const other of others) expect(() => decodeStatistics(outcome!, other)).toThrow(anothers)
  })

  test('the same under a privacy target', async () => {
    expect(noisier.segments).toEqual(noisy.segments)
    const round = openStatistics(noisy, occasion)
    const crypto = toyCrypto(1)
    const inputs = seatsBelow(clients).map(() => encodePrivateRecords({ age: 20 }, round, crypto).input)
    const { outcome } = await runRound(round, inputs)
    expect(decodePrivateStatistics(outcome!, round).survivors).toBe(clients)
    const others = [
      openStatistics(noisier, occasion),
      openStatistics(noisy, { ...occasion, sessionId: nextId }),
    ]
    for (const other of others) expect(() => decodePrivateStatistics(outcome!, other)).toThrow(anothers)
  })

  test('an input that was encoded for other statistics, before anything is sent', () => {
    const { config } = openStatistics(exact, occasion)
    const { input } = encodeRecords({ age: 3 }, openStatistics(wider, occasion))
    expect(() => new ClientSession({ config, seat: 0, input })).toThrow(anothers)
    expect(() => new ClientSession({ config, seat: 0, input: input.vector })).not.toThrow()
  })
})

/** What client 1 throws when it is asked for its vector. */
async function reachMaskedInput(cohort: Awaited<ReturnType<typeof makeCohort>>): Promise<unknown> {
  const { pending, sessions } = await run(cohort, { until: 'masked-input' })
  return sessions[1]!.receive(pending.get(1)!).then(
    () => undefined,
    (error: unknown) => error,
  )
}
