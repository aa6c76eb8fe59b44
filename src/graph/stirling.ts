const HALF_LOG_TWO_PI = 0.9189385332046728

/**
 * Where the series takes over. Its first omitted term is 691/360360 n⁻¹¹, and as the series envelops its limit, the
 * error at n = 16 is below 1.1e-16.
 */
const SERIES_FROM = 16

/** The errors for 0 ≤ n < 16, climbing down from the series; index 0 is the limit that ln 0! = 0 asks for. */
const SMALL_ERRORS: readonly number[] = smallErrors()

/**
 * What Stirling's formula lacks: ln n! − (n + ½) ln n + n − ½ ln 2π, for a whole n ≥ 1.
 *
 * A logarithm of a factorial is a huge number at n = 10⁸, and the difference of several such loses seven digits.
 * These remainders are small (at most 0.0811), so they can be subtracted from one another; the large parts are
 * combined by {@link deviance} before they are rounded. Accurate to 3e-15.
 *
 * Source: C. Loader, "Fast and accurate computation of binomial probabilities" (2000).
 */
export function stirlingError(n: number): number {
  return n < SERIES_FROM ? SMALL_ERRORS[n]! : stirlingSeries(n)
}

/**
 * x ln(x / mean) + mean − x, for x > 0 and mean > 0: by how much x observations are less likely than `mean` where
 * `mean` are expected. Near x = mean the three terms cancel, so there a series in (x − mean) / (x + mean) is summed.
 *
 * Source: Loader (2000), the deviance part.
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

/** ln n! for a whole n ≥ 0, to a relative error of a few 1e-16. */
export function logFactorial(n: number): number {
  return n < 2 ? 0 : (n + 0.5) * Math.log(n) - n + HALF_LOG_TWO_PI + stirlingError(n)
}

function stirlingSeries(n: number): number {
  const square = 1 / (n * n)
  const series = 1 / 360 - (1 / 1260 - (1 / 1680 - square / 1188) * square) * square
  return (1 / 12 - series * square) / n
}

/** error(n) = error(n + 1) + (n + ½) ln(1 + 1/n) − 1 exactly, and fifteen such steps add less than 3e-15. */
function smallErrors(): number[] {
  const errors = [0]
  let error = stirlingSeries(SERIES_FROM)
  for (let n = SERIES_FROM - 1; n >= 1; n--) {
    error += (n + 0.5) * Math.log1p(1 / n) - 1
    errors[n] = error
  }
  return errors
}
