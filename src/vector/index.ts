/**
 * `secagg/vector`: vectors over Z_2^k. It executes the mask plans of the protocol, adds vectors, and packs them into
 * messages. Functions change an argument only if it is called `target`.
 * @module
 */
export { type Accumulator, createAccumulator } from './accumulator.js'
export {
  addInto,
  checkVector,
  copyVector,
  createVector,
  firstOutOfRange,
  reduceInto,
  subtractInto,
  vectorInRange,
} from './arithmetic.js'
export { fingerprint } from './fingerprint.js'
export { type Into, packVector, unpackVector } from './into.js'
export { installKernels } from './kernels/install.js'
export type { BlockAdder, LaneRun } from './kernels/plain-adder.js'
export { createPlainAdder } from './kernels/plain-adder.js'
export {
  type ExecutionOptions,
  executeMaskPlan,
  expandMask,
  type MaskExecutor,
  type MaskOptions,
} from './mask.js'
export type { PaceOptions } from './pace.js'
export { packedLength, packedRange } from './packing.js'
export {
  checkSegments,
  type ElementRange,
  elementCount,
  type Lanes,
  laneBytes,
  type MaskPlan,
  type MaskTerm,
  type Segment,
  segmentsInRange,
  type Vector,
} from './segments.js'
