export type {
  DataPlane,
  Folding,
  PlaneRound,
  PlaneShape,
  RoundPlane,
  SavedPlane,
  Settled,
  SumBlock,
  Unmasker,
  UnmaskJob,
  UnmaskWork,
  UploadPlace,
} from './data-plane.js'
export { type LocalPlaneOptions, localPlane } from './local-plane.js'
export type { SliceStore } from './slice-uploads.js'
