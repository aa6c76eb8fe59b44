/** Digits that a variance keeps; the sampler computes with them, and a double has 53. */
const VARIANCE_DIGITS = 32

/**
 * The least rational with 32 binary digits that is not below `value` > 0, which is taken to be up to 2^−45 of itself too
 * small.
 */
export function roundUpVariance(value: number): number {
  const safe = value * (1 + 2 ** -45)
  let unit = 1
  while (safe / unit >= 2 ** VARIANCE_DIGITS) unit *= 2
  while (safe / unit < 2 ** (VARIANCE_DIGITS - 1)) unit /= 2
  return Math.ceil(safe / unit) * unit
}

/**
 * The least decimal with six digits that is not below `value` > 0. A number found by bisection differs in its last digits
 * from engine to engine, as their logarithms do; this one does not.
 */
export function roundUpDecimal(value: number): number {
  const nearest = Number(value.toPrecision(6))
  if (nearest >= value) return nearest
  return Number((value * (1 + 5e-6)).toPrecision(6))
}
