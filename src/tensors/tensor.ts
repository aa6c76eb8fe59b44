import { reading, shown } from '../arguments.js'
import { usageError } from '../errors.js'
import { typedArrayName } from '../vector/lanes.js'

/**
 * A tensor of real numbers, in row-major order: `{ shape, data }` as it travels; a tensor of tfjs, with `shape` and
 * `dataSync()`; or one of onnxruntime, with `dims` and `data`. The numbers have to be a Float32Array, a Float64Array or
 * an array of numbers. Where a tensor has to be read asynchronously, as on a GPU, read it before:
 * `{ shape: tensor.shape, data: await tensor.data() }`.
 * @public
 */
export type TensorLike =
  | { readonly shape: readonly number[]; readonly data: ArrayLike<unknown> }
  | { readonly shape: readonly number[]; dataSync(): ArrayLike<unknown> }
  | { readonly dims: readonly number[]; readonly data: ArrayLike<unknown> }

/**
 * What a tensor is like, without its numbers, as a layer's variable of tfjs. Its `dtype` has to be `float32` or `float64`,
 * and all dimensions have to be known.
 * @public
 */
export interface TensorDescription {
  readonly shape: readonly (number | null)[]
  readonly dtype: string
}

/**
 * Things by name: pairs of name and thing, as a list or a Map, or a record. Prefer the pairs where names come from somewhere
 * else: a name that is there twice is refused, while a record has lost one of the two before anybody can see it.
 * @public
 */
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
    throw usageError('invalid-argument', 'tensors come by name, as a record or a Map', { got: shown(named) })
  }
  const pairs = reading('tensors by name', () => [
    ...(Symbol.iterator in named ? (named as Iterable<unknown>) : Object.entries(named)),
  ])
  const things = new Map<string, T>()
  for (const pair of pairs) {
    const [name, thing] = Array.isArray(pair) ? (pair as [unknown, T]) : []
    if (typeof name !== 'string' || name.length < 1 || name.length > LONGEST_NAME) {
      throw usageError(
        'invalid-argument',
        `the name of a tensor must be a string of 1 to ${LONGEST_NAME} characters`,
        {
          got: typeof name === 'string' ? name.length : shown(name),
        },
      )
    }
    if (things.has(name)) {
      throw usageError(
        'invalid-argument',
        `there are two tensors ${quoted(name)}: give every layer of the model a different name`,
      )
    }
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
        `the dimensions of tensor ${quoted(name)} must be whole numbers of at least 0, and at most 2^36 in their product`,
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
export function shapeOf(name: string, tensor: TensorLike | TensorDescription): readonly number[] {
  const parts = partsOf(name, tensor)
  const { shape, dims, data, dataSync, dtype } = parts
  const isElsewhere = typeof dataSync === 'function' || (data === undefined && typeof dtype === 'string')
  if (!isElsewhere) return readParts(name, tensor, parts).shape
  requireReal(name, dtype)
  return checkedShape(name, shape ?? dims)
}

const REAL_TYPES: readonly unknown[] = ['float32', 'float64']

/** @throws {SecAggError} `invalid-argument` where a tensor says of itself that it does not hold what has a mean. */
function requireReal(name: string, type: unknown): void {
  if (typeof type !== 'string' || REAL_TYPES.includes(type)) return
  throw notReal(name, `is of type ${type.slice(0, 40)}`, type.slice(0, 40))
}

function notReal(name: string, what: string, got: string): Error {
  const remedy = /float/i.test(got)
    ? 'convert it to float32'
    : 'leave it out of the update if it is a counter or a mask, else convert it to float32'
  return usageError(
    'invalid-argument',
    `tensor ${quoted(name)} ${what}, and only tensors of float32 or float64 have a mean: ${remedy}`,
    { expected: 'float32 or float64', got },
  )
}

/**
 * Shape and numbers of a tensor of whichever kind.
 * @throws {SecAggError} `invalid-argument` where it is no tensor, does not hold real numbers, or not as many as its shape
 *   says.
 */
export function readTensor(name: string, tensor: TensorLike): ReadTensor {
  return readParts(name, tensor, partsOf(name, tensor))
}

function readParts(name: string, tensor: object, parts: Parts): ReadTensor {
  // What onnxruntime has in `type`, tfjs has in `dtype`.
  requireReal(name, parts.dtype ?? (parts.dims === undefined ? undefined : parts.type))
  const shape = checkedShape(name, parts.shape ?? parts.dims)
  // A tensor of tfjs has a method `data` as well, which reads asynchronously.
  const { dataSync } = parts
  const data =
    typeof dataSync === 'function'
      ? // It throws where the tensor was disposed of.
        reading(`tensor ${quoted(name)}`, () => dataSync.call(tensor))
      : parts.data
  const type = typedArrayName(data)
  if (!(type === 'Float32Array' || type === 'Float64Array' || Array.isArray(data))) {
    const got = type ?? typeof data
    if (type !== undefined) throw notReal(name, `holds a ${type}`, got)
    const text = `tensor ${quoted(name)} holds no Float32Array, Float64Array or array of numbers`
    throw usageError('invalid-argument', text, { got })
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

type Parts = Readonly<Partial<Record<'shape' | 'dims' | 'data' | 'dataSync' | 'dtype' | 'type', unknown>>>

/** Each part read once: a tensor may make it anew whenever it is asked. */
function partsOf(name: string, tensor: unknown): Parts {
  return reading(`tensor ${quoted(name)}`, () => {
    const { shape, dims, data, dataSync, dtype, type }: Parts = tensor ?? {}
    return { shape, dims, data, dataSync, dtype, type }
  })
}
