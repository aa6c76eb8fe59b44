import { sha256 } from '@noble/hashes/sha2.js'
import { ascii, concatBytes } from '../crypto/bytes.js'
import { encodingContext, type FixedPoint } from '../fixed-point/index.js'
import { type PrivacyParameters, privacyContext } from '../privacy/index.js'
import type { RoundParameters } from '../protocol/index.js'
import { extendedContext } from '../rounds/index.js'
import { manifestBytes, type TensorManifest } from '../tensors/index.js'
import type { PlannedCohort } from './planned-cohort.js'
import type { PlannedTask } from './task.js'

/**
 * What privacy costs and gives; all that `choosePrivacy` found, and the noise of the mean.
 * @public
 */
export interface PlannedPrivacy extends PrivacyParameters {
  /** Of an element of the mean, from noise and rounding together, at most, where no more than the minimum cohort is left. */
  readonly meanStandardDeviation: number
}

/**
 * A `RoundTask` and every number that follows from it, made by `planRound` and good for as many rounds as one
 * likes. Frozen, plain data that survives JSON; whoever receives one has it checked by `checkPlan`, which derives
 * the numbers anew.
 * @public
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

/**
 * What tells one round of a plan from another.
 * @public
 */
export interface RoundOccasion {
  /** 16 to 64 bytes that no other round has; the server draws them afresh and tells the clients. */
  readonly sessionId: Uint8Array
  /**
   * What else the round is about, such as the model that it starts from. Each client passes the bytes that it received
   * itself. Names that begin with "secagg" are taken.
   */
  readonly context?: Readonly<Record<string, Uint8Array>> | undefined
}

/** The configuration of a round of this plan, in whose context everything stands that an input depends on. */
export function parametersOf(plan: PlanNumbers, { sessionId, context = {} }: RoundOccasion): RoundParameters {
  const { task, graph, neighbors, threshold, corruptClients, minimumCohort, segments } = plan
  const { clients, adversary, suite, sliceLength, signatureLength } = task
  const { corruptFraction, dropoutFraction, statisticalSecurity } = task
  const assumptions = { corruptFraction, dropoutFraction, statisticalSecurity }
  return {
    sessionId,
    clients,
    adversary,
    segments,
    threshold,
    minimumCohort,
    suite,
    sliceLength,
    signatureLength,
    ...(graph === 'sparse' ? { graph: { neighbors, assumptions } } : { graph, corruptClients }),
    context: extendedContext(context, contextOf(plan, sessionId)),
  }
}

function contextOf(
  { task, manifest, encoding, privacy }: PlanNumbers,
  sessionId: Uint8Array,
): Record<string, Uint8Array> {
  return {
    'secagg task': ascii(canonicalJson(task)),
    ...(manifest && { 'secagg manifest': manifestBytes(manifest) }),
    ...(encoding && { 'secagg encoding': encodingContext(encoding) }),
    ...(privacy && { 'secagg privacy': privacyContext(privacy, rotationSeedOf(sessionId)) }),
  }
}

/** The seed of a round's rotation: public, the same for all, and unknown before the session id is. */
export function rotationSeedOf(sessionId: Uint8Array): Uint8Array {
  return sha256(concatBytes(ascii('secagg rotation seed'), sessionId))
}

/** JSON in ASCII with the keys of each object in order, so that equal data gives equal text. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) {
    return JSON.stringify(value).replace(/[\x7f-\uffff]/g, escaped)
  }
  const entries = Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, part]) => `${canonicalJson(key)}:${canonicalJson(part)}`).join(',')}}`
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
