import { sizeOf } from '../tensors/tensor.js'
import type { Span } from './clip-groups.js'
import { layoutOfPlan } from './clip-layout.js'
import { type Round, requireRound } from './round.js'
import { examine, readerOfUpdate, reportByGroup, type Update } from './update-values.js'

/**
 * What encoding does to one tensor of an update.
 * @public
 */
export interface TensorClipping {
  /** The name of the tensor; `undefined` if the task has a length instead of tensors. */
  readonly name: string | undefined
  /** The clip of the tensor's group: a bound of each value or, with privacy, of the norm of the group. */
  readonly clip: number
  /** The number of values. */
  readonly values: number
  /** The largest magnitude of a value. */
  readonly largest: number
  /** The L2 norm of the tensor. */
  readonly norm: number
  /** The number of values beyond the clip. With privacy: all values if the norm of the group is beyond its clip, otherwise 0. */
  readonly clipped: number
  /**
   * The number of values that are not 0, but smaller than one step: rounding turns each into 0 or a whole step. With privacy,
   * the number of values that are smaller than the noise of the mean.
   */
  readonly belowStep: number
}

/**
 * Tells a client, tensor by tensor, what encoding its update would do. If many values are clipped, the clip is too small; if
 * many are below one step, it is too large. The report says something about the client's data, so do not send it to the
 * server.
 *
 * @param update - The update, as for `encodeUpdate`.
 * @param round - The round from `openRound`.
 * @returns One report for each tensor, in the order of the plan's manifest.
 * @throws {SecAggError} `invalid-argument` if the update does not fit the plan; `input-out-of-range` if a value is not finite.
 * @example
 * ```ts
 * // Continues the example of openRound.
 * import { reportClipping } from 'secagg/federated'
 *
 * const trained = {
 *   kernel: { shape: [2, 2], data: Float32Array.of(0.5, -3, 0.125, 2) },
 *   bias: { shape: [2], data: Float32Array.of(0, 0.00001) },
 * }
 * const report = reportClipping(trained, round)
 * console.log(report.map(({ name, clipped, belowStep }) => `${name}: ${clipped}, ${belowStep}`)) // [ 'bias: 0, 1', 'kernel: 2, 0' ]
 * ```
 * @public
 */
export function reportClipping(update: Update, round: Round): readonly TensorClipping[] {
  requireRound(round)
  const { plan } = round
  const { encoding, privacy } = plan
  const layout = layoutOfPlan(plan)
  const spans = layout?.spans ?? singleClip(round)
  const unitStep = encoding === undefined ? privacy!.meanStandardDeviation : encoding.step
  const read = readerOfUpdate(update, plan)
  // Without groups, the step is in the units of the values already.
  const reports = examine(
    read,
    { spans },
    { unitStep: layout === undefined ? unitStep / spans[0]!.clip : unitStep },
  )
  const groups = layout?.groups ?? [{ name: '*', clip: spans[0]!.clip, tensors: 0, values: plan.length }]
  const norms = reportByGroup(reports, { groups, spans, isAdaptive: false }).map(({ norm }) => norm)
  return reports.map(({ span, clipped, largest, norm, belowStep }) => {
    const { tensor: name, clip, from, to, group } = span
    const values = to - from
    const all = norms[group]! > clip ? values : 0
    return { name, clip, values, largest, norm, clipped: privacy === undefined ? clipped : all, belowStep }
  })
}

/** The spans of a plan with one clip. */
function singleClip({ plan }: Round): readonly Span[] {
  const { encoding, privacy, manifest, length } = plan
  const clip = encoding?.clip ?? privacy!.clip
  if (manifest === undefined) return [{ from: 0, to: length, group: 0, clip }]
  return manifest.tensors.map(({ name, shape, offset }) => {
    return { from: offset, to: offset + sizeOf(shape), group: 0, clip, tensor: name }
  })
}
