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

/**
 * A tensor as plain data, which {@link unflatten} returns.
 * @public
 */
export interface PlainTensor {
  readonly shape: number[]
  /** In row-major order. In TypeScript 5.7 and later, the type is `Float32Array<ArrayBuffer>`. */
  readonly data: ReturnType<Float32Array['slice']>
}

/**
 * Copies the numbers of all tensors into one flat array, in the order of the manifest. Every tensor must have exactly the
 * shape in the manifest; nothing is broadcast or reshaped.
 *
 * @param tensors - The tensors by name. Their names must be those of the manifest.
 * @param manifest - The names, shapes and order of the tensors.
 * @returns A Float32Array if the data of every tensor is a Float32Array, otherwise a Float64Array.
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
  const isSingle = parts.every((data) => typedArrayName(data) === 'Float32Array')
  const flat = isSingle ? new Float32Array(layout.length) : new Float64Array(layout.length)
  parts.forEach((data, index) => {
    flat.set(data, layout.tensors[index]!.offset)
  })
  requireFinite(flat, layout)
  return flat
}

/**
 * Returns a function that copies `count` values of the flat array, from index `from` on, to the start of `target`. The whole
 * flat array is never created. Tensors of tfjs are read once, with `dataSync`; other tensors are not copied.
 *
 * @throws {SecAggError} See {@link flatten}. The returned function throws if a number is NaN or infinite.
 */
export function tensorReader(
  tensors: Named<TensorLike>,
  manifest: TensorManifest,
): (target: Float64Array, from: number, count: number) => void {
  const layout = checkedManifest(manifest)
  const parts = dataIn(tensors, layout)
  return (target, from, count) => {
    layout.tensors.forEach(({ offset }, index) => {
      const data = parts[index]!
      const [first, end] = [Math.max(from - offset, 0), Math.min(from + count - offset, data.length)]
      if (first >= end) return
      const part = Array.isArray(data) ? data.slice(first, end) : (data as Float32Array).subarray(first, end)
      target.set(part, offset + first - from)
    })
    requireFinite(target.subarray(0, count), layout, from)
  }
}

/** The data of each tensor, in the order of the manifest. */
function dataIn(tensors: Named<TensorLike>, layout: TensorManifest): readonly ReadTensor['data'][] {
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

function dataOf(tensor: TensorLike, { name, shape }: TensorEntry): ReadTensor['data'] {
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
  return read.data
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
 * The inverse of {@link flatten}: cuts a flat array into tensors. Their data are copies, in single precision even if `flat`
 * has doubles.
 *
 * @param flat - As many numbers as the manifest's `length`.
 * @param manifest - The names, shapes and order of the tensors.
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
export function unflatten(
  flat: Float32Array | Float64Array,
  manifest: TensorManifest,
): Record<string, PlainTensor> {
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
  const named: Record<string, PlainTensor> = Object.create(null)
  for (const { name, shape, offset } of tensors) {
    named[name] = { shape: [...shape], data: new Float32Array(flat.subarray(offset, offset + sizeOf(shape))) }
  }
  return named
}
