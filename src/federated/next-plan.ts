import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import type { FixedPoint } from '../fixed-point/index.js'
import { CLIPS } from '../privacy/scaled-sum.js'
import { typedArrayName } from '../vector/lanes.js'
import type { ClipByGroup } from './clip-groups.js'
import { layoutOfPlan } from './clip-layout.js'
import { planRound, requirePlan } from './plan.js'
import type { RoundMean } from './round.js'
import type { RoundPlan } from './round-plan.js'

/**
 * Without privacy, a clip may be this many times the largest value of the mean. The factor is large enough that a mean which
 * is small by chance does not lower the clip below the next updates, and small enough that the error bound stays below 1 % of
 * that value with 16 bits. At least 4 and at most 1024.
 */
function reserve(half: number): number {
  return Math.min(Math.max(half / 128, 4), 1024)
}

/** If all updates are below one step, the clip falls to this many steps, from `half` steps. */
function stepsLeft(half: number): number {
  return Math.min(Math.max(half / 512, 4), 1024)
}

/** The factor by which a clip falls in a round if it is larger than it need be, but updates may still be as large. */
const SLOWLY = 0.9

/**
 * Without privacy, a clip does not fall below this fraction of the largest one, or of 1 if that is less. Without this
 * floor, the clip of a tensor that is not trained yet, whose updates are 0, would fall in every round. From the floor, it is back
 * at 1 after seven rounds. The floor never raises a clip. A client that drives up one clip cannot raise the floor above this number.
 */
const SPREAD = 1e-12

/**
 * Plans the next rounds with clips that are moved toward the quantile of the task: a clip that a fraction b of the clients was
 * within is multiplied by exp(−η · (b − γ)). Without privacy, a clip that this does not raise is lowered if it is far above the
 * largest value of the mean. It falls at once to n times that value (with 16 bits, at least 256 times), because the update of a single
 * client may be as large. After that it falls slowly, until the error bound is below 2 % of that value. A clip rises only if the fraction
 * of its own group is below γ, and not above `maximum`. The noise multiplier and ε do not depend on the clips, so `rounds` of the
 * privacy goal counts the rounds of all these plans.
 *
 * Source: Andrew, Thakkar, McMahan and Ramaswamy (2021), "Differentially Private Learning with Adaptive Clipping".
 *
 * @param plan - The plan of the last round, whose task has `adaptiveClip`.
 * @param outcome - The result of the last round, from `decodeOutcome`.
 * @returns The next plan: the same task with other clips. Send it to the clients, which pass it to `checkPlan`.
 * @throws {SecAggError} `invalid-argument` if the plan is not from `planRound` or `checkPlan`, its task has no `adaptiveClip`,
 *   or the outcome is not from a round of it.
 * @example
 * ```ts
 * import { nextPlan, planRound } from 'secagg/federated'
 *
 * const failures = { dropoutFraction: 0.1, corruptFraction: 0.1 }
 * const plan = planRound({
 *   tensors: { kernel: [2, 2], bias: [2] },
 *   clients: 10,
 *   adversary: 'honest-but-curious',
 *   ...failures,
 *   clip: { kernel: 0.5, bias: 0.5 },
 *   adaptiveClip: { quantile: 0.9 },
 * })
 * // In a program, decodeOutcome returns this: nobody's bias was within the clip, and the kernel is small.
 * const outcome = { within: { bias: 0, kernel: 1 }, mean: Float64Array.of(0.4, 0.5, 0, 0, 0, 0.001) }
 * console.log(nextPlan(plan, outcome).groups?.map(({ name, clip }) => [name, clip])) // [ [ 'bias', 18.2991 ], [ 'kernel', 0.256969 ] ]
 * ```
 * @public
 */
export function nextPlan(plan: RoundPlan, outcome: Pick<RoundMean, 'mean' | 'within'>): RoundPlan {
  requirePlan(plan)
  const { task, encoding } = plan
  const { within, mean } = partsOf('the outcome of a round', outcome)
  const layout = layoutOfPlan(plan)
  const { adaptiveClip } = task
  if (adaptiveClip === undefined || layout === undefined) {
    throw usageError('invalid-argument', 'the task of the plan has no adaptiveClip')
  }
  const fractions = partsOf('the fractions of an outcome', within)
  if (typedArrayName(mean) !== 'Float64Array' || mean.length !== plan.length) {
    throw usageError(
      'invalid-argument',
      `the mean of the outcome must be a Float64Array of ${plan.length} values`,
    )
  }
  const largest = new Float64Array(layout.groups.length)
  for (const { from, to, group } of layout.spans) {
    for (let i = from; i < to; i++) largest[group] = Math.max(largest[group]!, Math.abs(mean[i]!))
  }
  const { quantile, rate, maximum = CLIPS[1] } = adaptiveClip
  const moved = layout.groups.map(({ name, clip }, group) => {
    const fraction: unknown = fractions[name]
    if (typeof fraction !== 'number' || !Number.isFinite(fraction)) {
      throw usageError('invalid-argument', 'the outcome has no fraction for a group of the plan')
    }
    // Noise can carry a fraction below 0 and above 1.
    const within = Math.min(Math.max(fraction, 0), 1)
    const next = clip * Math.exp(-rate * (within - quantile))
    // If too few clients are within the clip, the mean lacks what was cut off, so it does not show how far the clip may fall.
    if (encoding === undefined || within < quantile) return { name, clip, next }
    return { name, clip, next: Math.min(next, lowered(clip, largest[group]!, encoding, task.clients)) }
  })
  const least = encoding === undefined ? 0 : SPREAD * Math.min(1, Math.max(...moved.map(({ next }) => next)))
  const clips = moved.map(({ name, clip, next }) => {
    const kept = rounded(Math.max(next, Math.min(clip, least)))
    return [name, Math.min(kept, maximum)] as const
  })
  return planRound(withClips(plan, Object.fromEntries(clips)))
}

/** A clip that all clients were within. If it is far above the largest value of the mean, it becomes smaller. */
function lowered(clip: number, largest: number, { levels, step }: FixedPoint, clients: number): number {
  const half = (levels - 1) / 2
  const rounding = stepsLeft(half) * step * clip
  // A value that only one client has is n times as large in its update as in the mean.
  const most = Math.max(reserve(half), clients) * largest + rounding
  // With up to half / 64 times, the error bound is still below 2 % of the largest value.
  const enough = Math.max(reserve(half), Math.min(clients, half / 64)) * largest + rounding
  return Math.min(clip, most, Math.max(clip * SLOWLY, enough))
}

/** Six digits, which every JavaScript engine rounds in the same way. */
function rounded(clip: number): number {
  return Number(Math.min(Math.max(clip, CLIPS[0]), CLIPS[1]).toPrecision(6))
}

function withClips({ task }: RoundPlan, clips: ClipByGroup): RoundPlan['task'] {
  const renewed = (clip: number | ClipByGroup): number | ClipByGroup =>
    typeof clip === 'number' ? Object.values(clips)[0]! : clips
  return task.privacy === undefined
    ? { ...task, clip: renewed(task.clip!) }
    : { ...task, privacy: { ...task.privacy, clipNorm: renewed(task.privacy.clipNorm) } }
}
