import { usageError } from '../errors.js'
import {
  createManifest,
  type Named,
  type TensorDescription,
  type TensorLike,
  type TensorManifest,
  type TensorType,
} from '../tensors/index.js'
import { byName, describe, shapeOnly } from '../tensors/tensor.js'
import { checkedPatterns, matchedBy } from './patterns.js'

/**
 * The tensors of an update by name: as shapes, or as objects with a shape and a type, such as tensors or the variables of a
 * model.
 * @public
 */
export type TensorShapes = Named<readonly number[] | TensorLike | TensorDescription>

/**
 * The shape and type of a tensor that is not in single precision, as data that survives JSON.
 * @public
 */
export interface PlannedTensor {
  readonly shape: readonly number[]
  readonly dtype: TensorType
}

/** The parts of a task that are about tensors. */
interface TensorParts {
  readonly tensors?: TensorShapes | undefined
  readonly length?: number | undefined
  readonly exclude?: readonly string[] | undefined
  readonly nonNegative?: readonly string[] | undefined
}

/** The same parts with defaults filled in. */
interface PlannedParts extends TensorParts {
  readonly tensors?: Readonly<Record<string, readonly number[] | PlannedTensor>>
}

/**
 * The tensors of a task as data: shapes as a record in the order of the manifest, or the length; and the patterns, sorted.
 * @throws {SecAggError} `invalid-argument` if something is neither a shape nor a tensor; `invalid-configuration` for a pattern
 *   that is not valid or matches nothing, or if no tensor is left.
 */
export function checkedTensors(given: TensorParts): PlannedParts {
  const { tensors, length } = given
  if ((tensors === undefined) === (length === undefined)) {
    throw invalid('a task needs either the tensors of an update or its length')
  }
  if (tensors === undefined) {
    const key = (['exclude', 'nonNegative'] as const).find((part) => given[part] !== undefined)
    if (key === undefined) return { length: length! }
    throw invalid(`a task with a length must not have ${key}: only tensors have names`)
  }
  const things = byName(tensors)
  const names = [...things.keys()]
  const exclude = patternsOf(given, 'exclude')
  const excluded = exclude === undefined ? new Set<string>() : matchedBy('exclude', exclude, names)
  if (excluded.size === names.length && names.length > 0) throw invalid('exclude leaves out all tensors')
  const nonNegative = patternsOf(given, 'nonNegative')
  if (nonNegative !== undefined) {
    const kept = names.filter((name) => !excluded.has(name))
    matchedBy('nonNegative', nonNegative, kept)
  }
  const entries = layoutOfTensors(things, excluded).tensors
  return {
    tensors: Object.freeze(
      Object.fromEntries(
        entries.map(({ name, shape, dtype }) => [
          name,
          dtype === undefined ? shape : Object.freeze({ shape, dtype }),
        ]),
      ),
    ),
    ...(exclude && { exclude }),
    ...(nonNegative && { nonNegative }),
  }
}

function patternsOf(given: TensorParts, part: 'exclude' | 'nonNegative'): readonly string[] | undefined {
  const patterns = given[part]
  return patterns === undefined ? undefined : [...checkedPatterns(part, patterns)].sort()
}

/**
 * The layout of all tensors. Those that are excluded can have any type.
 * @throws {SecAggError} `invalid-argument` if something is neither a shape nor a tensor.
 */
export function layoutOfTensors(
  tensors: TensorShapes,
  excluded: ReadonlySet<string> = new Set(),
): TensorManifest {
  return createManifest(
    [...byName(tensors)].map(([name, given]) => {
      if (Array.isArray(given)) return [name, given as readonly number[]] as const
      const tensor = given as TensorLike | TensorDescription
      if (excluded.has(name)) return [name, shapeOnly(name, tensor)] as const
      const { shape, type } = describe(name, tensor)
      return [name, { shape, dtype: type }] as const
    }),
  )
}

/** The names of the tensors that a task leaves out. */
export function excludedBy({ tensors, exclude }: PlannedParts): ReadonlySet<string> {
  if (exclude === undefined) return new Set()
  return matchedBy('exclude', exclude, Object.keys(tensors!))
}

/** The manifest of the tensors that are averaged; `undefined` for a task with a length. */
export function manifestOfTask(task: PlannedParts): TensorManifest | undefined {
  if (task.tensors === undefined) return undefined
  const excluded = excludedBy(task)
  return createManifest(Object.entries(task.tensors).filter(([name]) => !excluded.has(name)))
}

/** The tensors of an update that are averaged. */
export function keptTensors(update: Named<TensorLike>, task: PlannedParts): Named<TensorLike> {
  if (task.exclude === undefined) return update
  const excluded = excludedBy(task)
  return [...byName(update)].filter(([name]) => !excluded.has(name))
}

/** Names that tensors with statistics, counters and steps have in tfjs, Keras, PyTorch and ONNX. */
const VARIANCE = /(^|[^a-z])(moving|running|batch)?_?var(iance)?(_?\d+)?$/i
const COUNTER = /num_batches_tracked$|(^|[^a-z])(iter|iterations|global_step|step_count)(_?\d+)?$/i

/** Warnings about tensors that a mean of differences, or noise, can turn into something that models cannot use. */
export function tensorWarnings(
  task: PlannedParts & { readonly privacy?: unknown },
  manifest: TensorManifest | undefined,
): string[] {
  if (manifest === undefined) return []
  const names = manifest.tensors.map(({ name }) => name)
  const guarded =
    task.nonNegative === undefined ? new Set() : matchedBy('nonNegative', task.nonNegative, names)
  const variances = names.filter((name) => VARIANCE.test(name) && !guarded.has(name))
  const counters = names.filter((name) => COUNTER.test(name))
  const warnings: string[] = []
  if (variances.length > 0) {
    const cause = task.privacy === undefined ? 'The differences of other clients' : 'Noise'
    warnings.push(
      `${listed(variances)} by name. ${cause} can make a variance negative, and the model then predicts NaN. ` +
        'Name such tensors in nonNegative, or leave them out with exclude.',
    )
  }
  if (counters.length > 0) {
    warnings.push(
      `${listed(counters, 'counter')} by name. A mean of counters is not a counter. Leave them out with exclude.`,
    )
  }
  return warnings
}

function listed(names: readonly string[], kind = 'variance'): string {
  const shown = names.slice(0, 3).map((name) => JSON.stringify(name.slice(0, 100)))
  const more = names.length > 3 ? ` and ${names.length - 3} more` : ''
  const verb = names.length === 1 ? `is a ${kind}` : `are ${kind}s`
  return `${shown.join(', ')}${more} ${verb}`
}

function invalid(message: string): Error {
  return usageError('invalid-configuration', message)
}
