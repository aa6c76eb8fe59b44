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
export { checkPlan } from './check-plan.js'
export type { PlannedCohort } from './cohort.js'
export { decodeOutcome, type RoundMean } from './decode.js'
export {
  type EncodedUpdate,
  type EncodeUpdateOptions,
  encodeUpdate,
  type Update,
  type UpdateClipping,
} from './encode.js'
export type { RoundOccasion } from './parameters.js'
export { planRound } from './plan.js'
export type { PlanRequirements } from './requirements.js'
export { openRound, type Round } from './round.js'
export type { PlannedPrivacy, RoundPlan } from './round-plan.js'
export { privacySpent } from './spent.js'
export { type StreamedUpdate, type StreamUpdateOptions, streamUpdate } from './stream.js'
export type { PlannedTask, PrivacyGoal, RoundTask, TensorShapes } from './task.js'
