import {
  checkStatistics,
  createPrivateStatistics,
  createStatistics,
  type Definition,
  encodePrivateRecords,
  encodeRecords,
  openStatistics,
  type StatisticsOccasion,
  type StatisticsRequirements,
  statisticsContext,
} from 'secagg/statistics'
import { describe, expect, expectTypeOf, it, test } from 'vitest'
import { numbersIn } from '../support/numbers-in.js'
import { toyCrypto } from '../support/toy-crypto.js'

/*
 * Statistics that come from a server as JSON and contain a false number. A client must not encode its record for them.
 */
const definition = {
  age: { kind: 'mean', from: 0, to: 120, step: 1 },
  stay: { kind: 'histogram', edges: [0, 1, 3, 7] },
  ward: { kind: 'frequency', categories: ['surgery', 'medicine'], other: 'count' },
  code: { kind: 'sketch', depth: 2, width: 8, seed: '00112233445566778899aabbccddeeff' },
} as const satisfies Definition

const exact = createStatistics(definition, { clients: 100, maximumRecords: 3 })
const noisy = createPrivateStatistics(definition, {
  clients: 100,
  minimumHonest: 75,
  epsilon: 1,
  delta: 1e-6,
  rounds: 12,
  weights: { stay: 2 },
})
const privacy = { maximumEpsilon: 1, maximumDelta: 1e-6, rounds: 12 } as const
const requirements = { minimumCohort: 80, corruptFraction: 0.05, privacy } as const
const occasion: StatisticsOccasion = {
  sessionId: new Uint8Array(32).fill(3),
  adversary: 'active',
  corruptClients: 5,
  minimumCohort: 80,
}

// biome-ignore lint/suspicious/noExplicitAny: what a server sends can be anything, and is changed here at will
const received = (statistics: object): any => JSON.parse(JSON.stringify(statistics))
const fromServer = (code: string, message: string) =>
  expect.objectContaining({ code, fault: 'server', message: expect.stringContaining(message) })

describe('statistics that traveled as JSON', () => {
  it('cannot be used before they are checked', () => {
    for (const statistics of [exact, noisy]) {
      expect(() => openStatistics(received(statistics), occasion)).toThrow('go through checkStatistics first')
    }
    const round = { ...openStatistics(noisy, occasion), statistics: received(noisy) }
    expect(() => encodePrivateRecords({}, round, toyCrypto(1))).toThrow('must come from openStatistics')
    expect(() => encodeRecords({}, received(exact))).toThrow('must come from openStatistics')
  })

  it('are the same if nobody has changed them, and join the same round', () => {
    const { privacy: _none, ...less } = requirements
    const [checked, alsoChecked] = [
      checkStatistics<typeof definition>(received(noisy), requirements),
      checkStatistics(received(exact), less),
    ]
    expect(checked).toEqual(noisy)
    expect(alsoChecked).toEqual(exact)
    expectTypeOf(checked.privacy.epsilon).toEqualTypeOf<number>()
    const [round, own] = [openStatistics(noisy, occasion), openStatistics(checked, occasion)]
    expect(own.config.hash).toEqual(round.config.hash)
    const record = { age: 54, stay: 4, ward: 'other' } as const
    const encode = (each: typeof round) => encodePrivateRecords(record, each, toyCrypto(6)).input
    expect(encode(own)).toEqual(encode(round))
  })

  it('may come from another version of the library, which the error names if a number differs', () => {
    const foreign = { ...received(noisy), version: '77.0.0' }
    expect(checkStatistics(foreign, requirements)).toEqual(noisy)
    const own = noisy.version
    expect(() => checkStatistics({ ...foreign, novelty: 1 }, requirements)).toThrow(
      `; it was made by version "77.0.0" of the library, and this is version "${own}"`,
    )
  })

  it('are refused if any number is false that follows from others', () => {
    for (const statistics of [exact, noisy]) {
      const required = { ...requirements, privacy: statistics === noisy ? privacy : undefined }
      for (const path of numbersIn({ ...received(statistics), definition: undefined })) {
        const forged = received(statistics)
        const name = path.at(-1)!
        const parent = path.slice(0, -1).reduce((part, key) => part[key], forged)
        parent[name] = parent[name] === 0 ? 1 : parent[name] * 10
        expect(() => checkStatistics(forged, required), path.join('.')).toThrow(
          expect.objectContaining({ fault: 'server', code: expect.stringMatching(/^(config|inval)/) }),
        )
      }
    }
  })

  it('are refused if they are not statistics', () => {
    for (const none of [undefined, null, 3, {}, [], { definition }, { definition, clients: 0 }]) {
      expect(() => checkStatistics(none, { minimumCohort: 2, corruptFraction: 0 })).toThrow(
        expect.objectContaining({ fault: 'server' }),
      )
    }
    const nameless = { ...received(exact), epsilon: 1 }
    expect(() => checkStatistics(nameless, { minimumCohort: 2, corruptFraction: 0 })).toThrow(
      fromServer('configuration-mismatch', 'epsilon of the statistics is 1'),
    )
  })

  it('have a context that depends only on the numbers from which the others follow', () => {
    const forged = { ...received(noisy), privacy: { ...received(noisy.privacy), epsilon: 0.1 } }
    expect(statisticsContext(forged)).toEqual(statisticsContext(noisy))
    const { maximumRecords, ...without } = createStatistics(definition, { clients: 5 })
    expect(maximumRecords).toBe(1)
    expect(statisticsContext(without as typeof exact)).toEqual(
      statisticsContext(createStatistics(definition, { clients: 5 })),
    )
  })
})

describe('a lie about privacy is found', () => {
  test('ε = 1 with noise of only 10^-6', () => {
    const forged = received(noisy)
    forged.privacy.noiseStandardDeviation = 1e-6
    expect(() => checkStatistics(forged, requirements)).toThrow(
      expect.objectContaining({ code: 'configuration-mismatch', fault: 'server' }),
    )
    const consistent = received(statisticsWith({ noiseStandardDeviation: 1e-6 }))
    expect(consistent.privacy.epsilon).toBeGreaterThan(1e12)
    expect(() => checkStatistics(consistent, requirements)).toThrow(
      fromServer('invalid-configuration', 'epsilon of the statistics is'),
    )
  })

  test('noise that assumes 100 honest clients of 100', () => {
    const claimed = createPrivateStatistics(definition, {
      ...{ clients: 100, minimumHonest: 100, epsilon: 1, delta: 1e-6, rounds: 12 },
    })
    expect(() => checkStatistics(received(claimed), requirements)).toThrow(
      fromServer('invalid-configuration', 'minimumHonest of the statistics is 100'),
    )
    const naive = checkStatistics(received(claimed), { ...requirements, corruptFraction: 0 })
    expect(() => openStatistics(naive, { ...occasion, corruptClients: 0 })).toThrow(
      fromServer('invalid-configuration', 'assumes 100 honest clients'),
    )
    expect(() => openStatistics(naive, { ...occasion, corruptClients: 0, minimumCohort: 100 })).not.toThrow()
    // A host's own statistics are checked against its own round.
    expect(() => openStatistics(claimed, occasion)).toThrow(
      expect.objectContaining({ code: 'invalid-configuration', fault: 'usage', expected: 100, got: 75 }),
    )
  })

  test.each<[string, object, Partial<StatisticsRequirements>, string]>([
    ['more ε', noisy, { privacy: { ...privacy, maximumEpsilon: 0.9 } }, 'epsilon of the statistics is 0.99'],
    ['more δ', noisy, { privacy: { ...privacy, maximumDelta: 1e-7 } }, 'delta of the statistics is 0.000001'],
    ['fewer rounds', noisy, { privacy: { ...privacy, rounds: 13 } }, 'rounds of the statistics is 12'],
    ['less privacy, namely none,', exact, {}, 'no differential privacy'],
  ])('%s than the client requires', (_, statistics, required, message) => {
    expect(() => checkStatistics(received(statistics), { ...requirements, ...required })).toThrow(
      fromServer('invalid-configuration', message),
    )
  })

  test('statistics that the client does not want to answer', () => {
    const own = { ...definition, age: { kind: 'mean', from: 0, to: 120 } } as const
    expect(() => checkStatistics(received(noisy), { ...requirements, definition: own })).toThrow(
      fromServer('configuration-mismatch', 'age.step of the definition is 1'),
    )
    expect(checkStatistics(received(noisy), { ...requirements, definition })).toEqual(noisy)
    const other = { ...requirements, definition: { age: { kind: 'median' } } as never }
    expect(() => checkStatistics(received(noisy), other)).toThrow(
      expect.objectContaining({ code: 'invalid-configuration', fault: 'usage' }),
    )
  })

  test('invalid requirements are a usage error', () => {
    for (const none of [null, {}, { minimumCohort: 5 }, { ...requirements, maximumEpsilon: 1 }]) {
      expect(() => checkStatistics(received(noisy), none as never)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }),
      )
    }
  })
})

describe('a client refuses a round of checked statistics', () => {
  const checked = checkStatistics(received(noisy), requirements)
  const ring = { neighbors: 40, assumptions: { corruptFraction: 0.05, dropoutFraction: 0.1 } }
  const curious = {
    adversary: 'honest-but-curious',
    graph: ring,
    threshold: 25,
    corruptClients: undefined,
  } as const

  test.each<[string, Partial<StatisticsOccasion>, Partial<StatisticsRequirements>, string]>([
    ['with a smaller cohort', { minimumCohort: 79 }, {}, 'minimumCohort of the round is 79'],
    [
      'that does not state the number of corrupt clients',
      { corruptClients: undefined },
      {},
      'how many clients may be corrupt',
    ],
    ['in which more may be corrupt', { corruptClients: 6 }, {}, 'assumes 75 honest clients'],
    [
      'that tolerates fewer corrupt clients',
      { corruptClients: 0, threshold: 51 },
      {},
      'the threshold of the round tolerates 1 corrupt clients',
    ],
    [
      'in the other model',
      curious,
      { adversary: 'active' },
      'the adversary of the round is honest-but-curious',
    ],
    ['on the other graph', curious, { graph: 'complete' }, 'the graph of the round is sparse'],
    [
      'whose graph assumes fewer corrupt clients',
      { ...curious, graph: { ...ring, assumptions: { ...ring.assumptions, corruptFraction: 0.04 } } },
      {},
      'corruptFraction of the round is 0.04',
    ],
    [
      'whose graph has a larger probability of failure',
      { ...curious, graph: { ...ring, assumptions: { ...ring.assumptions, statisticalSecurity: 20 } } },
      {},
      'statisticalSecurity of the round is 20',
    ],
    [
      'whose graph is unproven',
      { ...curious, graph: { neighbors: 40, assumptions: 'unproven' } },
      {},
      'the graph of the round is unproven',
    ],
    ['with an impossible cohort', { minimumCohort: 101 }, {}, 'minimumCohort must be a whole number'],
  ])('%s', (_, changes, required, message) => {
    const own = checkStatistics(received(noisy), { ...requirements, ...required })
    expect(() => openStatistics(own, { ...occasion, ...changes })).toThrow(
      fromServer('invalid-configuration', message),
    )
  })

  test('but accepts a round that meets its requirements, on either graph', () => {
    expect(openStatistics(checked, occasion).config.clients).toBe(100)
    expect(openStatistics(checked, { ...occasion, ...curious }).config.graph.kind).toBe('sparse')
  })

  test('a host must state how many clients may be corrupt in a private round', () => {
    expect(() => openStatistics(noisy, { ...occasion, corruptClients: undefined })).toThrow(
      expect.objectContaining({ code: 'invalid-configuration', fault: 'usage' }),
    )
    expect(() => openStatistics(exact, { sessionId: new Uint8Array(16), adversary: 'active' })).not.toThrow()
    expect(() => openStatistics(exact, undefined as never)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})

/** Statistics whose numbers are consistent, with any noise. */
function statisticsWith(changes: object): object {
  const forged = received(noisy)
  Object.assign(forged.privacy, changes)
  for (let corrections = 0; corrections < 20; corrections++) {
    try {
      checkStatistics(forged, { minimumCohort: 2, corruptFraction: 0 })
      return forged
    } catch (error) {
      const { message, expected } = error as { message: string; expected: number | string }
      const path = message.split(' ')[0]!.split('.')
      const value = typeof expected === 'string' ? JSON.parse(expected) : expected
      path.slice(0, -1).reduce((part, key) => part[key], forged)[path.at(-1)!] = value
    }
  }
  throw new Error('the numbers never become consistent')
}
