import type { FixedPoint } from '../fixed-point/index.js'
import type { PrivacyParameters } from '../privacy/index.js'
import type { TensorManifest } from '../tensors/index.js'
import type { PlannedCohort } from './cohort.js'
import type { PlannedTask } from './task.js'

/** What privacy costs and gives; all that `choosePrivacy` found, and the noise of the mean. */
export interface PlannedPrivacy extends PrivacyParameters {
  /** Of an element of the mean, from noise and rounding together, at most, where no more than the minimum cohort is left. */
  readonly meanStandardDeviation: number
}

/**
 * A `RoundTask` and every number that follows from it, made by `planRound` and good for as many rounds as one
 * likes. Frozen, plain data that survives JSON; whoever receives one has it checked by `checkPlan`, which derives
 * the numbers anew.
 */
export interface RoundPlan extends PlannedCohort {
  /** Of the library that made the plan. Another version may give the same task other numbers. */
  readonly version: string
  readonly task: PlannedTask
  /** The values of an update. */
  readonly length: number
  /** Where each tensor stands among them; absent where the task has a length only. */
  readonly manifest?: TensorManifest
  /** How values become whole numbers: lanes, bound, step, headroom and error bound; absent under privacy. */
  readonly encoding?: FixedPoint
  /** How an update becomes whole numbers with noise, and what that promises; absent without a privacy target. */
  readonly privacy?: PlannedPrivacy
  /** For the round's configuration. */
  readonly segments: readonly {
    readonly length: number
    readonly bits: number
    readonly bound: number | 'modular'
  }[]
  /** Bytes of a masked vector, headers not counted. */
  readonly uploadBytes: number
  /** Each choice, and why; a sentence or two each. */
  readonly explanation: readonly string[]
  /** What to know before relying on this; one sentence each. */
  readonly warnings: readonly string[]
}

/** The numbers of a plan, before they are explained. */
export type PlanNumbers = Omit<RoundPlan, 'version' | 'explanation' | 'warnings'>

/** Of an element of the mean of so many survivors, at most. */
export function meanDeviation(
  { sumStandardDeviation, clients }: PrivacyParameters,
  survivors: number,
): number {
  return sumStandardDeviation / Math.sqrt(clients * survivors)
}
