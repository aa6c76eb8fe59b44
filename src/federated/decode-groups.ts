import { partsOf } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'
import { tensorReader } from '../tensors/flatten.js'
import { createManifest, type Named, type TensorLike, type TensorManifest } from '../tensors/index.js'
import { byName, quoted, sizeOf } from '../tensors/tensor.js'
import { arrayNameOf, boundAs } from '../tensors/types.js'
import { requireApart, requireArrayOf } from '../vector/into.js'
import type { Lanes } from '../vector/segments.js'
import type { Span } from './clip-groups.js'
import { type ClipLayout, layoutOfPlan, privateLayout } from './clip-layout.js'
import { matchedBy } from './patterns.js'
import type { RoundPlan } from './round-plan.js'

/** Multiplies values by the clip of their group, in place. */
export function unscale(mean: Float64Array, spans: readonly Span[]): void {
  for (const { from, to, clip } of spans) for (let i = from; i < to; i++) mean[i]! *= clip
}

/** The largest clip of the groups. */
export function largestClip({ groups }: ClipLayout): number {
  return groups.reduce((most, { clip }) => Math.max(most, clip), 0)
}

/**
 * For each group, the fraction of the clients that were within its clip, by weight.
 * @throws {SecAggError} fault `peer`, `input-out-of-range`, if no inputs of honest clients can have this sum.
 */
export function fractionsOf(sum: Lanes, totalWeight: number, { groups }: ClipLayout): Record<string, number> {
  const fractions = groups.map(({ name }, group) => {
    const weight = Number(sum[group])
    if (weight <= totalWeight) return [name, weight / totalWeight] as const
    throw new SecAggError(
      'input-out-of-range',
      'peer',
      `a weight of ${weight} within a clip is impossible for a total weight of ${totalWeight}`,
      { expected: `0 to ${totalWeight}`, got: weight },
    )
  })
  return Object.fromEntries(fractions)
}

/** The same with privacy, from the noisy mean of the clients' vectors. Noise can give values below 0 and above 1. */
export function privateFractions(
  mean: Float64Array,
  plan: RoundPlan,
  layout: ClipLayout,
): Record<string, number> {
  const { factor } = privateLayout(layout, plan.length, plan.task)
  return Object.fromEntries(
    layout.groups.map(({ name }, group) => [name, mean[plan.length + group]! / factor + 1 / 2]),
  )
}

/**
 * The noisy count of the clients that contributed to each element, from the noisy mean of the clients' vectors. They are in
 * `into` if that is given.
 */
export function privateCounts(
  mean: Float64Array,
  survivors: number,
  plan: RoundPlan,
  layout: ClipLayout,
  into: Float64Array | undefined,
): Float64Array {
  const { offset, factor } = privateLayout(layout, plan.length, plan.task).counts!
  const counts = into ?? new Float64Array(mean.length - offset)
  for (let i = 0; i < counts.length; i++) counts[i] = (mean[offset + i]! * survivors) / factor
  return counts
}

/**
 * The arrays of a `RoundMean`.
 * @public
 */
export interface MeanArrays {
  readonly mean: Float64Array
  readonly tensors: Readonly<Record<string, { readonly data: Float32Array | Float64Array | Uint16Array }>>
  readonly contributions?: { readonly counts: Float64Array } | undefined
}

/** The arrays of an earlier mean of a plan, which have been checked. */
export interface ReusedArrays {
  readonly mean: Float64Array
  /** The data of each tensor, in the order of the manifest. */
  readonly tensors: readonly (Float32Array | Float64Array | Uint16Array)[]
  readonly counts: Float64Array | undefined
}

/**
 * @param inputs - The sum to be decoded and the arrays of the model, which must not be in the same memory.
 * @throws {SecAggError} `invalid-argument` unless `into` has all arrays of a mean of this plan, apart from each other.
 */
export function requireArrays(into: MeanArrays, plan: RoundPlan, inputs: readonly unknown[]): ReusedArrays {
  const { mean, tensors, contributions } = partsOf('into', into)
  requireArrayOf('the mean of into', mean, 'Float64Array', plan.length)
  const entries = plan.manifest?.tensors ?? []
  const named = entries.length === 0 ? undefined : byName(tensors)
  const data = entries.map(({ name, shape, dtype = 'float32' }) => {
    const tensor = named?.get(name)
    if (tensor === undefined) throw usageError('invalid-argument', `into has no tensor ${quoted(name)}`)
    const { data } = partsOf(`tensor ${quoted(name)} of into`, tensor)
    requireArrayOf(`tensor ${quoted(name)} of into`, data, arrayNameOf(dtype), sizeOf(shape))
    return data
  })
  const counts = layoutOfPlan(plan)?.counts
    ? partsOf('the contributions of into', contributions).counts
    : undefined
  if (counts !== undefined) requireArrayOf('the counts of into', counts, 'Float64Array', plan.length)
  requireApart([mean, ...data, ...(counts ? [counts] : [])], inputs)
  return { mean, tensors: data, counts }
}

/** Overwrites all arrays with zeros. */
export function clearArrays({ mean, tensors, counts }: ReusedArrays): void {
  for (const array of [mean, ...tensors, ...(counts ? [counts] : [])]) array.fill(0)
}

/**
 * Options of `decodeOutcome`.
 * @public
 */
export interface DecodeOptions {
  /**
   * What the mean will be added to: the tensors of the model if updates are differences, or `nothing` if updates are the
   * tensors themselves. A task with `nonNegative` needs it: the sum of model and mean is then never negative in such a tensor.
   */
  readonly addedTo?: Named<TensorLike> | 'nothing' | undefined
  /**
   * The result of an earlier round of a plan with the same tensors, or other arrays of the same types and lengths. The arrays of
   * the new result are then these, overwritten; no other part of it is reused. They must not share memory with the sum or with
   * `addedTo`. If decoding fails, they have their old contents
   * or zeros, and never a part of a result.
   */
  readonly into?: MeanArrays | undefined
}

/**
 * Raises the mean of non-negative tensors, in place, so that the model stays at 0 or above. With privacy, this is
 * post-processing, and ε does not change.
 * @throws {SecAggError} `invalid-argument` if `addedTo` is missing although the task needs it, or lacks such a tensor.
 */
export function raiseNegative(
  mean: Float64Array,
  { task, manifest }: RoundPlan,
  addedTo: ReadonlyMap<string, TensorLike> | 'nothing' | undefined,
): void {
  if (task.nonNegative === undefined || manifest === undefined) return
  if (addedTo === undefined) {
    throw usageError(
      'invalid-argument',
      'the task has nonNegative tensors, so decodeOutcome needs addedTo: the tensors of the model that the mean is added ' +
        "to, or 'nothing' if updates are tensors instead of differences",
    )
  }
  const names = manifest.tensors.map(({ name }) => name)
  const guarded = matchedBy('nonNegative', task.nonNegative, names)
  const own = manifest.tensors.filter(({ name }) => guarded.has(name))
  const floorOf = addedTo === 'nothing' ? undefined : floors(addedTo, guarded, own)
  for (const { name, shape, offset, dtype = 'float32' } of own) {
    const length = sizeOf(shape)
    const floor = floorOf?.(name, length)
    for (let i = 0; i < length; i++) {
      // The mean is still to be rounded to the type of the tensor, which can be coarser than the numbers of the model.
      mean[offset + i] = Math.max(mean[offset + i]!, floor === undefined ? 0 : boundAs(dtype, -floor[i]!))
    }
  }
}

/** A function that reads the values of a guarded tensor of the model. */
function floors(
  model: ReadonlyMap<string, TensorLike>,
  guarded: ReadonlySet<string>,
  entries: TensorManifest['tensors'],
): (name: string, length: number) => Float64Array {
  const layout = createManifest(entries.map(({ name, shape }) => [name, shape] as const))
  const read = tensorReader(
    [...model].filter(([name]) => guarded.has(name)),
    layout,
  )
  const offsets = new Map(layout.tensors.map(({ name, offset }) => [name, offset]))
  return (name, length) => {
    const values = new Float64Array(length)
    read(values, offsets.get(name)!, length)
    return values
  }
}
