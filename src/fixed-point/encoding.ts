import * as P from 'micro-packed'
import { partsOf } from '../arguments.js'
import { ascii, type Bytes, plainBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { requireConsistent } from '../received/index.js'

/**
 * How a value between two levels is rounded: `stochastic`, up or down at random so that the expected value is the value
 * itself; or to the `nearest` level, upward from the middle, where errors of one sign can add up over clients and rounds.
 * @public
 */
export type RoundingMode = 'stochastic' | 'nearest'

/**
 * What {@link createFixedPoint} is given: what the values are like, and what a sum of them has to fit.
 * @public
 */
export interface FixedPointOptions {
  /** c, 10^−200 to 10^200: values are clipped to [−c, c]. */
  readonly clip: number
  /**
   * b, 2 to 32: a value becomes one of 2^b − 1 levels, 0 among them. Default: as many as fit the `bits` of a lane; one of
   * the two has to be stated.
   */
  readonly bitsPerValue?: number | undefined
  /** n, 1 to 65535: the most clients of a sum. */
  readonly clients: number
  /** W, from 1 on: the largest weight that a client's values are multiplied with. Default 1. */
  readonly maximumWeight?: number | undefined
  /** Default `stochastic`. */
  readonly rounding?: RoundingMode | undefined
  /** k, 1 to 64: the bits of a lane. Default: the fewest in which no sum overflows. */
  readonly bits?: number | undefined
}

/**
 * How much more the lanes hold than they have to.
 * @public
 */
export interface Headroom {
  /** (2^k − 1) over the largest possible sum; at least 1. */
  readonly factor: number
  /** log2 of the factor. */
  readonly bits: number
  /** The greatest number of clients that fits, all else as it is. */
  readonly clients: number
  /** The greatest `maximumWeight` that fits, all else as it is. */
  readonly maximumWeight: number
  /** The greatest `bitsPerValue` that fits, all else as it is. */
  readonly bitsPerValue: number
}

/**
 * How real numbers become whole ones that can be summed exactly; made by {@link createFixedPoint}. Plain data, that may
 * travel as JSON: whoever uses it works out anew what follows from the options, and refuses an encoding that says otherwise.
 * @public
 */
export interface FixedPoint {
  readonly clip: number
  readonly bitsPerValue: number
  readonly clients: number
  readonly maximumWeight: number
  readonly rounding: RoundingMode
  /** 2L + 1 = 2^b − 1: from −L for −c over 0 for 0 to L for c. */
  readonly levels: number
  /** c / L: the distance between two levels. */
  readonly step: number
  /** k: the bits of a lane, for a segment of the round. */
  readonly bits: number
  /** R_U = 2L · W + 1: encoded and weighted values are below it; for a segment of the round. */
  readonly bound: number
  readonly headroom: Headroom
  /**
   * How far an element of the mean can be from the mean of the clipped values: half a step for nearest rounding, a step for
   * stochastic, and c · 2^−50 for arithmetic on doubles. Summing adds nothing, however many clients there are.
   */
  readonly errorBound: number
}

const ROUNDINGS: readonly unknown[] = ['stochastic', 'nearest'] satisfies RoundingMode[]

/** What doubles lose of a value on its way through encoding and decoding, relative to the clip; below 2^−50. */
const DOUBLE_ERROR = 2 ** -50

/**
 * Chooses levels and lanes so that no sum can overflow.
 *
 * @throws {SecAggError} `invalid-configuration` where a value is out of its range, or where the lanes are too narrow for
 *   the sum; the message says what would fit.
 * @public
 */
export function createFixedPoint(options: FixedPointOptions): FixedPoint {
  const parts = partsOf('a fixed-point encoding', options, 'invalid-configuration')
  const { clip, clients, maximumWeight = 1, rounding = 'stochastic', bits } = parts
  if (typeof clip !== 'number' || !(clip >= 1e-200 && clip <= 1e200)) {
    throw invalid('clip must be a number from 1e-200 to 1e200', clip)
  }
  if (!ROUNDINGS.includes(rounding)) throw invalid("rounding is 'stochastic' or 'nearest'", rounding)
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
  const greatest = maximumValue(bitsPerValue)
  const step = clip / (greatest / 2)
  const factor = Number((1n << BigInt(lane)) - 1n) / Number(sum)
  return Object.freeze({
    clip,
    ...load,
    rounding,
    levels: greatest + 1,
    step,
    bits: lane,
    bound: greatest * maximumWeight + 1,
    headroom: Object.freeze({ factor, bits: Math.log2(factor), ...maximumFitting(load, lane) }),
    errorBound: (rounding === 'nearest' ? step / 2 : step) + clip * DOUBLE_ERROR,
  })
}

/**
 * The encoding, made anew, so that it is one even where it came as JSON from somebody else.
 * @throws {SecAggError} `invalid-configuration` as {@link createFixedPoint} does; `configuration-mismatch` where a number
 *   that it states does not follow from the others.
 */
export function checkedEncoding(encoding: FixedPoint): FixedPoint {
  const parts = partsOf('a fixed-point encoding', encoding, 'invalid-configuration')
  const derived = createFixedPoint(parts)
  requireConsistent(parts, derived, 'the encoding')
  return derived
}

/** The most bits per value that fit the lanes. */
function finest(load: Omit<Load, 'bitsPerValue'>, bits: number | undefined): number {
  if (bits === undefined) throw invalid('an encoding needs bitsPerValue, or the bits of a lane')
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
    ? `${subject}: the sum takes lanes of ${needed} bits and there are ${bits}`
    : `${subject}: the largest element of a client, or the total weight, is not a safe integer`
  const fitting = maximumFitting(load, bits)
  const choices = [
    fitting.bitsPerValue > 0 ? `at most ${fitting.bitsPerValue} bits per value` : '',
    fitting.maximumWeight > 0 ? `weights up to ${fitting.maximumWeight}` : '',
    fitting.clients > 0 ? `at most ${fitting.clients} clients` : '',
    needed <= 64 && fits(load, needed) ? `lanes of ${needed} bits` : '',
  ].filter((choice) => choice !== '')
  const remedy = choices.length > 0 ? choices.join(', or ') : 'only less of several of them at once'
  return usageError('invalid-configuration', `${problem}; what fits: ${remedy}`, {
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

/** What a lane has to hold: the sum of `clients` encoded values, each times a weight of at most `maximumWeight`. */
export interface Load {
  readonly bitsPerValue: number
  readonly maximumWeight: number
  readonly clients: number
}

/** The most seats that a round has. */
const MOST_CLIENTS = 65535
const MINIMUM_BITS_PER_VALUE = 2
/** More than the 24 that a Float32Array gives, and few enough that a level times a weight stays a safe integer. */
const MOST_BITS_PER_VALUE = 32

export const LIMITS: Readonly<Record<keyof Load, readonly [least: number, most: number]>> = {
  bitsPerValue: [MINIMUM_BITS_PER_VALUE, MOST_BITS_PER_VALUE],
  maximumWeight: [1, Number.MAX_SAFE_INTEGER],
  clients: [1, MOST_CLIENTS],
}

/** The greatest encoded value, 2L = 2^b − 2: levels are whole numbers from −L to L, shifted by L. */
export function maximumValue(bitsPerValue: number): number {
  return 2 ** bitsPerValue - 2
}

/** n · 2L · W. */
export function largestSum({ bitsPerValue, maximumWeight, clients }: Load): bigint {
  return BigInt(clients) * BigInt(maximumValue(bitsPerValue)) * BigInt(maximumWeight)
}

/**
 * Whether no sum of such inputs overflows lanes of `bits` bits, whether the bound of one input, 2L · W + 1, is a safe
 * integer, and whether every total weight is one.
 */
export function fits(load: Load, bits: number): boolean {
  const { bitsPerValue, maximumWeight, clients } = load
  return (
    largestSum(load) < 1n << BigInt(bits) &&
    Number.isSafeInteger(maximumValue(bitsPerValue) * maximumWeight + 1) &&
    Number.isSafeInteger(clients * maximumWeight)
  )
}

/** The greatest value of each quantity that fits while the others are as in `load`; 0 where none does. */
export function maximumFitting(load: Load, bits: number): Load {
  const greatest = (quantity: keyof Load): number => {
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
    bitsPerValue: greatest('bitsPerValue'),
    maximumWeight: greatest('maximumWeight'),
    clients: greatest('clients'),
  }
}

const LABEL = 'secagg fixed point'
const VERSION = 1

const context = P.struct({
  label: P.bytes(LABEL.length),
  version: P.U16LE,
  rounding: P.map(P.U8, { stochastic: 1, nearest: 2 }),
  clip: P.F64LE,
  bitsPerValue: P.U8,
  maximumWeight: P.U64LE,
})

/**
 * The parameters of an encoding as canonical bytes, for the round's `context`: clients that were told different ones,
 * whose values would mean different things, then form no sum. The number of clients and the bits of a lane stand in the
 * round's configuration itself.
 *
 * @throws {SecAggError} `invalid-configuration` where `encoding` is none.
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
