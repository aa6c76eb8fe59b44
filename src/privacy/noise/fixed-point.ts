// Logarithm and exponential in whole numbers: x stands for x / 2^precision, precision ≤ 2^12. An operation is off by less
// than one unit, so a result is off by no more units than it took operations, times what later steps multiply them by.

const LOG_2 = new Map<number, bigint>()

/** How often {@link exponential} halves its argument, so that the series is short. */
const HALVINGS = 8

/** A positive rational number with a power of two below. */
export interface Dyadic {
  readonly numerator: bigint
  /** The denominator is 2^shift, shift ≥ 0. */
  readonly shift: number
}

/** The number that `value` > 0 is; every finite one is dyadic. */
export function dyadicOf(value: number): Dyadic {
  let shift = 0
  let numerator = value
  for (; !Number.isInteger(numerator); shift++) numerator *= 2
  return { numerator: BigInt(numerator), shift }
}

/** The number of binary digits of `value` ≥ 0. */
export function bitLength(value: bigint): number {
  const digits = value.toString(16)
  return 4 * digits.length + 28 - Math.clz32(Number.parseInt(digits[0]!, 16))
}

/**
 * ln(numerator / denominator) for positive ones: 2 artanh((p − q)/(p + q)) once their ratio has been brought between ⅔
 * and 4/3 by a power of two. The closer they are, the fewer terms. Off by fewer than 2^12 units, and 2^20 where one has
 * up to 2^8 digits more than the other.
 */
export function logarithm(numerator: bigint, denominator: bigint, precision: number): bigint {
  let exponent = bitLength(numerator) - bitLength(denominator)
  let p = exponent < 0 ? numerator << BigInt(-exponent) : numerator
  let q = exponent > 0 ? denominator << BigInt(exponent) : denominator
  if (3n * p >= 4n * q) {
    exponent++
    q <<= 1n
  } else if (3n * p < 2n * q) {
    exponent--
    p <<= 1n
  }
  const fraction = artanh(p - q, p + q, precision)
  return exponent === 0 ? 2n * fraction : 2n * fraction + BigInt(exponent) * logOf2(precision)
}

/** e^x for x < 2, times at most 1 ± 2^28 units, where x ≥ −2^13. */
export function exponential(x: bigint, precision: number): bigint {
  const log2 = logOf2(precision)
  const exponent = x >= 0n ? x / log2 : -((-x + log2 - 1n) / log2)
  const unit = 1n << BigInt(precision)
  const reduced = (x - exponent * log2) >> BigInt(HALVINGS)
  let term = reduced
  let sum = unit + reduced
  for (let i = 2n; term > 0n; i++) {
    term = (term * reduced) / (i << BigInt(precision))
    sum += term
  }
  for (let i = 0; i < HALVINGS; i++) sum = (sum * sum) >> BigInt(precision)
  return exponent >= 0n ? sum << exponent : sum >> -exponent
}

function logOf2(precision: number): bigint {
  let value = LOG_2.get(precision)
  if (value === undefined) {
    value = 2n * artanh(1n, 3n, precision)
    LOG_2.set(precision, value)
  }
  return value
}

/** artanh(p / q) by its series, for |p / q| ≤ ⅓. */
function artanh(p: bigint, q: bigint, precision: number): bigint {
  const shift = BigInt(precision)
  const ratio = ((p < 0n ? -p : p) << shift) / q
  const square = (ratio * ratio) >> shift
  let power = ratio
  let sum = ratio
  for (let odd = 3n; power > 0n; odd += 2n) {
    power = (power * square) >> shift
    sum += power / odd
  }
  return p < 0n ? -sum : sum
}
