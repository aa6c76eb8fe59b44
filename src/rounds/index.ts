export { extendedContext } from './context.js'
export {
  hashOf,
  isRoundInput,
  type RoundInput,
  requireVectorOrSource,
  roundInput,
  type VectorSource,
  vectorFor,
} from './input.js'
export { type FinishedRound, type RoundSum, readOutcome } from './outcome.js'
