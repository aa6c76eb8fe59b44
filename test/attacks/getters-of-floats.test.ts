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
import { createPrivateStatistics, createStatistics, encodeRecords, openStatistics } from 'secagg/statistics'
import { createManifest, flatten, manifestBytes, manifestOf, unflatten } from 'secagg/tensors'
import { describe } from 'vitest'
import { privateTask, task, updateOf } from '../federated/support.js'
import { seededCrypto } from '../privacy/support.js'

import { expectReadOnce } from './read-once.js'

const encoding = createFixedPoint({ clip: 1, clients: 3, bitsPerValue: 8 })
const mean = createWeightedMean(2, encoding)
const manifest = manifestOf(updateOf(1))
const flat = flatten(updateOf(1), manifest)
const vectors = { clients: 10, minimumHonest: 5, delta: 1e-3, length: 4, clip: 1 }
const integers = {
  clients: 10,
  minimumHonest: 5,
  delta: 1e-3,
  length: 4,
  l1Sensitivity: 4,
  l2Sensitivity: 2,
  maximumSum: 100,
}
const counts = { yes: { kind: 'count' } } as const
const occasion = { sessionId: new Uint8Array(16), adversary: 'active' } as const

describe('what is read once is what is checked and used:', () => {
  expectReadOnce({
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
      analyzeIntegerPrivacy(of({ ...integers, noiseStandardDeviation: 3, bits: 20, minimumSum: 0 })),
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
        of({
          clients: 10,
          minimumHonest: 5,
          delta: 1e-3,
          epsilon: 10,
          maximumRecords: 2,
          weights: { yes: 2 },
        }),
      ),
    encodeRecords: (of) => {
      const round = openStatistics(createStatistics(counts, { clients: 3 }), occasion)
      return encodeRecords(of({ yes: true }), round, of({ onClip: 'refuse' })).input.vector
    },
    openStatistics: (of) =>
      openStatistics(createStatistics(counts, { clients: 3 }), of({ ...occasion })).config,
  })
})
