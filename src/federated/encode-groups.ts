import { encodeRange, type ReadValues } from '../fixed-point/encode-range.js'
import { createWeightedMean, type StreamOptions } from '../fixed-point/index.js'
import { requireWeight } from '../fixed-point/real-values.js'
import { streamValues } from '../fixed-point/streamed.js'
import { weightLanes } from '../fixed-point/weighted-mean.js'
import type { VectorSource } from '../rounds/index.js'
import { createLanes } from '../vector/lanes.js'
import { checkRange, cutSegments, type ElementRange, type Lanes, type Vector } from '../vector/segments.js'
import { type ClipLayout, privateLayout } from './clip-layout.js'
import { contributionLanes, markContributions } from './contributions.js'
import type { RoundPlan } from './round-plan.js'
import {
  beyondClip,
  examine,
  readerOfUpdate,
  reportByGroup,
  type SpanReport,
  scaledReader,
  type Update,
  type UpdateClipping,
} from './update-values.js'

/** An update that was read once, whose values can be encoded in units of the clips of their groups. */
interface ScaledUpdate {
  readonly read: ReadValues
  readonly clipping: UpdateClipping & { readonly kind: 'values' }
  /** The last segment: for each group, the weight of the client if it was within the clip, else 0. */
  readonly within: Lanes | undefined
  /** The segment of the contributions, for a range of its elements. */
  readonly contributions: ((range: ElementRange, into?: Lanes) => Lanes) | undefined
}

function scaledUpdate(
  update: Update,
  weight: number,
  plan: RoundPlan,
  layout: ClipLayout,
  onClip: 'report' | 'refuse',
): ScaledUpdate {
  const { encoding, segments } = plan
  requireWeight(weight, encoding!.maximumWeight)
  const read = readerOfUpdate(update, plan, true)
  const refuse: ReadValues = (batch, from, count) => readerOfUpdate(update, plan)(batch, from, count)
  const spans = examine(read, layout, { norms: false, refuse })
  const largest = reportByGroup(spans, layout).map((group) => group.largest)
  const isWithin = layout.groups.map(({ clip }, group) => largest[group]! <= clip)
  const beyond = isWithin.indexOf(false)
  if (onClip === 'refuse' && beyond >= 0) throw beyondClip('a value', layout.groups[beyond]!)
  return {
    read: scaledReader(read, spans),
    clipping: { kind: 'values', ...total(spans) },
    within: layout.isAdaptive ? fractionLanes(isWithin, weight, segments[2]!.bits) : undefined,
    contributions: layout.counts
      ? (range, into) => contributionLanes(read, range, weight, segments.at(-1)!.bits, into)
      : undefined,
  }
}

function total(spans: readonly SpanReport[]): { count: number; largest: number; excess: number } {
  const sum = { count: 0, largest: 0, excess: 0 }
  for (const { clipped, largest, excess } of spans) {
    sum.count += clipped
    sum.largest = Math.max(sum.largest, largest)
    sum.excess += excess
  }
  return sum
}

function fractionLanes(isWithin: readonly boolean[], weight: number, bits: number): Lanes {
  const lanes = createLanes(bits, isWithin.length)
  const [one] = weightLanes(weight, bits)
  for (const [group, within] of isWithin.entries()) if (within) lanes[group] = one!
  return lanes
}

/** Encodes an update with a clip by group, as one vector, which is in `into` if that is given. */
export function encodeInGroups(
  update: Update,
  weight: number,
  plan: RoundPlan,
  layout: ClipLayout,
  options: {
    readonly onClip: 'report' | 'refuse'
    readonly randomBytes: (length: number) => Uint8Array
    readonly into?: Vector | undefined
  },
): { readonly vector: Vector; readonly clipping: UpdateClipping & { readonly kind: 'values' } } {
  const { read, clipping, ...rest } = scaledUpdate(update, weight, plan, layout, options.onClip)
  const { randomBytes, into } = options
  const range = { from: 0, to: plan.length }
  const rangeOptions = { weight, randomBytes, onClip: 'report', into: into?.[0] } as const
  const { lanes } = encodeRange(read, range, plan.encoding!, rangeOptions)
  const { within, contributions } = rest
  const vector = [
    lanes,
    weightLanes(weight, plan.segments[1]!.bits),
    ...(within ? [within] : []),
    ...(contributions ? [contributions(range, into?.at(-1))] : []),
  ]
  if (into === undefined) return { vector, clipping }
  into.forEach((target, index) => {
    if (target !== vector[index]) target.set(vector[index] as never)
  })
  return { vector: into, clipping }
}

/** Like {@link encodeInGroups}, in ranges. */
export function streamInGroups(
  update: Update,
  weight: number,
  plan: RoundPlan,
  layout: ClipLayout,
  options: StreamOptions,
): { readonly source: VectorSource; readonly clipping: UpdateClipping & { readonly kind: 'values' } } {
  const onClip = options.onClip ?? 'report'
  const { read, clipping, within, contributions } = scaledUpdate(update, weight, plan, layout, onClip)
  const { segments } = plan
  const values = streamValues(read, weight, createWeightedMean(plan.length, plan.encoding!), options)
  const last = within === undefined ? [] : [within]
  const rest = [weightLanes(weight, segments[1]!.bits), ...last]
  const source: VectorSource = async (range) => {
    const [first, ...others] = cutSegments(segments, checkRange(segments, range))
    const parts = others.map(
      (range, index) =>
        (rest[index]?.slice(range.from, range.to) as Lanes | undefined) ?? contributions!(range),
    )
    return [await values(first!), ...parts]
  }
  return { source, clipping }
}

/**
 * The vector of an update with privacy and groups, before it gets noise: values in units of the clips, where no group has a
 * norm above 1, then one element for each group: whether it was within its clip.
 */
export function privateVector(
  update: Update,
  plan: RoundPlan,
  layout: ClipLayout,
  onClip: 'report' | 'refuse',
): { readonly vector: Float64Array; readonly clipping: UpdateClipping & { readonly kind: 'norm' } } {
  const { length: extended, factor, counts } = privateLayout(layout, plan.length, plan.task)
  const read = readerOfUpdate(update, plan)
  const norms = reportByGroup(examine(read, layout), layout).map(({ norm }) => norm)
  // A norm beyond the largest number is refused in any case, because the update cannot be scaled down to the clip.
  const beyond = layout.groups.findIndex(
    ({ clip }, group) => norms[group]! > (onClip === 'refuse' ? clip : Number.MAX_VALUE),
  )
  if (beyond >= 0) throw beyondClip('the L2 norm', layout.groups[beyond]!)
  const factors = layout.groups.map(({ clip }, group) => Math.min(1, clip / norms[group]!))
  const vector = new Float64Array(extended)
  read(vector, 0, plan.length)
  if (counts !== undefined) markContributions(vector, plan.length, counts)
  for (const { from, to, group, clip } of layout.spans) {
    // In units of the clip, or of the norm if it is larger: no quotient can overflow.
    const unit = Math.max(clip, norms[group]!)
    for (let i = from; i < to; i++) vector[i]! /= unit
  }
  if (layout.isAdaptive) {
    for (const [group, { clip }] of layout.groups.entries()) {
      vector[plan.length + group] = norms[group]! <= clip ? factor / 2 : -factor / 2
    }
  }
  const groups = Object.fromEntries(
    layout.groups.map(({ name }, group) => [name, { norm: norms[group]!, factor: factors[group]! }]),
  )
  const norm = norms.reduce((sum, each) => Math.hypot(sum, each), 0)
  return { vector, clipping: { kind: 'norm', norm, factor: Math.min(...factors), groups } }
}
