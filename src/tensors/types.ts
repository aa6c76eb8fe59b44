import { usageError } from '../errors.js'
import { typedArrayName } from '../vector/lanes.js'

/**
 * The types of tensors that can be averaged. The numbers of `float16` and `bfloat16` are 16 bits each, in a Uint16Array.
 * @public
 */
export type TensorType = 'float32' | 'float64' | 'float16' | 'bfloat16'

/** The numbers of a tensor, as they were given. */
export interface TensorNumbers {
  readonly type: TensorType
  /** A Uint16Array has bits; all others have numbers. */
  readonly data: Float32Array | Float64Array | Uint16Array | readonly number[]
}

/** The sizes of a format with up to 32 bits. */
interface Format {
  /** The number of bits of the fraction. */
  readonly fraction: number
  /** The exponent of the smallest normal number. */
  readonly minimumExponent: number
}

const FORMATS: Readonly<Record<'float32' | 'float16' | 'bfloat16', Format>> = {
  float32: { fraction: 23, minimumExponent: -126 },
  float16: { fraction: 10, minimumExponent: -14 },
  bfloat16: { fraction: 7, minimumExponent: -126 },
}

const TYPES: readonly unknown[] = ['float64', ...Object.keys(FORMATS)]

export function isTensorType(type: unknown): type is TensorType {
  return TYPES.includes(type)
}

function isHalf(type: unknown): type is 'float16' | 'bfloat16' {
  return type === 'float16' || type === 'bfloat16'
}

/**
 * The type of a tensor with this data, which states the type `stated`; `undefined` if its numbers cannot be averaged.
 * Plain arrays are in single precision unless they state another type.
 */
export function typeOfData(data: unknown, stated: unknown): TensorType | undefined {
  const array = typedArrayName(data)
  if (array === 'Float32Array') return 'float32'
  if (array === 'Float64Array') return 'float64'
  if (array === 'Float16Array') return 'float16'
  if (array === 'Uint16Array') return isHalf(stated) ? stated : undefined
  if (!Array.isArray(data)) return undefined
  return stated === 'float64' ? 'float64' : 'float32'
}

/** Copies the numbers from index `from` to index `to` into `target`, where the first one goes to index `at`. */
export function copyNumbers(
  { type, data }: TensorNumbers,
  from: number,
  to: number,
  target: Float32Array | Float64Array,
  at: number,
): void {
  if (isHalf(type) && typedArrayName(data) === 'Uint16Array') {
    const numbers = numbersOf(type)
    for (let i = from; i < to; i++) target[at + i - from] = numbers[data[i]!]!
    return
  }
  if (from === 0 && to === data.length) target.set(data, at)
  else target.set(Array.isArray(data) ? data.slice(from, to) : (data as Float32Array).subarray(from, to), at)
}

const tables = new Map<'float16' | 'bfloat16', Float32Array>()

/** The number for each of the 65536 patterns of bits. */
function numbersOf(type: 'float16' | 'bfloat16'): Float32Array {
  const known = tables.get(type)
  if (known !== undefined) return known
  const numbers = Float32Array.from({ length: 65536 }, (_, bits) => numberOf(bits, FORMATS[type]))
  tables.set(type, numbers)
  return numbers
}

function numberOf(bits: number, { fraction, minimumExponent }: Format): number {
  const sign = bits >= 0x8000 ? -1 : 1
  const one = 2 ** fraction
  const exponent = Math.floor((bits % 0x8000) / one)
  const rest = bits % one
  if (exponent === 0x8000 / one - 1) return rest === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  if (exponent === 0) return sign * rest * 2 ** (minimumExponent - fraction)
  return sign * (one + rest) * 2 ** (exponent - 1 + minimumExponent - fraction)
}

/**
 * The nearest number of this format, half to even, as bits. A number beyond the largest one gives the largest one, so that a
 * finite mean stays finite.
 */
function bitsOf(value: number, { fraction, minimumExponent }: Format): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const magnitude = Math.abs(value)
  const one = 2 ** fraction
  const largest = 0x8000 - one - 1
  const exponent = exponentOf(magnitude, minimumExponent)
  const exact = magnitude / 2 ** (exponent - fraction)
  const below = Math.floor(exact)
  const half = exact - below
  const rounded = half > 0.5 || (half === 0.5 && below % 2 === 1) ? below + 1 : below
  return sign + Math.min((exponent - minimumExponent) * one + rounded, largest)
}

/** A logarithm that is rounded across a whole number gives the same result, because the fraction then carries over. */
function exponentOf(magnitude: number, minimum: number): number {
  return Math.max(Math.floor(Math.log2(magnitude)), minimum)
}

/** The name of the array type for the numbers of a tensor of this type. */
export function arrayNameOf(type: TensorType): string {
  return isHalf(type) ? 'Uint16Array' : type === 'float64' ? 'Float64Array' : 'Float32Array'
}

/** A copy of finite numbers in this type, in `target` if that is given. */
export function numbersAs(
  type: TensorType,
  numbers: Float32Array | Float64Array,
  target?: Float32Array | Float64Array | Uint16Array,
): Float32Array | Float64Array | Uint16Array {
  if (isHalf(type)) {
    const bits = target ?? new Uint16Array(numbers.length)
    for (let i = 0; i < numbers.length; i++) bits[i] = bitsOf(numbers[i]!, FORMATS[type])
    return bits
  }
  if (target === undefined) return type === 'float64' ? new Float64Array(numbers) : new Float32Array(numbers)
  target.set(numbers)
  return target
}

/**
 * The smallest number of this type that is at least `value`. A number that is at least as large is never rounded to a smaller
 * one, so a bound that is rounded in this way still holds after the conversion to this type.
 */
export function boundAs(type: TensorType, value: number): number {
  if (type === 'float64') return value
  const { fraction, minimumExponent } = FORMATS[type]
  const unit = 2 ** (exponentOf(Math.abs(value), minimumExponent) - fraction)
  return Math.ceil(value / unit) * unit
}

/** The error for a tensor whose numbers cannot be averaged. It says what to do instead. */
export function notReal(name: string, what: string, got: string): Error {
  return usageError(
    'invalid-argument',
    `tensor ${name} ${what}, but only tensors of real numbers can be averaged: ${remedyFor(got)}`,
    { expected: 'float32, float64, float16 or bfloat16', got },
  )
}

function remedyFor(type: string): string {
  if (/complex/i.test(type)) return 'give its real part and its imaginary part as two tensors'
  if (/string/i.test(type)) return 'leave it out of the update'
  if (/bool/i.test(type)) return 'leave it out of the update if it is a mask, otherwise convert it to float32'
  if (/^uint16/i.test(type)) {
    return "state dtype: 'float16' or 'bfloat16' if these are the bits of such numbers, otherwise convert it to float32"
  }
  if (/float/i.test(type)) return 'convert it to float32'
  return 'leave it out of the update if it is a counter or a mask, otherwise convert it to float32'
}
