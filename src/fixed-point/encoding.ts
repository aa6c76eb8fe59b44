import { partsOf } from '../arguments.js'
import * as P from '../codec/codec.js'
import { ascii, type Bytes, plainBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { requireConsistent } from '../received/index.js'

/**
 * How a value between two levels is rounded.
 *
 * - `stochastic`: up or down at random, with probabilities for which the expected result is the value itself.
 * - `nearest`: to the nearest level, half up. Errors can have the same sign and add up over clients and rounds.
 * @public
 */
export type RoundingMode = 'stochastic' | 'nearest'

/**
 * Options of {@link createFixedPoint}.
 * @public
 */
export interface FixedPointOptions {
  /** c, 10^−200 to 10^200: values are clipped to [−c, c]. */
  readonly clip: number
  /**
   * b, 2 to 32: a value is rounded to one of 2^b − 1 levels, one of which is 0. Default: the maximum that fits in `bits`. At
   * least one of `bitsPerValue` and `bits` is required.
   */
  readonly bitsPerValue?: number | undefined
  /** n, 1 to 65535: the maximum number of clients in a sum. */
  readonly clients: number
  /** W, 1 or more: the maximum weight of a client. Default: 1. */
  readonly maximumWeight?: number | undefined
  /** Default: `stochastic`. */
  readonly rounding?: RoundingMode | undefined
  /** k, 1 to 64: the bits of an element of the sum. Default: the minimum with which no sum can overflow. */
  readonly bits?: number | undefined
}

/**
 * How much larger a sum could be without overflow.
 * @public
 */
export interface Headroom {
  /** (2^k − 1) divided by the largest possible sum; at least 1. */
  readonly factor: number
  /** log2 of the factor. */
  readonly bits: number
  /** The maximum number of clients, if everything else stays the same. */
  readonly clients: number
  /** The maximum value of `maximumWeight`, if everything else stays the same. */
  readonly maximumWeight: number
  /** The maximum value of `bitsPerValue`, if everything else stays the same. */
  readonly bitsPerValue: number
}

/**
 * How real numbers are encoded as whole numbers that can be summed exactly. Create it with {@link createFixedPoint}. It is
 * plain data, which can be sent as JSON. Functions that use an encoding compute the derived values again, and refuse an
 * encoding that states other values.
 * @public
 */
export interface FixedPoint {
  /** c: values are clipped to [−c, c]. */
  readonly clip: number
  /** b: a value is rounded to one of 2^b − 1 levels. */
  readonly bitsPerValue: number
  /** n: the maximum number of clients in a sum. */
  readonly clients: number
  /** W: the maximum weight of a client. */
  readonly maximumWeight: number
  readonly rounding: RoundingMode
  /** 2L + 1 = 2^b − 1: level −L stands for −c, level 0 for 0, and level L for c. */
  readonly levels: number
  /** c / L: the distance between two levels. */
  readonly step: number
  /** k: the bits of an element, for a segment of the round. */
  readonly bits: number
  /** R_U = 2L · W + 1: the exclusive bound of encoded and weighted values, for a segment of the round. */
  readonly bound: number
  readonly headroom: Headroom
  /**
   * The maximum difference between an element of the mean and the mean of the clipped values: one step for stochastic
   * rounding, half a step for nearest rounding, plus c · 2^−50 for arithmetic on doubles. It does not depend on the number of
   * clients, because summing is exact.
   */
  readonly errorBound: number
}

const ROUNDINGS: readonly unknown[] = ['stochastic', 'nearest'] satisfies RoundingMode[]

/** A bound on the error of double arithmetic in encoding and decoding, relative to the clip. */
const DOUBLE_ERROR = 2 ** -50

/**
 * Creates an encoding: chooses the levels of values and the bits of a sum so that no sum can overflow.
 *
 * @param options - The range and precision of values, the number of clients, and optionally weights.
 * @returns The encoding, frozen.
 * @throws {SecAggError} `invalid-configuration` if an option is out of its range, or if a sum could overflow; the message
 *   then states which options would fit.
 * @example
 * ```ts
 * import { createFixedPoint } from 'secagg/fixed-point'
 *
 * const encoding = createFixedPoint({ clip: 1, bitsPerValue: 16, clients: 100, maximumWeight: 1000 })
 * console.log(encoding.bits, encoding.errorBound.toExponential(2)) // 33 '3.05e-5'
 * ```
 * @public
 */
export function createFixedPoint(options: FixedPointOptions): FixedPoint {
  const parts = partsOf('a fixed-point encoding', options, 'invalid-configuration')
  const { clip, clients, maximumWeight = 1, rounding = 'stochastic', bits } = parts
  if (typeof clip !== 'number' || !(clip >= 1e-200 && clip <= 1e200)) {
    throw invalid('clip must be a number from 1e-200 to 1e200', clip)
  }
  if (!ROUNDINGS.includes(rounding)) throw invalid("rounding must be 'stochastic' or 'nearest'", rounding)
  requireWhole('clients', clients, LIMITS.clients)
  requireWhole('maximumWeight', maximumWeight, LIMITS.maximumWeight)
  if (bits !== undefined) requireWhole('bits', bits, [1, 64])
  const bitsPerValue = parts.bitsPerValue ?? finest({ clients, maximumWeight }, bits)
  requireWhole('bitsPerValue', bitsPerValue, LIMITS.bitsPerValue)

  const load = { bitsPerValue, maximumWeight, clients }
  const sum = largestSum(load)
  const needed = sum.toString(2).length
  const lane = bits ?? Math.min(needed, 64)
  if (!fits(load, lane)) throw tooMuch(load, lane, needed)
  const largest = maximumValue(bitsPerValue)
  const step = clip / (largest / 2)
  const factor = Number((1n << BigInt(lane)) - 1n) / Number(sum)
  return Object.freeze({
    clip,
    ...load,
    rounding,
    levels: largest + 1,
    step,
    bits: lane,
    bound: largest * maximumWeight + 1,
    headroom: Object.freeze({ factor, bits: Math.log2(factor), ...maximumFitting(load, lane) }),
    errorBound: (rounding === 'nearest' ? step / 2 : step) + clip * DOUBLE_ERROR,
  })
}

/**
 * The encoding, computed again from its options. So the result is valid even if `encoding` came from a peer as JSON.
 * @throws {SecAggError} `invalid-configuration` as {@link createFixedPoint}; `configuration-mismatch` if a derived value that
 *   the encoding states does not follow from its options.
 */
export function checkedEncoding(encoding: FixedPoint): FixedPoint {
  const parts = partsOf('a fixed-point encoding', encoding, 'invalid-configuration')
  const derived = createFixedPoint(parts)
  requireConsistent(parts, derived, 'the encoding')
  return derived
}

/** The maximum number of bits per value that fits in `bits`. */
function finest(load: Omit<Load, 'bitsPerValue'>, bits: number | undefined): number {
  if (bits === undefined) throw invalid('an encoding needs bitsPerValue or bits')
  const coarsest = { ...load, bitsPerValue: LIMITS.bitsPerValue[0] }
  const { bitsPerValue } = maximumFitting(coarsest, bits)
  if (bitsPerValue === 0) throw tooMuch(coarsest, bits, largestSum(coarsest).toString(2).length)
  return bitsPerValue
}

function tooMuch(load: Load, bits: number, needed: number): Error {
  const { bitsPerValue, maximumWeight, clients } = load
  const subject = `${bitsPerValue} bits per value with weights up to ${maximumWeight} and ${clients} clients`
  const tooNarrow = needed > bits
  const problem = tooNarrow
    ? `${subject}: a sum can need ${needed} bits, but an element has ${bits}`
    : `${subject}: the largest element of a client, or the total weight, is not a safe integer`
  const fitting = maximumFitting(load, bits)
  const choices = [
    fitting.bitsPerValue > 0 ? `at most ${fitting.bitsPerValue} bits per value` : '',
    fitting.maximumWeight > 0 ? `weights up to ${fitting.maximumWeight}` : '',
    fitting.clients > 0 ? `at most ${fitting.clients} clients` : '',
    needed <= 64 && fits(load, needed) ? `elements of ${needed} bits` : '',
  ].filter((choice) => choice !== '')
  const remedy = choices.length > 0 ? `use ${choices.join(', or ')}` : 'reduce several of these at once'
  return usageError('invalid-configuration', `${problem}; ${remedy}`, {
    expected: tooNarrow ? needed : undefined,
    got: tooNarrow ? bits : undefined,
  })
}

function requireWhole(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw invalid(`${name} must be a whole number from ${least} to ${most}`, value)
  }
}

function invalid(message: string, got?: unknown): Error {
  const shown = typeof got === 'number' || typeof got === 'string' ? got : typeof got
  return usageError('invalid-configuration', message, { got: shown })
}

/** The sum that an element must hold: `clients` encoded values, each times a weight of at most `maximumWeight`. */
interface Load {
  readonly bitsPerValue: number
  readonly maximumWeight: number
  readonly clients: number
}

/**
 * The range of each quantity. 32 bits per value are more than the 24 bits of precision of a Float32Array, and few enough for
 * a level times a weight to be a safe integer. A round has at most 65535 seats.
 */
const LIMITS: Readonly<Record<keyof Load, readonly [minimum: number, maximum: number]>> = {
  bitsPerValue: [2, 32],
  maximumWeight: [1, Number.MAX_SAFE_INTEGER],
  clients: [1, 65535],
}

/** The maximum encoded value, 2L = 2^b − 2: levels from −L to L are shifted by L. */
function maximumValue(bitsPerValue: number): number {
  return 2 ** bitsPerValue - 2
}

/** The largest possible sum, n · 2L · W. */
function largestSum({ bitsPerValue, maximumWeight, clients }: Load): bigint {
  return BigInt(clients) * BigInt(maximumValue(bitsPerValue)) * BigInt(maximumWeight)
}

/**
 * Whether no sum of such inputs overflows elements of `bits` bits, and both the bound of one input, 2L · W + 1, and every
 * total weight are safe integers.
 */
function fits(load: Load, bits: number): boolean {
  const { bitsPerValue, maximumWeight, clients } = load
  return (
    largestSum(load) < 1n << BigInt(bits) &&
    Number.isSafeInteger(maximumValue(bitsPerValue) * maximumWeight + 1) &&
    Number.isSafeInteger(clients * maximumWeight)
  )
}

/** For each quantity, the maximum that fits if the others are as in `load`; 0 if no value fits. */
function maximumFitting(load: Load, bits: number): Load {
  const maximum = (quantity: keyof Load): number => {
    const [least, most] = LIMITS[quantity]
    let low = least - 1
    let high = most
    while (low < high) {
      const middle = low + Math.ceil((high - low) / 2)
      if (fits({ ...load, [quantity]: middle }, bits)) low = middle
      else high = middle - 1
    }
    return low < least ? 0 : low
  }
  return {
    bitsPerValue: maximum('bitsPerValue'),
    maximumWeight: maximum('maximumWeight'),
    clients: maximum('clients'),
  }
}

const LABEL = 'secagg fixed point'
const VERSION = 1

const context = P.struct({
  label: P.bytes(LABEL.length),
  version: P.U16LE,
  rounding: P.oneOf(P.U8, { stochastic: 1, nearest: 2 }),
  clip: P.F64LE,
  bitsPerValue: P.U8,
  maximumWeight: P.U64LE,
})

/**
 * The parameters of an encoding as canonical bytes, for the round's `context`. If clients are told different parameters,
 * their encoded values have different meanings. With this context, such inputs cannot be summed. The bytes do not include the
 * number of clients and the bits of an element, because the round's configuration has them.
 *
 * @param encoding - The encoding.
 * @returns Bytes that are equal for two encodings only if values have the same meaning in both.
 * @throws {SecAggError} `invalid-configuration` if `encoding` is not valid; `configuration-mismatch` if its derived values do
 *   not follow from its options.
 * @example
 * ```ts
 * import { createFixedPoint, encodingContext } from 'secagg/fixed-point'
 *
 * const contextOf = (clip: number) =>
 *   String(encodingContext(createFixedPoint({ clip, bitsPerValue: 16, clients: 100 })))
 * console.log(contextOf(1) === contextOf(1)) // true
 * console.log(contextOf(1) === contextOf(2)) // false
 * ```
 * @public
 */
export function encodingContext(encoding: FixedPoint): Bytes {
  const { rounding, clip, bitsPerValue, maximumWeight } = checkedEncoding(encoding)
  return plainBytes(
    context.encode({
      label: ascii(LABEL),
      version: VERSION,
      rounding,
      clip,
      bitsPerValue,
      maximumWeight: BigInt(maximumWeight),
    }),
  )
}
