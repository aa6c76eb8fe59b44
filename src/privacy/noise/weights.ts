/** A distribution on the whole numbers, up to a constant factor, with bounds on every rounding error. */
export interface Weight {
  /** Where the weight is largest. The logarithm of the weight is concave, so the weight does not rise away from the mode. */
  readonly mode: bigint
  /** Whole numbers with low ≤ weight(k) · 2^precision ≤ high that differ by 2 or 3; both are 0 outside of the support. */
  bracket(k: bigint, precision: number): Bracket
}

/** A lower and an upper bound. */
export interface Bracket {
  readonly low: bigint
  readonly high: bigint
}

const OUTSIDE: Bracket = { low: 0n, high: 0n }

/**
 * The guard digits of the working precision. That precision is the requested one, plus the digits of k and the mean, plus
 * these. The digits of k and the mean are needed because the error of a logarithm is multiplied by up to max(k, mean). The
 * results here are off by less than 2^40 · max(k, mean) units of the working precision.
 */
const GUARD_DIGITS = 48

/** exp(−k²/(2σ²)): the discrete Gaussian (Canonne, Kamath and Steinke 2020). */
export function gaussianWeight(variance: Dyadic): Weight {
  return {
    mode: 0n,
    bracket: (k, precision) => {
      const working = workingPrecision(precision, 0n)
      const square = (k * k) << BigInt(working + variance.shift)
      return bracketOf(-(square / (2n * variance.numerator)), working, precision)
    },
  }
}

/**
 * The Poisson distribution with mean λ, times √(2πλ): λ^k e^−λ √(2πλ) / k!. With Stirling's formula for k! and its remainder
 * S(k) (Loader 2000), the logarithm is (k − λ) − (k + ½) ln(k/λ) − S(k). This form avoids differences of large terms.
 */
export function poissonWeight(mean: Dyadic): Weight {
  const mode = mean.numerator >> BigInt(mean.shift)
  const remainders = new Map<number, readonly bigint[]>()
  const remainder = (k: bigint, working: number): bigint => {
    if (k >= BigInt(working)) return stirlingSeries(k, working)
    let known = remainders.get(working)
    if (known === undefined) {
      known = smallRemainders(working)
      remainders.set(working, known)
    }
    return known[Number(k)]!
  }
  return {
    mode,
    bracket: (k, precision) => {
      if (k < 0n) return OUTSIDE
      const working = workingPrecision(precision, k + mode)
      const unit = BigInt(working)
      // Stirling's formula needs k ≥ 1. For k = 0, weight(0) = weight(1) / λ.
      const from1 = k === 0n ? 1n : k
      const ratio = logarithm(from1 << BigInt(mean.shift), mean.numerator, working)
      const lambda = shiftBy(mean.numerator, working - mean.shift)
      const log = (from1 << unit) - lambda - (((2n * from1 + 1n) * ratio) >> 1n) - remainder(from1, working)
      return bracketOf(k === 0n ? log + ratio : log, working, precision)
    },
  }
}

/** The digits of `magnitude` are rounded up to a multiple of 32, so that small k share one table of remainders. */
function workingPrecision(precision: number, magnitude: bigint): number {
  return precision + GUARD_DIGITS + 32 * Math.ceil(bitLength(magnitude) / 32)
}

/** Bounds on e^log, which is computed with an error of less than one unit of `precision`. */
function bracketOf(log: bigint, working: number, precision: number): Bracket {
  // e^−p < 2^−p: less than one unit.
  if (log < -(BigInt(precision + 1) << BigInt(working))) return { low: 0n, high: 1n }
  const value = exponential(log, working) >> BigInt(working - precision)
  return { low: value > 0n ? value - 1n : 0n, high: value + 2n }
}

function shiftBy(value: bigint, digits: number): bigint {
  return digits >= 0 ? value << BigInt(digits) : value >> BigInt(-digits)
}

/**
 * S(n) = ln n! − (n + ½) ln n + n − ½ ln 2π, by its asymptotic series. The error is smaller than the first omitted term. For
 * n ≥ `working`, the terms fall below one unit long before they start to rise.
 */
function stirlingSeries(n: bigint, working: number): bigint {
  let power = (1n << BigInt(working)) / n
  let sum = 0n
  for (let i = 1; ; i++) {
    const { numerator, denominator } = bernoulli(2 * i)
    const term = (power * numerator) / (denominator * BigInt(2 * i * (2 * i - 1)))
    if (term === 0n) return sum
    sum += term
    power /= n * n
  }
}

/** S(n) for 1 ≤ n < `working`, by S(n) = S(n + 1) + (n + ½) ln(1 + 1/n) − 1. Index 0 is not used. */
function smallRemainders(working: number): readonly bigint[] {
  const remainders: bigint[] = [0n]
  let next = stirlingSeries(BigInt(working), working)
  for (let n = BigInt(working) - 1n; n > 0n; n--) {
    next += (((2n * n + 1n) * logarithm(n + 1n, n, working)) >> 1n) - (1n << BigInt(working))
    remainders[Number(n)] = next
  }
  return remainders
}

interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

const BERNOULLI: Fraction[] = []

/** The Bernoulli number B_n for an even n, by the triangle of Akiyama and Tanigawa. */
function bernoulli(n: number): Fraction {
  const known = BERNOULLI[n]
  if (known !== undefined) return known
  const row: Fraction[] = []
  for (let m = 0; m <= n; m++) {
    row[m] = { numerator: 1n, denominator: BigInt(m + 1) }
    for (let j = m; j > 0; j--) {
      const [left, right] = [row[j - 1]!, row[j]!]
      row[j - 1] = lowest(
        BigInt(j) * (left.numerator * right.denominator - right.numerator * left.denominator),
        left.denominator * right.denominator,
      )
    }
  }
  BERNOULLI[n] = row[0]!
  return row[0]!
}

function lowest(numerator: bigint, denominator: bigint): Fraction {
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator]
  while (b > 0n) [a, b] = [b, a % b]
  return { numerator: numerator / a, denominator: denominator / a }
}

// Logarithm and exponential in fixed-point arithmetic: x represents x / 2^precision, where precision ≤ 2^12. Each operation
// adds an error of less than one unit, and later multiplications scale the errors of earlier operations.

const LOG_2 = new Map<number, bigint>()

/** How often {@link exponential} halves its argument, which makes the series short. */
const HALVINGS = 8

/** A positive rational number whose denominator is a power of two. */
export interface Dyadic {
  readonly numerator: bigint
  /** The denominator is 2^shift, shift ≥ 0. */
  readonly shift: number
}

/** A double above 0 as an exact rational number. Every finite double is dyadic. */
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
 * ln(numerator / denominator) for positive numbers. A power of two brings their ratio between ⅔ and 4/3; then the logarithm is
 * 2 artanh((p − q)/(p + q)), whose series is shorter the closer p and q are. The error is below 2^12 units, or below 2^20 units
 * if one number has up to 2^8 digits more than the other.
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

/** e^x for x < 2. For x ≥ −2^13, the relative error is at most 2^28 units. */
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

/** artanh(p / q) for |p / q| ≤ ⅓, by its series. */
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
