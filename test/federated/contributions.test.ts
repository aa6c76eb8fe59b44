import {
  checkPlan,
  decodeOutcome,
  encodeUpdate,
  openRound,
  planRound,
  type RoundTask,
  streamUpdate,
} from 'secagg/federated'
import { describe, expect, it } from 'vitest'
import { seededCrypto } from '../privacy/support.js'
import { named } from '../support/seeded.js'
import { sumDirectly } from './direct-sum.js'
import { runFederated } from './support.js'

const sessionId = new Uint8Array(16)
const LENGTH = 100

const task: RoundTask = {
  length: LENGTH,
  clients: 6,
  adversary: 'honest-but-curious',
  dropoutFraction: 0.2,
  corruptFraction: 0,
  clip: 1,
  maximumWeight: 9,
  contributions: { minimum: 3 },
}

/** An update that is 0 except at these elements. */
function sparse(...elements: number[]): number[] {
  const update = Array<number>(LENGTH).fill(0)
  for (const element of elements) update[element] = 0.5
  return update
}

const updates = [sparse(0, 1, 2), sparse(0, 1), sparse(0, 99), sparse(0, 1, 99), sparse(0, 2, 99), sparse(5)]

describe('elements with few contributors', () => {
  it('are withheld; the counts travel with the sum, in a round with dropouts', async () => {
    const plan = planRound(task)
    expect(plan.segments.map(({ length, bits, bound }) => [length, bits, bound])).toEqual([
      [100, 22, 589807],
      [1, 6, 10],
      [100, 3, 2],
    ])
    const weights = [1, 2, 3, 4, 5, 6]
    const { result } = await runFederated(plan, { sessionId, updates, weights, stages: [9, 9, 9, 9, 9, 2] })
    const { mean, contributions, survivors, totalWeight } = result!
    expect(survivors).toEqual([0, 1, 2, 3, 4])
    expect(totalWeight).toBe(15)
    const { counts, withheld } = contributions!
    expect([0, 1, 2, 5, 99].map((i) => counts[i])).toEqual([5, 3, 2, 0, 3])
    expect(mean[0]).toBeCloseTo(0.5, 4)
    expect(mean[1]).toBeCloseTo((0.5 * (1 + 2 + 4)) / 15, 4)
    expect(mean[99]).toBeCloseTo((0.5 * (3 + 4 + 5)) / 15, 4)
    expect(mean[2]).toBe(0)
    expect(withheld).toBe(97)
    expect(plan.explanation.join(' ')).toContain('fewer than 3 clients contributed are withheld')
    expect(plan.explanation.join(' ')).toContain('The server sees all counts')
  })

  it('do not count clients of weight 0', () => {
    const { contributions } = sumDirectly(planRound(task), updates, { weights: [1, 0, 1, 1, 1, 1] })
    expect(contributions!.counts[1]).toBe(2)
  })

  it('are counted in the same way when the update is streamed, with all other parts', async () => {
    const plan = planRound({ ...task, adaptiveClip: {}, rounding: 'nearest', sliceLength: 64 })
    expect(plan.segments.map(({ length }) => length)).toEqual([100, 1, 1, 100])
    const round = openRound(plan, { sessionId })
    const crypto = seededCrypto(1)
    const whole = encodeUpdate(updates[3]!, 7, round, { crypto }).input.vector
    const { input } = streamUpdate(updates[3]!, 7, round, { crypto })
    const parts = plan.segments.map((): number[] => [])
    for (let from = 0; from < 202; from += 64) {
      const vector = await input.vector({ from, to: Math.min(from + 64, 202) })
      for (const [segment, lanes] of vector.entries()) parts[segment]!.push(...(lanes as Uint32Array))
    }
    expect(parts).toEqual(whole.map((lanes) => Array.from(lanes as Uint32Array)))
  })

  it('have a warning if the minimum cohort is smaller than the minimum', () => {
    const plan = planRound({ ...task, contributions: { minimum: 6 } })
    expect(plan.minimumCohort).toBe(5)
    expect(plan.warnings.join(' ')).toContain('minimum cohort of 5 is left, every element is withheld')
    expect(planRound({ ...task, contributions: { minimum: 5 } }).warnings).toEqual(planRound(task).warnings)
  })

  it('with a count that is impossible are an error of a peer', () => {
    const plan = planRound({ ...task, clients: 4, dropoutFraction: 0 })
    const round = openRound(plan, { sessionId })
    const [values, weight, counts] = encodeUpdate(updates[0]!, 9, round).input.vector
    counts![7] = 5
    const outcome = {
      sum: [values!, weight!, counts!],
      configHash: round.config.hash,
      report: { survivors: [0, 1, 2, 3] },
    }
    expect(() => decodeOutcome(outcome, round)).toThrow(
      expect.objectContaining({ code: 'input-out-of-range', fault: 'peer' }),
    )
  })
})

describe('contributions with privacy', () => {
  const goal = { epsilon: 50, delta: 1e-5, rounds: 1, clipNorm: 1, bits: 18 }
  const { clip: _, maximumWeight: __, ...rest } = task
  const cohort: RoundTask = { ...rest, clients: 400, dropoutFraction: 0, privacy: goal }
  const contributions = { minimum: 60, perClient: 3, share: 0.3 }

  it('are in the same vector, with their share of the squared norm', () => {
    const plan = planRound({ ...cohort, contributions, adaptiveClip: { share: 0.1 } })
    const { clip, length, sumStandardDeviation, countStandardDeviation } = plan.privacy!
    expect(length).toBe(201)
    expect(clip).toBeCloseTo(Math.sqrt(1 / 0.6), 12)
    expect(countStandardDeviation).toBeCloseTo(sumStandardDeviation / Math.sqrt((0.3 * clip * clip) / 3), 9)
    expect(checkPlan(JSON.parse(JSON.stringify(plan)), { minimumCohort: 2, corruptFraction: 0 })).toEqual(
      plan,
    )
    // No update that encoding accepts gives a longer vector: all parts at their limits fill the norm exactly.
    const factor = 2 * Math.sqrt(0.1 * clip * clip)
    expect(1 + (factor / 2) ** 2 + 3 * ((0.3 * clip * clip) / 3)).toBeCloseTo(clip * clip, 12)
  })

  it('may have shares that add up to 0.95 as decimal numbers, also if their doubles are above it', () => {
    for (const [counts, fractions] of [
      [0.9, 0.05],
      [0.7, 0.25],
      [0.55, 0.4],
      [0.85, 0.1],
    ] as const) {
      const shares = {
        contributions: { ...contributions, share: counts },
        adaptiveClip: { share: fractions },
      }
      expect(planRound({ ...cohort, ...shares }).privacy!.clip).toBeCloseTo(Math.sqrt(20), 9)
      const more = { ...shares, adaptiveClip: { share: fractions + 1e-6 } }
      expect(() => planRound({ ...cohort, ...more })).toThrow('leave too little for the values')
    }
  })

  it('give noisy counts, by which elements are withheld', () => {
    const plan = planRound({ ...cohort, contributions })
    const many = Array.from({ length: 400 }, (_, seat) =>
      sparse(0, ...(seat < 200 ? [1] : []), 10 + (seat % 50)),
    )
    const { mean, contributions: found } = sumDirectly(plan, many)
    const deviation = plan.privacy!.countStandardDeviation!
    const exact = many.reduce(
      (sum, update) => sum.map((count, i) => count + Number(update[i] !== 0)),
      sparse().map(() => 0),
    )
    const errors = exact.map((count, i) => (found!.counts[i]! - count) / deviation)
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(5)
    const square = errors.reduce((sum, each) => sum + each * each, 0) / errors.length
    expect(square).toBeGreaterThan(0.3)
    expect(square).toBeLessThan(1.5)
    const withheld = [...found!.counts].filter((count) => count < 60).length
    expect(found!.withheld).toBe(withheld)
    expect([...mean].filter((value) => value === 0).length).toBe(withheld)
    expect(mean[0]).not.toBe(0)
  })

  it('have a warning if noise decides which elements are withheld', () => {
    const plan = planRound({ ...cohort, contributions })
    expect(plan.privacy!.countStandardDeviation).toBeLessThan(30)
    expect(plan.warnings.join(' ')).not.toContain('withheld')
    const weak = { ...goal, epsilon: 5 }
    const noisy = planRound({ ...cohort, privacy: weak, contributions: { ...contributions, minimum: 3 } })
    expect(noisy.warnings.join(' ')).toContain('Noise decides which elements are withheld')
    expect(noisy.warnings.join(' ')).toContain('and the minimum is 3.')
  })

  it('refuse an update with more elements than the plan allows', () => {
    const round = openRound(planRound({ ...cohort, contributions }), { sessionId })
    expect(() => encodeUpdate(sparse(1, 2, 3, 4), 1, round)).toThrow(
      expect.objectContaining({
        code: 'input-out-of-range',
        message: 'the update has 4 values that are not 0, but the plan allows 3; keep only the largest',
      }),
    )
  })

  it('are refused if a part is missing, unknown or out of its range, also in a plan of a server', async () => {
    const wrong: readonly (readonly [RoundTask, string])[] = [
      [{ ...task, contributions: {} as never }, 'minimum of contributions'],
      [{ ...task, contributions: { minimum: 1 } }, 'a whole number from 2 to 6'],
      [{ ...task, contributions: { minimum: 7 } }, 'a whole number from 2 to 6'],
      [{ ...task, contributions: { minimum: 2.5 } }, 'a whole number from 2 to 6'],
      [{ ...task, contributions: { minimum: 3, perClient: 2 } }, 'parts of a privacy target'],
      [{ ...task, contributions: { minimum: 3, least: 2 } as never }, 'unknown key "least"'],
      [{ ...task, contributions: 3 as never }, 'contributions of a task must be an object'],
      [{ ...cohort, contributions: { minimum: 3 } }, 'contributions need perClient'],
      [{ ...cohort, contributions: { ...contributions, perClient: 0 } }, 'perClient of contributions'],
      [{ ...cohort, contributions: { ...contributions, perClient: 101 } }, 'a whole number from 1 to 100'],
      [{ ...cohort, contributions: { ...contributions, share: 1 } }, 'share of contributions'],
      [
        { ...cohort, contributions: { ...contributions, share: 0.9 }, adaptiveClip: { share: 0.1 } },
        'the shares of adaptiveClip and contributions',
      ],
    ]
    for (const [bad, message] of wrong) {
      await named(message, () => {
        expect(() => planRound(bad)).toThrow(message)
        expect(() => checkPlan(bad, { minimumCohort: 2, corruptFraction: 0 })).toThrow(
          expect.objectContaining({ fault: 'server', code: 'invalid-configuration' }),
        )
      })
    }
  })
})
