/**
 * A relative margin that is far above every rounding error of this accountant (at most 10^−11) and far below every digit of ε
 * that anyone reads. Whatever is rounded is moved by this much to the pessimistic side.
 */
export const MARGIN = 1e-10

/** An upper bound on the relative rounding error of a tail. */
const CANCELED = 4e-13

/** e^{x²} erfc(x) for x ≥ 0, with a relative error below 10^−13. */
function scaledErfc(x: number): number {
  if (x < 2) return Math.exp(x * x) * (1 - erf(x))
  // The continued fraction of Laplace: 1/(x + ½/(x + 1/(x + 3⁄2/(x + …)))), divided by √π.
  let fraction = x
  for (let k = 80; k >= 1; k--) fraction = x + k / 2 / fraction
  return 1 / (fraction * Math.sqrt(Math.PI))
}

/** The error function for 0 ≤ x < 2, by a series of positive terms. */
function erf(x: number): number {
  let term = x
  let sum = x
  for (let k = 1; term > sum * 1e-18; k++) {
    term *= (2 * x * x) / (2 * k + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

/** The probability that a standard normal variable exceeds x. */
export function normalTail(x: number): number {
  const scaled = Math.abs(x) / Math.SQRT2
  const tail = 0.5 * Math.exp(-scaled * scaled) * scaledErfc(scaled)
  return x < 0 ? 1 - tail : tail
}

/** The probability that a standard normal variable is between a and b, a ≤ b. It keeps its relative precision in both tails. */
export function normalBetween(a: number, b: number): number {
  if (b <= 0) return normalTail(-b) - normalTail(-a)
  if (a >= 0) return normalTail(a) - normalTail(b)
  return 1 - normalTail(-a) - normalTail(b)
}

/**
 * δ at ε, rounded up, for normal noise whose standard deviation is 1/`parameter` of the sensitivity:
 * Φ(μ/2 − ε/μ) − e^ε Φ(−μ/2 − ε/μ).
 *
 * Source: Balle and Wang (2018), theorem 8; Dong, Roth and Su (2022), corollary 2.13.
 */
export function gaussianDelta(parameter: number, epsilon: number): number {
  const near = (epsilon / parameter - parameter / 2) / Math.SQRT2
  const far = (epsilon / parameter + parameter / 2) / Math.SQRT2
  const scale = 0.5 * Math.exp(-near * near)
  // If the parameter is small, the two terms nearly cancel; their rounding errors do not.
  if (near >= 0) return scale * (scaledErfc(near) * (1 + CANCELED) - scaledErfc(far))
  return normalTail(near * Math.SQRT2) * (1 + CANCELED) - scale * scaledErfc(far)
}

/** The smallest ε at which {@link gaussianDelta} is at most `delta`, rounded up. */
export function gaussianEpsilon(parameter: number, delta: number): number {
  const target = delta * (1 - MARGIN)
  const holds = (epsilon: number): boolean => gaussianDelta(parameter, epsilon) * (1 + MARGIN) <= target
  if (holds(0)) return 0
  let low = 0
  let high = parameter * parameter + parameter * Math.sqrt(-2 * Math.log(delta)) + 1
  while (!holds(high)) {
    if (high > 1e15) return Number.POSITIVE_INFINITY
    high *= 2
  }
  for (let step = 0; step < 100 && high - low > high * 1e-13; step++) {
    const middle = (low + high) / 2
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}
