import { defaultCrypto } from 'secagg'
import * as federated from 'secagg/federated'
import { createVector } from 'secagg/vector'
import { type Examples, optional, optionalBut, orNoPairs, received, whole } from './examples.js'
import { generator } from './root-examples.js'
import { testArguments } from './surface.js'

const crypto = await defaultCrypto()
const task = {
  tensors: { kernel: [2, 2], bias: [2] },
  clients: 10,
  adversary: 'honest-but-curious' as const,
  dropoutFraction: 0.2,
  corruptFraction: 0.1,
  clip: 1,
  maximumWeight: 9,
}
const privateTask = {
  length: 6,
  clients: 10,
  adversary: 'honest-but-curious' as const,
  dropoutFraction: 0.2,
  corruptFraction: 0.1,
  privacy: { epsilon: 100, delta: 1e-5, rounds: 2, clipNorm: 1 },
}
const plan = federated.planRound(task)
const adaptivePlan = federated.planRound({ ...task, clip: { bias: 1, '*': 2 }, adaptiveClip: {} })
const privatePlan = federated.planRound(privateTask)
const occasion = { sessionId: new Uint8Array(32), context: { model: new Uint8Array(5) } }
const round = federated.openRound(plan, occasion)
const update = {
  kernel: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  bias: { shape: [2], data: [5, 6] },
}

const guarded = federated.openRound(federated.planRound({ ...task, nonNegative: ['kernel'] }), occasion)
const guardedOutcome = {
  sum: federated.encodeUpdate(update, 3, guarded).input.vector,
  configHash: guarded.config.hash,
  report: { survivors: [0, 1, 2, 3, 4, 5, 6, 7] },
}
/** Of an earlier round. Only its arrays are read. */
const oldMean = () => {
  const { mean, tensors } = federated.decodeOutcome(guardedOutcome, guarded, { addedTo: 'nothing' })
  const named = Object.entries(tensors).map(([name, { data }]) => [name, { data }])
  return { mean, tensors: Object.fromEntries(named) as typeof tensors }
}

const examples: Examples = {
  fastestSuite: () => ({ args: [] }),
  planRound: () => ({
    args: [
      optionalBut(['tensors', 'clients', 'adversary', 'dropoutFraction', 'corruptFraction', 'clip'], {
        ...task,
        minimumCohort: 8,
        graph: 'complete',
        statisticalSecurity: 30,
        correctness: 15,
        bitsPerValue: 12,
        rounding: 'nearest',
        suite: 'chacha',
        sliceLength: 64,
        signatureLength: 64,
        adaptiveClip: optional({ quantile: optional(0.9), rate: optional(1) }),
        contributions: optional({ minimum: 3 }),
        exclude: optional(['b*']),
        nonNegative: optional(['kernel']),
      }),
    ],
  }),
  checkPlan: () => ({
    args: [
      received(JSON.parse(JSON.stringify(plan))),
      optionalBut(['minimumCohort', 'corruptFraction'], {
        minimumCohort: 5,
        corruptFraction: 0.1,
        adversary: 'honest-but-curious',

        dropoutFraction: 0.1,
        statisticalSecurity: 30,
        tensors: orNoPairs({ kernel: optional([2, 2]), bias: optional([2]) }),
      }),
    ],
  }),
  openRound: () => ({
    args: [whole(plan), { ...occasion, context: optional({ model: optional(new Uint8Array(5)) }) }],
  }),
  encodeUpdate: () => ({
    args: [
      update,
      3,
      whole(round),
      optional({
        onClip: optional('report'),
        crypto: optional(generator(crypto)),
        into: optional(createVector(plan.segments)),
      }),
    ],
  }),
  streamUpdate: () => ({
    args: [
      update,
      3,
      whole(round),
      optional({
        onClip: optional('report'),
        crypto: optional(generator(crypto)),
        roundingSeed: optional(new Uint8Array(32)),
      }),
    ],
  }),
  'streamUpdate().input.vector': () => ({
    on: federated.streamUpdate(update, 3, round).input,
    args: [{ from: 0, to: 7 }],
  }),
  decodeOutcome: () => ({
    args: [guardedOutcome, whole(guarded), { addedTo: 'nothing', into: optional(oldMean()) }],
  }),
  nextPlan: () => ({
    args: [whole(adaptivePlan), { mean: new Float64Array(6), within: { bias: 1, '*': 0 } }],
  }),
  proposeClips: () => ({
    args: [update, optional({ groups: optional(['*']), bounds: optional('norm'), margin: optional(2) })],
  }),
  reportClipping: () => ({ args: [orNoPairs(update), whole(round)] }),
  privacySpent: () => ({ args: [whole(privatePlan), 2] }),
}

testArguments(federated, examples)
