/**
 * `secagg/privacy`: distributed differential privacy (Kairouz, Liu and Steinke 2021; Agarwal, Kairouz and Liu 2021). Every
 * client clips its vector, rounds it to whole numbers and adds a part of the noise. A round reveals only the sum, which is
 * then private even against the server. Dropouts do not weaken ε as long as `minimumHonest` honest clients remain.
 *
 * @module
 */

// The accountant.
export {
  type Accountant,
  composedRdp,
  type Epsilon,
  epsilonOf,
  NEIGHBORS,
  type PrivacyLoss,
  type ProvenEpsilon,
  subsampledRdp,
} from './accountant.js'
// What the clients of a round must agree on.
export { integerPrivacyContext, privacyContext } from './encoder-context.js'
export { type Explanation, explainPrivacy } from './explain.js'
// Vectors of floats.
export {
  type ClippingReport,
  createPrivateEncoder,
  decodePrivateSum,
  type PrivateEncoder,
  type PrivateEncoderOptions,
  type PrivateValues,
} from './float-encoder.js'
// Vectors of whole numbers with stated sensitivities.
export { createIntegerEncoder, decodeIntegerSum, type IntegerEncoder } from './integer-encoder.js'
export {
  analyzeIntegerPrivacy,
  chooseIntegerPrivacy,
  type IntegerPrivacyParameters,
  type IntegerPrivacySetting,
  type IntegerPrivacyTarget,
  type IntegerQuery,
} from './integers.js'
export { createNoiseSampler, type NoiseSampler } from './noise/sampler.js'
// From a target for ε to parameters, and from parameters to ε.
export {
  analyzePrivacy,
  choosePrivacy,
  type PrivacyParameters,
  type PrivacyTarget,
} from './noise-parameters.js'
export {
  gaussianRdp,
  type NoiseDistribution,
  type NoisySum,
  RDP_ORDERS,
  type RdpCurve,
  rdpOf,
} from './rdp.js'
// The building blocks of the encoder.
export { rotate, rotateBack } from './rotation.js'
export type { PrivacySetting, PrivateCohort, ScaledSum } from './scaled-sum.js'
export { type Headroom, ROUNDING_BETA, roundedL1Bound, roundedL2Bound, scaleFor } from './scaled-sum.js'
