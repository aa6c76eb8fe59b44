import { usageError } from '../errors.js'
import { typedArrayName } from '../vector/lanes.js'
import { checkedManifest, type TensorEntry, type TensorManifest } from './manifest.js'
import {
  byName,
  type Named,
  quoted,
  type ReadTensor,
  readTensor,
  shownShape,
  sizeOf,
  type TensorLike,
} from './tensor.js'
import { copyNumbers, numbersAs, type TensorType } from './types.js'

/**
 * The arrays for the numbers of tensors. Those of `float16` and `bfloat16` hold bits. In TypeScript 5.7 and later, the types
 * are `Float32Array<ArrayBuffer>` and so on.
 * @public
 */
export interface TensorArrays {
  readonly float32: ReturnType<Float32Array['slice']>
  readonly float64: ReturnType<Float64Array['slice']>
  readonly float16: ReturnType<Uint16Array['slice']>
  readonly bfloat16: ReturnType<Uint16Array['slice']>
}

/**
 * A tensor as plain data, which {@link unflatten} returns. It has a `dtype` unless it is in single precision.
 * @public
 */
export type PlainTensor<T extends TensorType = 'float32'> = T extends TensorType
  ? {
      readonly shape: number[]
      /** Absent for `float32`. */
      readonly dtype?: T
      /** In row-major order. */
      readonly data: TensorArrays[T]
    }
  : never

/**
 * Copies the numbers of all tensors into one flat array, in the order of the manifest. Every tensor must have exactly the
 * shape in the manifest; nothing is broadcast or reshaped.
 *
 * @param tensors - The tensors by name. Their names must be those of the manifest.
 * @param manifest - The names, shapes and order of the tensors.
 * @returns A Float32Array if all numbers have single or half precision, otherwise a Float64Array.
 * @throws {SecAggError} `invalid-argument` if a tensor is missing, is not in the manifest, has another shape, or has data that
 *   is not real numbers or does not match the shape; `input-out-of-range` if a number is NaN or infinite. The message names
 *   the tensor.
 * @example
 * ```ts
 * import { flatten, manifestOf } from 'secagg/tensors'
 *
 * const update = {
 *   weights: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
 *   bias: { shape: [2], data: Float32Array.of(-1, 1) },
 * }
 * console.log(flatten(update, manifestOf(update))) // Float32Array(6) [ -1, 1, 1, 2, 3, 4 ]
 * ```
 * @public
 */
export function flatten(tensors: Named<TensorLike>, manifest: TensorManifest): Float32Array | Float64Array {
  const layout = checkedManifest(manifest)
  const parts = dataIn(tensors, layout)
  const isSingle = parts.every(({ type, data }) => type !== 'float64' && typedArrayName(data) !== undefined)
  const flat = isSingle ? new Float32Array(layout.length) : new Float64Array(layout.length)
  parts.forEach((part, index) => {
    copyNumbers(part, 0, part.data.length, flat, layout.tensors[index]!.offset)
  })
  requireFinite(flat, layout)
  return flat
}

/**
 * Returns a function that copies `count` values of the flat array, from index `from` on, to the start of `target`. The whole
 * flat array is never created. Tensors of tfjs are read once, with `dataSync`; other tensors are not copied.
 *
 * @throws {SecAggError} See {@link flatten}. The returned function throws if a number is NaN or infinite, unless it is
 *   `unchecked`.
 */
export function tensorReader(
  tensors: Named<TensorLike>,
  manifest: TensorManifest,
  unchecked = false,
): (target: Float64Array, from: number, count: number) => void {
  const layout = checkedManifest(manifest)
  const parts = dataIn(tensors, layout)
  return (target, from, count) => {
    for (let index = indexAt(layout, from); index < parts.length; index++) {
      const { offset } = layout.tensors[index]!
      if (offset >= from + count) break
      const part = parts[index]!
      const [first, end] = [Math.max(from - offset, 0), Math.min(from + count - offset, part.data.length)]
      if (first < end) copyNumbers(part, first, end, target, offset + first - from)
    }
    if (!unchecked) requireFinite(target.subarray(0, count), layout, from)
  }
}

/** The index of the last tensor that begins at `element` or before it. */
function indexAt({ tensors }: TensorManifest, element: number): number {
  let [low, high] = [0, tensors.length]
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (tensors[middle]!.offset <= element) low = middle
    else high = middle
  }
  return low
}

/** The tensors, in the order of the manifest. */
function dataIn(tensors: Named<TensorLike>, layout: TensorManifest): readonly ReadTensor[] {
  const given = byName(tensors)
  const missing = layout.tensors.find(({ name }) => !given.has(name))
  if (missing !== undefined) {
    throw usageError(
      'invalid-argument',
      `tensor ${quoted(missing.name)} of the manifest is missing: all parties must use the same names`,
    )
  }
  if (given.size !== layout.tensors.length) {
    const known = new Set(layout.tensors.map(({ name }) => name))
    const extra = [...given.keys()].find((name) => !known.has(name))!
    throw usageError('invalid-argument', `tensor ${quoted(extra)} is not in the manifest`)
  }
  return layout.tensors.map((entry) => dataOf(given.get(entry.name)!, entry))
}

function dataOf(tensor: TensorLike, { name, shape }: TensorEntry): ReadTensor {
  const read = readTensor(name, tensor)
  const isSame = read.shape.length === shape.length && shape.every((size, axis) => size === read.shape[axis])
  if (!isSame) {
    const [expected, got] = [shownShape(shape), shownShape(read.shape)]
    throw usageError('invalid-argument', `tensor ${quoted(name)} has shape ${got}, not ${expected}`, {
      expected,
      got,
    })
  }
  if (Array.isArray(read.data)) requireNumbers(name, read.data)
  return read
}

function requireNumbers(name: string, data: readonly unknown[]): void {
  for (const [index, value] of data.entries()) {
    if (typeof value === 'number') continue
    throw usageError('invalid-argument', `element ${index} of tensor ${quoted(name)} is not a number`, {
      got: typeof value,
    })
  }
}

/** `start` is the index in the flat array of the first of these values. */
function requireFinite(flat: Float32Array | Float64Array, { tensors }: TensorManifest, start = 0): void {
  for (let i = 0; i < flat.length; i++) {
    if (Number.isFinite(flat[i])) continue
    const at = start + i
    const { name, offset } = tensors.find((entry) => at < entry.offset + sizeOf(entry.shape))!
    throw usageError('input-out-of-range', `element ${at - offset} of tensor ${quoted(name)} is ${flat[i]}`, {
      expected: 'a finite number',
      got: String(flat[i]),
    })
  }
}

/**
 * The inverse of {@link flatten}: cuts a flat array into tensors of the types in the manifest. Their data are copies. Without
 * a type, a tensor is in single precision, even if `flat` has doubles.
 *
 * @param flat - As many numbers as the manifest's `length`.
 * @param manifest - The names, shapes, types and order of the tensors. In TypeScript, name the types if there are others
 *   than `float32`: `unflatten<'float32' | 'float16'>(…)`.
 * @returns The tensors by name. The object has no prototype, so that every property it has is a tensor.
 * @throws {SecAggError} `invalid-argument` if `flat` is not a Float32Array or Float64Array of the manifest's length.
 * @example
 * ```ts
 * import { createManifest, unflatten } from 'secagg/tensors'
 *
 * const manifest = createManifest({ weights: [2, 2], bias: [2] })
 * const { weights, bias } = unflatten(Float32Array.of(-1, 1, 1, 2, 3, 4), manifest)
 * console.log(weights) // { shape: [ 2, 2 ], data: Float32Array(4) [ 1, 2, 3, 4 ] }
 * console.log(bias) // { shape: [ 2 ], data: Float32Array(2) [ -1, 1 ] }
 * ```
 * @public
 */
export function unflatten<T extends TensorType = 'float32'>(
  flat: Float32Array | Float64Array,
  manifest: TensorManifest,
): Record<string, PlainTensor<T>> {
  return unflattenInto(flat, manifest)
}

/** Like {@link unflatten}. The data of the tensors are in `arrays`, in the order of the manifest, if these are given. */
export function unflattenInto<T extends TensorType>(
  flat: Float32Array | Float64Array,
  manifest: TensorManifest,
  arrays?: readonly (Float32Array | Float64Array | Uint16Array)[],
): Record<string, PlainTensor<T>> {
  const { tensors, length } = checkedManifest(manifest)
  const type = typedArrayName(flat)
  if ((type !== 'Float32Array' && type !== 'Float64Array') || flat.length !== length) {
    throw usageError(
      'invalid-argument',
      `the flat array of the tensors must be a Float32Array or Float64Array of ${length} elements`,
      {
        expected: length,
        got: type === undefined ? typeof flat : `${flat.length} in a ${type}`,
      },
    )
  }
  const named: Record<string, unknown> = Object.create(null)
  for (const [index, { name, shape, offset, dtype }] of tensors.entries()) {
    const numbers = flat.subarray(offset, offset + sizeOf(shape))
    const data = numbersAs(dtype ?? 'float32', numbers, arrays?.[index])
    named[name] = { shape: [...shape], ...(dtype && { dtype }), data }
  }
  return named as Record<string, PlainTensor<T>>
}
