import {
  checkPlan,
  encodeUpdate,
  openRound,
  planRound,
  type RoundTask,
  reportClipping,
  streamUpdate,
  type Update,
} from 'secagg/federated'
import { createManifest, flatten } from 'secagg/tensors'
import { describe, expect, it, test } from 'vitest'
import { seededCrypto } from '../privacy/support.js'
import { named, randomOf } from '../support/seeded.js'
import { sumDirectly } from './direct-sum.js'
import { runFederated } from './support.js'

const tensors = {
  'conv1/kernel': [3, 3, 4],
  'conv1/bias': [4],
  'conv2/kernel': [3, 3, 8],
  'head/kernel': [16, 2],
} as const

const task: RoundTask = {
  tensors,
  clients: 10,
  adversary: 'honest-but-curious',
  dropoutFraction: 0.3,
  corruptFraction: 0.1,
  clip: { 'conv1/*': 0.02, 'head/kernel': 100, '*': 1 },
  maximumWeight: 100,
}

/** How large the values of each tensor are. */
const SIZES: Readonly<Record<string, number>> = {
  'conv1/kernel': 0.02,
  'conv1/bias': 0.01,
  'conv2/kernel': 1,
  'head/kernel': 100,
}

function updateOf(seed: number, factor = 1): Record<string, { shape: number[]; data: Float32Array }> {
  const random = randomOf(seed)
  return Object.fromEntries(
    Object.entries(tensors).map(([name, shape]) => {
      const length = shape.reduce((product, size) => product * size, 1)
      const size = SIZES[name]! * factor
      const data = Float32Array.from({ length }, () => (random.word() / 2 ** 31 - 1) * size)
      return [name, { shape: [...shape], data }]
    }),
  )
}

const updates = Array.from({ length: 10 }, (_, seat) => updateOf(seat))
const weights = [1, 100, 7, 50, 2, 99, 30, 3, 64, 12]

describe('a clip by group', () => {
  it('is stated by the plan, group by group', () => {
    const plan = planRound(task)
    expect(plan.groups).toMatchObject([
      { name: '*', clip: 1, tensors: 1, values: 72 },
      { name: 'conv1/*', clip: 0.02, tensors: 2, values: 40 },
      { name: 'head/kernel', clip: 100, tensors: 1, values: 32 },
    ])
    for (const { clip, step, errorBound } of plan.groups!) {
      expect(step! / clip).toBeCloseTo(1 / 32767, 12)
      expect(errorBound! / clip).toBeCloseTo(1 / 32767, 12)
    }
    expect(plan.explanation.join(' ')).toContain('("*": ±1, "conv1/*": ±0.02, "head/kernel": ±100)')
    const received: unknown = JSON.parse(JSON.stringify(plan))
    expect(checkPlan(received, { minimumCohort: 3, corruptFraction: 0.1, tensors: updates[0]! })).toEqual(
      plan,
    )
    expect(planRound(plan.task)).toEqual(plan)
  })

  it('gives every tensor the error of its own clip, in a round with dropouts', async () => {
    const plan = planRound(task)
    const stages = [9, 2, 9, 9, 0, 9, 3, 9, 1, 9]
    const sessionId = new Uint8Array(16)
    const { result } = await runFederated(plan, { sessionId, updates, weights, stages })
    const { survivors, totalWeight, tensors: means } = result!
    expect(survivors).toEqual([0, 2, 3, 5, 6, 7, 9])
    for (const [name, { data }] of Object.entries(means)) {
      const bound = SIZES[name] === 0.01 ? 0.02 : SIZES[name]!
      const distances = Array.from(data, (value, i) => {
        const exact = survivors.reduce(
          (sum, seat) => sum + updates[seat]![name]!.data[i]! * weights[seat]!,
          0,
        )
        return Math.abs(value - exact / totalWeight)
      })
      expect(Math.max(...distances)).toBeLessThan((bound / 32767) * 1.01)
      expect(Math.max(...distances)).toBeGreaterThan(0)
    }
    expect(result).toMatchObject({ within: undefined, coarse: [] })
  })

  it('clips each value to the clip of its group, and reports it in the units of the values', () => {
    const plan = planRound({ ...task, rounding: 'nearest' })
    const update = updateOf(1)
    update['conv1/bias']!.data.set([0.02, -0.02, 0.03, -5])
    update['head/kernel']!.data[0] = 101
    const round = openRound(plan, { sessionId: new Uint8Array(16) })
    const { clipped, clipping } = encodeUpdate(update, 1, round)
    expect(clipped).toBe(true)
    expect(clipping).toMatchObject({ kind: 'values', count: 3, largest: 101 })
    expect(clipping.kind === 'values' && clipping.excess).toBeCloseTo(0.01 + 4.98 + 1, 6)
    const { tensors: means } = sumDirectly(plan, [update, update, update, update, update, update, update])
    const bias = means['conv1/bias']!.data
    expect(Array.from(bias)).toEqual(Array.from(Float32Array.of(0.02, -0.02, 0.02, -0.02)))
    expect(means['head/kernel']!.data[0]).toBe(100)
    expect(() => encodeUpdate(update, 1, round, { onClip: 'refuse' })).toThrow(
      expect.objectContaining({
        code: 'input-out-of-range',
        message: 'a value of the group "conv1/*" is beyond its clip of 0.02',
        expected: 'at most 0.02',
      }),
    )
  })

  it('is the same when the update is streamed in slices', async () => {
    const sliced = planRound({ ...task, sliceLength: 64, adaptiveClip: {}, rounding: 'nearest' })
    const round = openRound(sliced, { sessionId: new Uint8Array(16) })
    const crypto = seededCrypto(1)
    const whole = encodeUpdate(updates[1]!, 7, round, { crypto })
    const { input, clipping } = streamUpdate(updates[1]!, 7, round, { crypto })
    expect(clipping).toEqual(whole.clipping)
    const count = sliced.segments.reduce((sum, { length }) => sum + length, 0)
    const parts = sliced.segments.map((): number[] => [])
    for (let from = 0; from < count; from += 64) {
      const vector = await input.vector({ from, to: Math.min(from + 64, count) })
      for (const [segment, lanes] of vector.entries()) parts[segment]!.push(...(lanes as Uint32Array))
    }
    expect(parts).toEqual(whole.input.vector.map((lanes) => Array.from(lanes as Uint32Array)))
    expect(parts[2]).toEqual([7, 7, 7])
  })

  it('scales an update down to it with privacy, even if the squares of its values are too large for a number', () => {
    const { clip: _, maximumWeight: __, ...rest } = task
    const privacy = { epsilon: 1000, delta: 1e-2, rounds: 1, clipNorm: { far: 1e-10, near: 1 } }
    const both = { far: { shape: [2], dtype: 'float64' }, near: [2] }
    const plan = planRound({ ...rest, tensors: both, dropoutFraction: 0, corruptFraction: 0, privacy })
    const round = openRound(plan, { sessionId: new Uint8Array(16) })
    const near = { shape: [2], data: [0.6, -0.2] }
    const far = (value: number): Update => ({
      far: { shape: [2], data: Float64Array.of(-0.6 * value, 0.8 * value) },
      near,
    })
    for (const value of [1, 1e160, 1e300, 1.5e308]) {
      const { mean } = sumDirectly(plan, Array(10).fill(far(value)))
      for (const [i, expected] of [-0.6e-10, 0.8e-10, 0.6, -0.2].entries()) {
        const { clip } = plan.groups![i < 2 ? 0 : 1]!
        expect(Math.abs(mean[i]! - expected) / clip).toBeLessThan(6 * plan.privacy!.meanStandardDeviation)
      }
      const [report] = reportClipping(far(value), round)
      expect(report!.norm / value).toBeCloseTo(1, 9)
    }
    const beyond = { far: { shape: [2], data: Float64Array.of(1.5e308, 1.5e308) }, near }
    expect(() => encodeUpdate(beyond, 1, round)).toThrow(
      expect.objectContaining({ code: 'input-out-of-range', message: expect.stringContaining('"far"') }),
    )
  })

  it('refuses values that are not finite, and names the tensor', () => {
    const round = openRound(planRound(task), { sessionId: new Uint8Array(16) })
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const update = updateOf(3)
      update['conv2/kernel']!.data[7] = value
      for (const encode of [encodeUpdate, streamUpdate]) {
        expect(() => encode(update, 1, round)).toThrow(`element 7 of tensor "conv2/kernel" is ${value}`)
      }
    }
  })
})

describe('patterns', () => {
  it.each([
    [
      'a tensor without a pattern',
      { 'conv1/*': 1, 'conv2/*': 1 },
      'tensor "head/kernel" matches no pattern of clip',
    ],
    ['two patterns', { 'conv*': 1, '*/kernel': 1, '*': 1 }, 'matches both "*/kernel" and "conv*" of clip'],
    [
      'a name and a pattern',
      { 'conv1/bias': 1, 'conv1/*': 2, '*': 1 },
      'matches both "conv1/*" and "conv1/bias"',
    ],
    [
      'a pattern for nothing',
      { 'conv3/*': 1, '*': 1 },
      '"conv3/*" of clip matches no tensor; the tensors are',
    ],
    ['an unused default', { 'c*': 1, 'h*': 1, '*': 1 }, '"*" of clip matches no tensor'],
    ['no clip', {}, 'clip must have 1 to 4096 patterns'],
    ['an empty pattern', { '': 1 }, 'clip must have 1 to 4096 patterns'],
    ['a clip of 0', { '*': 0 }, '"*" of clip must be a number from 1e-30 to 1e+30'],
    ['a clip that is not a number', { '*': '1' as never }, '"*" of clip must be a number'],
  ])('refuse %s', (_, clip, message) => {
    expect(() => planRound({ ...task, clip })).toThrow(
      expect.objectContaining({
        code: 'invalid-configuration',
        fault: 'usage',
        message: expect.stringContaining(message),
      }),
    )
  })

  it('match with any number of wildcards', async () => {
    const clips: Readonly<Record<string, readonly string[]>> = {
      'conv1/bias': ['conv1/bias'],
      '*': Object.keys(tensors),
      '**': Object.keys(tensors),
      '*1/*s': ['conv1/bias'],
      'c*v*k*l': ['conv1/kernel', 'conv2/kernel'],
      '*kernel': ['conv1/kernel', 'conv2/kernel', 'head/kernel'],
      'h*d/kern*el': ['head/kernel'],
    }
    for (const [pattern, expected] of Object.entries(clips)) {
      await named(pattern, () => {
        const rest = Object.keys(tensors).filter((name) => !expected.includes(name))
        const clip = Object.fromEntries([[pattern, 2], ...rest.map((name) => [name, 1])])
        const { groups } = planRound({ ...task, clip })
        expect(groups!.find(({ name }) => name === pattern)!.tensors).toBe(expected.length)
      })
    }
    // The end of a name does not count twice.
    expect(() => planRound({ ...task, tensors: { aba: [1] }, clip: { 'ab*ba': 1 } })).toThrow('matches no')
  })

  it('are refused if there is nothing with a name', () => {
    const { tensors: _, ...rest } = task
    for (const part of [{ clip: { '*': 1 } }, { exclude: ['a'] }, { nonNegative: ['a'] }]) {
      expect(() => planRound({ ...rest, length: 5, ...{ clip: 1 }, ...part })).toThrow(
        'only tensors have names',
      )
    }
  })

  it('of a server that are too many to compare are refused before any comparison', () => {
    const many = Object.fromEntries(Array.from({ length: 4000 }, (_, i) => [`${'*a'.repeat(400)}${i}`, 1]))
    const long = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${'a'.repeat(60000)}${i}`, [1]]))
    const hostile = { ...task, tensors: long, clip: many }
    expect(() => checkPlan(hostile, { minimumCohort: 2, corruptFraction: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid-configuration', fault: 'server' }),
    )
  })
})

test('a model of many tensors can have a clip for each', () => {
  // The names times the patterns are more than a client would compare, but whole names are looked up.
  const names = Array.from({ length: 3000 }, (_, i) => `model/layers/${i}/${'block/'.repeat(5)}kernel`)
  const tensors = Object.fromEntries(names.map((name) => [name, [1]]))
  const clip = Object.fromEntries(names.map((name) => [name, 0.5]))
  const plan = planRound({ ...task, tensors, clip })
  expect(plan.groups).toHaveLength(3000)
})

test('a plan with groups from a server is derived again, and every difference is named', async () => {
  const adaptive = { quantile: 0.8, rate: 0.5 }
  const plan = planRound({
    ...task,
    adaptiveClip: adaptive,
    exclude: ['conv2/*'],
    nonNegative: ['conv1/bias'],
    clip: { 'conv1/*': 0.02, '*': 1 },
  })
  const requirements = { minimumCohort: 3, corruptFraction: 0.1 }
  expect(checkPlan(JSON.parse(JSON.stringify(plan)), requirements)).toEqual(plan)
  // biome-ignore lint/suspicious/noExplicitAny: a server may send anything.
  const changes: Readonly<Record<string, (plan: any) => void>> = {
    'a clip': (plan) => (plan.groups[0].clip = 2),
    'a step': (plan) => (plan.groups[1].step *= 2),
    'a bound': (plan) => (plan.groups[1].errorBound /= 2),
    'a name': (plan) => (plan.groups[1].name = 'conv'),
    'no groups': (plan) => delete plan.groups,
    'a group more': (plan) => plan.groups.push(plan.groups[0]),
    'no fractions': (plan) => plan.segments.pop(),
    'the bound of a fraction': (plan) => (plan.segments[2].bound = 2),
    'another clip in the task': (plan) => (plan.task.clip['*'] = 3),
    'a list of clips': (plan) => (plan.task.clip = [1, 2]),
    'a clip that is null': (plan) => (plan.task.clip['*'] = null),
    'a negative clip': (plan) => (plan.task.clip['*'] = -1),
    'a huge clip': (plan) => (plan.task.clip['*'] = 1e300),
    'a quantile above 1': (plan) => (plan.task.adaptiveClip.quantile = 1.5),
    'a rate of 0': (plan) => (plan.task.adaptiveClip.rate = 0),
    'a share without privacy': (plan) => (plan.task.adaptiveClip.share = 0.1),
    'an unknown part': (plan) => (plan.task.adaptiveClip.speed = 1),
    'adaptiveClip true': (plan) => (plan.task.adaptiveClip = true),
    'adaptiveClip null': (plan) => (plan.task.adaptiveClip = null),
    'excluded as text': (plan) => (plan.task.exclude = 'conv2/*'),
    'excluded numbers': (plan) => (plan.task.exclude = [1]),
    'everything excluded': (plan) => (plan.task.exclude = ['*']),
    'nothing excluded': (plan) => (plan.task.exclude = []),
    'the same pattern twice': (plan) => (plan.task.nonNegative = ['*', '*']),
    'non-negative tensors that are excluded': (plan) => (plan.task.nonNegative = ['conv2/*']),
    'tensors of another type': (plan) => (plan.task.tensors['conv1/bias'] = { shape: [4], dtype: 'int8' }),
  }
  for (const [change, apply] of Object.entries(changes)) {
    await named(change, () => {
      const hostile = JSON.parse(JSON.stringify(plan))
      apply(hostile)
      expect(() => checkPlan(hostile, requirements)).toThrow(
        expect.objectContaining({
          name: 'SecAggError',
          fault: 'server',
          code: expect.stringMatching(/^(configuration-mismatch|invalid-configuration|invalid-argument)$/),
        }),
      )
    })
  }
})

describe('excluded tensors', () => {
  const model = { ...updateOf(1), 'norm/moving_variance': { shape: [4], data: Float32Array.of(1, 2, 3, 4) } }
  const counter = { shape: [1], dtype: 'int32', data: Int32Array.of(5) } as never

  it('are not in the mean, whether or not an update has them, and can have any type', () => {
    const plan = planRound({
      ...task,
      tensors: { ...model, iter: counter },
      exclude: ['norm/*', 'iter'],
    })
    expect(plan.length).toBe(144)
    expect(plan.warnings.join(' ')).not.toContain('variance')
    const received = JSON.parse(JSON.stringify(plan))
    const own: Update = { ...model, iter: counter }
    const requirements = { minimumCohort: 3, corruptFraction: 0.1, tensors: own }
    expect(checkPlan(received, requirements)).toEqual(plan)
    const many = Array.from({ length: 7 }, (_, seat) => (seat % 2 === 0 ? own : updateOf(seat)))
    const { tensors: means } = sumDirectly(plan, many)
    expect(Object.keys(means)).toEqual(['conv1/bias', 'conv1/kernel', 'conv2/kernel', 'head/kernel'])
    const round = openRound(plan, { sessionId: new Uint8Array(16) })
    expect(() => encodeUpdate({ ...own, other: model['norm/moving_variance'] }, 1, round)).toThrow(
      'tensor "other" is not in the manifest',
    )
  })

  it('are what a plan recommends for variances and counters, by their names', () => {
    const names = [
      'bn/moving_variance',
      'layer1.0.bn1.running_var',
      'batch_normalization/moving_variance',
      'bn1.num_batches_tracked',
      'Adam/iter',
    ]
    const shapes = Object.fromEntries(names.map((name) => [name, [4]]))
    const { warnings } = planRound({ ...task, clip: 1, tensors: { ...tensors, ...shapes } })
    expect(warnings).toEqual([
      '"batch_normalization/moving_variance", "bn/moving_variance", "layer1.0.bn1.running_var" are variances by name. The ' +
        'differences of other clients can make a variance negative, and the model then predicts NaN. Name such tensors in ' +
        'nonNegative, or leave them out with exclude.',
      '"Adam/iter", "bn1.num_batches_tracked" are counters by name. A mean of counters is not a counter. Leave them out with ' +
        'exclude.',
    ])
    const guarded = { nonNegative: ['*var*'], exclude: ['*num_batches*', '*iter'] }
    expect(planRound({ ...task, clip: 1, tensors: { ...tensors, ...shapes }, ...guarded }).warnings).toEqual(
      [],
    )
    const innocent = ['variable_1', 'kernel_var_names', 'iterable', 'moving_mean', 'covariance']
    const others = Object.fromEntries(innocent.map((name) => [name, [4]]))
    expect(planRound({ ...task, clip: 1, tensors: others }).warnings).toEqual([])
  })
})

describe('non-negative tensors', () => {
  const shapes = { kernel: [2], 'bn/moving_variance': [3] }
  const noisy: RoundTask = { ...task, tensors: shapes, clip: 1, nonNegative: ['*variance'] }
  const update = {
    kernel: { shape: [2], data: [-0.5, -0.5] },
    'bn/moving_variance': { shape: [3], data: [-0.5, 0.5, -1] },
  }
  const model = {
    kernel: { shape: [2], data: [0, 0] },
    'bn/moving_variance': { shape: [3], data: [0.25, 1, 2] },
  }

  it('stay at 0 or above when the mean is added to the model', () => {
    const { tensors: means } = sumDirectly(planRound(noisy), Array(7).fill(update), { addedTo: model })
    const [first, second, third] = means['bn/moving_variance']!.data
    expect(first).toBe(-0.25)
    expect(second).toBeCloseTo(0.5, 3)
    expect(third).toBe(-1)
    expect(means.kernel!.data[0]).toBeCloseTo(-0.5, 3)
  })

  it('are raised to 0 if updates are the tensors themselves', () => {
    const { mean } = sumDirectly(planRound(noisy), Array(7).fill(update), { addedTo: 'nothing' })
    expect([mean[0], mean[2]]).toEqual([0, 0])
    expect(mean[1]).toBeCloseTo(0.5, 3)
  })

  it('need to know what the mean is added to', () => {
    const plan = planRound(noisy)
    for (const addedTo of [undefined, 'everything', { kernel: model.kernel }, 7]) {
      expect(() => sumDirectly(plan, Array(7).fill(update), { addedTo: addedTo as never })).toThrow(
        expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }),
      )
    }
  })

  it.each(['float32', 'float16', 'bfloat16'] as const)(
    'are never negative after rounding to %s, if the model has more digits',
    (dtype) => {
      // A model that is kept in double precision, and updates that set every variance to 0.
      const variances = [0.1, 1 / 3, 1e-3, 1e-9, 7e-46, 2.1, -0.7, 65504 * 0.99]
      const length = variances.length
      const tensors = { 'bn/moving_variance': { shape: [length], dtype } }
      const plan = planRound({ ...noisy, tensors, clip: 1e5, bitsPerValue: 32 })
      const down = { 'bn/moving_variance': { shape: [length], data: variances.map((value) => -value - 1) } }
      const addedTo = { 'bn/moving_variance': { shape: [length], data: variances } }
      const { tensors: means } = sumDirectly(plan, Array(7).fill(down), { addedTo })
      const mean = flatten({ variance: means['bn/moving_variance']! }, createManifest({ variance: [length] }))
      for (const [i, value] of variances.entries()) {
        expect(value + mean[i]!, `${value}`).toBeGreaterThanOrEqual(0)
        expect(value + mean[i]!, `${value}`).toBeLessThanOrEqual(Math.abs(value) * 2 ** -7 + 2 ** -24)
      }
    },
  )

  it('are never negative under noise', () => {
    const privacy = { epsilon: 8, delta: 1e-5, rounds: 1, clipNorm: 1 }
    const { clip: _, maximumWeight: __, ...rest } = noisy
    const plan = planRound({ ...rest, privacy })
    expect(planRound({ ...rest, nonNegative: undefined, privacy }).warnings.join(' ')).toContain(
      'Noise can make a variance',
    )
    for (let seed = 1; seed <= 5; seed++) {
      const { tensors: means } = sumDirectly(plan, Array(7).fill(update), { seed, addedTo: model })
      const sums = means['bn/moving_variance']!.data.map(
        (value, i) => value + model['bn/moving_variance'].data[i]!,
      )
      expect(Math.min(...sums)).toBeGreaterThanOrEqual(0)
    }
  })
})
