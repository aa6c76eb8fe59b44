import { isSumAbove } from '../arguments.js'
import { usageError } from '../errors.js'
import type { FixedPoint } from '../fixed-point/index.js'
import type { PrivacyParameters } from '../privacy/index.js'
import type { TensorManifest } from '../tensors/index.js'
import { requireBelowMaximum } from './adaptive-clip.js'
import { type GroupOfTensors, groupsOf, type Span } from './clip-groups.js'
import { requireAtMost } from './contributions.js'
import type { PlannedTask } from './task.js'

/**
 * A group of tensors that have a clip of their own. With groups, values are divided by the clip of their group before they are
 * encoded, so that all groups have the same levels.
 * @public
 */
export interface ClipGroup extends GroupOfTensors {
  /** The distance between two levels of a value. Absent with privacy. */
  readonly step?: number
  /** The maximum difference between a value of the mean and the mean of the clipped values. Absent with privacy. */
  readonly errorBound?: number
  /** With privacy: as `meanStandardDeviation` of the plan, for the values of this group. */
  readonly standardDeviation?: number
}

/** Where groups are in the flat array of an update. */
export interface ClipLayout {
  readonly groups: readonly GroupOfTensors[]
  readonly spans: readonly Span[]
  /** Whether each client also sends, for each group, whether it was within the clip. */
  readonly isAdaptive: boolean
  /** Whether each client also sends which elements it contributes to. */
  readonly counts?: boolean
}

/**
 * The groups of a task; `undefined` if its vectors have nothing but values with one clip.
 * @throws {SecAggError} `invalid-configuration` as {@link groupsOf}, or if a clip is above the maximum of `adaptiveClip`.
 */
export function clipLayoutOf(
  { clip, privacy, adaptiveClip, contributions }: PlannedTask,
  manifest: TensorManifest | undefined,
  length: number,
): ClipLayout | undefined {
  const [what, given] =
    privacy === undefined ? (['clip', clip!] as const) : (['clipNorm', privacy.clipNorm] as const)
  const isAdaptive = adaptiveClip !== undefined
  const counts = contributions !== undefined
  if (typeof given === 'number' && !isAdaptive && !counts) return undefined
  const layout = groupsOf(what, given, manifest, length)
  if (isAdaptive) requireBelowMaximum(what, layout.groups, adaptiveClip)
  return { ...layout, isAdaptive, counts }
}

const layouts = new WeakMap<object, { readonly layout: ClipLayout | undefined }>()

/** {@link clipLayoutOf} for a plan, which is computed once. */
export function layoutOfPlan(plan: {
  readonly task: PlannedTask
  readonly manifest?: TensorManifest
  readonly length: number
}): ClipLayout | undefined {
  const known = layouts.get(plan)
  if (known !== undefined) return known.layout
  const layout = clipLayoutOf(plan.task, plan.manifest, plan.length)
  layouts.set(plan, { layout })
  return layout
}

/** How groups and fractions become one vector whose norm is bounded. */
export interface PrivateLayout {
  /** The number of elements of the vector: the values, then one element for each fraction. */
  readonly length: number
  /** The largest norm of the vector, in units of the clips. */
  readonly norm: number
  /**
   * An element of a fraction is plus or minus one half of this: centered, it has half the sensitivity of 0 or 1. 0 if there are
   * no fractions.
   */
  readonly factor: number
  /** The same for the counts of contributions: where they begin, and the value of an element that the client contributes to. */
  readonly counts:
    | { readonly offset: number; readonly factor: number; readonly perClient: number }
    | undefined
}

/** The maximum sum of the shares of fractions and counts. */
const MAXIMUM_SHARES = 0.95

/**
 * Each of G groups has at most the norm 1. Fractions and counts have their shares of the squared norm of the whole vector, so one
 * noise covers both, and ε is that of a single sum of this norm; nothing is composed. With normal noise, this is the
 * calibration of Andrew et al. (2021), theorem 1.
 */
export function privateLayout(
  { groups, isAdaptive }: ClipLayout,
  length: number,
  { adaptiveClip, contributions }: PlannedTask,
): PrivateLayout {
  const forFractions = isAdaptive ? adaptiveClip!.share! : 0
  const forCounts = contributions?.share ?? 0
  if (isSumAbove(forFractions + forCounts, MAXIMUM_SHARES)) {
    throw usageError(
      'invalid-configuration',
      'the shares of adaptiveClip and contributions leave too little for the values',
      {
        expected: `at most ${MAXIMUM_SHARES} together`,
        got: forFractions + forCounts,
      },
    )
  }
  const rest = 1 - forFractions - forCounts
  if (contributions !== undefined) requireAtMost(length, contributions)
  const square = groups.length / rest
  const offset = length + (isAdaptive ? groups.length : 0)
  const perClient = contributions?.perClient ?? 0
  return {
    length: offset + (contributions === undefined ? 0 : length),
    norm: Math.sqrt(square),
    // Each of G fractions adds the square of half the factor.
    factor: 2 * Math.sqrt((forFractions * square) / groups.length),
    counts: contributions && { offset, perClient, factor: Math.sqrt((forCounts * square) / perClient) },
  }
}

/** The groups as a plan states them. */
export function plannedGroups(
  groups: readonly GroupOfTensors[],
  values: { readonly encoding?: FixedPoint; readonly meanStandardDeviation?: number },
): readonly ClipGroup[] {
  const { encoding, meanStandardDeviation } = values
  return groups.map((group) => ({
    ...group,
    ...(encoding && { step: encoding.step * group.clip, errorBound: encoding.errorBound * group.clip }),
    ...(meanStandardDeviation && { standardDeviation: meanStandardDeviation * group.clip }),
  }))
}

/** The standard deviation of the noise in the fraction of a group, in a mean of this number of survivors. */
export function fractionDeviation(
  { sumStandardDeviation, clients }: PrivacyParameters,
  factor: number,
  survivors: number,
): number {
  return sumStandardDeviation / Math.sqrt(clients * survivors) / factor
}
