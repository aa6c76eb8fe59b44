import { chooseParameters, SecAggError } from 'secagg'
import { checkPlan, openRound, planRound, privacySpent, type RoundTask } from 'secagg/federated'
import { createFixedPoint, createWeightedMean } from 'secagg/fixed-point'
import { choosePrivacy } from 'secagg/privacy'
import { createManifest, type TensorDescription, type TensorLike } from 'secagg/tensors'
import { packedLength } from 'secagg/vector'
import { describe, expect, test } from 'vitest'
import { privateTask, task, tensors } from './support.js'

const hundred: RoundTask = {
  ...task,
  clients: 100,
  corruptFraction: 0.05,
  dropoutFraction: 0.1,
  graph: 'complete',
}

describe('a plan', () => {
  test('has the numbers of the layers below it', () => {
    const plan = planRound({ ...hundred, bitsPerValue: 12, rounding: 'nearest' })
    expect(plan).toMatchObject({
      ...{ graph: 'complete', neighbors: 99, threshold: 53, corruptClients: 5, dropouts: 10 },
      ...{ minimumCohort: 90, minimumPresent: 90, minimumHonest: 85, length: 34, warnings: [] },
    })
    const numbers = {
      clip: 1,
      bitsPerValue: 12,
      clients: 100,
      maximumWeight: 100,
      rounding: 'nearest',
    } as const
    const encoding = createFixedPoint(numbers)
    expect(plan.encoding).toEqual(encoding)
    expect(plan.segments).toEqual(createWeightedMean(34, encoding).segments)
    expect(plan.manifest).toEqual(createManifest(tensors))
    expect(plan.uploadBytes).toBe(packedLength(plan.segments))
    expect(plan.privacy).toBeUndefined()
  })

  test('chooses the noise for the honest clients that every sum contains', () => {
    const { corruptFraction, dropoutFraction } = hundred
    const privacy = { epsilon: 4, delta: 1e-6, rounds: 20, clipNorm: 0.5, samplingRate: 0.2 }
    const plan = planRound({
      ...{ ...privateTask, clients: 100, corruptFraction, dropoutFraction, privacy },
      graph: 'complete',
    })
    const { epsilon, delta, rounds, samplingRate } = privacy
    const cohort = { clients: 100, minimumHonest: 85, length: 34, clip: 0.5 }
    const chosen = choosePrivacy({ ...cohort, epsilon, delta, rounds, samplingRate })
    // A plan has no keys that are undefined.
    expect(plan.privacy).toMatchObject(JSON.parse(JSON.stringify(chosen)))
    expect(plan.privacy!.epsilon).toBeLessThanOrEqual(4)
    expect(plan.privacy!.meanStandardDeviation).toBeCloseTo(
      (chosen.sumStandardDeviation / 10) * (1 / Math.sqrt(90)),
      12,
    )
    expect(plan.segments).toEqual([{ length: 34, bits: plan.privacy!.bits, bound: 'modular' }])
    expect(plan.warnings).toEqual([expect.stringContaining('does not hold against the server')])
    expect(plan.encoding).toBeUndefined()
  })

  test('has the graph that the chooser selects, or the requested one', () => {
    const curious: RoundTask = {
      ...hundred,
      graph: undefined,
      adversary: 'honest-but-curious',
      clients: 1000,
      corruptFraction: 0.1,
    }
    const sparse = planRound(curious)
    const chosen = chooseParameters(curious)
    const { neighbors, threshold, minimumPresent, securityFailure } = chosen
    expect(sparse).toMatchObject({
      graph: 'sparse',
      neighbors,
      threshold,
      minimumPresent,
      minimumCohort: 900,
    })
    expect(sparse.securityBits).toBe(-securityFailure.total)
    expect(sparse.explanation.join('\n')).toContain(`at least ${minimumPresent} clients must have sent`)
    const complete = planRound({ ...curious, graph: 'complete' })
    expect(complete).toMatchObject({ graph: 'complete', neighbors: 999, threshold: 501, minimumCohort: 900 })
    expect(complete.securityBits).toBeUndefined()
  })

  test('with privacy on the sparse graph, warns that the server enforces the minimum cohort', () => {
    const privacy = { ...privateTask.privacy!, delta: 1e-4 }
    const { warnings } = planRound({
      ...privateTask,
      adversary: 'honest-but-curious',
      clients: 1000,
      privacy,
    })
    expect(warnings).toEqual([expect.stringContaining('ε depends on the server')])
  })

  test('warns if the sparse graph is more likely to fail than δ, and names the security that is enough', () => {
    const failing = (delta: number, statisticalSecurity?: number) =>
      planRound({
        ...privateTask,
        ...{ adversary: 'honest-but-curious', clients: 1000, statisticalSecurity },
        privacy: { ...privateTask.privacy!, delta, rounds: 20 },
      })
    const plan = failing(1e-15)
    const failure = 20 * 2 ** -plan.securityBits!
    expect(failure).toBeGreaterThan(1e-15)
    const about = expect.stringContaining('The sparse graph can fail. Over 20 rounds')
    expect(plan.warnings).toContainEqual(about)
    const [, needed] = /statisticalSecurity: (\d+),/.exec(plan.warnings.join('\n'))!
    expect(20 * 2 ** -Number(needed)).toBeLessThanOrEqual(1e-15)
    const safer = failing(1e-15, Number(needed))
    expect(20 * 2 ** -safer.securityBits!).toBeLessThanOrEqual(1e-15)
    expect(safer.warnings).not.toContainEqual(about)
    expect(failing(1e-4).warnings).not.toContainEqual(about)
    const beyond = failing(1e-80).warnings.find((warning) => warning.includes('can fail'))
    expect(beyond).toContain('On the complete graph, this cannot happen')
    expect(beyond).not.toContain('statisticalSecurity')
  })

  test('survives JSON, is deeply frozen, and follows again from its task', () => {
    for (const each of [task, privateTask, { ...task, tensors: undefined, length: 7 }]) {
      const plan = planRound(each)
      const text = JSON.stringify(plan)
      expect(JSON.parse(text)).toStrictEqual(plan)
      expect(JSON.stringify(planRound(plan.task))).toBe(text)
      requireFrozen(plan)
    }
  })

  test('is the same for shapes, for tensors and for a Map of them', () => {
    const plan = planRound(task)
    const bias = { shape: [2], data: Float32Array.of(3, 4) }
    const given = new Map([...Object.entries({ ...tensors, 'dense/bias': bias })].reverse())
    expect(planRound({ ...task, tensors: given })).toEqual(plan)
  })

  test('is refused if a tensor does not have floats, before any client trains', () => {
    const data = () => {
      throw new Error('numbers were fetched')
    }
    const tfjs = (dtype: string) => ({ shape: [1], dtype, dataSync: data })
    const counters: [TensorLike | TensorDescription, type: string, remedy: string][] = [
      [tfjs('int32'), 'int32', 'a counter or a mask'],
      [tfjs('bool'), 'bool', 'leave it out'],
      [{ shape: [1], dtype: 'int32' }, 'int32', 'leave it out'],
      [{ dims: [1], type: 'int64', data: BigInt64Array.of(3n) } as never, 'int64', 'leave it out'],
      [{ dims: [1], type: 'float8', data: Uint8Array.of(3) } as never, 'float8', 'convert it to float32'],
      [{ shape: [1], data: Int32Array.of(3) }, 'Int32Array', 'leave it out'],
    ]
    const plan = planRound({ ...task, tensors: { ...tensors, steps: [1] } })
    for (const [counter, got, remedy] of counters) {
      const given = [...Object.entries(tensors), ['steps', counter] as const]
      const problem = { code: 'invalid-argument', got, message: expect.stringContaining(remedy) }
      const named = { ...problem, fault: 'usage', expected: 'float32, float64, float16 or bfloat16' }
      const refusal = expect.objectContaining(named)
      expect(() => planRound({ ...task, tensors: given })).toThrow(refusal)
      expect(() => planRound({ ...task, tensors: given })).toThrow('tensor "steps"')
      // A client that passes its model gets the error too, even if the plan of the server has shapes only.
      const required = { minimumCohort: 2, corruptFraction: 0, tensors: given }
      expect(() => checkPlan(JSON.parse(JSON.stringify(plan)), required)).toThrow(refusal)
    }
    const real = [...Object.entries(tensors), ['steps', tfjs('float32')] as const]
    expect(planRound({ ...task, tensors: real })).toEqual(plan)
    const double = [...real.slice(0, -1), ['steps', { shape: [1], dtype: 'float64' }]] as const
    const { task: planned, manifest, ...numbers } = planRound({ ...task, tensors: double })
    expect(plan).toMatchObject(numbers)
    expect(planned.tensors).toMatchObject({ steps: { shape: [1], dtype: 'float64' } })
    expect(manifest!.tensors.at(-1)).toMatchObject({ name: 'steps', dtype: 'float64' })
  })

  test('distinguishes tensors with unusual names', () => {
    const names = ['é', 'e\u0301', '\ud800', '\ud801', '\\ud801', '__proto__', '"']
    const hashes = names.map((name) => {
      const plan = planRound({ ...task, tensors: [[name, [3]]] })
      const told = checkPlan(JSON.parse(JSON.stringify(plan)), { minimumCohort: 7, corruptFraction: 0.1 })
      const [hash, same] = [plan, told].map(
        (each) => openRound(each, { sessionId: new Uint8Array(16) }).config.hash,
      )
      expect(same).toEqual(hash)
      return hash!.join()
    })
    expect(new Set(hashes).size).toBe(names.length)
  })

  test('passes the settings of its task to every round', () => {
    const plan = planRound({
      ...task,
      suite: 'chacha',
      signatureLength: 71,
      sliceLength: 64,
      length: 1000,
      tensors: undefined,
    })
    const { config } = openRound(plan, { sessionId: new Uint8Array(16) })
    expect(config).toMatchObject({
      ...{ clients: 10, suite: 'chacha', signatureLength: 71, sliceLength: 64, adversary: 'active' },
      ...{ threshold: plan.threshold, minimumCohort: 7, corruptClients: 1, graph: { kind: 'complete' } },
    })
  })
})

describe('an explanation', () => {
  const told = (each: RoundTask): string => planRound(each).explanation.join('\n')

  test('states each choice of a weighted mean', () => {
    const text = told(task)
    expect(text).toContain(
      'that at most 1 of the 10 clients colludes with the server, which may do anything, and that at most 3 drop out',
    )
    expect(text).toContain('with all 9 others. Any 6 clients can recover')
    expect(text).toContain('at least 7 inputs, the number left after all dropouts')
    expect(text).toContain('34 values in 2 tensors')
    expect(text).toContain('clipped to ±1')
    expect(text).toContain('one of 65535 levels')
    expect(text).toContain('room for 10 clients, or for weights up to 102')
    expect(text).toContain('clipped updates by more than 0.00003052')
    expect(text).toContain('113 bytes of masked vector, 26 bits per element')
  })

  test('reads well for counts of zero, one and two, and for failures that cannot happen', () => {
    const two = told({
      ...{ clients: 2, adversary: 'honest-but-curious', corruptFraction: 0, dropoutFraction: 0 },
      ...{ graph: 'complete', length: 1, clip: 1, maximumWeight: 1 },
    })
    expect(two).toContain('none of the 2 clients colludes with the server, ')
    expect(two).toContain('that none drops out')
    expect(two).toContain('shares masks with the other client')
    expect(two).toContain('1 value.')
    const ring = told({
      ...{ clients: 20, adversary: 'honest-but-curious', corruptFraction: 0, dropoutFraction: 0 },
      ...{ length: 10, clip: 1, maximumWeight: 1 },
    })
    expect(ring).toContain('the server cannot learn more than the sum, and the sum cannot be lost')
  })

  test('states how many bits per value fit into narrower lanes, and they do', () => {
    const heavy = { ...task, maximumWeight: 30_000 }
    expect(planRound(heavy).encoding!.bits).toBe(35)
    expect(told(heavy)).toContain('with 13 bits per value, 32 bits are enough')
    expect(planRound({ ...heavy, bitsPerValue: 13 }).encoding!.bits).toBe(32)
  })

  test('states ε and the cost of privacy, and the neighboring relation with every ε', () => {
    const text = told({ ...privateTask, privacy: { ...privateTask.privacy!, samplingRate: 0.5 } })
    expect(text).toContain('clipped to an L2 norm of 2, rotated at random in 34 dimensions')
    expect(text).toContain('Skellam noise with a standard deviation of')
    expect(text).toContain('The noise of 6 honest clients alone')
    expect(text).toMatch(/ε = \d+(\.\d+)? with δ = 0\.01 over 1 round,/)
    expect(
      text.match(/neighbors: add or remove one client, that is, replace its vector by zeros/g),
    ).toHaveLength(2)
    expect(text).toContain('observers who do not learn the number or the identity of the participants')
    expect(text).toContain('provided that the noise does not depend on who was sampled')
    expect(text).not.toContain('sparse graph')
    expect(text).toContain('In the mean of 7 updates, the error of a value has a standard deviation of')
  })

  test('states next to δ with which probability the sparse graph fails in all rounds', () => {
    for (const clients of [500, 1000, 3000]) {
      const sparse = planRound({
        ...privateTask,
        ...{ adversary: 'honest-but-curious', clients, graph: 'sparse' },
        privacy: { ...privateTask.privacy!, delta: 1e-5, rounds: 30 },
      })
      const [promise] = sparse.explanation.filter((sentence) => sentence.startsWith('ε = '))
      const [, stated] = /In addition to δ, .* 30 rounds, .* with probability at most ([\d.e-]+)\. /.exec(
        promise!,
      )!
      const failure = 30 * 2 ** -sparse.securityBits!
      expect(Number(stated)).toBeGreaterThanOrEqual(failure)
      expect(Number(stated)).toBeLessThan(failure * 1.002)
    }
  })

  test('warns about a minimum cohort that leaves one honest client', () => {
    const lonely = {
      ...task,
      adversary: 'honest-but-curious',
      corruptFraction: 0.5,
      graph: 'complete',
    } as const
    expect(planRound({ ...lonely, minimumCohort: 6 }).warnings).toEqual([
      expect.stringContaining('only one honest client'),
    ])
    expect(planRound({ ...lonely, minimumCohort: 7 }).warnings).toEqual([])
  })
})

describe('privacy spent', () => {
  test('grows with the rounds up to the ε of the plan', () => {
    const plan = planRound({ ...privateTask, privacy: { ...privateTask.privacy!, rounds: 5 } })
    const spent = [1, 2, 3, 4, 5].map((rounds) => privacySpent(plan, rounds))
    for (const [index, { epsilon }] of spent.entries()) {
      expect(epsilon).toBeGreaterThan(spent[index - 1]?.epsilon ?? 0)
    }
    expect(spent[4]).toEqual({
      ...{ epsilon: plan.privacy!.epsilon, accountant: 'gaussian', order: undefined, delta: 0.01, rounds: 5 },
      ...{ neighbors: 'add-or-remove-one-client', amplified: undefined },
    })
    expect(spent[0]!.epsilon).toBeGreaterThan(plan.privacy!.epsilon / 5)
  })

  test('is refused for a plan without privacy', () => {
    expect(() => privacySpent(planRound(task), 1)).toThrow('no privacy target')
    expect(() => privacySpent(planRound(privateTask), 0)).toThrow('rounds')
  })
})

describe('a task is refused, and the error names the offending value:', () => {
  const cases: readonly [string, object, string][] = [
    ['null', null as never, 'a task must be an object'],
    ['with a mistyped part', { ...task, maximumweight: 5 }, 'unknown key "maximumweight" in a task'],
    [
      'with a part that is not data',
      { ...task, clients: 1n },
      'clients of a task must be a number or a name',
    ],
    [
      'with a clip in a list',
      { ...task, clip: [1, 2] },
      'clip of a task must be a number, or an object with a clip',
    ],
    [
      'with a clip in words',
      { ...task, clip: '1' },
      'clip of a task must be a number, or an object with a clip',
    ],
    [
      'with a switch for a part',
      { ...task, adaptiveClip: true },
      'adaptiveClip of a task must be an object, such',
    ],
    [
      'with one pattern in place of a list',
      { ...task, exclude: '*' },
      'exclude of a task must be a list of patterns',
    ],
    ['without tensors', { ...task, tensors: undefined }, 'either the tensors of an update or its length'],
    ['with tensors and a length', { ...task, length: 34 }, 'either the tensors of an update or its length'],
    ['with a negative dimension', { ...task, tensors: { a: [2, -1] } }, 'tensor "a"'],
    ['without values', { ...task, tensors: { a: [0] } }, 'the number of values'],
    ['without a clip', { ...task, clip: undefined }, 'a task needs clip, or privacy with clipNorm'],
    ['with a clip of 0', { ...task, clip: 0 }, 'clip must be a number from'],
    ['with a weight that does not fit into a lane', { ...task, maximumWeight: 2 ** 50 }, 'use weights up to'],
    ['with one client', { ...task, clients: 1 }, 'clients'],
    ['with more clients than seats', { ...hundred, clients: 65536 }, 'clients'],
    ['with a fraction of 1', { ...task, dropoutFraction: 1 }, 'dropoutFraction'],
    ['with failures that no graph tolerates', { ...task, dropoutFraction: 0.5 }, 'would work'],
    [
      'with an unknown adversary model',
      { ...task, adversary: 'semi-malicious' },
      "'honest-but-curious' or 'active'",
    ],
    [
      'with the sparse graph against an active server, for more honest inputs than are left',
      { ...hundred, graph: 'sparse', minimumCohort: 90, dropoutFraction: 0.3 },
      'the bound on small sums fails',
    ],
    [
      'with the sparse graph if none is sufficient',
      { ...task, adversary: 'honest-but-curious', clients: 3, dropoutFraction: 0, graph: 'sparse' },
      'every sparse graph that tolerates these failures',
    ],
    [
      'with the complete graph if it is not sufficient',
      {
        ...hundred,
        adversary: 'honest-but-curious',
        clients: 2000,
        corruptFraction: 0,
        dropoutFraction: 0.6,
        graph: 'complete',
      },
      'needs a threshold of 1001, but only 800 clients may be left',
    ],
    ['with another graph', { ...task, graph: 'ring' }, "'complete' or 'sparse'"],
    ['with a minimum cohort below the threshold', { ...task, minimumCohort: 5 }, 'at least 6'],
    ['with a minimum cohort that its dropouts break', { ...task, minimumCohort: 8 }, 'which leaves 7'],
    ['with a minimum cohort that is not a number', { ...task, minimumCohort: '8' }, 'minimumCohort'],
    ['with slices that are too short', { ...task, sliceLength: 3 }, 'sliceLength'],
    ['with another suite', { ...task, suite: 'rot13' }, "'aes' or 'chacha'"],
    [
      'with privacy and a clip of values',
      { ...privateTask, clip: 1 },
      'must not have clip: the whole update is clipped',
    ],
    [
      'with privacy and weights',
      { ...privateTask, maximumWeight: 2 },
      'must not have maximumWeight: all updates have weight 1',
    ],
    ['with privacy and bits per value', { ...privateTask, bitsPerValue: 8 }, 'must not have bitsPerValue'],
    ['with privacy and rounding', { ...privateTask, rounding: 'nearest' }, 'must not have rounding'],
    [
      'with a mistyped part of privacy',
      withPrivacy({ clip: 1 }),
      'unknown key "clip" in the privacy of a task',
    ],
    ['with privacy without a number of rounds', withPrivacy({ rounds: undefined }), 'privacy.rounds'],
    ['with an ε of 0', withPrivacy({ epsilon: 0 }), 'epsilon'],
    [
      'with an ε that no noise reaches',
      withPrivacy({ epsilon: 0.01, bits: 4 }),
      'no amount of noise gives ε = 0.01 with 4 bits',
    ],
  ]
  test.each(cases)('%s', (_, bad, message) => {
    let error: unknown
    try {
      planRound(bad as RoundTask)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(SecAggError)
    expect(error).toMatchObject({ fault: 'usage', message: expect.stringContaining(message) })
  })

  test('but a maximum weight of 1 is allowed with privacy, because it changes nothing', () => {
    expect(planRound({ ...privateTask, maximumWeight: 1 })).toEqual(planRound(privateTask))
  })
})

test('openRound refuses plans from elsewhere, reserved names, and contexts that would be lost', () => {
  const plan = planRound(task)
  const sessionId = new Uint8Array(32)
  expect(() => openRound(structuredClone(plan), { sessionId })).toThrow('to checkPlan first')
  expect(() => openRound({ ...plan, threshold: 2 }, { sessionId })).toThrow('to checkPlan first')
  expect(() => openRound(plan, { sessionId: new Uint8Array(3) })).toThrow('16 to 64 bytes')
  expect(() => openRound(plan, undefined as never)).toThrow('the occasion of a round must be an object')
  const bytes = new Uint8Array(1)
  expect(() => openRound(plan, { sessionId, context: { 'secagg task': bytes } })).toThrow('are reserved')
  const lost = new Map([['model', bytes]]) as never
  for (const context of [lost, null as never, 'model' as never]) {
    expect(() => openRound(plan, { sessionId, context })).toThrow('a plain object')
  }
})

function withPrivacy(parts: object): object {
  return { ...privateTask, privacy: { ...privateTask.privacy, ...parts } }
}

function requireFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  expect(Object.isFrozen(value)).toBe(true)
  for (const part of Object.values(value)) requireFrozen(part)
}
