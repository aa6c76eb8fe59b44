/**
 * `secagg/federated`: federated averaging. A plan follows from a task: what is averaged, and which failures are tolerated. A
 * round follows from a plan and a session id. Clients encode their updates for the round, and the server decodes their mean.
 *
 *     const plan = planRound({ tensors, clients: 100, adversary: 'active', dropoutFraction: 0.1, corruptFraction: 0.05, clip: 1 })
 *     const round = openRound(plan, { sessionId, context: { model } })
 *     // a client, which received plan, session id and model from the server
 *     const checked = checkPlan(received, { minimumCohort: 80, corruptFraction: 0.05 })
 *     const { input } = encodeUpdate(update, 1, openRound(checked, { sessionId, context: { model } }))
 *     // the server, at the end of the round
 *     const { tensors, survivors } = decodeOutcome(outcome, round)
 *
 * If this entry does not fit your case, use the layers below it: `secagg/fixed-point`, `secagg/tensors`, `secagg/privacy`.
 *
 * @module
 */
export type { PrivacyRequirements } from '../received/index.js'
export type { FinishedRound, RoundInput } from '../rounds/index.js'
export type { AdaptiveClip, PlannedAdaptiveClip } from './adaptive-clip.js'
export type { PlanRequirements } from './check-plan.js'
export { checkPlan } from './check-plan.js'
export type { ClipByGroup, GroupOfTensors } from './clip-groups.js'
export type { ClipGroup } from './clip-layout.js'
export { reportClipping, type TensorClipping } from './clip-report.js'
export type { Contributions, MeanContributions, PlannedContributions } from './contributions.js'
export type { DecodeOptions, MeanArrays } from './decode-groups.js'
export {
  type EncodeUpdateOptions,
  encodeUpdate,
  type PreparedUpdate,
} from './encode-update.js'
export { fastestSuite } from './fastest-suite.js'
export { nextPlan } from './next-plan.js'
export { planRound, privacySpent } from './plan.js'
export type { PlannedCohort } from './planned-cohort.js'
export { type ProposeClipsOptions, proposeClips } from './propose-clips.js'
export { decodeOutcome, openRound, type Round, type RoundMean } from './round.js'
export type { PlannedPrivacy, RoundOccasion, RoundPlan } from './round-plan.js'
export { type PreparedStream, type StreamUpdateOptions, streamUpdate } from './stream-update.js'
export type { PlannedTask, PrivacyGoal, RoundTask } from './task.js'
export type { PlannedTensor, TensorShapes } from './task-tensors.js'
export type { Update, UpdateClipping } from './update-values.js'
