import { beforeAll, describe, expect, test } from 'vitest'
import { sumInTheClear } from '../../docs/examples/mnist/clear.js'
import { firstDifference } from '../../docs/examples/mnist/compare.js'
import { loadMnist } from '../../docs/examples/mnist/data.js'
import { planDropouts, plannedSurvivors, takesPart } from '../../docs/examples/mnist/dropouts.js'
import { type Examples, PIXELS, splitUnevenly } from '../../docs/examples/mnist/examples.js'
import { enrol, secureAggregation } from '../../docs/examples/mnist/federated.js'
import { parseOptions } from '../../docs/examples/mnist/options.js'
import { planExactly, planPrivately, requirementsOf } from '../../docs/examples/mnist/plan.js'
import { SeededRandom } from '../../docs/examples/mnist/random.js'
import {
  type Aggregator,
  largestPart,
  type Setup,
  type TrainedRound,
  train,
} from '../../docs/examples/mnist/training.js'
import type { RoundPlan } from '../../src/federated/index.js'
import { PHASES } from '../../src/index.js'

const seats = 6
const rounds = 2
let setup: Setup
let plan: RoundPlan
let secure: readonly TrainedRound[]

beforeAll(async () => {
  const { training, test } = loadMnist()
  const local = { epochs: 1, batch: 8, learningRate: 0.2 }
  setup = { clients: seats, rounds, seed: 7, training: first(300, training), test: first(200, test), local }
  plan = planExactly(seats, largestPart(setup))
  const wishes = requirementsOf({ clients: seats, rounds })
  secure = await trainBy(secureAggregation(await enrol(seats), plan, wishes))
})

describe('a tiny federated training', () => {
  test('gives the model that sums in the clear give, bit for bit', async () => {
    const clear = await trainBy(sumInTheClear(plan))
    expect(secure).toHaveLength(rounds)
    expect(secure.map((round, index) => firstDifference(round, clear[index]!))).toEqual([
      undefined,
      undefined,
    ])
    expect(secure[1]!.model).toEqual(clear[1]!.model)
    expect(secure[1]!.model).not.toEqual(secure[0]!.model)
  })

  test('has the survivors that were planned', () => {
    for (const { result, dropouts, traffic } of secure) {
      expect(dropouts.size).toBe(plan.dropouts)
      expect(result.survivors).toEqual(plannedSurvivors(seats, dropouts))
      expect(traffic).toHaveLength(seats - dropouts.size)
    }
  })

  test('shows the server other numbers than the client holds', () => {
    const { held, sent } = secure[0]!.specimen!
    expect(sent).toHaveLength(held.length)
    expect(sent).not.toEqual(held)
  })

  test('tells a sum that is off by one unit', async () => {
    const clear = sumInTheClear(plan)
    const tampered = await trainBy({
      plan,
      aggregate: async (task) => {
        const aggregated = await clear.aggregate(task)
        ;(aggregated.sum[0] as Uint32Array)[123]! += 1
        return aggregated
      },
    })
    expect(firstDifference(secure[0]!, tampered[0]!)).toMatch(/^the sum of parameter 123 in round 1: /)
  })

  test('tells a missing survivor, a wrong weight and a model that differs in the sign of a zero', () => {
    const [round] = secure as [TrainedRound]
    const { result } = round
    const alone = { ...round, result: { ...result, survivors: result.survivors.slice(1) } }
    expect(firstDifference(round, alone)).toMatch(/^the survivors in round 1: /)
    const heavy = { ...round, result: { ...result, totalWeight: result.totalWeight + 1 } }
    expect(firstDifference(round, heavy)).toMatch(/^the sum of weights in round 1: /)
    const zero = { ...round, model: round.model.with(5, 0) }
    const negative = { ...round, model: round.model.with(5, -0) }
    expect(firstDifference(zero, negative)).toMatch(/^parameter 5 of the model in round 1: /)
  })
})

test('under differential privacy the model is another one, by no more than the noise', async () => {
  const wishes = { clients: seats, rounds, epsilon: 50 }
  const plan = planPrivately(seats, 50, rounds)
  const noisy = await trainBy(secureAggregation(await enrol(seats), plan, requirementsOf(wishes)))
  const clear = await trainBy(sumInTheClear(planExactly(seats, 10_000)))
  expect(noisy.map(({ result }) => result.survivors)).toEqual(clear.map(({ result }) => result.survivors))
  const [{ result, clipped }] = noisy as [TrainedRound]
  expect(result.totalWeight).toBe(result.survivors.length)
  expect(clipped).toBe(result.survivors.length)
  const norm = Math.sqrt(result.mean.reduce((sum, value) => sum + value * value, 0))
  const expected = result.standardDeviation! * Math.sqrt(plan.length)
  expect(norm).toBeGreaterThan(expected / 1.1)
  expect(norm).toBeLessThan(1 + expected * 1.1)
})

test('a client of the demo takes part in no plan that is worse than it wants', async () => {
  const cohort = await enrol(seats)
  const wishes = { clients: seats, rounds, epsilon: 50 }
  expect(() => secureAggregation(cohort, plan, requirementsOf(wishes))).toThrow('no differential privacy')
  const tooMuch = planPrivately(seats, 51, rounds)
  expect(() => secureAggregation(cohort, tooMuch, requirementsOf(wishes))).toThrow('at most 50')
})

test('no image is given to two clients, and hardly any to none', () => {
  const parts = splitUnevenly(setup.training, seats, new SeededRandom(1, 'split'))
  const given = parts.flatMap((part) => [...part])
  expect(new Set(given).size).toBe(given.length)
  expect(given).toHaveLength(setup.training.count)
})

test('of fifty clients some drop out before every message, and the minimum cohort is still reached', () => {
  const { dropouts: most, minimumCohort } = planExactly(50, 2000)
  expect({ most, minimumCohort }).toEqual({ most: 10, minimumCohort: 40 })
  for (let round = 1; round <= 100; round++) {
    const dropouts = planDropouts(50, most, round, new SeededRandom(round, 'dropouts'))
    expect(new Set(dropouts.values())).toEqual(new Set(PHASES))
    expect(50 - dropouts.size).toBeGreaterThanOrEqual(minimumCohort)
    for (const [seat, message] of dropouts) expect(takesPart(dropouts, seat, message)).toBe(false)
  }
})

test.each([
  [['--rounds', '0'], "--rounds must be a whole number from 1 to 1000, not '0'"],
  [['--clients', '4'], "--clients must be a whole number from 5 to 200, not '4'"],
  [['--epsilon', '0'], "--epsilon must be a number from 0.001 to 1000, not '0'"],
  [['--seed', 'x'], "--seed must be a whole number from 0 to 4294967295, not 'x'"],
  [['--epochs', '3'], "Unknown option '--epochs'"],
])('the options %j are refused', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message)
})

async function trainBy(aggregator: Aggregator): Promise<TrainedRound[]> {
  const rounds: TrainedRound[] = []
  for await (const round of train(setup, aggregator)) rounds.push(round)
  return rounds
}

function first(count: number, { images, labels }: Examples): Examples {
  return { count, images: images.subarray(0, count * PIXELS), labels: labels.subarray(0, count) }
}
