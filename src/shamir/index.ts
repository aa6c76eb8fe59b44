export {
  CONSISTENCY_BYTES,
  consistencyCheck,
  digestColumns,
  digestFactorsLength,
  shareDigest,
} from './combine.js'
export { type Field, fieldFor } from './field.js'
export { type Evaluator, type Interpolation, interpolation } from './interpolation.js'
export { MAXIMUM_HOLDERS, type SecretSplitter, secretSplitter } from './split.js'
export { columnsOf, type ErrorLocator, errorLocator } from './wrong-shares.js'
