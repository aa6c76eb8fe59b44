export {
  extendedContext,
  type FinishedRound,
  hashOf,
  isRoundInput,
  type RoundInput,
  type RoundSum,
  readOutcome,
  requireVectorOrSource,
  roundInput,
  type VectorSource,
  vectorFor,
} from './round-data.js'
