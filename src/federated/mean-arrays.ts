import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import { byName, quoted, sizeOf } from '../tensors/tensor.js'
import { arrayNameOf } from '../tensors/types.js'
import { requireApart, requireArrayOf } from '../vector/into.js'
import type { Vector } from '../vector/segments.js'
import { layoutOfPlan } from './clip-layout.js'
import type { RoundPlan } from './round-plan.js'

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
 * @param sum - The sum to be decoded, which must not be in the same memory.
 * @throws {SecAggError} `invalid-argument` unless `into` has all arrays of a mean of this plan, apart from each other.
 */
export function requireArrays(into: MeanArrays, plan: RoundPlan, sum: Vector): ReusedArrays {
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
  requireApart([mean, ...data, ...(counts ? [counts] : [])], sum)
  return { mean, tensors: data, counts }
}

/** Overwrites all arrays with zeros. */
export function clearArrays({ mean, tensors, counts }: ReusedArrays): void {
  for (const array of [mean, ...tensors, ...(counts ? [counts] : [])]) array.fill(0)
}
