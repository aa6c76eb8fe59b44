import {
  checkPlan,
  decodeOutcome,
  encodeUpdate,
  openRound,
  planRound,
  type Round,
  type RoundTask,
  type Update,
} from 'secagg/federated'
import { describe, expect, test } from 'vitest'
import { makeCohort, run } from '../support/cohort.js'
import { thrownBy } from './states.js'
import { expectError, seatsBelow } from './support.js'

/*
 * Numbers that are changed without a word on their way into a sum: broadcast, turned into another, clipped, wrapped.
 */
const CLIENTS = 8

const task: RoundTask = {
  tensors: { kernel: [2, 3], bias: [3] },
  clients: CLIENTS,
  adversary: 'active',
  dropoutFraction: 0.1,
  corruptFraction: 0.1,
  clip: 1,
  maximumWeight: 10,
}

function opened(): Round {
  const plan = checkPlan(JSON.parse(JSON.stringify(planRound(task))), {
    minimumCohort: 5,
    corruptFraction: 0.1,
  })
  return openRound(plan, { sessionId: new Uint8Array(32).fill(1), context: { model: new Uint8Array(9) } })
}

function updateOf(bias: readonly number[], shape: readonly number[] = [bias.length]): Update {
  const kernel = { shape: [2, 3], data: Float32Array.of(0.1, -0.2, 0.3, -0.4, 0.5, -0.6) }
  return { kernel, bias: { shape: [...shape], data: Float32Array.from(bias) } }
}

describe('an update that is not one of this round is refused before anything of it is encoded', () => {
  test.each<[string, Update]>([
    ['one value for three, as the shape (1,)', updateOf([0.5])],
    ['one value for three, as a scalar', updateOf([0.5], [])],
    ['three values as a column', updateOf([0.5, 0.5, 0.5], [3, 1])],
    ['three values as a row', updateOf([0.5, 0.5, 0.5], [1, 3])],
    ['more values than its shape has', updateOf([0.5, 0.5, 0.5, 0.5], [3])],
  ])('%s', (_, update) => {
    const thrown = thrownBy(() => encodeUpdate(update, 1, opened()))
    const error = expectError(thrown, { code: 'invalid-argument', fault: 'usage', phase: undefined })
    expect(error.message).toContain('bias')
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    '%d among its values',
    (value) => {
      const thrown = thrownBy(() => encodeUpdate(updateOf([0, value, 0]), 1, opened()))
      const error = expectError(thrown, { code: 'input-out-of-range', fault: 'usage', phase: undefined })
      expect(error.message).toContain('bias')
      expect(error.message).toContain('1')
    },
  )

  test.each([-1, 11, 0.5, Number.NaN, 2 ** 53])('a weight of %d', (weight) => {
    const thrown = thrownBy(() => encodeUpdate(updateOf([0, 0, 0]), weight, opened()))
    expectError(thrown, { code: 'input-out-of-range', fault: 'usage', phase: undefined })
  })
})

describe('a value beyond the clip', () => {
  test('is counted and measured, and inside the clip nothing is', () => {
    const { clipped, clipping } = encodeUpdate(updateOf([5, -3, 1]), 1, opened())
    expect(clipped).toBe(true)
    expect(clipping).toEqual({ kind: 'values', count: 2, largest: 5, excess: 6 })
    expect(encodeUpdate(updateOf([1, -1, 0]), 1, opened())).toMatchObject({
      clipped: false,
      clipping: { count: 0, largest: 1, excess: 0 },
    })
  })

  test('is refused where that is asked for', () => {
    const thrown = thrownBy(() => encodeUpdate(updateOf([0, 0, 5]), 1, opened(), { onClip: 'refuse' }))
    expectError(thrown, { code: 'input-out-of-range', fault: 'usage', phase: undefined })
  })
})

describe('a sum through the sessions', () => {
  /** All updates through a round; the mean that comes out of it. */
  async function meanOf(round: Round, bias: (seat: number) => number[], weight: number) {
    const { plan, config } = round
    const inputs = seatsBelow(CLIENTS).map((seat) => encodeUpdate(updateOf(bias(seat)), weight, round).input)
    const cohort = await makeCohort({
      clients: CLIENTS,
      adversary: 'active',
      segments: plan.segments,
      inputs,
      clientOptions: () => ({ config }),
      serverOptions: { config },
    })
    const ran = await run(cohort)
    return decodeOutcome(ran.outcome!, round)
  }

  test('of the greatest values with the greatest weights wraps nowhere', async () => {
    const round = opened()
    for (const value of [1, -1]) {
      const { tensors, totalWeight } = await meanOf(round, () => [value, value, value], 10)
      expect(totalWeight).toBe(80)
      for (const mean of tensors.bias!.data) expect(mean).toBeCloseTo(value, 3)
    }
  })

  test('in which one client is clipped is the mean of what was sent, and that client knows', async () => {
    const round = opened()
    const { tensors } = await meanOf(round, (seat) => [seat === 0 ? 100 : 0, 0, 0], 1)
    expect(tensors.bias!.data[0]).toBeCloseTo(1 / CLIENTS, 3)
    expect(encodeUpdate(updateOf([100, 0, 0]), 1, round).clipped).toBe(true)
  })
})
