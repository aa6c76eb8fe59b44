export { type Field, fieldFor } from './field.js'
export { reconstruct } from './reconstruct.js'
export { MAXIMUM_HOLDERS, type SecretSplitter, secretSplitter } from './split.js'
