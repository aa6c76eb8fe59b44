export { type Field, fieldFor } from './field.js'
export { type Interpolation, interpolation } from './interpolation.js'
export { MAXIMUM_HOLDERS, type SecretSplitter, secretSplitter } from './split.js'
export { locateWrongShares } from './wrong-shares.js'
