export { assumptionsOf, type GraphAssumptions, requireProven } from './assumptions.js'
export type { ServerModel } from './bounds.js'
export { checkNeighborhood, type OfferedNeighborhood } from './check.js'
export type { Assumptions } from './cohort.js'
export { coordinateOf, type Graph, indexOfSeat, memberAt } from './graph.js'
export { chooseParameters, type GraphParameters } from './parameters.js'
export type { SecurityFailure } from './proof.js'
export {
  type CompleteShape,
  countsClients,
  type DrawnGraph,
  drawGraph,
  type GraphShape,
  graphOf,
  holdersKnownTo,
  leastAdvertised,
  leastPublished,
  leastRemaining,
  leastSeen,
  nameableSeats,
  ownerWithoutHolders,
  publishableSeats,
  type SparseShape,
  visibleAmong,
  visibleFrom,
} from './shape.js'
