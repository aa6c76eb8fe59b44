export { type GraphAssumptions, requireProven } from './assumptions.js'
export { checkNeighborhood, type OfferedNeighborhood } from './check.js'
export type { Assumptions } from './cohort.js'
export { coordinateOf, type Graph, indexOfSeat } from './graph.js'
export { chooseParameters, type GraphParameters } from './parameters.js'
export {
  type DrawnGraph,
  drawGraph,
  type GraphShape,
  graphOf,
  holdersKnownTo,
  leastAdvertised,
  leastAnswers,
  leastSharing,
  leastSurvivors,
  nameableSeats,
  publishableSeats,
  type SparseShape,
  visibleFrom,
} from './shape.js'
