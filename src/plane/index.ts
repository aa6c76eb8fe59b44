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
export { type LocalPlaneOptions, localHome, localPlane } from './local-plane.js'
export type { SliceStore } from './slice-uploads.js'
