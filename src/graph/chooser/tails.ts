/**
 * The law of the number X of marked places in a uniformly random set of `drawn` places, if `marked` of all `total` places are
 * marked. All three are whole numbers from 0 to 2^53 − 1; `marked` and `drawn` are at most `total`.
 */
export interface Hypergeometric {
  readonly total: number
  readonly marked: number
  readonly drawn: number
}

/** A term below this fraction of the sum no longer matters. */
const NEGLIGIBLE = 2 ** -60

/**
 * ln P[X = x]; −∞ if it is impossible.
 *
 * The three binomial coefficients are written as binomial probabilities with success probability drawn/total, whose powers
 * cancel. Only Stirling remainders and deviances are left, which do not grow with `total`. The relative error of the
 * probability is below 1e-12 if the probability exceeds 1e-300 and `drawn` is below 10⁶.
 *
 * Source: Loader (2000); R's dhyper works in the same way.
 */
export function logProbability(law: Hypergeometric, x: number): number {
  const { total, marked, drawn } = law
  if (x < minimum(law) || x > maximum(law)) return Number.NEGATIVE_INFINITY
  return (
    logBinomial(x, marked, drawn, total) +
    logBinomial(drawn - x, total - marked, drawn, total) -
    logBinomial(drawn, total, drawn, total)
  )
}

/** ln P[X > x]. */
export function logAbove(law: Hypergeometric, x: number): number {
  if (x < minimum(law)) return 0
  return x + 1 >= mode(law) ? outward(law, x + 1, 1) : complement(outward(law, x, -1))
}

/** ln P[X ≤ x]. */
export function logAtMost(law: Hypergeometric, x: number): number {
  if (x >= maximum(law)) return 0
  return x <= mode(law) ? outward(law, x, -1) : complement(outward(law, x + 1, 1))
}

/**
 * ln of the sum of the probabilities of `from` and of all numbers that are farther from the mode. The terms are positive and
 * fall faster and faster, so nothing cancels, and the sum is as accurate as its first term.
 */
function outward(law: Hypergeometric, from: number, step: 1 | -1): number {
  const first = logProbability(law, from)
  if (first === Number.NEGATIVE_INFINITY) return first
  const { total, marked, drawn } = law
  const rest = total - marked - drawn
  let term = 1
  let sum = 1
  for (let x = from; term > sum * NEGLIGIBLE; x += step) {
    term *=
      step === 1
        ? ((marked - x) * (drawn - x)) / ((x + 1) * (rest + x + 1))
        : (x * (rest + x)) / ((marked - x + 1) * (drawn - x + 1))
    sum += term
  }
  return Math.min(first + Math.log(sum), 0)
}

/** ln(1 − exp(log)), for the tail exp(log) on the other side of the mode. */
function complement(log: number): number {
  return Math.log(-Math.expm1(log))
}

function minimum({ total, marked, drawn }: Hypergeometric): number {
  return Math.max(0, drawn + marked - total)
}

function maximum({ marked, drawn }: Hypergeometric): number {
  return Math.min(marked, drawn)
}

function mode({ total, marked, drawn }: Hypergeometric): number {
  return Math.floor(((drawn + 1) * (marked + 1)) / (total + 2))
}

/** ln of the probability of x successes in n trials, each with probability part/whole. */
function logBinomial(x: number, n: number, part: number, whole: number): number {
  if (part === 0) return x === 0 ? 0 : Number.NEGATIVE_INFINITY
  if (part === whole) return x === n ? 0 : Number.NEGATIVE_INFINITY
  if (x === 0) return n * logOfRest(part, whole)
  if (x === n) return n * logOfRest(whole - part, whole)
  return (
    stirlingError(n) -
    stirlingError(x) -
    stirlingError(n - x) -
    deviance(x, n * (part / whole)) -
    deviance(n - x, n * ((whole - part) / whole)) -
    0.5 * (Math.log(2 * Math.PI * x) + Math.log1p(-x / n))
  )
}

/** ln(1 − part/whole). It is multiplied by up to 10⁸ trials, so the smaller of the two fractions must stay exact. */
function logOfRest(part: number, whole: number): number {
  return part * 2 < whole ? Math.log1p(-part / whole) : Math.log((whole - part) / whole)
}

const HALF_LOG_TWO_PI = 0.9189385332046728

/**
 * The minimum n for which the series is used. Its first omitted term is 691/360360 n⁻¹¹. The partial sums alternate around
 * the limit, so the error at n = 16 is below 1.1e-16.
 */
const SERIES_FROM = 16

/** The errors for 0 ≤ n < 16, computed downward from the series. At index 0, the value is set so that ln 0! = 0. */
const SMALL_ERRORS: readonly number[] = smallErrors()

/**
 * The error of Stirling's formula: ln n! − (n + ½) ln n + n − ½ ln 2π, for a whole number n ≥ 1. Accurate to 3e-15.
 *
 * The logarithm of a factorial is huge for n = 10⁸, so a difference of several of them loses seven digits. The errors are
 * small (at most 0.0811) and can be subtracted from each other. {@link deviance} combines the large parts before they are
 * rounded.
 *
 * Source: C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
 */
export function stirlingError(n: number): number {
  return n < SERIES_FROM ? SMALL_ERRORS[n]! : stirlingSeries(n)
}

/**
 * x ln(x / mean) + mean − x, for x > 0 and mean > 0. It measures how much less likely x observations are than `mean`, if
 * `mean` are expected. Near x = mean the three terms cancel, so a series in (x − mean) / (x + mean) is summed instead.
 *
 * Source: Loader (2000), section on the deviance.
 */
export function deviance(x: number, mean: number): number {
  const difference = x - mean
  if (Math.abs(difference) >= 0.1 * (x + mean)) return x * Math.log(x / mean) - difference
  const ratio = difference / (x + mean)
  let power = 2 * x * ratio
  let sum = difference * ratio
  for (let odd = 3; ; odd += 2) {
    power *= ratio * ratio
    const next = sum + power / odd
    if (next === sum) return sum
    sum = next
  }
}

/** ln n! for a whole number n ≥ 0, with a relative error of a few 1e-16. */
export function logFactorial(n: number): number {
  return n < 2 ? 0 : (n + 0.5) * Math.log(n) - n + HALF_LOG_TWO_PI + stirlingError(n)
}

function stirlingSeries(n: number): number {
  const square = 1 / (n * n)
  const series = 1 / 360 - (1 / 1260 - (1 / 1680 - square / 1188) * square) * square
  return (1 / 12 - series * square) / n
}

/** error(n) = error(n + 1) + (n + ½) ln(1 + 1/n) − 1 holds exactly; rounding in fifteen such steps adds less than 3e-15. */
function smallErrors(): number[] {
  const errors = [0]
  let error = stirlingSeries(SERIES_FROM)
  for (let n = SERIES_FROM - 1; n >= 1; n--) {
    error += (n + 0.5) * Math.log1p(1 / n) - 1
    errors[n] = error
  }
  return errors
}
