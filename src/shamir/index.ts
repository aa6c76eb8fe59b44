export {
  CONSISTENCY_BYTES,
  consistencyCheck,
  digestColumns,
  digestFactorsLength,
  type Evaluator,
  type Interpolation,
  interpolation,
  shareDigest,
} from './combine.js'
export { columnsOf, type ErrorLocator, errorLocator } from './correct-shares.js'
export { type Field, fieldFor } from './field.js'
export { MAXIMUM_HOLDERS, type SecretSplitter, secretSplitter } from './split.js'
