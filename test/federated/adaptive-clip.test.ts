import {
  checkPlan,
  decodeOutcome,
  encodeUpdate,
  nextPlan,
  openRound,
  planRound,
  type RoundPlan,
  type RoundTask,
} from 'secagg/federated'
import { analyzePrivacy } from 'secagg/privacy'
import { describe, expect, it, test } from 'vitest'
import { randomOf } from '../support/seeded.js'
import { sumDirectly } from './direct-sum.js'
import { MODELS, relativeErrors, updateOfClient } from './real-models.js'
import { runFederated } from './support.js'

const CLIENTS = 16

const failures: Omit<RoundTask, 'tensors' | 'clip'> = {
  clients: CLIENTS,
  adversary: 'honest-but-curious',
  dropoutFraction: 0,
  corruptFraction: 0.1,
}

const requirements = { minimumCohort: CLIENTS, corruptFraction: 0.1 }

/** The plan as a client gets it. */
function received(plan: RoundPlan): RoundPlan {
  return checkPlan(JSON.parse(JSON.stringify(plan)), requirements)
}

describe('real models with 16 bits', () => {
  test.each(Object.entries(MODELS))(
    '%s: with one clip, some tensors are lost, and decoding names them',
    (_, model) => {
      const updates = Array.from({ length: CLIENTS }, (_, seat) => updateOfClient(model, 0, seat))
      const magnitudes = updates.flatMap((update) => Object.values(update).flatMap(({ data }) => [...data]))
      const clip = magnitudes.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
      const plan = planRound({ ...failures, tensors: model.tensors, clip })
      const { tensors, coarse } = sumDirectly(plan, updates)
      const errors = relativeErrors(tensors, updates)
      const lost = Object.keys(errors).filter((name) => errors[name]! > 0.02)
      expect(lost.length).toBeGreaterThan(0)
      expect(coarse).toEqual(expect.arrayContaining(lost))
      expect(Math.max(...Object.values(errors))).toBeGreaterThan(0.1)
    },
  )

  test.each(Object.entries(MODELS))(
    '%s: after five rounds, no tensor is off by more than 2 %%',
    (_, model) => {
      const names = Object.keys(model.tensors)
      const largest = 8 * Math.max(...Object.values(model.magnitudes))
      // The server knows nothing about the tensors: all clips begin at the same number, far too large or far too small.
      for (const start of [largest, largest / 1e4]) {
        const clip = Object.fromEntries(names.map((name) => [name, start]))
        let plan = planRound({ ...failures, tensors: model.tensors, clip, adaptiveClip: {} })
        for (let round = 0; round < 5; round++) {
          const updates = Array.from({ length: CLIENTS }, (_, seat) => updateOfClient(model, round, seat))
          plan = received(nextPlan(plan, sumDirectly(plan, updates, { seed: round + 1 })))
        }
        for (let round = 5; round < 8; round++) {
          const updates = Array.from({ length: CLIENTS }, (_, seat) => updateOfClient(model, round, seat))
          const result = sumDirectly(plan, updates, { seed: round + 1 })
          const errors = relativeErrors(result.tensors, updates)
          for (const name of names)
            expect([name, errors[name]! <= 0.02 || errors[name]]).toEqual([name, true])
          expect(result.coarse).toEqual([])
          plan = received(nextPlan(plan, result))
        }
      }
    },
  )
})

/** For each round: the largest error of the mean, divided by the largest value of the exact mean, and whether it was coarse. */
function adapted(
  task: Partial<RoundTask> & { readonly clients: number; readonly clip: number },
  length: number,
  drawValue: (round: number, seat: number, index: number) => number,
): { readonly error: number; readonly coarse: readonly string[]; readonly clip: number }[] {
  const tensors = { a: [length] }
  let plan = planRound({ ...failures, tensors, adaptiveClip: {}, ...task, clip: { a: task.clip } })
  return Array.from({ length: 12 }, (_, round) => {
    const updates = Array.from({ length: task.clients }, (_, seat) => ({
      a: {
        shape: [length],
        data: Float32Array.from({ length }, (_, index) => drawValue(round, seat, index)),
      },
    }))
    const result = sumDirectly(plan, updates, { seed: round + 1 })
    const { clip } = plan.groups![0]!
    plan = nextPlan(plan, result)
    return { error: relativeErrors(result.tensors, updates).a!, coarse: result.coarse, clip }
  })
}

describe('without privacy, a clip does not stay or fall below what clients send', () => {
  it('if all clients have nearly the same weights, which all at once would be above it', () => {
    const rounds = adapted(
      { clients: 8, clip: 25 },
      20,
      (round, seat, i) => (i + 1) * (1 + ((round + seat) % 3) / 1e4),
    )
    for (const { error } of rounds) expect(error).toBeLessThan(0.002)
  })

  it('if each client has elements that no other client has, which are tiny in the mean', () => {
    const rounds = adapted({ clients: 200, clip: 10 }, 200, (_, seat, index) => (seat === index ? 1 : 0))
    for (const { error, coarse, clip } of rounds.slice(1)) {
      expect(error).toBeLessThan(0.02)
      expect(coarse).toEqual([])
      expect(clip).toBeGreaterThan(1)
    }
  })

  it('if updates are mostly noise, so that the mean is far smaller than they are, and there are few bits', () => {
    const draw = (seed: number): number => {
      const random = randomOf(seed)
      return Array.from({ length: 6 }, () => random.word() / 2 ** 32 - 0.5).reduce(
        (sum, each) => sum + each,
        0,
      )
    }
    const task = { clients: 100, clip: 10, bitsPerValue: 8 }
    const rounds = adapted(task, 50, (round, seat, index) => draw(5000 * round + 50 * seat + index))
    for (const { error, clip } of rounds) {
      expect(error).toBeLessThan(0.1)
      expect(clip).toBeGreaterThan(1)
    }
  })

  it('and can return when a tensor is trained that was frozen for many rounds', () => {
    let plan = planRound({ ...failures, tensors: { a: [1], b: [1] }, clip: { a: 1, b: 1 }, adaptiveClip: {} })
    const clip = (): number => plan.groups![1]!.clip
    for (let round = 0; round < 30; round++) {
      plan = nextPlan(plan, { mean: Float64Array.of(0.5, 0), within: { a: 1, b: 1 } })
    }
    expect(clip()).toBe(1e-12)
    let rounds = 0
    for (; clip() < 0.5; rounds++) {
      plan = nextPlan(plan, { mean: Float64Array.of(0.5, clip()), within: { a: 1, b: 0 } })
    }
    expect(rounds).toBe(7)
  })

  it('and does not rise because a client lies about another group, whose clip rises for 175 rounds', () => {
    const clips = { a: 1, b: 1, c: 1e-14, d: 0.5 }
    const tensors = { a: [1], b: [1], c: [1], d: [1] }
    let plan = planRound({
      ...failures,
      clients: 10,
      minimumCohort: 9,
      tensors,
      clip: clips,
      adaptiveClip: {},
    })
    const mean = Float64Array.of(0.01, 0.01, 1e-15, 0)
    for (let round = 0; round < 175; round++) {
      const before = plan.groups!.map(({ clip }) => clip)
      plan = nextPlan(plan, { mean, within: { a: 0.9, b: 1, c: 1, d: 1 } })
      const after = plan.groups!.map(({ clip }) => clip)
      expect(after[0]).toBe(Math.min(Number((before[0]! * Math.exp(0.4)).toPrecision(6)), 1e30))
      for (const group of [1, 2, 3]) expect(after[group]).toBeLessThanOrEqual(before[group]!)
    }
    expect(plan.groups!.map(({ clip }) => clip)).toEqual([1e30, 1, 1e-14, 1e-12])
  })

  it('and falls as far as its mean says, however high the clip of another group is', () => {
    const tensors = { a: [1], b: [1] }
    let plan = planRound({ ...failures, tensors, clip: { a: 1e25, b: 1e20 }, adaptiveClip: {} })
    for (let round = 0; round < 60; round++) {
      plan = nextPlan(plan, { mean: Float64Array.of(1e24, 1e-3), within: { a: 15 / 16, b: 1 } })
    }
    const { clip, errorBound } = plan.groups![1]!
    expect(clip).toBeLessThan(0.3)
    expect(errorBound).toBeLessThan(0.02 * 1e-3)
  })

  it('and is lowered slowly if there are so many clients that the mean cannot tell how large updates are', () => {
    const plan = planRound({
      ...failures,
      clients: 2000,
      minimumCohort: 1000,
      tensors: { a: [1] },
      clip: { a: 1 },
      adaptiveClip: {},
    })
    const moved = (mean: number, within: number): number =>
      nextPlan(plan, { mean: Float64Array.of(mean), within: { a: within } }).groups![0]!.clip
    expect(moved(1e-4, 1)).toBeCloseTo(0.2 + 1 / 512, 6)
    expect(moved(0.001, 1)).toBe(0.9)
    expect(moved(0.0019, 1)).toBeCloseTo((0.0019 * 32767) / 64 + 1 / 512, 6)
    expect(moved(0.01, 1)).toBe(1)
    expect(moved(1e-6, 1999 / 2000)).toBeCloseTo(Math.exp(4 / 2000), 5)
    expect(moved(1e-6, 0)).toBeCloseTo(Math.exp(4), 4)
  })
})

describe('a client that says in every round that it was not within a clip', () => {
  const others = { a: { shape: [1], data: [0.5] } }
  /** The clips of 60 rounds in which `liars` of ten clients send values that every clip cuts off. */
  function clipsOf(adaptiveClip: RoundTask['adaptiveClip'], liars: number): readonly number[] {
    const task = { ...failures, clients: 10, minimumCohort: 9, tensors: { a: [1] }, clip: { a: 0.1 } }
    let plan = planRound({ ...task, adaptiveClip })
    const huge = { a: { shape: [1], data: [3e38] } }
    const updates = Array.from({ length: 10 }, (_, seat) => (seat < liars ? huge : others))
    return Array.from({ length: 60 }, (_, round) => {
      plan = nextPlan(plan, sumDirectly(plan, updates, { seed: round + 1 }))
      return plan.groups![0]!.clip
    })
  }

  it('raises it by exp(rate / clients) per round if the quantile is 1, up to the maximum', () => {
    const free = clipsOf({}, 1)
    expect(free.at(-1)! / free.at(-2)!).toBeCloseTo(Math.exp(4 / 10), 4)
    expect(free.at(-1)).toBeGreaterThan(1e9)
    const bounded = clipsOf({ maximum: 2.00000678 }, 1)
    expect(Math.max(...bounded)).toBe(2.00000678)
    expect(bounded.at(-1)).toBe(2.00000678)
  })

  it('does not raise it for long if the quantile leaves out all such clients', () => {
    for (const liars of [1, 2, 4]) {
      const clips = clipsOf({ quantile: 1 - liars / 10 }, liars)
      expect(Math.max(...clips)).toBeLessThan(0.5 * Math.exp(4))
      expect(clips.at(-1)).toBe(clips[10])
    }
  })

  it('has a maximum that holds from the first plan on', () => {
    const rest = { ...failures, tensors: { a: [2], b: [2] } }
    const goal = { epsilon: 8, delta: 1e-5, rounds: 20, bits: 16 }
    const adaptiveClip = { maximum: 1 }
    const refused: readonly (readonly [Partial<RoundTask>, string])[] = [
      [{ clip: 1.5 }, 'clip of the group "*" is above the maximum of adaptiveClip, which is 1'],
      [{ clip: { a: 1, b: 2 } }, 'clip of the group "b" is above the maximum'],
      [{ privacy: { ...goal, clipNorm: 3 }, clients: 100 }, 'clipNorm of the group "*" is above the maximum'],
      [
        { privacy: { ...goal, clipNorm: { '*': 1, b: 9 } }, clients: 100 },
        'clipNorm of the group "b" is above',
      ],
    ]
    for (const [part, message] of refused) {
      const task: RoundTask = { ...rest, ...part, adaptiveClip }
      expect(() => planRound(task)).toThrow(message)
      expect(() => checkPlan(task, requirements)).toThrow(
        expect.objectContaining({ code: 'invalid-configuration', fault: 'server' }),
      )
    }
    expect(planRound({ ...rest, clip: { a: 1, b: 0.5 }, adaptiveClip }).groups).toHaveLength(2)
  })

  it('is bounded by a maximum that is checked with the task', () => {
    const task = { ...failures, tensors: { a: [1] }, clip: { a: 1 } }
    for (const maximum of [0, -1, 1e31, Number.NaN, '1' as never]) {
      expect(() => planRound({ ...task, adaptiveClip: { maximum } })).toThrow(
        'maximum of adaptiveClip must be',
      )
    }
    expect(planRound({ ...task, adaptiveClip: {} }).task.adaptiveClip).toEqual({ quantile: 1, rate: 4 })
  })
})

describe('an adaptive clip', () => {
  const task: RoundTask = {
    ...failures,
    clients: 5,
    tensors: { a: [2], b: [1] },
    clip: { a: 1, b: 10 },
    maximumWeight: 50,
  }
  const update = (a: number, b: number) => ({ a: { shape: [2], data: [0, a] }, b: { shape: [1], data: [b] } })
  const updates = [update(1, 0), update(-1.001, 3), update(0.5, 11), update(4, 12), update(0, 10)]

  it('learns from the sum which fraction was within each clip, by weight, in a round with dropouts', async () => {
    const plan = planRound({ ...task, adaptiveClip: {}, dropoutFraction: 0.2, minimumCohort: 3 })
    expect(plan.segments[2]).toEqual({ length: 2, bits: 8, bound: 51 })
    const { result } = await runFederated(plan, {
      sessionId: new Uint8Array(16),
      updates,
      weights: [10, 50, 20, 40, 20],
      stages: [9, 9, 9, 2, 9],
    })
    expect(result).toMatchObject({ survivors: [0, 1, 2, 4], totalWeight: 100, within: { a: 0.5, b: 0.8 } })
  })

  it('moves geometrically: exp(−η (b − γ)) times the clip before', () => {
    const adaptiveClip = { quantile: 0.6, rate: 0.5 }
    const plan = planRound({ ...task, adaptiveClip })
    const mean = Float64Array.of(0, 1, 10)
    const moved = (a: number, b: number): readonly number[] =>
      nextPlan(plan, { mean, within: { a, b } }).groups!.map(({ clip }) => clip)
    expect(moved(0.6, 0.6)).toEqual([1, 10])
    expect(moved(1, 0)).toEqual(
      [Math.exp(-0.2), 10 * Math.exp(0.3)].map((clip) => Number(clip.toPrecision(6))),
    )
    const next = nextPlan(plan, { mean, within: { a: 1, b: 0 } })
    expect(next.task).toEqual({ ...plan.task, clip: { a: 0.818731, b: 13.4986 } })
    expect(checkPlan(JSON.parse(JSON.stringify(next)), { minimumCohort: 5, corruptFraction: 0.1 })).toEqual(
      next,
    )
  })

  it('falls at once to where the levels of a tiny mean are, but not without a mean to go by', () => {
    const plan = planRound({ ...task, adaptiveClip: {} })
    const { groups } = nextPlan(plan, { mean: Float64Array.of(0, 1e-6, 0), within: { a: 1, b: 1 } })
    expect(groups![0]!.clip).toBeCloseTo((32767 / 128) * 1e-6 + 1 / 512, 6)
    expect(groups![1]!.clip).toBeCloseTo(10 / 512, 6)
  })

  it('can be one number for all values, also of a flat array', () => {
    const { tensors: _, ...rest } = task
    const plan = planRound({ ...rest, length: 3, clip: 2, adaptiveClip: { quantile: 1 } })
    expect(plan.groups).toMatchObject([{ name: '*', clip: 2, values: 3 }])
    const result = sumDirectly(plan, [
      [1, 0, 0],
      [2, 0, 0],
      [3, 0, 0],
      [0, -2, 0],
      [0, -9, 0],
    ])
    expect(result.within).toEqual({ '*': 0.6 })
    expect(result.mean[0]).toBeCloseTo(1, 3)
    const next = nextPlan(plan, result)
    expect(next.task.clip).toBe(Number((2 * Math.exp(4 * 0.4)).toPrecision(6)))
  })

  it('needs a plan with an adaptive clip, and an outcome of that plan', () => {
    const plan = planRound({ ...task, adaptiveClip: {} })
    const mean = new Float64Array(3)
    const within = { a: 1, b: 1 }
    const wrong: readonly (() => unknown)[] = [
      () => nextPlan(planRound(task), { mean, within }),
      () => nextPlan({ ...plan }, { mean, within }),
      () => nextPlan(plan, { mean: new Float64Array(2), within }),
      () => nextPlan(plan, { mean: [0, 0, 0] as never, within }),
      () => nextPlan(plan, { mean, within: { a: 1 } }),
      () => nextPlan(plan, { mean, within: { a: 1, b: Number.NaN } }),
      () => nextPlan(plan, { mean, within: undefined }),
      () => nextPlan(plan, undefined as never),
    ]
    for (const call of wrong) {
      expect(call).toThrow(expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }))
    }
  })

  it('refuses a sum in which more weight is within a clip than there is', () => {
    const plan = planRound({ ...task, adaptiveClip: {} })
    const hostile = sumDirectly(plan, updates)
    expect(hostile.within).toEqual({ a: 0.6, b: 0.6 })
    const round = openRound(plan, { sessionId: new Uint8Array(16) })
    const [values, weight] = encodeUpdate(updates[0]!, 3, round).input.vector
    const survivors = [0, 1, 2, 3, 4]
    const sum = [values!, weight!, Uint8Array.of(3, 4)]
    expect(() => decodeOutcome({ sum, configHash: round.config.hash, report: { survivors } }, round)).toThrow(
      expect.objectContaining({ code: 'input-out-of-range', fault: 'peer' }),
    )
  })
})

describe('an adaptive clip with privacy', () => {
  const goal = { epsilon: 8, delta: 1e-5, rounds: 20, bits: 16 }
  const cohort: RoundTask = { ...failures, clients: 100, tensors: { a: [40], b: [24] } }
  const clipNorm = { a: 1, b: 0.001 }
  const fixed = planRound({ ...cohort, privacy: { ...goal, clipNorm } })
  const adaptive = planRound({ ...cohort, privacy: { ...goal, clipNorm }, adaptiveClip: { share: 0.02 } })

  it('has the fractions in the same vector, with their share of the squared norm', () => {
    expect(fixed.privacy!.clip).toBeCloseTo(Math.SQRT2, 12)
    expect(adaptive.privacy!.clip).toBeCloseTo(Math.sqrt(2 / 0.98), 12)
    expect(adaptive.privacy!.length).toBe(66)
    expect(adaptive.privacy!.epsilon).toBeLessThanOrEqual(8)
    // ε is that of one sum of vectors of this norm; nothing is added for the fractions.
    const { length, clip, bits, noiseMultiplier, clients, minimumHonest, delta, rounds } = adaptive.privacy!
    const setting = { length, clip, bits, noiseMultiplier, clients, minimumHonest, delta, rounds }
    expect(analyzePrivacy(setting).epsilon).toBe(adaptive.privacy!.epsilon)
    // The price: noise on the mean grows by 1/√(1 − share).
    const growth = adaptive.privacy!.meanStandardDeviation / fixed.privacy!.meanStandardDeviation
    expect(growth).toBeCloseTo(1 / Math.sqrt(0.98), 2)
    // Andrew et al. (2021), theorem 1, for two groups: z_Δ^−2 + (2 σ_b)^−2 · 2 = z^−2, in units of the clips.
    const z = noiseMultiplier
    const values = z * clip
    const fractions = values / (2 * Math.sqrt(0.02 / 0.98))
    expect(2 / values ** 2 + 2 / (2 * fractions) ** 2).toBeCloseTo(1 / z ** 2, 10)
  })

  it('scales each group to its own norm, so that the noise follows the clip', () => {
    const [a, b] = adaptive.groups!
    expect(a!.standardDeviation! / b!.standardDeviation!).toBeCloseTo(1000, 9)
    const update = {
      a: { shape: [40], data: Array(40).fill(1) },
      b: { shape: [24], data: Array(24).fill(1e-5) },
    }
    const round = openRound(adaptive, { sessionId: new Uint8Array(16) })
    const { clipped, clipping } = encodeUpdate(update, 1, round)
    expect(clipped).toBe(true)
    expect(clipping).toMatchObject({ kind: 'norm', factor: 1 / Math.sqrt(40) })
    expect(clipping.kind === 'norm' && clipping.groups!.b).toEqual({
      norm: expect.closeTo(1e-5 * Math.sqrt(24), 12),
      factor: 1,
    })
    expect(() => encodeUpdate(update, 1, round, { onClip: 'refuse' })).toThrow('the L2 norm of the group "a"')
  })

  it('gives noisy fractions and means that are right on average', () => {
    const inside = {
      a: { shape: [40], data: Array(40).fill(0.1) },
      b: { shape: [24], data: Array(24).fill(1e-4) },
    }
    const outside = { a: { shape: [40], data: Array(40).fill(-3) }, b: inside.b }
    const updates = Array.from({ length: 100 }, (_, seat) => (seat < 30 ? outside : inside))
    const results = Array.from({ length: 30 }, (_, index) =>
      sumDirectly(adaptive, updates, { seed: index + 1 }),
    )
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, each) => sum + each, 0) / values.length
    const deviation = adaptive.privacy!.fractionStandardDeviation!
    const margin = (4 * deviation) / Math.sqrt(30)
    const fractions = results.map(({ within }) => within!.a!)
    expect(Math.abs(mean(fractions) - 0.7)).toBeLessThan(margin)
    expect(Math.abs(mean(results.map(({ within }) => within!.b!)) - 1)).toBeLessThan(margin)
    const square = mean(fractions.map((each) => (each - mean(fractions)) ** 2))
    expect(Math.sqrt(square) / deviation).toBeGreaterThan(0.5)
    expect(Math.sqrt(square) / deviation).toBeLessThan(1.5)
    const exact = (70 * 0.1 - 30 / Math.sqrt(40)) / 100
    const values = results.flatMap(({ tensors }) => [...tensors.a!.data])
    const spread = adaptive.groups![0]!.standardDeviation!
    expect(Math.abs(mean(values) - exact)).toBeLessThan((4 * spread) / Math.sqrt(values.length))
    const small = results.flatMap(({ tensors }) => [...tensors.b!.data])
    expect(Math.abs(mean(small) - 1e-4)).toBeLessThan((4 * spread) / 1000 / Math.sqrt(small.length))
    expect(results[0]!.standardDeviation).toBeCloseTo(spread, 12)
  })

  it('has a warning if clips would follow noise', () => {
    expect(adaptive.warnings.join(' ')).not.toContain('follow noise')
    const { privacy, ...rest } = adaptive.task
    const weak = planRound({ ...rest, privacy: { ...privacy!, epsilon: 0.05, rounds: 1 } })
    expect(weak.privacy!.fractionStandardDeviation).toBeGreaterThan(0.5)
    expect(weak.warnings.every((each) => typeof each === 'string')).toBe(true)
    expect(weak.warnings.join(' ')).toContain('The clips will follow noise rather than the updates')
  })

  it('moves towards the median of the norms, and the noise and ε stay as they are', () => {
    const norms = Array.from({ length: 100 }, (_, seat) => 0.01 * 1.05 ** (seat - 50))
    const updates = norms.map((norm) => ({
      a: { shape: [40], data: Array(40).fill(norm / Math.sqrt(40)) },
      b: { shape: [24], data: Array(24).fill(norm / 100) },
    }))
    let plan = planRound({ ...cohort, privacy: { ...goal, clipNorm: { '*': 1 } }, adaptiveClip: { rate: 1 } })
    const first = plan.privacy!
    for (let round = 0; round < 20; round++) {
      plan = nextPlan(plan, sumDirectly(plan, updates, { seed: round + 1 }))
      expect(plan.privacy).toEqual(first)
    }
    const median = Math.hypot(0.01, (0.01 / 100) * Math.sqrt(24))
    expect(plan.groups![0]!.clip / median).toBeGreaterThan(0.7)
    expect(plan.groups![0]!.clip / median).toBeLessThan(1.4)
  })
})
