export { type Field, fieldFor } from './field.js'
export { MAXIMUM_HOLDERS, type SecretSplitter, secretSplitter } from './split.js'
