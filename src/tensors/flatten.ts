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
 * A tensor as it travels.
 * @public
 */
export interface PlainTensor {
  readonly shape: number[]
  /** In memory that is not shared: a `Float32Array<ArrayBuffer>`, where TypeScript knows such. */
  readonly data: ReturnType<Float32Array['slice']>
}

/**
 * The numbers of all tensors, one tensor after the other as in the manifest; a Float32Array where all tensors have one,
 * else a Float64Array. Shapes have to be the manifest's: nothing is broadcast.
 *
 * @throws {SecAggError} `invalid-argument` where a tensor is missing, is none of the manifest's, has another shape, or
 *   holds no real numbers or the wrong number of them; `input-out-of-range` where one of them is NaN or infinite. The
 *   message names the tensor.
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
 * What copies values `from` to `from` + `count` of the flat array to the start of `target`, without ever making all of it.
 * The tensors are read, where that takes a call, but not copied.
 *
 * @throws {SecAggError} as {@link flatten} does; the reader itself for numbers that are not finite.
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

/** The numbers of each tensor of the manifest, in its order. */
function dataIn(tensors: Named<TensorLike>, layout: TensorManifest): readonly ReadTensor['data'][] {
  const given = byName(tensors)
  const missing = layout.tensors.find(({ name }) => !given.has(name))
  if (missing !== undefined) {
    throw usageError(
      'invalid-argument',
      `tensor ${quoted(missing.name)} of the manifest is missing; names have to be the same for everybody`,
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

/** `start`: where in the flat array these values stand. */
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
 * The tensors by name, with memory of their own, their numbers rounded to single precision where they are doubles. The
 * result has no prototype, so that whatever it has under a name is a tensor.
 *
 * @throws {SecAggError} `invalid-argument` where `flat` is no Float32Array or Float64Array of the manifest's length.
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
      `the tensors must be a Float32Array or Float64Array of ${length} elements`,
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
