import { checkNeighborhood, chooseParameters, createRoundConfig, type RoundConfig, SecAggError } from 'secagg'
import { checkPlan, openRound, planRound, type RoundPlan, type RoundTask } from 'secagg/federated'
import { describe, expect, test } from 'vitest'

// Active model, sparse graph: no client can count the inputs of a sum, and the server may lie. So nothing may state
// more honest inputs than k and t are proven to give. At n = 1000 with 50 corrupt clients, 51 holders and threshold 36
// prove 623.

const sessionId = new Uint8Array(32).fill(9)
const assumptions = { corruptFraction: 0.05, dropoutFraction: 0.05 }
const PROVEN = 623
const CORRUPT = 50

const task = {
  length: 10,
  clients: 1000,
  adversary: 'active',
  ...assumptions,
  clip: 1,
} as const satisfies RoundTask
const { clip: _, ...unclipped } = task
const privateTask: RoundTask = {
  ...unclipped,
  privacy: { epsilon: 100, delta: 1e-6, rounds: 1, clipNorm: 1 },
}
const requirements = { minimumCohort: 500, corruptFraction: 0.05, adversary: 'active' } as const

function configured(minimumCohort: number, neighbors = 51, threshold = 36): RoundConfig {
  return createRoundConfig({
    sessionId,
    clients: 1000,
    adversary: 'active',
    segments: [{ length: 10, bits: 32, bound: 1000 }],
    graph: { neighbors, assumptions },
    threshold,
    minimumCohort,
  })
}

function refusalOf(attempt: () => unknown): SecAggError {
  let error: unknown
  try {
    attempt()
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(SecAggError)
  return error as SecAggError
}

test('no configuration has more honest inputs in a sum than its k and t prove', () => {
  expect(configured(PROVEN + CORRUPT).minimumCohort).toBe(673)
  const error = refusalOf(() => configured(PROVEN + CORRUPT + 1))
  expect(error).toMatchObject({ code: 'invalid-configuration', fault: 'usage', expected: 41 })
  expect(error.message).toContain('the bound on small sums fails')
  expect(error.message).toContain('sums of 623 or fewer honest inputs')
  // More holders prove more.
  expect(configured(750, 77, 59).minimumCohort).toBe(750)
})

test('no configuration has a k or t that proves less than σ bits', () => {
  expect(refusalOf(() => configured(551, 51, 35)).message).toContain('the bound on both secrets fails')
  expect(refusalOf(() => configured(551, 100, 60)).message).toContain('the bound on both secrets fails')
  // With few corrupt clients, small sums decide.
  const few = { clients: 1000, corruptFraction: 0, dropoutFraction: 0, adversary: 'active' } as const
  expect(refusalOf(() => checkNeighborhood({ ...few, neighbors: 14, threshold: 8 })).message).toContain(
    'the bound on small sums fails',
  )
})

test('a client that asks for more honest inputs than are proven refuses k and t', () => {
  const offered = {
    clients: 1000,
    ...assumptions,
    adversary: 'active',
    neighbors: 51,
    threshold: 36,
  } as const
  expect(checkNeighborhood({ ...offered, minimumHonest: PROVEN })).toBe(true)
  const error = refusalOf(() => checkNeighborhood({ ...offered, minimumHonest: PROVEN + 1 }))
  expect(error).toMatchObject({ code: 'invalid-configuration', fault: 'server' })
  // A greater share of corrupt clients is less well withstood.
  const more = { ...offered, corruptFraction: 0.06 }
  expect(refusalOf(() => checkNeighborhood(more)).message).toContain('the bound on both secrets fails')
})

describe('a plan', () => {
  test.each([
    [task, 51, 501],
    [{ ...task, minimumCohort: 600 }, 51, 550],
    [{ ...task, minimumCohort: 673 }, 51, PROVEN],
    [{ ...task, minimumCohort: 750 }, 77, 700],
    [privateTask, 51, 501],
    [{ ...privateTask, minimumCohort: 750 }, 77, 700],
  ])('states as many honest inputs as are proven, and noise for as many: %#', (each, neighbors, honest) => {
    const plan = planRound(each as RoundTask)
    expect([plan.graph, plan.neighbors, plan.minimumHonest]).toEqual(['sparse', neighbors, honest])
    expect(plan.minimumCohort).toBe(honest + CORRUPT)
    const { threshold, privacy } = plan
    const offered = { clients: 1000, ...assumptions, adversary: 'active', neighbors, threshold } as const
    expect(checkNeighborhood({ ...offered, minimumHonest: plan.minimumHonest })).toBe(true)
    if (privacy !== undefined) expect(privacy.minimumHonest).toBe(honest)
    expect(openRound(plan, { sessionId }).config.minimumCohort).toBe(plan.minimumCohort)
  })

  test('for more honest inputs has more holders, or is refused', () => {
    const { neighbors } = planRound({ ...task, minimumCohort: PROVEN + CORRUPT + 1 })
    expect(neighbors).toBeGreaterThan(51)
    const all = { ...task, dropoutFraction: 0.35, minimumCohort: 650 }
    const plan = planRound(all)
    // The complete graph proves all that are left.
    expect([plan.graph, plan.minimumHonest]).toEqual(['complete', 600])
    expect(refusalOf(() => planRound({ ...all, graph: 'sparse' })).message).toContain('small sums')
  })

  type Change = (plan: RoundPlan) => object
  const noise = (part: object): Change => {
    return (plan) => ({ privacy: { ...plan.privacy, ...part } })
  }
  const changes: readonly [string, Change][] = [
    ['a larger minimum cohort', () => ({ minimumCohort: 673 })],
    ['more honest inputs', () => ({ minimumHonest: 502 })],
    ['both', () => ({ minimumCohort: 950, minimumHonest: 900 })],
    ['fewer corrupt clients', () => ({ corruptClients: 10, minimumHonest: 541 })],
    ['fewer holders', () => ({ neighbors: 49 })],
    ['a lower threshold', () => ({ threshold: 35 })],
    ['more bits of security', () => ({ securityBits: 80 })],
    ['noise for more honest clients', noise({ minimumHonest: 900 })],
    ['less noise', noise({ localStandardDeviation: 0.1 })],
    ['a smaller ε', noise({ epsilon: 1 })],
  ]
  const plan = planRound(privateTask)

  test.each(changes)('that was changed to state %s is refused by clients', (_, change) => {
    const received = JSON.parse(JSON.stringify({ ...plan, ...change(plan) }))
    const error = refusalOf(() => checkPlan(received, requirements))
    expect(error).toMatchObject({ code: 'configuration-mismatch', fault: 'server' })
  })

  test('opens a round only as it was derived, here or by checkPlan', () => {
    const copy: RoundPlan = JSON.parse(JSON.stringify(plan))
    expect(refusalOf(() => openRound(copy, { sessionId })).message).toContain('planRound or checkPlan')
    expect(refusalOf(() => openRound({ ...plan, minimumHonest: 900 }, { sessionId })).code).toBe(
      'invalid-argument',
    )
    const { config } = openRound(checkPlan(copy, requirements), { sessionId })
    expect(config.hash).toEqual(openRound(plan, { sessionId }).config.hash)
  })

  test('is accepted by a client that requires what is proven, and no more', () => {
    const received = JSON.parse(JSON.stringify(plan))
    expect(checkPlan(received, { ...requirements, minimumCohort: 551 }).minimumHonest).toBe(501)
    const more = { ...requirements, minimumCohort: 552 }
    expect(refusalOf(() => checkPlan(received, more)).message).toContain('minimumCohort of the plan is 551')
  })
})

test('parameters state no more than was asked for and half of the clients', () => {
  for (const minimumHonest of [0, 400, 501, 600, 700]) {
    const chosen = chooseParameters({ clients: 1000, ...assumptions, adversary: 'active', minimumHonest })
    expect([chosen.graph, chosen.minimumHonest]).toEqual(['sparse', Math.max(501, minimumHonest)])
  }
})
