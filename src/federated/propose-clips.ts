import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import { CLIPS } from '../privacy/scaled-sum.js'
import { flatten, manifestOf, type Named, type TensorLike } from '../tensors/index.js'
import { byName } from '../tensors/tensor.js'
import { groupsOf } from './clip-groups.js'
import { checkedPatterns } from './patterns.js'
import { examine, reportByGroup } from './update-values.js'

/**
 * Options of {@link proposeClips}.
 * @public
 */
export interface ProposeClipsOptions {
  /** The patterns of the groups, as in a clip by group. Default: each tensor is a group. */
  readonly groups?: readonly string[] | undefined
  /**
   * What a clip bounds: the largest magnitude of a value, for `clip`; or the L2 norm of a group, for `privacy.clipNorm`.
   * Default: `value`.
   */
  readonly bounds?: 'value' | 'norm' | undefined
  /**
   * A clip is this many times what the reference has, from 10^−3 to 10^6. Updates differ between clients, and a mean has
   * smaller values than the updates, so leave room. With 16 bits, a factor of 64 costs a precision of 0.2 %. Default: 8.
   */
  readonly margin?: number | undefined
}

/**
 * Proposes a clip for each tensor or group: a multiple of its largest value, or of its norm, in a reference update. A group in
 * which the reference has only zeros gets the smallest of the other clips.
 *
 * A clip is public. Do not use the update of a client as reference; train on public data, or use the mean of the last round.
 *
 * @param reference - An update from public data, or the `tensors` of the mean of a round.
 * @param options - The groups, what a clip bounds, and the margin.
 * @returns The clip of each group, for a task's `clip` or `privacy.clipNorm`.
 * @throws {SecAggError} `invalid-argument` if the reference does not have tensors of real numbers, all of them are 0, or an
 *   option is out of its range; `input-out-of-range` if a number is not finite; `invalid-configuration` if a tensor does not
 *   belong to exactly one group.
 * @example
 * ```ts
 * import { proposeClips } from 'secagg/federated'
 *
 * const reference = {
 *   'conv/kernel': { shape: [2], data: [0.001, -0.002] },
 *   'conv/bias': { shape: [1], data: [0.0005] },
 *   'head/kernel': { shape: [2], data: [3, 4] },
 * }
 * console.log(proposeClips(reference, { groups: ['conv/*', '*'], margin: 10 })) // { '*': 40, 'conv/*': 0.02 }
 * console.log(proposeClips(reference, { groups: ['conv/*', '*'], bounds: 'norm', margin: 1 })) // { '*': 5, 'conv/*': 0.0023 }
 * ```
 * @public
 */
export function proposeClips(
  reference: Named<TensorLike>,
  options: ProposeClipsOptions = {},
): Record<string, number> {
  const { groups: patterns, bounds = 'value', margin = 8 } = partsOf('the options of proposeClips', options)
  if (bounds !== 'value' && bounds !== 'norm') {
    throw usageError('invalid-argument', "bounds must be 'value' or 'norm'", { got: typeof bounds })
  }
  if (typeof margin !== 'number' || !(margin >= 1e-3 && margin <= 1e6)) {
    throw usageError('invalid-argument', 'margin must be a number from 1e-3 to 1e6', {
      got: typeof margin === 'number' ? margin : typeof margin,
    })
  }
  const named = byName(reference)
  const manifest = manifestOf(named)
  const names = patterns === undefined ? [...named.keys()] : checkedPatterns('groups', patterns)
  const ones = Object.fromEntries([...names].sort().map((name) => [name, 1]))
  const layout = { ...groupsOf('groups', ones, manifest, manifest.length), isAdaptive: false }
  const flat = flatten(named, manifest)
  const reports = examine((batch, from, count) => batch.set(flat.subarray(from, from + count)), layout)
  const sizes = reportByGroup(reports, layout).map(({ largest, norm }) =>
    bounds === 'value' ? largest : norm,
  )
  const smallest = sizes.reduce(
    (least, size) => (size > 0 && size < least ? size : least),
    Number.POSITIVE_INFINITY,
  )
  if (smallest === Number.POSITIVE_INFINITY) {
    throw usageError('invalid-argument', 'all values of the reference are 0, so no clip can be proposed')
  }
  return Object.fromEntries(
    layout.groups.map(({ name }, group) => [name, roundedUp((sizes[group]! || smallest) * margin)]),
  )
}

/** Two digits are enough. */
function roundedUp(clip: number): number {
  const bounded = Math.min(Math.max(clip, CLIPS[0]), CLIPS[1])
  const rounded = Number(bounded.toPrecision(2))
  return rounded >= bounded ? rounded : Number((bounded * 1.05).toPrecision(2))
}
