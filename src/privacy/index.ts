/**
 * `secagg/privacy`: distributed differential privacy (Kairouz, Liu and Steinke 2021; Agarwal, Kairouz and Liu 2021). Every
 * client clips its vector, rounds it to whole numbers and adds noise of its own, so that what a round reveals, the sum,
 * is private also against the server. Dropouts down to the least number of honest clients weaken nothing.
 *
 * @module
 */

// The accountant.
export {
  composedRdp,
  type Epsilon,
  epsilonOf,
  NEIGHBORS,
  type PrivacyLoss,
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
// Whole numbers with sensitivities of their own.
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
// From a promise to parameters, and back.
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
// The parts.
export {
  type Headroom,
  paddedLength,
  ROUNDING_BETA,
  rotate,
  rotateBack,
  roundedL1Bound,
  roundedL2Bound,
  scaleFor,
} from './rotation.js'
export type { PrivacySetting, PrivateCohort, ScaledSum } from './scaled-sum.js'
