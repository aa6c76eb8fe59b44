import { usageError } from '../errors.js'
import { typedArrayName } from '../vector/lanes.js'

/**
 * A tensor of real numbers, in row-major order: `{ shape, data }` as it travels; a tensor of tfjs, with `shape` and
 * `dataSync()`; or one of onnxruntime, with `dims` and `data`. The numbers have to be a Float32Array, a Float64Array or
 * an array of numbers. Where a tensor has to be read asynchronously, as on a GPU, read it before:
 * `{ shape: tensor.shape, data: await tensor.data() }`.
 */
export type TensorLike =
  | { readonly shape: readonly number[]; readonly data: ArrayLike<unknown> }
  | { readonly shape: readonly number[]; dataSync(): ArrayLike<unknown> }
  | { readonly dims: readonly number[]; readonly data: ArrayLike<unknown> }

/** Things by name: a record, or pairs such as a Map has. */
export type Named<T> = Readonly<Record<string, T>> | Iterable<readonly [name: string, thing: T]>

/** The longest name, in UTF-16 code units. */
const LONGEST_NAME = 65535
/** The longest segment of a round. */
const MOST_ELEMENTS = 2 ** 36
const HIGHEST_RANK = 255

/** A name as it stands in a message. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
}

/**
 * The things by name, each name once.
 * @throws {SecAggError} `invalid-argument` where `named` is neither record nor pairs, a name is none or there twice.
 */
export function byName<T>(named: Named<T>): Map<string, T> {
  if (typeof named !== 'object' || named === null) {
    throw usageError('invalid-argument', 'tensors come by name, as a record or a Map', { got: typeof named })
  }
  const pairs: Iterable<unknown> =
    Symbol.iterator in named ? (named as Iterable<unknown>) : Object.entries(named)
  const things = new Map<string, T>()
  for (const pair of pairs) {
    const [name, thing] = Array.isArray(pair) ? (pair as [unknown, T]) : []
    if (typeof name !== 'string' || name.length < 1 || name.length > LONGEST_NAME) {
      throw usageError(
        'invalid-argument',
        `the name of a tensor is a string of 1 to ${LONGEST_NAME} characters`,
        {
          got: typeof name === 'string' ? name.length : typeof name,
        },
      )
    }
    if (things.has(name)) throw usageError('invalid-argument', `there are two tensors ${quoted(name)}`)
    things.set(name, thing as T)
  }
  return things
}

/**
 * A copy of the shape of tensor `name`: up to 255 dimensions, 2^36 elements in all; `[]` is a single number.
 * @throws {SecAggError} `invalid-argument`.
 */
export function checkedShape(name: string, shape: unknown): readonly number[] {
  if (!Array.isArray(shape) || shape.length > HIGHEST_RANK) {
    throw usageError('invalid-argument', `tensor ${quoted(name)} has no shape`, { got: typeof shape })
  }
  // `Array.from`, so that a hole is seen.
  const dimensions = Array.from(shape as readonly number[])
  let elements = 1
  for (const dimension of dimensions) {
    const isSize = Number.isSafeInteger(dimension) && dimension >= 0
    // Dimensions beside a 0 are bounded as well, so that no order of multiplying them overflows.
    if (isSize) elements *= Math.max(dimension, 1)
    if (!isSize || elements > MOST_ELEMENTS) {
      throw usageError(
        'invalid-argument',
        `the dimensions of tensor ${quoted(name)} are whole numbers from 0 on, at most 2^36 in their product`,
        { got: shownShape(dimensions) },
      )
    }
  }
  return Object.freeze(dimensions)
}

/** The number of elements; 1 without dimensions. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1)
}

export function shownShape(shape: readonly unknown[]): string {
  const shown = shape
    .slice(0, 16)
    .map((dimension) => (typeof dimension === 'number' ? dimension : typeof dimension))
  return `[${shown.join(', ')}${shape.length > 16 ? ', …' : ''}]`
}

/** What {@link readTensor} has read. */
export interface ReadTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array | Float64Array | readonly number[]
}

/**
 * The shape of a tensor of whichever kind; of those that lie elsewhere the numbers are not fetched for it.
 * @throws {SecAggError} as {@link readTensor} does.
 */
export function shapeOf(name: string, tensor: TensorLike): readonly number[] {
  const { shape, dims, dataSync } = partsOf(tensor)
  return typeof dataSync === 'function' ? checkedShape(name, shape ?? dims) : readTensor(name, tensor).shape
}

/**
 * Shape and numbers of a tensor of whichever kind.
 * @throws {SecAggError} `invalid-argument` where it is no tensor, does not hold real numbers, or not as many as its shape
 *   says.
 */
export function readTensor(name: string, tensor: TensorLike): ReadTensor {
  const parts = partsOf(tensor)
  const shape = checkedShape(name, parts.shape ?? parts.dims)
  // A tensor of tfjs has a method `data` as well, which reads asynchronously.
  const data =
    typeof parts.dataSync === 'function' ? (tensor as { dataSync(): unknown }).dataSync() : parts.data
  const type = typedArrayName(data)
  if (!(type === 'Float32Array' || type === 'Float64Array' || Array.isArray(data))) {
    throw usageError(
      'invalid-argument',
      `tensor ${quoted(name)} holds no Float32Array, Float64Array or array of numbers`,
      { got: type ?? typeof data },
    )
  }
  const numbers = data as ReadTensor['data']
  if (numbers.length !== sizeOf(shape)) {
    throw usageError(
      'invalid-argument',
      `tensor ${quoted(name)} of shape ${shownShape(shape)} has ${sizeOf(shape)} elements`,
      {
        expected: sizeOf(shape),
        got: numbers.length,
      },
    )
  }
  return { shape, data: numbers }
}

function partsOf(tensor: unknown): Partial<Record<'shape' | 'dims' | 'data' | 'dataSync', unknown>> {
  return tensor ?? {}
}
