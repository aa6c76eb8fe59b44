/**
 * `secagg/post-quantum`: ML-KEM-768 (FIPS 203) for rounds whose inputs must stay secret from those who record the messages
 * now and have a quantum computer later. Only programs that import this entry have the code.
 *
 * @module
 */

export type { Encapsulated, KeyEncapsulation } from '../crypto/encapsulation.js'
export type { MlKemEncapsulated, MlKemFunctions, MlKemKeys } from './package-encapsulation.js'
export {
  customMlKem768,
  nobleMlKem768,
  nodeMlKem768,
  type PostQuantum,
  type PostQuantumOptions,
  webMlKem768,
  withPostQuantum,
} from './providers.js'
