import fc from 'fast-check'
import { createRoundConfig } from 'secagg'
import {
  createFixedPoint,
  createWeightedMean,
  decodeMean,
  decodeWeighted,
  encodeValues,
  encodeWeighted,
  encodingContext,
} from 'secagg/fixed-point'
import type { Vector } from 'secagg/vector'
import { describe, expect, it, test } from 'vitest'
import { makeCohort, run, runCohort } from '../support/cohort.js'
import { named, randomOf } from '../support/seeded.js'
import { clipTo, isWithin, sumOfVectors } from './support.js'

test('the mean is within the error bound of the exact mean of the clipped values', () => {
  const cohorts = fc.record({
    clip: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
    bitsPerValue: fc.integer({ min: 2, max: 32 }),
    rounding: fc.constantFrom('nearest' as const, 'stochastic' as const),
    clients: fc.constantFrom(12, 50, 1000, 65535),
    maximumWeight: fc.constantFrom(1, 10, 5000, 2 ** 15),
    parts: fc.array(
      fc.record({
        values: fc.array(fc.double({ min: -1.2, max: 1.2, noNaN: true }), { minLength: 3, maxLength: 3 }),
        weight: fc.nat(),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    seed: fc.nat(),
  })
  fc.assert(
    fc.property(cohorts, ({ parts, seed, ...options }) => {
      const encoding = createFixedPoint(options)
      const task = createWeightedMean(3, encoding)
      const { clip, maximumWeight } = options
      const { bytes } = randomOf(seed)
      const clients = parts.map(({ values, weight }, index) => ({
        values: values.map((value) => (Math.abs(value) < 1e-9 ? 0 : value * clip)),
        // At least one client has examples.
        weight: index === 0 ? 1 + (weight % maximumWeight) : weight % (maximumWeight + 1),
      }))
      const inputs = clients.map(({ values, weight }) =>
        encodeWeighted(values, weight, task, { randomBytes: bytes }),
      )
      const sum = sumOfVectors(
        task.segments,
        inputs.map(({ input }) => input),
      )
      const { mean, totalWeight, survivors } = decodeWeighted(sum, clients.length, task)
      expect(totalWeight).toBe(clients.reduce((total, { weight }) => total + weight, 0))
      expect(survivors).toBe(clients.length)
      mean.forEach((computed, index) => {
        const terms = clients.map(({ values, weight }) => ({ value: clipTo(values[index]!, clip), weight }))
        expect(isWithin(encoding.errorBound, computed, terms)).toBe(true)
      })
      clients.forEach(({ values }, seat) => {
        const beyond = values.filter((value) => Math.abs(value) > clip).length
        expect(inputs[seat]!.clipped.count).toBe(beyond)
      })
    }),
    { seed: 11, numRuns: 400 },
  )
})

test('the error bound is half a step or a step, and errors come within a millionth of it', () => {
  const base = { clip: 7, bitsPerValue: 4, clients: 3 }
  const nearest = createFixedPoint({ ...base, rounding: 'nearest' })
  expect(nearest.errorBound).toBeCloseTo(0.5, 12)
  expect(decodeMean(encodeValues([2.5 - 1e-7], nearest).lanes, nearest, 1)[0]).toBe(2)
  const stochastic = createFixedPoint(base)
  expect(stochastic.errorBound).toBeCloseTo(1, 12)
  const up = encodeValues([2 + 1e-7], stochastic, { randomBytes: () => new Uint8Array(4) })
  expect(decodeMean(up.lanes, stochastic, 1)[0]).toBe(3)
})

test('the error of doubles is covered by the part of the error bound beyond half a step', () => {
  const encoding = createFixedPoint({ clip: 0.7, bitsPerValue: 32, clients: 1, rounding: 'nearest' })
  const { step, errorBound } = encoding
  // As close to the middle between two levels as doubles allow.
  const values = Float64Array.from({ length: 1000 }, (_, index) => (2 ** 30 + index + 0.5) * step)
  const mean = decodeMean(encodeValues(values, encoding).lanes, encoding, 1)
  const within = (bound: number): boolean[] =>
    Array.from(values, (value, index) => isWithin(bound, mean[index]!, [{ value, weight: 1 }]))
  expect(within(step / 2)).toContain(false)
  expect(within(errorBound)).not.toContain(false)
})

test('weights can have more than 32 bits', () => {
  const encoding = createFixedPoint({ clip: 1, bitsPerValue: 8, clients: 3, maximumWeight: 2 ** 40 })
  const task = createWeightedMean(1, encoding)
  const weights = [2 ** 40, 2 ** 33 + 1, 5]
  const inputs = weights.map((weight, index) => encodeWeighted([index === 0 ? 1 : -1], weight, task).input)
  const { mean, totalWeight } = decodeWeighted(sumOfVectors(task.segments, inputs), 3, task)
  expect(totalWeight).toBe(2 ** 40 + 2 ** 33 + 6)
  expect(mean[0]).toBeCloseTo((2 ** 40 - 2 ** 33 - 6) / (2 ** 40 + 2 ** 33 + 6), 12)
})

test('without weights the total weight is the number of clients', () => {
  const encoding = createFixedPoint({ clip: 1, bitsPerValue: 16, clients: 4, rounding: 'nearest' })
  const segments = [{ length: 2, bits: encoding.bits }]
  const inputs = [
    [1, 0.5],
    [0, 0.25],
    [-0.5, 0],
  ].map((values) => [encodeValues(values, encoding).lanes])
  const mean = decodeMean(sumOfVectors(segments, inputs)[0]!, encoding, 3)
  expect(Math.abs(mean[0]! - 1 / 6)).toBeLessThanOrEqual(encoding.errorBound)
  expect(Math.abs(mean[1]! - 0.25)).toBeLessThanOrEqual(encoding.errorBound)
})

describe('an impossible sum', () => {
  const encoding = createFixedPoint({ clip: 1, bitsPerValue: 4, clients: 5, maximumWeight: 10, bits: 16 })
  const task = createWeightedMean(2, encoding)
  const decode = (values: readonly number[], weight: number, survivors: number) =>
    decodeWeighted([Uint16Array.from(values), Uint8Array.of(weight)], survivors, task)

  it('has a total weight that its survivors cannot have', async () => {
    for (const [weight, survivors] of [
      [51, 5],
      [11, 1],
    ] as const) {
      await named(`weight ${weight} of ${survivors}`, () => {
        expect(() => decode([0, 0], weight, survivors)).toThrow(
          expect.objectContaining({
            code: 'input-out-of-range',
            fault: 'peer',
            got: weight,
            expected: `0 to ${10 * survivors}`,
          }),
        )
      })
    }
    expect(decode([0, 0], 5, 5).totalWeight).toBe(5)
    expect(decode([0, 0], 50, 5).totalWeight).toBe(50)
  })

  it('has an element that is larger than its total weight allows', () => {
    // The maximum is level 14 times the weight.
    expect([...decode([14 * 7, 0], 7, 2).mean]).toEqual([1, -1])
    expect(() => decode([0, 14 * 7 + 1], 7, 2)).toThrow(
      expect.objectContaining({
        code: 'input-out-of-range',
        fault: 'peer',
        message: 'element 1 of the sum is larger than a total weight of 7 allows',
      }),
    )
    const wide = createFixedPoint({ clip: 1, bitsPerValue: 32, clients: 100, maximumWeight: 1000 })
    const most = BigInt(wide.levels - 1) * 1000n
    expect([...decodeMean(BigUint64Array.of(most, 0n), wide, 1000)]).toEqual([1, -1])
    expect(() => decodeMean(BigUint64Array.of(most, most + 1n), wide, 1000)).toThrow('element 1')
  })

  it('has arrays, survivors or weights that do not match the round', () => {
    const sum: Vector = [Uint16Array.of(0, 0), Uint8Array.of(5)]
    for (const survivors of [0, 6, 2.5, Number.NaN]) {
      expect(() => decodeWeighted(sum, survivors, task)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', got: survivors }),
      )
    }
    for (const other of [
      [sum[0]!],
      [Uint32Array.of(0, 0), sum[1]!],
      [Uint16Array.of(0), sum[1]!],
      undefined,
    ]) {
      expect(() => decodeWeighted(other as Vector, 5, task)).toThrow(
        expect.objectContaining({ code: 'invalid-argument' }),
      )
    }
    for (const totalWeight of [-1, 51, 1.5]) {
      expect(() => decodeMean(sum[0]!, encoding, totalWeight)).toThrow(
        expect.objectContaining({ got: totalWeight }),
      )
    }
    expect(() => decodeMean(Uint8Array.of(1), encoding, 1)).toThrow('must be a Uint16Array')
  })
})

test('the length and weight of an input for a weighted mean are checked', () => {
  const task = createWeightedMean(
    3,
    createFixedPoint({ clip: 1, bitsPerValue: 8, clients: 3, maximumWeight: 9 }),
  )
  expect(() => encodeWeighted([1, 2], 1, task)).toThrow(expect.objectContaining({ expected: 3, got: 2 }))
  expect(() => encodeWeighted(undefined as never, 1, task)).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  )
  expect(() => encodeWeighted([1, 2, 3], -1, task)).toThrow(
    'a weight must be a whole number from 0 to 9, not -1',
  )
  for (const length of [0, -1, 1.5, 2 ** 36 + 1]) {
    expect(() => createWeightedMean(length, task.encoding)).toThrow(expect.objectContaining({ got: length }))
  }
})

describe('clients without examples', () => {
  const encoding = createFixedPoint({ clip: 1, bitsPerValue: 8, clients: 3, maximumWeight: 9 })
  const task = createWeightedMean(2, encoding)
  const inputOf = (values: readonly number[], weight: number): Vector =>
    encodeWeighted(values, weight, task).input

  it('have weight 0 and do not change the mean', () => {
    const [one, none] = [inputOf([1, -0.5], 9), inputOf([-1, 1], 0)]
    expect(none.map((lanes) => [...lanes])).toEqual([[0, 0], [0]])
    const sum = sumOfVectors(task.segments, [one, none, none])
    expect(decodeWeighted(sum, 3, task)).toEqual({ ...decodeWeighted(one, 1, task), survivors: 3 })
  })

  it('give a typed error without culprits if no other clients are in the sum', () => {
    const sum = sumOfVectors(task.segments, [inputOf([0, 0], 0), inputOf([1, 1], 0)])
    const none = expect.objectContaining({ code: 'zero-weight', fault: 'peer', culprits: [] })
    expect(() => decodeWeighted(sum, 2, task)).toThrow(none)
    expect(() => decodeMean(sum[0]!, encoding, 0)).toThrow(none)
    const forged: Vector = [Uint16Array.of(0, 1), sum[1]!]
    expect(() => decodeWeighted(forged, 2, task)).toThrow(
      expect.objectContaining({ code: 'input-out-of-range', fault: 'peer' }),
    )
  })
})

describe('a round of federated averaging', () => {
  const clients = 7
  const length = 40
  const encoding = createFixedPoint({ clip: 0.5, bitsPerValue: 16, clients, maximumWeight: 600 })
  const task = createWeightedMean(length, encoding)
  const random = randomOf(21)
  const locals = Array.from({ length: clients }, () => ({
    values: Float32Array.from({ length }, () => (random.below(2001) - 1000) / 1900),
    weight: 1 + random.below(600),
  }))
  const inputs = locals.map(
    ({ values, weight }) => encodeWeighted(values, weight, task, { randomBytes: random.bytes }).input,
  )
  const context = { encoding: encodingContext(encoding) }

  it('gives the weighted mean of the survivors, in both models', async () => {
    for (const adversary of ['honest-but-curious', 'active'] as const) {
      // Seat 2 never answers. Seat 5 leaves before it sends its input. Seat 0 leaves afterwards, so its input counts.
      const stages = [3, 9, 0, 9, 9, 2, 9]
      const threshold = adversary === 'active' ? 5 : 4
      const minimumCohort = 5
      const options = {
        clients,
        adversary,
        threshold,
        minimumCohort,
        segments: task.segments,
        context,
        inputs,
        stages,
      }
      const stayed = { ...options, stages: adversary === 'active' ? [9, 9, 9, 9, 9, 2, 9] : stages }
      const { outcome } = await runCohort(stayed)
      const survivors = outcome!.report.survivors
      expect(survivors).toEqual(adversary === 'active' ? [0, 1, 2, 3, 4, 6] : [0, 1, 3, 4, 6])
      const result = decodeWeighted(outcome!.sum, survivors.length, task)
      expect(result.survivors).toBe(survivors.length)
      expect(result.totalWeight).toBe(survivors.reduce((sum, seat) => sum + locals[seat]!.weight, 0))
      result.mean.forEach((computed, index) => {
        const terms = survivors.map((seat) => {
          const { values, weight } = locals[seat]!
          return { value: clipTo(values[index]!, encoding.clip), weight }
        })
        expect(isWithin(encoding.errorBound, computed, terms)).toBe(true)
      })
    }
  })

  it('refuses a client that was told another clip', async () => {
    const base = {
      clients,
      adversary: 'honest-but-curious' as const,
      threshold: 4,
      segments: task.segments,
      inputs,
    }
    const other = createFixedPoint({ clip: 1, bitsPerValue: 16, clients, maximumWeight: 600 })
    const sessionId = random.bytes(32)
    const misled = createRoundConfig({ ...base, sessionId, context: { encoding: encodingContext(other) } })
    const cohort = await makeCohort({
      ...base,
      sessionId,
      context,
      clientOptions: (seat) => (seat === 3 ? { config: misled } : {}),
    })
    const { outcome, survivors } = await run(cohort)
    expect(survivors).not.toContain(3)
    expect(outcome).toBeDefined()
  })
})
