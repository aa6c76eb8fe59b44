// Coders of values as bytes, from which all messages, saved states and contexts are composed.
export { array, type Coder, coder, converted, oneOf, struct, tagged, type ValueOf } from './coder.js'
export { bool, bytes, F64LE, optional, U8, U16LE, U32LE, U64LE, unsignedBigInt } from './numbers.js'
export type { Reader, Writer } from './streams.js'
