import { deviance, stirlingError } from './stirling.js'

/**
 * How many of `drawn` places are marked where `marked` of `total` are, each set of that size being equally likely. All
 * three are whole, from 0 to 2^53 − 1; `marked` and `drawn` are at most `total`.
 */
export interface Hypergeometric {
  readonly total: number
  readonly marked: number
  readonly drawn: number
}

/** A term of this size can no longer change a sum of at least 1. */
const NEGLIGIBLE = 2 ** -60

/**
 * ln P[X = x]; −∞ where it is impossible.
 *
 * The three binomial coefficients are written as binomial probabilities with success probability drawn/total, whose
 * powers cancel: all that is left are Stirling remainders and deviances, which do not grow with `total`. The relative
 * error of the probability is below 1e-12 wherever it exceeds 1e-300 and `drawn` is below 10⁶.
 *
 * Source: Loader (2000), as R's dhyper does it.
 */
export function logProbability(law: Hypergeometric, x: number): number {
  const { total, marked, drawn } = law
  if (x < least(law) || x > greatest(law)) return Number.NEGATIVE_INFINITY
  return (
    logBinomial(x, marked, drawn, total) +
    logBinomial(drawn - x, total - marked, drawn, total) -
    logBinomial(drawn, total, drawn, total)
  )
}

/** ln P[X > x]. */
export function logAbove(law: Hypergeometric, x: number): number {
  if (x < least(law)) return 0
  return x + 1 >= mode(law) ? outward(law, x + 1, 1) : complement(outward(law, x, -1))
}

/** ln P[X ≤ x]. */
export function logAtMost(law: Hypergeometric, x: number): number {
  if (x >= greatest(law)) return 0
  return x <= mode(law) ? outward(law, x, -1) : complement(outward(law, x + 1, 1))
}

/**
 * ln of the sum of the probabilities from `from` away from the mode. The terms fall ever faster on the way, and all are
 * positive, so nothing cancels and the sum is as accurate as its first term.
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

/** ln(1 − exp(log)), where exp(log) is what lies beyond the mode. */
function complement(log: number): number {
  return Math.log(-Math.expm1(log))
}

function least({ total, marked, drawn }: Hypergeometric): number {
  return Math.max(0, drawn + marked - total)
}

function greatest({ marked, drawn }: Hypergeometric): number {
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

/** ln(1 − part/whole); times 10⁸ trials, only what keeps the smaller of the two fractions exact will do. */
function logOfRest(part: number, whole: number): number {
  return part * 2 < whole ? Math.log1p(-part / whole) : Math.log((whole - part) / whole)
}
