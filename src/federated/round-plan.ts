import { sha256 } from '@noble/hashes/sha2.js'
import { ascii, concatBytes } from '../crypto/bytes.js'
import { encodingContext, type FixedPoint } from '../fixed-point/index.js'
import { type PrivacyParameters, privacyContext } from '../privacy/index.js'
import type { RoundParameters } from '../protocol/index.js'
import { extendedContext } from '../rounds/index.js'
import { manifestBytes, type TensorManifest } from '../tensors/index.js'
import type { ClipGroup } from './clip-layout.js'
import type { PlannedCohort } from './planned-cohort.js'
import type { PlannedTask } from './task.js'

/**
 * The parameters that `choosePrivacy` found, and the noise in the mean.
 * @public
 */
export interface PlannedPrivacy extends PrivacyParameters {
  /**
   * The maximum standard deviation of the error of a value of the mean, from noise and rounding together, if only the minimum
   * cohort is left. With groups, it is in units of the clip of the value's group.
   */
  readonly meanStandardDeviation: number
  /**
   * With an adaptive clip: the maximum standard deviation of the noise in the fraction of the clients that are within a clip,
   * if only the minimum cohort is left.
   */
  readonly fractionStandardDeviation?: number
  /** With contributions: the maximum standard deviation of the noise in the count of an element. */
  readonly countStandardDeviation?: number
}

/**
 * A `RoundTask` and every number that follows from it, for any number of rounds. `planRound` makes it. It is frozen, plain data
 * that survives JSON. A client that receives a plan passes it to `checkPlan`, which derives the numbers again.
 * @public
 */
export interface RoundPlan extends PlannedCohort {
  /** The version of the library that made the plan. Another version may derive other numbers from the same task. */
  readonly version: string
  readonly task: PlannedTask
  /** The number of values of an update. */
  readonly length: number
  /** The position of each tensor among these values; absent if the task has a length instead of tensors. */
  readonly manifest?: TensorManifest
  /**
   * How values become whole numbers: lanes, bound, step, headroom and error bound. With groups, it is for values in units of
   * the clip of their group. Absent with privacy.
   */
  readonly encoding?: FixedPoint
  /** How an update becomes whole numbers with noise, and the resulting ε. Absent without a privacy target. */
  readonly privacy?: PlannedPrivacy
  /** The groups of tensors with their clips. Absent if the task has one clip that does not change. */
  readonly groups?: readonly ClipGroup[]
  /** The segments for the configuration of a round. */
  readonly segments: readonly {
    readonly length: number
    readonly bits: number
    readonly bound: number | 'modular'
  }[]
  /** The size of a masked vector in bytes, without headers. */
  readonly uploadBytes: number
  /** Each choice and its reason, in a sentence or two each. */
  readonly explanation: readonly string[]
  /** What to know before you rely on the plan, in a sentence or two each. */
  readonly warnings: readonly string[]
}

/** A plan before its explanation is written. */
export type PlanNumbers = Omit<RoundPlan, 'version' | 'explanation' | 'warnings'>

/** The maximum standard deviation of the error of a value, in the mean of this number of survivors. */
export function meanDeviation(
  { sumStandardDeviation, clients }: PrivacyParameters,
  survivors: number,
): number {
  return sumStandardDeviation / Math.sqrt(clients * survivors)
}

/**
 * What distinguishes one round of a plan from the others.
 * @public
 */
export interface RoundOccasion {
  /** 16 to 64 bytes that no other round uses. The server draws them for each round and sends them to the clients. */
  readonly sessionId: Uint8Array
  /**
   * What else the round is about, by name, such as the model that it starts from. Each client passes the bytes that it
   * received itself. Names that begin with "secagg" are reserved.
   */
  readonly context?: Readonly<Record<string, Uint8Array>> | undefined
}

/** The parameters of a round of this plan. Their context includes everything that an input depends on. */
export function parametersOf(plan: PlanNumbers, { sessionId, context = {} }: RoundOccasion): RoundParameters {
  const { task, graph, neighbors, threshold, corruptClients, minimumCohort, segments } = plan
  const { clients, adversary, suite, keyAgreement, sliceLength, signatureLength } = task
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
    keyAgreement,
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

/** The seed of the rotation in a round. It is public and the same for all, and nobody knows it before the session id. */
export function rotationSeedOf(sessionId: Uint8Array): Uint8Array {
  return sha256(concatBytes(ascii('secagg rotation seed'), sessionId))
}

/** JSON in ASCII with sorted keys, so that equal data has equal text. */
function canonicalJson(value: unknown): string {
  return sortedJson(value).replace(/[\x7f-\uffff]/g, escaped)
}

function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const parts: string[] = []
  // Without the array of an entry for each of many tensors.
  for (const key of Object.keys(value).sort()) {
    const part = (value as Readonly<Record<string, unknown>>)[key]
    if (part !== undefined) parts.push(`${JSON.stringify(key)}:${sortedJson(part)}`)
  }
  return `{${parts.join(',')}}`
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
