import { openRound, planRound, proposeClips, type RoundTask, reportClipping } from 'secagg/federated'
import { describe, expect, it } from 'vitest'

const task: RoundTask = {
  tensors: { 'a/kernel': [4], 'a/bias': [2], b: [3] },
  clients: 10,
  adversary: 'honest-but-curious',
  dropoutFraction: 0.3,
  corruptFraction: 0.1,
  clip: { 'a/*': 0.1, '*': 10 },
  bitsPerValue: 8, // 127 levels on either side
}
const sessionId = new Uint8Array(16)
const update = {
  'a/kernel': { shape: [4], data: [0.1, -0.2, 0.0007, 0.0008] },
  'a/bias': { shape: [2], data: [0, 0.3] },
  b: { shape: [3], data: [0.07, -0.08, 10] },
}

describe('a report for the client', () => {
  it('counts by tensor what is clipped and what is below one step', () => {
    const report = reportClipping(update, openRound(planRound(task), { sessionId }))
    expect(report).toMatchObject([
      { name: 'a/bias', clip: 0.1, values: 2, largest: 0.3, clipped: 1, belowStep: 0 },
      { name: 'a/kernel', clip: 0.1, values: 4, largest: 0.2, clipped: 1, belowStep: 1 },
      { name: 'b', clip: 10, values: 3, largest: 10, clipped: 0, belowStep: 1 },
    ])
    expect(report[1]!.norm).toBeCloseTo(Math.hypot(0.1, 0.2, 0.0007, 0.0008), 12)
  })

  it('needs no groups, and no names', () => {
    const single = reportClipping(update, openRound(planRound({ ...task, clip: 10 }), { sessionId }))
    expect(single.map(({ clipped, belowStep }) => [clipped, belowStep])).toEqual([
      [0, 0],
      [0, 2],
      [0, 1],
    ])
    const { tensors: _, ...rest } = task
    const flat = planRound({ ...rest, length: 4, clip: 1 })
    expect(reportClipping([0, 1, -2, 0.001], openRound(flat, { sessionId }))).toMatchObject([
      { name: undefined, clip: 1, values: 4, largest: 2, clipped: 1, belowStep: 1 },
    ])
  })

  it('with privacy says which groups are scaled down', () => {
    const { clip: _, bitsPerValue: __, ...rest } = task
    const goal = { epsilon: 8, delta: 1e-5, rounds: 1 }
    const grouped = planRound({ ...rest, privacy: { ...goal, clipNorm: { 'a/*': 0.1, '*': 20 } } })
    expect(reportClipping(update, openRound(grouped, { sessionId })).map(({ clipped }) => clipped)).toEqual([
      2, 4, 0,
    ])
    const whole = planRound({ ...rest, privacy: { ...goal, clipNorm: 1 } })
    const report = reportClipping(update, openRound(whole, { sessionId }))
    expect(report.map(({ clipped }) => clipped)).toEqual([2, 4, 3])
    const noise = whole.privacy!.meanStandardDeviation
    const small = update.b.data.filter((value) => Math.abs(value) < noise).length
    expect(report[2]!.belowStep).toBe(small)
  })
})

describe('proposed clips', () => {
  it('are a multiple of the largest value of each tensor, or of the norm of each group', () => {
    expect(proposeClips(update)).toEqual({ 'a/bias': 2.4, 'a/kernel': 1.6, b: 80 })
    expect(proposeClips(update, { groups: ['a/*', 'b'], margin: 1 })).toEqual({ 'a/*': 0.3, b: 10 })
    const norms = proposeClips(update, { groups: ['*'], bounds: 'norm', margin: 1 })
    const norm = Math.hypot(0.1, 0.2, 0.3, 10)
    expect(norms['*']! / norm).toBeGreaterThanOrEqual(1)
    expect(norms['*']! / norm).toBeLessThan(1.1)
  })

  it('fit a plan in which nothing of the reference is clipped', () => {
    const plan = planRound({ ...task, clip: proposeClips(update, { margin: 1 }) })
    const report = reportClipping(update, openRound(plan, { sessionId }))
    expect(report.map(({ clipped }) => clipped)).toEqual([0, 0, 0])
  })

  it('give a tensor of zeros the smallest clip, and need some value', () => {
    const zeros = { shape: [2], data: [0, 0] }
    expect(proposeClips({ ...update, zeros }, { margin: 1 }).zeros).toBe(0.2)
    expect(() => proposeClips({ zeros })).toThrow('all values of the reference are 0')
    for (const options of [{ margin: 0 }, { bounds: 'norms' }, { margin: Number.NaN }, { groups: 'a' }]) {
      expect(() => proposeClips(update, options as never)).toThrow(
        expect.objectContaining({ name: 'SecAggError', fault: 'usage' }),
      )
    }
  })
})
