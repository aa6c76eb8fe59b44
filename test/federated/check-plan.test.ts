import { SecAggError } from 'secagg'
import { checkPlan, openRound, type PlanRequirements, planRound, type RoundPlan } from 'secagg/federated'
import { describe, expect, test } from 'vitest'
import { numbersIn } from '../support/numbers-in.js'
import { refusalBy } from '../support/refusals.js'
import { privateTask, task, tensors, updateOf } from './support.js'

const requirements: PlanRequirements = { minimumCohort: 7, corruptFraction: 0.1 }
const privateGoal = { maximumEpsilon: 200, maximumDelta: 0.01, rounds: 1 }

function refusalOf(received: unknown, required: PlanRequirements = requirements): SecAggError {
  return refusalBy(() => checkPlan(received, required))
}

/** A copy as it arrives from the server. */
function received(plan: RoundPlan): Record<string, unknown> {
  return JSON.parse(JSON.stringify(plan))
}

describe('a client that receives a plan', () => {
  test.each([task, privateTask])('derives the same plan, and opens rounds of it', (each) => {
    const plan = planRound(each)
    const checked = checkPlan(received(plan), requirements)
    expect(checked).toStrictEqual(plan)
    const occasion = { sessionId: new Uint8Array(16), context: { model: Uint8Array.of(1, 2) } }
    expect(openRound(checked, occasion).config).toEqual(openRound(plan, occasion).config)
  })

  test('accepts a task alone', () => {
    expect(checkPlan(JSON.parse(JSON.stringify(task)), requirements)).toStrictEqual(planRound(task))
  })

  test.each([task, { ...privateTask, adversary: 'honest-but-curious', graph: 'sparse' } as const])(
    'detects and names each number that does not follow from the task',
    (each) => {
      const plan = planRound(each)
      let noticed = 0
      for (const path of numbersIn(received(plan))) {
        if (path[0] === 'task') continue
        const tampered = received(plan)
        const place = path.slice(0, -1).reduce((part, key) => part[key] as never, tampered)
        const key = path.at(-1)!
        place[key] = (place[key] as number) + Math.max(1, Math.abs(place[key] as number) * 1e-6)
        const error = refusalOf(tampered)
        expect(error).toMatchObject({ code: 'configuration-mismatch', fault: 'server', got: place[key] })
        expect(error.message).toContain(`${path.join('.')} of the plan is `)
        noticed++
      }
      expect(noticed).toBeGreaterThan(20)
    },
  )

  test('detects a part that is missing, of another type, or unknown', () => {
    const plan = received(planRound(task))
    const { threshold, ...without } = plan
    expect(threshold).toBe(6)
    expect(refusalOf(without).message).toBe(
      'threshold of the plan is absent, but must be 6 to match its task',
    )
    expect(refusalOf({ ...plan, graph: 'sparse' }).message).toContain('graph of the plan is "sparse"')
    expect(refusalOf({ ...plan, segments: 7 }).message).toContain('segments of the plan is 7')
    expect(refusalOf({ ...plan, privacy: { epsilon: 0 } }).message).toContain('privacy of the plan is object')
    expect(refusalOf({ ...plan, minimum: 3 }).message).toContain('minimum of the plan is 3')
  })

  test('tolerates different last digits from another engine, in numbers that are not whole', () => {
    const plan = planRound(privateTask)
    const other = received(plan)
    const privacy = other.privacy as Record<string, number>
    privacy.epsilon! *= 1 + 1e-12
    expect(checkPlan(other, requirements)).toStrictEqual(plan)
  })

  test('tolerates a different explanation', () => {
    const plan = planRound(task)
    expect(checkPlan({ ...received(plan), explanation: ['Fie.'], warnings: [] }, requirements)).toEqual(plan)
  })

  test('blames the server for something that is not a plan, and for an impossible task', () => {
    for (const none of [undefined, null, 5, 'plan']) {
      expect(refusalOf(none)).toMatchObject({ code: 'invalid-configuration', fault: 'server' })
    }
    for (const none of [{}, { task: null }, { task: { ...task, clip: -1 } }, { ...task, clients: 1e9 }]) {
      expect(refusalOf(none).fault).toBe('server')
    }
    expect(refusalOf({ ...task, clip: -1 })).toMatchObject({ got: -1, cause: expect.any(SecAggError) })
  })
})

describe('a plan from another version of the library', () => {
  const own = planRound(task).version
  const note = `it was made by version "77.0.0" of the library, and this is version "${own}"`
  const foreign = (change: object = {}): Record<string, unknown> => ({
    ...received(planRound(task)),
    version: '77.0.0',
    ...change,
  })

  test('is accepted if it has the same numbers, and then counts as one of this version', () => {
    expect(checkPlan(foreign(), requirements)).toStrictEqual(planRound(task))
  })

  test('is refused if a number or a part differs, and the error names its version', () => {
    for (const change of [
      { threshold: 5 },
      { novelty: 3 },
      { task: { ...task, novelty: 3 } },
      { task: null },
    ]) {
      const error = refusalOf(foreign(change))
      expect(error.fault).toBe('server')
      expect(error.message).toContain(`; ${note}`)
      expect(error.cause).toBeInstanceOf(SecAggError)
    }
  })

  test('is refused in the same way if it names no version', () => {
    for (const version of [undefined, null, 3, {}]) {
      const { message } = refusalOf(foreign({ version, threshold: 5 }))
      expect(message).toMatch(
        /threshold of the plan is 5, .*; it was made by an unnamed version of the library/,
      )
    }
    const { message } = refusalOf(foreign({ version: 'x'.repeat(10_000), threshold: 5 }))
    expect(message.length).toBeLessThan(250)
  })

  test('is refused without naming its version if it does not meet the requirements of the client', () => {
    const { message } = refusalOf(foreign(), { ...requirements, minimumCohort: 8 })
    expect(message).not.toContain('version')
  })

  test('if it is from this version, the error names no version', () => {
    expect(refusalOf({ ...received(planRound(task)), threshold: 5 }).message).not.toContain('version')
  })
})

describe('a client refuses a plan that does not meet its requirements:', () => {
  const curious = {
    ...task,
    adversary: 'honest-but-curious',
    graph: 'sparse',
    statisticalSecurity: 20,
  } as const
  test.each<[string, object, Partial<PlanRequirements>, string]>([
    ['fewer inputs', task, { minimumCohort: 8 }, 'minimumCohort of the plan is 7'],
    ['fewer corrupt clients', task, { corruptFraction: 0.2 }, 'corruptFraction of the plan is 0.1'],
    ['fewer dropouts', task, { dropoutFraction: 0.4 }, 'dropoutFraction of the plan is 0.3'],
    [
      'a more trusted server',
      curious,
      { adversary: 'active' },
      'the adversary of the plan is honest-but-curious',
    ],
    [
      'a graph on which it cannot count the inputs',
      curious,
      { graph: 'complete' },
      'the graph of the plan is sparse',
    ],
    [
      'more chance',
      curious,
      {},
      'statisticalSecurity of the plan is 20, but this client requires at least 40',
    ],
    ['no privacy', task, { privacy: privateGoal }, 'no differential privacy'],
    [
      'more ε',
      privateTask,
      { privacy: { ...privateGoal, maximumEpsilon: 199 } },
      'epsilon of the plan is 199.',
    ],
    ['more δ', privateTask, { privacy: { ...privateGoal, maximumDelta: 1e-3 } }, 'delta of the plan is 0.01'],
    ['fewer rounds', privateTask, { privacy: { ...privateGoal, rounds: 2 } }, 'rounds of the plan is 1'],
    [
      'another shape',
      task,
      { tensors: { ...tensors, 'dense/bias': [3] } },
      'tensor "dense/bias" is [2] in the plan, but [3] in the client\'s model',
    ],
    ['a tensor missing', task, { tensors: { ...tensors, head: [1] } }, 'tensor "head" is absent in the plan'],
    [
      'a tensor too many',
      task,
      { tensors: { 'dense/bias': [2] } },
      'tensor "dense/kernel" of the plan is not in the client\'s model',
    ],
    ['no names', { ...task, tensors: undefined, length: 34 }, { tensors }, '34 values without tensor names'],
  ])('%s', (_, each, required, message) => {
    const error = refusalOf(received(planRound(each as typeof task)), { ...requirements, ...required })
    expect(error).toMatchObject({ code: 'invalid-configuration', fault: 'server' })
    expect(error.message).toContain(message)
  })

  test('and accepts one that exceeds them', () => {
    const asked: PlanRequirements = {
      ...{
        minimumCohort: 2,
        corruptFraction: 0,
        dropoutFraction: 0.3,
        graph: 'complete',
        adversary: 'active',
      },
      ...{ statisticalSecurity: 30, tensors: updateOf(1), privacy: { ...privateGoal, maximumEpsilon: 1000 } },
    }
    expect(checkPlan(received(planRound(privateTask)), asked)).toEqual(planRound(privateTask))
    expect(
      checkPlan(received(planRound(curious)), { ...requirements, statisticalSecurity: 20 }),
    ).toBeDefined()
  })

  test.each<[object, string]>([
    [null as never, "the client's requirements must be an object"],
    [{}, "minimumCohort of the client's requirements must be a number"],
    [{ ...requirements, maximumEpsilon: 8 }, 'unknown key "maximumEpsilon" in the client\'s requirements'],
    [{ minimumCohort: 7 }, "corruptFraction of the client's requirements must be a number"],
    [
      { minimumCohort: '7', corruptFraction: 0 },
      "minimumCohort of the client's requirements must be a number",
    ],
    [
      { ...requirements, privacy: { maximumEpsilon: 8 } },
      "maximumDelta of the client's requirements must be",
    ],
    [{ ...requirements, adversary: 'evil' }, "must be 'honest-but-curious' or 'active', or left out"],
    [
      { ...requirements, graph: 'sparse' },
      "graph of the client's requirements must be 'complete', or left out",
    ],
    [
      { ...requirements, dropoutFraction: Number.NaN },
      "dropoutFraction of the client's requirements must be",
    ],
  ])("but %j asks for nothing that could be met, which is the caller's mistake", (required, message) => {
    const error = refusalOf(received(planRound(privateTask)), required as PlanRequirements)
    expect(error).toMatchObject({ code: 'invalid-argument', fault: 'usage' })
    expect(error.message).toContain(message)
  })
})
