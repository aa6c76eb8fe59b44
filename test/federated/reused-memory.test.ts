import {
  type DecodeOptions,
  decodeOutcome,
  encodeUpdate,
  type MeanArrays,
  openRound,
  planRound,
  type RoundPlan,
  type RoundTask,
  type Update,
} from 'secagg/federated'
import { createVector } from 'secagg/vector'
import { describe, expect, it } from 'vitest'
import { seededCrypto } from '../privacy/support.js'
import { thrownBy } from '../support/refusals.js'
import { randomOf } from '../support/seeded.js'
import { sumDirectly } from './direct-sum.js'
import { privateTask, task, updateOf } from './support.js'

const mixed = {
  empty: { shape: [0], dtype: 'float32' },
  kernel: { shape: [50, 60], dtype: 'float32' },
  precise: { shape: [5], dtype: 'float64' },
  half: { shape: [3, 2], dtype: 'float16' },
} as const

function mixedUpdate(seed: number): Update {
  const random = randomOf(seed)
  const next = (): number => random.word() / 2 ** 31 - 1
  return {
    empty: { shape: [0], data: new Float32Array(0) },
    kernel: { shape: [50, 60], data: Float32Array.from({ length: 3000 }, next) },
    precise: { shape: [5], data: Float64Array.from({ length: 5 }, next), dtype: 'float64' },
    half: {
      shape: [3, 2],
      data: Uint16Array.from({ length: 6 }, () => random.below(0x3c00)),
      dtype: 'float16',
    },
  }
}

const flat = (seed: number): Update => {
  const random = randomOf(seed)
  return Float64Array.from({ length: 34 }, () => (random.below(3) === 0 ? 0 : random.word() / 2 ** 31 - 1))
}

const { tensors: _, ...withoutTensors } = task
const { tensors: __, ...privateWithoutTensors } = privateTask
const contributions = { minimum: 2 }

const CASES: Record<string, [RoundTask, (seed: number) => Update]> = {
  'one array': [{ ...withoutTensors, length: 34 }, flat],
  tensors: [task, updateOf],
  'tensors of all types': [{ ...task, tensors: mixed }, mixedUpdate],
  'a clip for each group, and contributions': [
    { ...task, clip: { '*kernel': 1, '*': 0.5 }, adaptiveClip: {}, contributions },
    updateOf,
  ],
  'privacy, one array': [{ ...privateWithoutTensors, length: 34 }, flat],
  'privacy, tensors': [privateTask, updateOf],
  'privacy, a clip for each group, and contributions': [
    {
      ...privateTask,
      privacy: { ...privateTask.privacy!, clipNorm: { '*kernel': 1, '*': 0.5 } },
      adaptiveClip: {},
      contributions: { ...contributions, perClient: 34 },
    },
    updateOf,
  ],
}

/** The arrays of a result, which is where it is in memory. */
function arraysOf({ mean, tensors, contributions: counted }: MeanArrays): readonly ArrayBufferView[] {
  return [mean, ...Object.values(tensors).map(({ data }) => data), ...(counted ? [counted.counts] : [])]
}

const openedAs = (plan: RoundPlan, seed: number) =>
  openRound(plan, { sessionId: new Uint8Array(16).fill(seed) })

const invalid = (message: string) => ({
  code: 'invalid-argument',
  fault: 'usage',
  message: expect.stringContaining(message),
})

describe.each(Object.entries(CASES))(
  'a training loop that reuses its memory: %s',
  (_name, [given, updateFor]) => {
    const plan = planRound(given)
    const updates = (round: number): Update[] =>
      Array.from({ length: 10 }, (_, seat) => updateFor(100 * round + seat))

    it('encodes the same inputs, in the same memory each time', () => {
      const into = createVector(plan.segments)
      for (const seed of [1, 2, 3]) {
        const round = openedAs(plan, seed)
        const fresh = encodeUpdate(updateFor(seed), 1, round, { crypto: seededCrypto(seed) })
        const reused = encodeUpdate(updateFor(seed), 1, round, { crypto: seededCrypto(seed), into })
        expect(reused.input.vector).toBe(into)
        expect(reused).toEqual(fresh)
      }
    })

    it('decodes the same means, in the same memory each time', () => {
      let result = sumDirectly(plan, updates(0))
      const memory = arraysOf(result)
      for (const seed of [1, 2, 3]) {
        const fresh = sumDirectly(plan, updates(seed), { seed })
        result = sumDirectly(plan, updates(seed), { seed, into: result })
        expect(result).toEqual(fresh)
        for (const [index, array] of arraysOf(result).entries()) expect(array).toBe(memory[index])
      }
    })

    it('keeps an old input, or clears it, if an update is refused', () => {
      const into = createVector(plan.segments)
      const round = openedAs(plan, 1)
      encodeUpdate(updateFor(1), 1, round, { crypto: seededCrypto(1), into })
      const old = into.map((lanes) => [...lanes])
      const broken = updateFor(2)
      const array =
        broken instanceof Float64Array ? broken : (Object.values(broken).at(-1) as { data: number[] }).data
      array[array.length - 1] = array instanceof Uint16Array ? 0x7c00 : Number.NaN
      expect(thrownBy(() => encodeUpdate(broken, 1, round, { into }))).toMatchObject({
        code: 'input-out-of-range',
      })
      for (const [index, lanes] of into.entries()) {
        expect([old[index], old[index]!.map((lane) => (typeof lane === 'bigint' ? 0n : 0))]).toContainEqual([
          ...lanes,
        ])
      }
    })

    it('refuses memory of another plan, and the memory of the update', () => {
      const other = createVector([...plan.segments, { length: 1, bits: 8 }])
      const round = openedAs(plan, 1)
      expect(thrownBy(() => encodeUpdate(updateFor(1), 1, round, { into: other }))).toMatchObject(
        invalid(`into must be a list of ${plan.segments.length} arrays`),
      )
      const update = updateFor(1)
      const data =
        update instanceof Float64Array
          ? update
          : (Object.values(update).at(-1) as { data: Float32Array }).data
      const memory = new ArrayBuffer(8 * plan.length + 64)
      const on = createVector(plan.segments)
      const lanes = on[0]!
      const shared = [
        new (lanes.constructor as Uint32ArrayConstructor)(memory, 0, lanes.length),
        ...on.slice(1),
      ]
      const moved = new (data.constructor as Float64ArrayConstructor)(memory, 0, data.length)
      moved.set(data as Float64Array)
      const same =
        update instanceof Float64Array
          ? moved
          : { ...update, [Object.keys(update).at(-1)!]: { ...Object.values(update).at(-1), data: moved } }
      expect(thrownBy(() => encodeUpdate(same as Update, 1, round, { into: shared }))).toMatchObject(
        invalid('must not overlap'),
      )
      expect(moved).toEqual(data)
    })

    it('refuses arrays of another plan, and arrays in the memory of each other', () => {
      const result = sumDirectly(plan, updates(0))
      const wrong: [object, string][] = [
        [{ ...result, mean: result.mean.subarray(1) }, `the mean of into must have ${plan.length} elements`],
        [
          { ...result, mean: new Float32Array(plan.length) },
          'the mean of into must be a Float64Array, not Float32Array',
        ],
      ]
      const [first] = Object.keys(result.tensors).reverse()
      if (first !== undefined) {
        const { [first]: gone, ...rest } = result.tensors
        wrong.push([{ ...result, tensors: rest }, `into has no tensor "${first}"`])
        const data = new Uint8Array(gone!.data.length)
        wrong.push([
          { ...result, tensors: { ...rest, [first]: { data } } },
          `tensor "${first}" of into must be a`,
        ])
      }
      if (result.contributions !== undefined) {
        wrong.push([{ ...result, contributions: undefined }, 'the contributions of into must be an object'])
        wrong.push([{ ...result, contributions: { counts: result.mean } }, 'must not overlap'])
      }
      const before = structuredClone(arraysOf(result))
      for (const [into, message] of wrong) {
        expect(thrownBy(() => sumDirectly(plan, updates(1), { into: into as MeanArrays }))).toMatchObject(
          invalid(message),
        )
      }
      expect(arraysOf(result)).toEqual(before)
    })
  },
)

describe('arrays of an old mean', () => {
  it('are cleared, and never hold a part of a result, if an outcome is refused', () => {
    const plan = planRound({ ...withoutTensors, length: 34, contributions })
    const round = openedAs(plan, 1)
    const updates = Array.from({ length: 10 }, (_, seat) => flat(seat))
    const result = sumDirectly(plan, updates)
    const { vector } = encodeUpdate(updates[0]!, 1, round).input
    const outcome = {
      configHash: round.config.hash,
      report: { survivors: Array.from({ length: 10 }, (_, seat) => seat) },
    }
    // An element that is too large is found while the mean is computed, an impossible count after it.
    for (const [segment, element] of [
      [0, 33],
      [2, 33],
    ] as const) {
      const sum = vector.map((lanes) => lanes.slice())
      sum[segment]!.fill(15 as never, element)
      if (segment === 0) sum[0]!.fill((2 ** 26) as never, element)
      result.mean.fill(1)
      expect(thrownBy(() => decodeOutcome({ ...outcome, sum }, round, { into: result }))).toMatchObject({
        code: 'input-out-of-range',
        fault: 'peer',
      })
      expect(new Set(result.mean)).toEqual(new Set([0]))
      expect(new Set(result.contributions!.counts)).toEqual(new Set([0]))
    }
    // The outcome of another round is refused before anything is written.
    result.mean.fill(1)
    expect(
      thrownBy(() => decodeOutcome({ ...outcome, sum: vector }, openedAs(plan, 2), { into: result })),
    ).toMatchObject({ code: 'configuration-mismatch' })
    expect(new Set(result.mean)).toEqual(new Set([1]))
  })
})

describe('the model that a mean is added to', () => {
  it('is refused in the memory of the result, and does not change', () => {
    const plan = planRound({ ...task, nonNegative: ['dense/bias'] })
    const updates = Array.from({ length: 10 }, (_, seat) => updateOf(seat))
    const model = updateOf(50)
    const into = sumDirectly(plan, updates, { addedTo: model })
    const before = structuredClone(model)
    const onMean = { shape: [2], data: into.mean.subarray(32) }
    const wrong: [DecodeOptions['addedTo'], MeanArrays][] = [
      [{ ...model, 'dense/bias': onMean }, into],
      [new Map(Object.entries({ ...model, 'dense/bias': onMean })), into],
      [model, { ...into, tensors: { ...into.tensors, 'dense/bias': model['dense/bias'] } }],
    ]
    for (const [addedTo, memory] of wrong) {
      expect(thrownBy(() => sumDirectly(plan, updates, { addedTo, into: memory }))).toMatchObject(
        invalid('must not overlap'),
      )
    }
    expect(model).toEqual(before)
    const fresh = sumDirectly(plan, updates, { addedTo: model })
    // An iterator can be read only once.
    expect(sumDirectly(plan, updates, { addedTo: Object.entries(model).values(), into })).toEqual(fresh)
  })
})

describe('tensors that are read where they are', () => {
  it('give the input of the same values in one array, in every order of tensors and lengths', () => {
    const random = randomOf(5)
    for (let turn = 0; turn < 20; turn++) {
      const lengths = Array.from({ length: 1 + random.below(12) }, () =>
        random.pick([0, 1, 7, 2047, 2048, 5000]),
      )
      lengths.push(1)
      const named = lengths.map(
        (length, index) =>
          [
            `t${String(index).padStart(2, '0')}`,
            Float32Array.from({ length }, () => random.word() / 2 ** 31 - 1),
          ] as const,
      )
      const tensors = Object.fromEntries(named.map(([name, data]) => [name, [data.length]]))
      const all = Float32Array.from(named.flatMap(([, data]) => [...data]))
      const updates = [
        Object.fromEntries(named.map(([name, data]) => [name, { shape: [data.length], data }])),
        all,
      ]
      const plans = [planRound({ ...task, tensors }), planRound({ ...withoutTensors, length: all.length })]
      const [inTensors, inOne] = updates.map((update, index) =>
        encodeUpdate(update, 3, openedAs(plans[index]!, 1), { crypto: seededCrypto(turn) }),
      )
      expect(inTensors!.input.vector).toEqual(inOne!.input.vector)
      expect(inTensors!.clipping).toEqual(inOne!.clipping)
    }
  })
})
