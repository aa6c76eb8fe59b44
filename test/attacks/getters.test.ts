import {
  ClientSession,
  checkNeighborhood,
  chooseParameters,
  createRoundConfig,
  leastThreshold,
  type RoundParameters,
  ServerSession,
} from 'secagg'
import { checkPlan, encodeUpdate, openRound, planRound } from 'secagg/federated'
import {
  createFixedPoint,
  createWeightedMean,
  decodeMean,
  decodeWeighted,
  encodeValues,
  encodeWeighted,
  encodingContext,
} from 'secagg/fixed-point'
import {
  analyzeIntegerPrivacy,
  analyzePrivacy,
  chooseIntegerPrivacy,
  choosePrivacy,
  createIntegerEncoder,
  createPrivateEncoder,
  decodeIntegerSum,
  decodePrivateSum,
} from 'secagg/privacy'
import { client } from 'secagg/protocol'
import { simulate } from 'secagg/simulate'
import { createPrivateStatistics, createStatistics } from 'secagg/statistics'
import { createManifest, flatten, manifestBytes, manifestOf, unflatten } from 'secagg/tensors'
import { describe, expect, test } from 'vitest'
import { privateTask, task, updateOf } from '../federated/support.js'
import { seededCrypto } from '../privacy/support.js'

// What a caller hands in may have getters, or be a proxy. Whatever is checked has to be what is used.

const PARAMETERS: RoundParameters = {
  sessionId: new Uint8Array(16),
  clients: 100,
  adversary: 'active',
  segments: [{ length: 4, bits: 16, bound: 100 }],
  threshold: 67,
}

describe('a threshold that changes once it has been checked', () => {
  test('is not the threshold of the round', () => {
    let readings = 0
    const shifting = {
      ...PARAMETERS,
      get threshold() {
        return readings++ < 3 ? 67 : 2
      },
    }
    for (let attempt = 0; attempt < 6; attempt++) {
      readings = attempt
      const config = (() => {
        try {
          return createRoundConfig(shifting)
        } catch (error) {
          return error
        }
      })()
      if (!(config instanceof Error)) expect(config).toMatchObject({ threshold: 67, minimumCohort: 67 })
    }
  })

  test('where it comes from a prototype, it counts like any other', () => {
    const derived = Object.create({ ...PARAMETERS, threshold: 80, context: { model: Uint8Array.of(1) } })
    expect(createRoundConfig(derived)).toEqual(
      createRoundConfig({ ...PARAMETERS, threshold: 80, context: { model: Uint8Array.of(1) } }),
    )
  })
})

/** A copy of plain data in which every property, at any depth, can be read once only. */
function once<T>(given: T, path = 'it'): T {
  if (Array.isArray(given)) return given.map((each, index) => once(each, `${path}[${index}]`)) as T
  if (typeof given !== 'object' || given === null) return given
  const isPlain = PLAIN.includes(Object.getPrototypeOf(given))
  // What has methods is a capability, which may be asked as often as one likes; what is frozen stays what it is.
  const isFixed = Object.isFrozen(given) || Object.values(given).some((value) => typeof value === 'function')
  if (!isPlain || (isFixed && path.includes('.'))) return given
  const entries = Object.entries(given).map(([key, value]) => [key, once(value, `${path}.${key}`)])
  const readings = new Set<PropertyKey>()
  return new Proxy(Object.fromEntries(entries), {
    get: (target, key, receiver) => {
      if (Object.hasOwn(target, key) && readings.has(key))
        throw new Error(`${path}.${String(key)} is read twice`)
      readings.add(key)
      return Reflect.get(target, key, receiver)
    },
  })
}

const PLAIN: unknown[] = [Object.prototype, null]
type Once = typeof once
const plainly: Once = (given) => given

const sparse = {
  neighbors: 4,
  assumptions: { corruptFraction: 0, dropoutFraction: 0.1, statisticalSecurity: 1 },
}
const assumptions = {
  clients: 100,
  dropoutFraction: 0.05,
  corruptFraction: 0.05,
  adversary: 'honest-but-curious',
} as const
const encoding = createFixedPoint({ clip: 1, clients: 3, bitsPerValue: 8 })
const mean = createWeightedMean(2, encoding)
const manifest = manifestOf(updateOf(1))
const flat = flatten(updateOf(1), manifest)
const vectors = { clients: 10, leastHonest: 5, delta: 1e-3, length: 4, clip: 1 }
const integers = {
  clients: 10,
  leastHonest: 5,
  delta: 1e-3,
  length: 4,
  l1Sensitivity: 4,
  l2Sensitivity: 2,
  greatestSum: 100,
}
const counts = { yes: { kind: 'count' } } as const
const config = createRoundConfig({ ...PARAMETERS, clients: 3, threshold: 3 })

/** Each function with options as a caller would write them. */
const CALLS: Record<string, (of: Once) => unknown> = {
  createRoundConfig: (of) =>
    createRoundConfig(
      of({
        ...PARAMETERS,
        minimumCohort: 70,
        signatureLength: 64,
        suite: 'chacha',
        context: { a: Uint8Array.of(1) },
      }),
    ),
  'createRoundConfig, sparse': (of) =>
    createRoundConfig(
      of({
        ...PARAMETERS,
        clients: 5,
        adversary: 'honest-but-curious',
        threshold: 3,
        minimumCohort: 3,
        graph: sparse,
        sliceLength: 64,
      }),
    ),
  leastThreshold: (of) => leastThreshold(of({ clients: 10, adversary: 'active', corruptClients: 2 })),
  chooseParameters: (of) =>
    chooseParameters(of({ ...assumptions, statisticalSecurity: 30, correctness: 10 })),
  checkNeighborhood: (of) => checkNeighborhood(of({ ...assumptions, neighbors: 99, threshold: 60 })),
  'client.advertiseKeys': async (of) =>
    (
      await client.advertiseKeys(
        config,
        0,
        of({ crypto: seededCrypto(1), signer: { sign: async () => new Uint8Array(64) } }),
        of({ minimumSurvivors: 3 }),
      )
    ).outbound,
  ClientSession: (of) =>
    new ClientSession(of({ config, seat: 0, input: new Uint16Array(4), minimumSurvivors: 3 })).round,
  ServerSession: (of) => new ServerSession(of({ config, maximumUploads: 2 })).round,
  planRound: (of) => planRound(of(task)),
  'planRound, private': (of) => planRound(of(privateTask)),
  checkPlan: (of) =>
    checkPlan(
      task,
      of({
        minimumCohort: 7,
        corruptFraction: 0.1,
        graph: 'complete',
        dropoutFraction: 0.3,
        tensors: updateOf(1),
      }),
    ),
  'checkPlan, private': (of) =>
    checkPlan(
      privateTask,
      of({
        minimumCohort: 7,
        corruptFraction: 0.1,
        privacy: { maximumEpsilon: 200, maximumDelta: 0.01, rounds: 1 },
      }),
    ),
  openRound: (of) =>
    openRound(planRound(task), of({ sessionId: new Uint8Array(16), context: { model: Uint8Array.of(1) } }))
      .config,
  encodeUpdate: (of) =>
    encodeUpdate(
      of(updateOf(1)),
      3,
      openRound(planRound(task), { sessionId: new Uint8Array(16) }),
      of({ onClip: 'refuse', crypto: seededCrypto(1) }),
    ),
  'encodeUpdate, private': (of) =>
    encodeUpdate(
      of(updateOf(1)),
      1,
      openRound(planRound(privateTask), { sessionId: new Uint8Array(16) }),
      of({ onClip: 'report', crypto: seededCrypto(1) }),
    ),
  createFixedPoint: (of) =>
    createFixedPoint(
      of({ clip: 1, clients: 3, bitsPerValue: 8, bits: 20, rounding: 'nearest', maximumWeight: 3 }),
    ),
  encodeValues: (of) =>
    encodeValues(
      [0.5],
      of({ ...encoding }),
      of({ weight: 1, onClip: 'refuse', randomBytes: (length: number) => new Uint8Array(length) }),
    ),
  createWeightedMean: (of) => createWeightedMean(2, of({ ...encoding })),
  encodeWeighted: (of) =>
    encodeWeighted(
      [0.5, 1],
      1,
      of({ ...mean, encoding: { ...encoding } }),
      of({ onClip: 'refuse', randomBytes: (length: number) => new Uint8Array(length) }),
    ),
  decodeWeighted: (of) =>
    decodeWeighted([Uint16Array.of(3, 4), Uint8Array.of(1)], 1, of({ ...mean, encoding: { ...encoding } })),
  decodeMean: (of) => decodeMean(Uint16Array.of(3, 4), of({ ...encoding }), 1),
  encodingContext: (of) => encodingContext(of({ ...encoding })),
  createManifest: (of) => createManifest(of({ a: [1, 2], b: [3] })),
  manifestOf: (of) => manifestOf(of(updateOf(1))),
  flatten: (of) =>
    flatten(of(updateOf(1)), of({ ...manifest, tensors: manifest.tensors.map((entry) => ({ ...entry })) })),
  unflatten: (of) =>
    unflatten(flat, of({ ...manifest, tensors: manifest.tensors.map((entry) => ({ ...entry })) })),
  manifestBytes: (of) =>
    manifestBytes(of({ ...manifest, tensors: manifest.tensors.map((entry) => ({ ...entry })) })),
  choosePrivacy: (of) =>
    choosePrivacy(of({ ...vectors, epsilon: 10, bits: 20, rounds: 2, samplingRate: 0.5 })),
  analyzePrivacy: (of) => analyzePrivacy(of({ ...vectors, noiseMultiplier: 1, bits: 20, tail: 4 })),
  createPrivateEncoder: (of) =>
    createPrivateEncoder(
      of({ ...vectors, noiseMultiplier: 1, bits: 20 }),
      seededCrypto(1),
      of({ clipping: 'refuse' }),
    ).encode(new Float64Array(4), new Uint8Array(16)),
  decodePrivateSum: (of) =>
    decodePrivateSum(
      of({ ...vectors, noiseMultiplier: 1, bits: 20 }),
      new Uint32Array(4),
      new Uint8Array(16),
    ),
  chooseIntegerPrivacy: (of) => chooseIntegerPrivacy(of({ ...integers, epsilon: 10, bits: 20 })),
  analyzeIntegerPrivacy: (of) =>
    analyzeIntegerPrivacy(of({ ...integers, noiseStandardDeviation: 3, bits: 20, leastSum: 0 })),
  createIntegerEncoder: (of) =>
    createIntegerEncoder(of({ ...integers, noiseStandardDeviation: 3, bits: 20 }), seededCrypto(1)).encode([
      1, 0, 0, 1,
    ]),
  decodeIntegerSum: (of) =>
    decodeIntegerSum(of({ ...integers, noiseStandardDeviation: 3, bits: 20 }), new Uint32Array(4)),
  createStatistics: (of) => createStatistics(of({ ...counts }), of({ clients: 3, maximumRecords: 2 })),
  createPrivateStatistics: (of) =>
    createPrivateStatistics(
      of({ ...counts }),
      of({ clients: 10, leastHonest: 5, delta: 1e-3, epsilon: 10, maximumRecords: 2, weights: { yes: 2 } }),
    ),
  simulate: async (of) =>
    (
      await simulate(
        of({
          clients: 3,
          length: 4,
          bits: 16,
          adversary: 'active',
          seed: 2,
          drops: [{ count: 0, round: 'unmasking' }],
        }),
      )
    ).exact,
}

describe('what is read once is what is checked and used:', () => {
  test.each(Object.entries(CALLS))('%s', async (_, call) => {
    expect(await call(once)).toEqual(await call(plainly))
  })
})
