import { reading, shown } from '../arguments.js'
import { usageError } from '../errors.js'
import { typedArrayName } from '../vector/lanes.js'
import { nameless, requireNames } from './names.js'
import { isTensorType, notReal, type TensorNumbers, typeOfData } from './types.js'

/**
 * A tensor of real numbers, in row-major order. It can be plain data `{ shape, data }`, a tensor of tfjs, which has `shape`
 * and `dataSync()`, or a tensor of onnxruntime, which has `dims` and `data`. The numbers must be a Float32Array, a
 * Float64Array, a Float16Array or an array of numbers. With `dtype: 'float16'` or `dtype: 'bfloat16'`, they can also be the
 * bits of such numbers in a Uint16Array.
 *
 * A tensor that can only be read asynchronously, for example on a GPU, must be read first:
 * `{ shape: tensor.shape, data: await tensor.data() }`.
 * @public
 */
export type TensorLike =
  | { readonly shape: readonly number[]; readonly data: ArrayLike<unknown>; readonly dtype?: string }
  | {
      readonly shape: readonly number[]
      /** Reads the numbers. */
      dataSync(): ArrayLike<unknown>
    }
  | { readonly dims: readonly number[]; readonly data: ArrayLike<unknown> }

/**
 * The shape and type of a tensor, without its numbers. Variables of tfjs layers have this form.
 * @public
 */
export interface TensorDescription {
  /** All dimensions must be known: `null` is refused. */
  readonly shape: readonly (number | null)[]
  /** `float32`, `float64`, `float16` or `bfloat16`. */
  readonly dtype: string
}

/**
 * Named things: a record, a Map, or a list of pairs of name and thing. Use a list of pairs if the names may not be unique: a
 * name that occurs twice is then refused, while a record would silently lose one of the two things.
 * @public
 */
export type Named<T> = Readonly<Record<string, T>> | Iterable<readonly [name: string, thing: T]>

/** The maximum length of a name, in UTF-16 code units. */
const LONGEST_NAME = 65535
/** The maximum length of a segment of a round. */
const MOST_ELEMENTS = 2 ** 36
/** The maximum number of tensors. It bounds how long the plan of a server can keep a client busy. */
const MOST_TENSORS = 2 ** 20
/** The maximum number of dimensions. */
const HIGHEST_RANK = 255

/** A name in quotes for an error message, cut if it is long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
}

/** The maps that {@link byName} has made. Nobody changes them. */
const checked = new WeakSet<object>()

/**
 * The things as a Map. A map from here is not checked again.
 * @throws {SecAggError} `invalid-argument` if `named` is not a record, Map or list of pairs, a name is not valid or occurs
 *   twice, or there are more than 2^20.
 */
export function byName<T>(named: Named<T>): ReadonlyMap<string, T> {
  if (checked.has(named)) return named as ReadonlyMap<string, T>
  if (typeof named !== 'object' || named === null) {
    throw usageError('invalid-argument', 'tensors must be given by name: as a record, a Map or pairs', {
      got: shown(named),
    })
  }
  requireNames(named)
  const pairs = reading('tensors by name', () => [
    ...(Symbol.iterator in named ? (named as Iterable<unknown>) : Object.entries(named)),
  ])
  const things = new Map<string, T>()
  for (const pair of pairs) {
    if (!Array.isArray(pair)) throw nameless(pair)
    const [name, thing] = pair as [unknown, T]
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
        `two tensors have the name ${quoted(name)}: give every layer of the model a different name`,
      )
    }
    if (things.size === MOST_TENSORS) {
      throw usageError('invalid-argument', `there must be at most ${MOST_TENSORS} tensors`)
    }
    things.set(name, thing as T)
  }
  checked.add(things)
  return things
}

/** The arrays of tensors, except those of tfjs: reading them can take long. */
export function arraysOf(tensors: ReadonlyMap<string, TensorLike>): readonly unknown[] {
  return [...tensors.values()].map((tensor) =>
    reading('the data of a tensor', () => (tensor as { data?: unknown } | undefined)?.data),
  )
}

/**
 * A checked copy of the shape of tensor `name`. A shape has at most 255 dimensions and 2^36 elements. `[]` is the shape of a
 * single number.
 * @throws {SecAggError} `invalid-argument`.
 */
export function checkedShape(name: string, shape: unknown): readonly number[] {
  if (!Array.isArray(shape) || shape.length > HIGHEST_RANK) {
    throw usageError(
      'invalid-argument',
      `the shape of tensor ${quoted(name)} must be an array of at most ${HIGHEST_RANK} dimensions` +
        (shape === undefined ? '; a tensor is { shape, data }, not data alone' : ''),
      { got: typeof shape },
    )
  }
  // `Array.from` turns the holes of a sparse array into values, which are then refused.
  const dimensions = Array.from(shape as readonly number[])
  let elements = 1
  for (const dimension of dimensions) {
    const isSize = Number.isSafeInteger(dimension) && dimension >= 0
    // A dimension of 0 counts as 1, so that the others are bounded too: no product of dimensions may overflow.
    if (isSize) elements *= Math.max(dimension, 1)
    if (!isSize || elements > MOST_ELEMENTS) {
      throw usageError(
        'invalid-argument',
        `the dimensions of tensor ${quoted(name)} must be whole numbers of 0 or more, with a product of at most 2^36`,
        { got: shownShape(dimensions) },
      )
    }
  }
  return Object.freeze(dimensions)
}

/** The number of elements. It is 1 if there are no dimensions. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1)
}

export function shownShape(shape: readonly unknown[]): string {
  const shown = shape
    .slice(0, 16)
    .map((dimension) => (typeof dimension === 'number' ? dimension : typeof dimension))
  return `[${shown.join(', ')}${shape.length > 16 ? ', …' : ''}]`
}

/** The result of {@link readTensor}. */
export interface ReadTensor extends TensorNumbers {
  readonly shape: readonly number[]
}

/**
 * The shape and type of a tensor of any kind. The data of a tensor outside this program's memory, for example on a GPU, is not
 * read.
 * @throws {SecAggError} See {@link readTensor}.
 */
export function describe(name: string, tensor: TensorLike | TensorDescription): Omit<ReadTensor, 'data'> {
  const parts = partsOf(name, tensor)
  const { shape, dims, data, dataSync, dtype } = parts
  const isElsewhere = typeof dataSync === 'function' || (data === undefined && typeof dtype === 'string')
  if (!isElsewhere) return readParts(name, tensor, parts)
  requireReal(name, parts, dtype)
  return { shape: checkedShape(name, shape ?? dims), type: isTensorType(dtype) ? dtype : 'float32' }
}

/**
 * The shape of a tensor of any type, of which nothing else is read.
 * @throws {SecAggError} `invalid-argument` if it has no valid shape.
 */
export function shapeOnly(name: string, tensor: unknown): readonly number[] {
  const { shape, dims } = partsOf(name, tensor)
  return checkedShape(name, shape ?? dims)
}

/** @throws {SecAggError} `invalid-argument` if a tensor states a type or an order whose mean cannot be computed. */
function requireReal(name: string, { fortranOrder }: Parts, type: unknown): void {
  if (fortranOrder === true) {
    const remedy = 'transpose it, or save it with numpy.ascontiguousarray'
    throw usageError(
      'invalid-argument',
      `tensor ${quoted(name)} is in column-major order, which would be averaged permuted: ${remedy}`,
      { expected: 'row-major order', got: 'fortranOrder: true' },
    )
  }
  if (typeof type !== 'string' || isTensorType(type)) return
  throw notReal(quoted(name), `has type ${type.slice(0, 40)}`, type.slice(0, 40))
}

/**
 * The shape and data of a tensor of any kind.
 * @throws {SecAggError} `invalid-argument` if it is not a tensor, its data is not real numbers, or their number does not match
 *   the shape.
 */
export function readTensor(name: string, tensor: TensorLike): ReadTensor {
  return readParts(name, tensor, partsOf(name, tensor))
}

function readParts(name: string, tensor: object, parts: Parts): ReadTensor {
  // onnxruntime has the type in `type`, tfjs in `dtype`.
  const stated = parts.dtype ?? (parts.dims === undefined ? undefined : parts.type)
  requireReal(name, parts, stated)
  const shape = checkedShape(name, parts.shape ?? parts.dims)
  // A tensor of tfjs also has a method `data`, which reads asynchronously.
  const { dataSync } = parts
  const data =
    typeof dataSync === 'function'
      ? // This throws if the tensor has been disposed.
        reading(`tensor ${quoted(name)}`, () => dataSync.call(tensor))
      : parts.data
  const type = typeOfData(data, stated)
  if (type === undefined) throw notNumbers(name, data, parts)
  const numbers = data as ReadTensor['data']
  if (numbers.length !== sizeOf(shape)) {
    throw usageError(
      'invalid-argument',
      `tensor ${quoted(name)} of shape ${shownShape(shape)} must have ${sizeOf(shape)} elements`,
      {
        expected: sizeOf(shape),
        got: numbers.length,
      },
    )
  }
  return { shape, type, data: numbers }
}

function notNumbers(name: string, data: unknown, { read }: Parts): Error {
  const array = typedArrayName(data)
  if (array !== undefined) return notReal(quoted(name), `has its data in a ${array}`, array)
  const remedy =
    typeof read === 'function' ? '; this is a variable of a layer: pass what its read() returns' : ''
  return usageError(
    'invalid-argument',
    `the data of tensor ${quoted(name)} must be a Float32Array, a Float64Array or an array of numbers${remedy}`,
    { got: typeof data },
  )
}

type Parts = Readonly<
  Partial<
    Record<'shape' | 'dims' | 'data' | 'dataSync' | 'dtype' | 'type' | 'fortranOrder' | 'read', unknown>
  >
>

/** Reads each property once: it can be a getter that creates a new value each time. */
function partsOf(name: string, tensor: unknown): Parts {
  return reading(`tensor ${quoted(name)}`, () => {
    const { shape, dims, data, dataSync, dtype, type, fortranOrder, read }: Parts = tensor ?? {}
    return { shape, dims, data, dataSync, dtype, type, fortranOrder, read }
  })
}
