import { defaultCrypto } from 'secagg'
import * as privacy from 'secagg/privacy'
import { type Examples, optional, optionalBut, orAnything, whole } from './examples.js'
import { generator } from './root-examples.js'
import { testArguments } from './surface.js'

const crypto = await defaultCrypto()
const cohort = {
  clients: 10,
  minimumHonest: 8,
  delta: 1e-5,
  rounds: optional(2),
  distribution: optional('skellam'),
  samplingRate: optional(0.5),
}
const setting = { ...cohort, length: 6, clip: 1, bits: 16, noiseMultiplier: 1, tail: optional(4) }
const integers = {
  ...cohort,
  length: 6,
  l1Sensitivity: 1,
  l2Sensitivity: 1,
  minimumSum: optional(0),
  maximumSum: 10,
  bits: optional(16),
}
const plain = { clients: 10, minimumHonest: 8, delta: 1e-5, length: 6 }
const parameters = privacy.analyzePrivacy({ ...plain, clip: 1, bits: 16, noiseMultiplier: 1 })
const integerParameters = privacy.analyzeIntegerPrivacy({
  ...plain,
  l1Sensitivity: 1,
  l2Sensitivity: 1,
  maximumSum: 10,
  noiseStandardDeviation: 2,
})
const seed = new Uint8Array(32).fill(2)
const encoder = privacy.createPrivateEncoder(parameters, crypto)
const integerEncoder = privacy.createIntegerEncoder(integerParameters, crypto)
const sampler = privacy.createNoiseSampler('skellam', 4, crypto)
const curve = privacy.gaussianRdp(1)
const sum = {
  distribution: 'skellam',
  clients: 10,
  minimumHonest: 8,
  l1Sensitivity: 1,
  l2Sensitivity: 1,
  localVariance: 4,
  dimension: 6,
}
const { vector } = encoder.encode(new Float32Array(6), seed)
const lanes = integerEncoder.encode([1, 0, 0, 0, 0, 0])
/** Texts for people are not compared. */
const prose = { warnings: orAnything(optional([])) }
const derived = {
  ...optionalBut(
    ['clients', 'minimumHonest', 'delta', 'length', 'clip', 'bits', 'noiseMultiplier'],
    parameters,
  ),
  ...prose,
}
const derivedIntegers = {
  ...optionalBut(
    [
      'clients',
      'minimumHonest',
      'delta',
      'length',
      'l1Sensitivity',
      'l2Sensitivity',
      'maximumSum',
      'noiseStandardDeviation',
    ],
    integerParameters,
  ),
  ...prose,
}

const examples: Examples = {
  analyzePrivacy: () => ({ args: [setting] }),
  choosePrivacy: () => {
    const { noiseMultiplier: _, bits: __, ...target } = setting
    return { args: [{ ...target, epsilon: 50, bits: optional(16) }] }
  },
  analyzeIntegerPrivacy: () => ({ args: [{ ...integers, noiseStandardDeviation: 2 }] }),
  chooseIntegerPrivacy: () => ({ args: [{ ...integers, epsilon: 50 }] }),
  explainPrivacy: () => ({ args: [derived] }),
  privacyContext: () => ({ args: [derived, seed] }),
  integerPrivacyContext: () => ({ args: [derivedIntegers] }),
  createPrivateEncoder: () => ({
    args: [setting, generator(crypto), optional({ clipping: optional('report') })],
  }),
  'createPrivateEncoder().encode': () => ({
    on: encoder,
    args: [new Float32Array(6), seed, optional({ into: optional(vector.slice()) })],
  }),
  decodePrivateSum: () => ({
    args: [setting, vector, seed, optional({ into: optional(new Float64Array(6)) })],
  }),
  createIntegerEncoder: () => ({ args: [{ ...integers, noiseStandardDeviation: 2 }, generator(crypto)] }),
  'createIntegerEncoder().encode': () => ({ on: integerEncoder, args: [[1, 0, 0, 0, 0, 0]] }),
  decodeIntegerSum: () => ({ args: [whole(integerParameters), lanes] }),
  createNoiseSampler: () => ({ args: ['skellam', 4, generator(crypto)] }),
  'createNoiseSampler().fill': () => ({ on: sampler, args: [new Int32Array(3)] }),
  'createNoiseSampler().wipe': () => ({ on: sampler, args: [] }),
  composedRdp: () => ({ args: [[{ curve, times: optional(2) }]] }),
  'composedRdp().call': () => ({ on: privacy.composedRdp([{ curve }]), args: [3] }),
  epsilonOf: () => ({ args: [curve, 1e-5] }),
  gaussianRdp: () => ({ args: [1] }),
  'gaussianRdp().call': () => ({ on: curve, args: [3] }),
  rdpOf: () => ({ args: [sum] }),
  'rdpOf().call': () => ({ on: privacy.rdpOf(sum as never), args: [3] }),
  subsampledRdp: () => ({ args: [curve, 0.5] }),
  'subsampledRdp().call': () => ({ on: privacy.subsampledRdp(curve, 0.5), args: [3] }),
  roundedL1Bound: () => ({ args: [2, 8] }),
  roundedL2Bound: () => ({ args: [2, 8, optional(0.5)] }),
  scaleFor: () => ({
    args: [{ clients: 10, dimension: 8, clip: 1, localStandardDeviation: 0.5, bits: 16, tail: 4 }],
  }),
  rotate: () => ({ args: [new Float64Array(8), seed] }),
  rotateBack: () => ({ args: [new Float64Array(8), seed] }),
}

testArguments(privacy, examples)
