export {
  createPlane,
  type DataPlane,
  type Folding,
  homeOf,
  type PlaneHome,
  type PlaneRound,
  type PlaneShape,
  type RoundPlane,
  type SumBlock,
  type Unmasker,
  type UnmaskJob,
  type UploadPlace,
} from './data-plane.js'
export { executorUnmasker, type LocalPlaneOptions, localHome, localPlane } from './local-plane.js'
export type { SliceStore } from './masked-sum.js'
