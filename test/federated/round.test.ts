import { ClientSession, dangerouslyTrustAnyIdentity, SecAggError } from 'secagg'
import {
  checkPlan,
  decodeOutcome,
  encodeUpdate,
  openRound,
  planRound,
  type RoundPlan,
  type RoundTask,
  type Update,
} from 'secagg/federated'
import { flatten } from 'secagg/tensors'
import { describe, expect, test } from 'vitest'
import { seededCrypto } from '../privacy/support.js'
import { privateTask, runFederated, task, tensors, updateOf } from './support.js'

const sessionId = Uint8Array.from({ length: 32 }, (_, i) => i)
const updates = Array.from({ length: 10 }, (_, seat) => updateOf(seat))
const weights = [1, 100, 7, 50, 2, 99, 30, 3, 64, 12]
/** Clients 1, 4 and 8 drop out before their masked input, client 6 after it. */
const stages = [9, 2, 9, 9, 0, 9, 3, 9, 1, 9]
const survivors = [0, 2, 3, 5, 6, 7, 9]

/** The expected mean, from the updates in the clear. */
function meanOf(plan: RoundPlan, seats: readonly number[], weigh: (seat: number) => number): Float64Array {
  const total = seats.reduce((sum, seat) => sum + weigh(seat), 0)
  const mean = new Float64Array(plan.length)
  for (const seat of seats) {
    const values = flatten(updates[seat]!, plan.manifest!)
    for (let i = 0; i < mean.length; i++) mean[i]! += (values[i]! * weigh(seat)) / total
  }
  return mean
}

function maximumDistance(one: Float64Array, other: Float64Array): number {
  return one.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0)
}

describe('a round', () => {
  const curious: RoundTask = { ...task, adversary: 'honest-but-curious', graph: 'complete' }
  const ring: RoundTask = { ...curious, graph: 'sparse', dropoutFraction: 0.4, minimumCohort: 6 }
  const coarse: RoundTask = { ...task, bitsPerValue: 6, rounding: 'nearest', suite: 'chacha' }
  test.each([
    ['active', task, stages, survivors],
    ['honest-but-curious', curious, stages, survivors],
    ['on a ring', ring, [9, 9, 2, 9, 9, 9, 3, 9, 9, 2], [0, 1, 3, 4, 5, 6, 7, 8]],
    ['with few bits', coarse, stages, survivors],
    ['in slices', { ...task, sliceLength: 64 }, stages, survivors],
  ])('%s gives the weighted mean of those who are left', async (_, each, stages, survivors) => {
    const plan = planRound(each)
    const { result } = await runFederated(plan, { sessionId, updates, weights, stages })
    expect(result).toMatchObject({ survivors, standardDeviation: undefined })
    expect(result!.totalWeight).toBe(survivors.reduce((sum, seat) => sum + weights[seat]!, 0))
    const expected = meanOf(plan, survivors, (seat) => weights[seat]!)
    const distance = maximumDistance(result!.mean, expected)
    expect(distance).toBeLessThanOrEqual(plan.encoding!.errorBound)
    expect(distance).toBeGreaterThan(0)
    expect(Object.keys(result!.tensors)).toEqual(['dense/bias', 'dense/kernel'])
    expect(result!.tensors['dense/kernel']).toEqual({
      shape: [8, 4],
      data: Float32Array.from(result!.mean.subarray(2)),
    })
  })

  test('with flat arrays has no tensors', async () => {
    const plan = planRound({ ...task, tensors: undefined, length: 3 })
    const arrays = updates.map((_, seat) => [seat / 10, -seat / 10, 0])
    const { result } = await runFederated(plan, { sessionId, updates: arrays, stages })
    const seats = survivors.reduce((sum, seat) => sum + seat, 0) / survivors.length / 10
    expect(maximumDistance(result!.mean, Float64Array.of(seats, -seats, 0))).toBeLessThan(1e-4)
    expect(result).toMatchObject({ tensors: {}, totalWeight: 7, survivors })
  })

  test('with privacy has a noisy mean in which all updates have the same weight', async () => {
    const plan = planRound(privateTask)
    const { result } = await runFederated(plan, { sessionId, updates, stages })
    const clipped = (seat: number): number => {
      const norm = Math.hypot(...flatten(updates[seat]!, plan.manifest!))
      expect(norm).toBeGreaterThan(2)
      return 2 / norm
    }
    const expected = new Float64Array(plan.length)
    for (const seat of survivors) {
      const values = flatten(updates[seat]!, plan.manifest!)
      for (let i = 0; i < expected.length; i++)
        expected[i]! += (values[i]! * clipped(seat)) / survivors.length
    }
    const { meanStandardDeviation } = plan.privacy!
    expect(result!.standardDeviation).toBeCloseTo(meanStandardDeviation, 12)
    const deviations = result!.mean.map((value, i) => (value - expected[i]!) / meanStandardDeviation)
    expect(Math.max(...deviations.map(Math.abs))).toBeLessThan(4)
    const square = deviations.reduce((sum, each) => sum + each * each, 0) / deviations.length
    expect(square).toBeGreaterThan(0.4)
    expect(square).toBeLessThan(1.6)
    expect(result).toMatchObject({ totalWeight: 7, survivors })
  })

  test('gives clients without examples the weight 0, and has no mean if all clients have it', async () => {
    const plan = planRound(task)
    const weights = updates.map((_, seat) => (seat % 2 === 0 ? 0 : 10 * seat))
    const { result, outcome } = await runFederated(plan, { sessionId, updates, weights, stages })
    expect(result).toMatchObject({ survivors, totalWeight: 30 + 50 + 70 + 90 })
    const expected = meanOf(plan, survivors, (seat) => weights[seat]!)
    expect(maximumDistance(result!.mean, expected)).toBeLessThanOrEqual(plan.encoding!.errorBound)

    const round = openRound(plan, { sessionId })
    const sum = plan.segments.map(({ length }, index) =>
      outcome!.sum[index]!.slice(0, length).fill(0 as never),
    )
    expect(() => decodeOutcome({ ...outcome!, sum }, round)).toThrow(
      expect.objectContaining({ code: 'zero-weight', fault: 'peer', culprits: [] }),
    )
  })

  test('with more dropouts than planned has no sum', async () => {
    const gone = [...stages]
    gone[9] = 2
    const { error, result } = await runFederated(planRound(task), { sessionId, updates, stages: gone })
    expect(error).toMatchObject({ code: 'too-few-clients' })
    expect(result).toBeUndefined()
  })
})

describe('clients that were told different things cannot be summed:', () => {
  const everything: readonly [string, RoundTask, RoundTask][] = [
    ['another clip', task, { ...task, clip: 2 }],
    [
      'other bits per value in the same lanes',
      { ...task, bitsPerValue: 16 },
      { ...task, bitsPerValue: 17, maximumWeight: 50 },
    ],
    ['another rounding', task, { ...task, rounding: 'nearest' }],
    ['another order of dimensions', task, { ...task, tensors: { ...tensors, 'dense/kernel': [4, 8] } }],
    ['other names', task, { ...task, tensors: { kernel: [8, 4], 'dense/bias': [2] } }],
    ['fewer corrupt clients', task, { ...task, corruptFraction: 0.05 }],
    ['another dropout fraction with the same number of dropouts', task, { ...task, dropoutFraction: 0.31 }],
    ['no privacy', privateTask, task],
    ['less noise', privateTask, { ...privateTask, privacy: { ...privateTask.privacy!, epsilon: 210 } }],
    ['more rounds', privateTask, { ...privateTask, privacy: { ...privateTask.privacy!, rounds: 2 } }],
  ]
  test.each(everything)('%s', async (_, common, other) => {
    const plan = planRound(common)
    const deceived = planRound(other)
    const tensors = deceived.manifest!.tensors.map(({ name, shape }) => {
      const size = shape.reduce((product, dimension) => product * dimension)
      return [name, { shape, data: new Float32Array(size) }] as const
    })
    const told = (seat: number) => (seat === 3 ? { plan: deceived, update: tensors } : {})
    const run = await runFederated(plan, { sessionId, updates, told })
    expect(run.survivors).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9])
    expect(run.receipts.find(({ seat }) => seat === 3)!.receipt).toMatchObject({
      status: 'refused',
      error: { code: 'configuration-mismatch' },
    })
  })

  test('another model', async () => {
    const [model, poisoned] = [Uint8Array.of(1), Uint8Array.of(2)]
    const told = (seat: number) => (seat % 2 === 0 ? {} : { context: { model: poisoned } })
    const run = await runFederated(planRound(task), { sessionId, updates, context: { model }, told })
    expect(run.outcome).toBeUndefined()
    expect(run.error).toMatchObject({ code: 'too-few-clients' })
  })
})

describe('a client sends nothing', () => {
  /** A client as an application writes it. */
  async function takePart(
    received: unknown,
    update: Update,
    weight: number,
    options: Parameters<typeof encodeUpdate>[3] = {},
  ): Promise<Uint8Array[]> {
    const sent: Uint8Array[] = []
    try {
      const plan = checkPlan(received, { minimumCohort: 7, corruptFraction: 0.1 })
      const round = openRound(plan, { sessionId })
      const crypto = seededCrypto(5)
      const { input } = encodeUpdate(update, weight, round, { crypto, ...options })
      const verifyIdentity = dangerouslyTrustAnyIdentity()
      const session = new ClientSession({
        config: round.config,
        seat: 0,
        input,
        crypto,
        signer,
        verifyIdentity,
      })
      sent.push(await session.start())
    } catch (error) {
      if (!(error instanceof SecAggError)) throw error
      expect(sent).toEqual([])
      throw error
    }
    return sent
  }
  const signer = { sign: async (): Promise<Uint8Array> => new Uint8Array(64) }
  const plan = JSON.parse(JSON.stringify(planRound(task)))
  const privately = JSON.parse(JSON.stringify(planRound(privateTask)))
  const update = updateOf(1)
  const bias = { 'dense/bias': { shape: [2], data: Float32Array.of(1, Number.NaN) } }

  test('except if everything is right', async () => {
    expect(await takePart(plan, update, 100)).toHaveLength(1)
    expect(await takePart(privately, update, 1)).toHaveLength(1)
  })

  test.each<[string, unknown, Update, number, string]>([
    ['for a plan that was tampered with', { ...plan, threshold: 2 }, update, 1, 'threshold of the plan is 2'],
    [
      'for too small a cohort',
      { ...plan.task, minimumCohort: 6 },
      update,
      1,
      'minimumCohort of the plan is 6',
    ],
    ['with a negative weight', plan, update, -1, 'from 0 to 100, not -1'],
    ['with too large a weight', plan, update, 101, 'from 0 to 100, not 101'],
    ['with a fractional weight', plan, update, 0.5, 'from 0 to 100, not 0.5'],
    ['without examples and with privacy', privately, update, 0, 'without examples sends an update of zeros'],
    ['with no weight', plan, update, undefined as never, 'from 0 to 100, not nothing'],
    ['with a weight above 1 and with privacy', privately, update, 2, 'the weight must be 1, not 2'],
    [
      'with no weight under privacy',
      privately,
      update,
      undefined as never,
      'the weight must be 1, not undefined',
    ],
    [
      'where a tensor is missing',
      plan,
      { 'dense/bias': update['dense/bias'] },
      1,
      'tensor "dense/kernel" of the manifest is missing',
    ],
    [
      'where one is too many',
      plan,
      { ...update, head: update['dense/bias'] },
      1,
      'tensor "head" is not in the manifest',
    ],
    [
      'for the model of somebody else',
      privately,
      { ...update, 'dense/bias': { shape: [1, 2], data: new Float32Array(2) } },
      1,
      'tensor "dense/bias" has shape [1, 2], not [2]',
    ],
    ['that is not a number', plan, { ...update, ...bias }, 1, 'element 1 of tensor "dense/bias" is NaN'],
    [
      'that is not a number, privately',
      privately,
      { ...update, ...bias },
      1,
      'element 1 of tensor "dense/bias" is NaN',
    ],
    ['without names', plan, new Float32Array(34) as never, 1, 'tensor'],
  ])('%s', async (_, received, given, weight, message) => {
    await expect(takePart(received, given, weight)).rejects.toThrow(message)
  })

  test('that would be clipped, if clipping is refused', async () => {
    const large = updateOf(1, 3)
    const options = { onClip: 'refuse' } as const
    await expect(takePart(plan, large, 1, options)).rejects.toThrow('is beyond the clip')
    await expect(takePart(privately, large, 1, options)).rejects.toThrow('above the clip')
    expect(await takePart(plan, updateOf(1, 0.9), 1, options)).toHaveLength(1)
    expect(await takePart(privately, updateOf(1, 0.1), 1, options)).toHaveLength(1)
  })
})

describe('an encoded update', () => {
  test('reports how its values were clipped', () => {
    const round = openRound(planRound({ ...task, tensors: undefined, length: 4 }), { sessionId })
    expect(encodeUpdate([0.5, -3, 1, 1.5], 1, round)).toMatchObject({
      clipped: true,
      clipping: { kind: 'values', count: 2, largest: 3, excess: 2.5 },
    })
    expect(encodeUpdate(Float32Array.of(0.5, -1, 1, 0), 1, round)).toMatchObject({
      clipped: false,
      clipping: { kind: 'values', count: 0, largest: 1, excess: 0 },
    })
  })

  test('reports with privacy how its norm was clipped', () => {
    const round = openRound(planRound({ ...privateTask, tensors: undefined, length: 2 }), { sessionId })
    const encoded = encodeUpdate([3, 4], 1, round)
    expect(encoded).toMatchObject({ clipped: true, clipping: { kind: 'norm', norm: 5, factor: 0.4 } })
    expect(encodeUpdate([0, 2], 1, round)).toMatchObject({
      clipped: false,
      clipping: { kind: 'norm', norm: 2, factor: 1 },
    })
    expect(() => encodeUpdate([3, '4'] as never, 1, round)).toThrow('value 1 is not a number')
  })

  test('has new noise each time, and does not change the update', () => {
    const round = openRound(planRound(privateTask), { sessionId })
    const update = updateOf(1)
    const [one, other] = [encodeUpdate(update, 1, round), encodeUpdate(update, 1, round)]
    expect(one.input).not.toEqual(other.input)
    expect(update).toEqual(updateOf(1))
  })

  test('is refused for a wrong length, round or clipping option', () => {
    const round = openRound(planRound({ ...task, tensors: undefined, length: 4 }), { sessionId })
    for (const [bad, got] of [
      [[1, 2, 3], 3],
      [new Float64Array(5), 5],
      [new Int32Array(4), 'Int32Array'],
      [updateOf(1), 'object'],
      [undefined, 'undefined'],
    ]) {
      expect(() => encodeUpdate(bad as never, 1, round)).toThrow(expect.objectContaining({ got }))
    }
    expect(() => encodeUpdate([1, 2, 3, 4], 1, { ...round })).toThrow('must come from openRound')
    expect(() => encodeUpdate([1, 2, 3, 4], 1, round, { onClip: 'ignore' as never })).toThrow(
      "'report' or 'refuse'",
    )
  })
})

describe('an outcome is refused', () => {
  const plan = planRound(task)
  const round = openRound(plan, { sessionId })
  const sum = encodeUpdate(updateOf(1, 0), 100, round).input.vector
  const configHash = round.config.hash
  const report = { survivors }

  test.each<[string, object, string]>([
    ['of a round that is not over', { done: false, messages: [] }, 'the round is not over'],
    ['with a missing segment', { sum: sum.slice(1), configHash, report }, 'one array of lanes per segment'],
    ['without the hash of its round', { sum, report }, 'configHash of an input or outcome must be'],
    [
      'of fewer clients than it has to have',
      { sum, configHash, report: { survivors: [0, 1, 2] } },
      '7 to 10 seats',
    ],
    [
      'of seats that there are not',
      { sum, configHash, report: { survivors: [0, 1, 2, 3, 4, 5, 10] } },
      '7 to 10 seats',
    ],
    [
      'of a seat that is there twice',
      { sum, configHash, report: { survivors: [0, 1, 2, 3, 4, 5, 5] } },
      '7 to 10 seats',
    ],
    ['without a report', { sum, configHash }, '7 to 10 seats'],
  ])('%s', (_, outcome, message) => {
    expect(() => decodeOutcome(outcome as never, round)).toThrow(message)
  })

  test('with a sum that honest inputs cannot have, as the fault of a client', () => {
    const [values] = sum
    const light = [values!, Uint16Array.of(6)]
    expect(() => decodeOutcome({ sum: light, configHash, report }, round)).toThrow(
      expect.objectContaining({ fault: 'peer', code: 'input-out-of-range' }),
    )
  })
})
