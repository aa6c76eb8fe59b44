export type { ServerModel } from './chooser/assumptions.js'
export { type Assumptions, partOf } from './chooser/assumptions.js'
export {
  assumptionsOf,
  checkNeighborhood,
  type GraphAssumptions,
  type OfferedNeighborhood,
  requireProven,
} from './chooser/check-assumptions.js'
export { chooseParameters, type GraphParameters } from './chooser/parameters.js'
export type { SecurityFailure } from './chooser/proof.js'
export { coordinateOf, type Graph, indexOfSeat, memberAt } from './graph.js'
export {
  type CompleteShape,
  countsClients,
  type DrawnGraph,
  drawGraph,
  type GraphShape,
  graphOf,
  holdersKnownTo,
  minimumAdvertised,
  minimumPublished,
  minimumRemaining,
  minimumSeen,
  nameableSeats,
  ownerWithoutHolders,
  publishableSeats,
  type SparseShape,
  visibleAmong,
  visibleFrom,
} from './shape.js'
