export type { ServerModel } from './chooser/assumptions.js'
export { type Assumptions, partOf } from './chooser/assumptions.js'
export {
  assumptionsOf,
  checkNeighborhood,
  type GraphAssumptions,
  type OfferedNeighborhood,
  requireProven,
} from './chooser/check-assumptions.js'
export type { SecurityFailure } from './chooser/proof.js'
export { CHOICE_LENGTH, type ChoosingClient, inclusionBits, isIncluded } from './chosen.js'
export { coordinateOf, type Graph, hasPlace, indexOfSeat, memberAt, placesIn } from './graph.js'
export {
  choiceLength,
  countsClients,
  minimumAdvertised,
  minimumPublished,
  minimumRemaining,
  minimumSeen,
  nameableSeats,
  provenHolders,
  publishableSeats,
} from './limits.js'
export {
  type ChosenShape,
  type CompleteShape,
  type DrawnChoices,
  type DrawnGraph,
  type DrawnRing,
  drawGraph,
  type GraphContext,
  type GraphShape,
  graphOf,
  holdersChosenBy,
  holdersKnownTo,
  isChosen,
  ownerWithoutHolders,
  type SparseShape,
  seatsWithHolders,
  visibleAmong,
  visibleFrom,
} from './shape.js'
