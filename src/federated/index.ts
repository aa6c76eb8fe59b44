/**
 * `secagg/federated`: federated averaging in one call for each side. From what is to be averaged and withstood follows a
 * plan with every number; from the plan and a session id a round; updates go in and their mean comes out.
 *
 *     const plan = planRound({ tensors, clients: 100, adversary: 'active', dropoutFraction: 0.1, corruptFraction: 0.05, clip: 1 })
 *     const round = openRound(plan, { sessionId, context: { model } })
 *     // a client, which got plan, session id and model from the server
 *     const checked = checkPlan(received, { minimumCohort: 80, corruptFraction: 0.05 })
 *     const { input } = encodeUpdate(update, 1, openRound(checked, { sessionId, context: { model } }))
 *     // the server, in the end
 *     const { tensors, survivors } = decodeOutcome(outcome, round)
 *
 * The layers below are there for what this one does not fit: `secagg/fixed-point`, `secagg/tensors`, `secagg/privacy`.
 *
 * @module
 */
export type { PrivacyRequirements } from '../received/index.js'
export type { FinishedRound, RoundInput } from '../rounds/index.js'
export type { PlanRequirements } from './check-plan.js'
export { checkPlan } from './check-plan.js'
export {
  type EncodeUpdateOptions,
  encodeUpdate,
  type PreparedStream,
  type PreparedUpdate,
  type StreamUpdateOptions,
  streamUpdate,
  type Update,
  type UpdateClipping,
} from './encode-update.js'
export { planRound, privacySpent } from './plan.js'
export type { PlannedCohort } from './planned-cohort.js'
export { decodeOutcome, openRound, type Round, type RoundMean } from './round.js'
export type { PlannedPrivacy, RoundOccasion, RoundPlan } from './round-plan.js'
export type { PlannedTask, PrivacyGoal, RoundTask, TensorShapes } from './task.js'
