import { beforeAll, describe, expect, test } from 'vitest'
import { firstDifference } from '../../docs/examples/mnist/compare.js'
import { type Examples, loadMnist, PIXELS, splitUnevenly } from '../../docs/examples/mnist/data.js'
import { planDropouts, plannedSurvivors, takesPart } from '../../docs/examples/mnist/dropouts.js'
import { enrol, secureAggregation } from '../../docs/examples/mnist/federated.js'
import { parseOptions } from '../../docs/examples/mnist/options.js'
import { SeededRandom } from '../../docs/examples/mnist/random.js'
import {
  type Aggregate,
  type Setup,
  sumInTheClear,
  type TrainedRound,
  thresholdOf,
  train,
} from '../../docs/examples/mnist/training.js'
import { ROUNDS } from '../../src/index.js'

const seats = 6
let setup: Setup
let secure: readonly TrainedRound[]

beforeAll(async () => {
  const { training, test } = loadMnist()
  const local = { epochs: 1, batch: 8, learningRate: 0.2 }
  setup = {
    clients: seats,
    rounds: 2,
    seed: 7,
    training: first(300, training),
    test: first(200, test),
    local,
    clip: 0.5,
  }
  secure = await trainBy(secureAggregation(await enrol(seats)))
})

describe('a tiny federated training', () => {
  test('gives the model that sums in the clear give, bit for bit', async () => {
    const clear = await trainBy(sumInTheClear)
    expect(secure).toHaveLength(2)
    expect(secure.map((round, index) => firstDifference(round, clear[index]!))).toEqual([
      undefined,
      undefined,
    ])
    expect(secure[1]!.model).toEqual(clear[1]!.model)
    expect(secure[1]!.model).not.toEqual(secure[0]!.model)
  })

  test('has the survivors that were planned', () => {
    for (const { survivors, dropouts, traffic } of secure) {
      expect(dropouts.size).toBe(seats - thresholdOf(seats))
      expect(survivors).toEqual(plannedSurvivors(seats, dropouts))
      expect(traffic).toHaveLength(seats - dropouts.size)
    }
  })

  test('shows the server other numbers than the client holds', () => {
    const { held, sent } = secure[0]!.specimen!
    expect(sent).toHaveLength(held.length)
    expect(sent).not.toEqual(held)
  })

  test('tells a sum that is off by one unit', async () => {
    const tampered = await trainBy(async (task) => {
      const aggregated = await sumInTheClear(task)
      aggregated.sum.weighted[123]! += 1
      return aggregated
    })
    expect(firstDifference(secure[0]!, tampered[0]!)).toMatch(/^the sum of parameter 123 in round 1: /)
  })

  test('tells a missing survivor, a wrong weight and a model that differs in the sign of a zero', () => {
    const [round] = secure as [TrainedRound]
    const alone = { ...round, survivors: round.survivors.slice(1) }
    expect(firstDifference(round, alone)).toMatch(/^the survivors in round 1: /)
    const heavy = { ...round, sum: { ...round.sum, weight: round.sum.weight + 1 } }
    expect(firstDifference(round, heavy)).toMatch(/^the sum of weight in round 1: /)
    const zero = { ...round, model: round.model.with(5, 0) }
    const negative = { ...round, model: round.model.with(5, -0) }
    expect(firstDifference(zero, negative)).toMatch(/^parameter 5 of the model in round 1: /)
  })
})

test('no image is given to two clients, and hardly any to none', () => {
  const parts = splitUnevenly(setup.training, seats, new SeededRandom(1, 'split'))
  const given = parts.flatMap((part) => [...part])
  expect(new Set(given).size).toBe(given.length)
  expect(given).toHaveLength(setup.training.count)
})

test('of fifty clients some drop out before every message, and the threshold is still reached', () => {
  expect(thresholdOf(50)).toBe(34)
  for (let round = 1; round <= 100; round++) {
    const dropouts = planDropouts(50, 34, round, new SeededRandom(round, 'dropouts'))
    expect(new Set(dropouts.values())).toEqual(new Set(ROUNDS))
    expect(50 - dropouts.size).toBeGreaterThanOrEqual(34)
    for (const [seat, message] of dropouts) expect(takesPart(dropouts, seat, message)).toBe(false)
  }
})

test.each([
  [['--rounds', '0'], "--rounds is a whole number from 1 to 1000, not '0'"],
  [['--clients', '3'], "--clients is a whole number from 4 to 200, not '3'"],
  [['--seed', 'x'], "--seed is a whole number from 0 to 4294967295, not 'x'"],
  [['--epochs', '3'], "Unknown option '--epochs'"],
])('the options %j are refused', (args, message) => {
  expect(() => parseOptions(args)).toThrow(message)
})

async function trainBy(aggregate: Aggregate): Promise<TrainedRound[]> {
  const rounds: TrainedRound[] = []
  for await (const round of train(setup, aggregate)) rounds.push(round)
  return rounds
}

function first(count: number, { images, labels }: Examples): Examples {
  return { count, images: images.subarray(0, count * PIXELS), labels: labels.subarray(0, count) }
}
