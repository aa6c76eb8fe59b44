import { usageError } from '../errors.js'
import { CLIPS } from '../privacy/scaled-sum.js'
import { keysOf, knownParts } from '../received/index.js'
import { quoted } from '../tensors/tensor.js'

/**
 * How clips are adapted from round to round (Andrew et al. 2021, "Differentially Private Learning with Adaptive Clipping").
 * Each client adds, for each group of tensors, whether its update was within the clip. From the sum, `nextPlan` moves each
 * clip geometrically toward the quantile.
 * @public
 */
export interface AdaptiveClip {
  /**
   * γ, from 0 to 1: the fraction of clients whose updates should be within the clip, by weight. Default: 1, or 0.5 with
   * privacy. Without privacy, a fraction below 1 cuts off the largest updates: a few clients that have diverged then move the
   * clip little, but the mean is off by what is cut off.
   *
   * With 1, a single client can raise a clip in every round, by saying that it was not within it: up to `maximum`. If at most a
   * fraction f of the weight belongs to such clients, a quantile of at most 1 − f keeps a clip below exp(η) times the largest
   * update of the others, unless it began above that. With privacy, noise can raise it further.
   */
  readonly quantile?: number | undefined
  /**
   * η, above 0 and at most 8: a clip that a fraction b of the clients is within is multiplied by exp(−η · (b − γ)). Default: 4,
   * or 0.2 with privacy.
   */
  readonly rate?: number | undefined
  /** The maximum of every clip, 10^−30 to 10^30: of those that the task states, and of those that `nextPlan` sets. Default: 10^30. */
  readonly maximum?: number | undefined
  /**
   * With privacy: the part of the squared sensitivity that belongs to these fractions, 10^−6 to 0.5. Noise on the mean grows by
   * the factor 1/√(1 − share). Default: 0.01.
   */
  readonly share?: number | undefined
}

/**
 * {@link AdaptiveClip} with defaults filled in. The maximum is present if the task has one, the share with privacy only.
 * @public
 */
export interface PlannedAdaptiveClip {
  readonly quantile: number
  readonly rate: number
  readonly maximum?: number
  readonly share?: number
}

const KEYS = keysOf<AdaptiveClip>({ quantile: true, rate: true, maximum: true, share: true })

/** @throws {SecAggError} `invalid-configuration` if a part is unknown or out of its range. */
export function checkedAdaptiveClip(given: AdaptiveClip, isPrivate: boolean): PlannedAdaptiveClip {
  const parts = knownParts('the adaptiveClip of a task', given, KEYS, 'invalid-configuration')
  if (!isPrivate && parts.share !== undefined) {
    throw usageError(
      'invalid-configuration',
      'share of adaptiveClip is a part of a privacy target, and the task has none',
    )
  }
  const [quantile, rate, share] = isPrivate ? [0.5, 0.2, 0.01] : [1, 4]
  return {
    quantile: inRange('quantile', parts.quantile ?? quantile!, 0, 1),
    rate: inRange('rate', parts.rate ?? rate!, 1e-6, 8),
    ...(parts.maximum !== undefined && { maximum: inRange('maximum', parts.maximum, ...CLIPS) }),
    ...(isPrivate && { share: inRange('share', parts.share ?? share!, 1e-6, 0.5) }),
  }
}

/** @throws {SecAggError} `invalid-configuration` if the clip of a group is above the maximum: it would hold from the second round on. */
export function requireBelowMaximum(
  what: string,
  groups: readonly { readonly name: string; readonly clip: number }[],
  { maximum = CLIPS[1] }: PlannedAdaptiveClip,
): void {
  const above = groups.find(({ clip }) => clip > maximum)
  if (above === undefined) return
  throw usageError(
    'invalid-configuration',
    `${what} of the group ${quoted(above.name)} is above the maximum of adaptiveClip, which is ${maximum}; lower the clip or raise the maximum`,
    { expected: `at most ${maximum}`, got: above.clip },
  )
}

function inRange(name: string, value: unknown, minimum: number, maximum: number): number {
  if (typeof value === 'number' && value >= minimum && value <= maximum) return value
  throw usageError(
    'invalid-configuration',
    `${name} of adaptiveClip must be a number from ${minimum} to ${maximum}`,
    { got: typeof value === 'number' ? value : typeof value },
  )
}
