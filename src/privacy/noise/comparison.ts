import type { Weight } from './weights.js'

/** Uniform random numbers; as much of {@link RandomWords} as a comparison takes. */
export interface RandomDigits {
  /** Uniform in [0, 2^`bits`). */
  integer(bits: number): bigint
}

/** A stretch of heights over one number, in units of which a weight of 1 has `unit`. */
export interface Stretch {
  readonly bottom: bigint
  /** Its length is `length` / 2^`halvings`. */
  readonly length: bigint
  readonly halvings: number
  readonly unit: bigint
}

/** Random digits drawn at first, and then again each time that they do not settle it. */
const DIGITS = 32

/**
 * Whether a point drawn uniformly from a stretch lies below the weight of k. The point gets as many digits as it takes to
 * tell, and the weight twice as many, so the answer is never in doubt.
 */
export function isBelow(
  weight: Weight,
  k: bigint,
  { bottom, length, halvings, unit }: Stretch,
  random: RandomDigits,
): boolean {
  let drawn = 0n
  for (let digits = DIGITS; ; digits += DIGITS) {
    drawn = (drawn << BigInt(DIGITS)) | random.integer(DIGITS)
    const precision = 2 * digits + halvings
    const { low, high } = weight.bracket(k, precision)
    // All heights times 2^(precision + digits + halvings); the point is between those of drawn and drawn + 1.
    const shift = BigInt(digits + halvings)
    const height = (u: bigint): bigint =>
      (bottom << (BigInt(precision) + shift)) + ((u * length) << BigInt(precision))
    if (height(drawn + 1n) <= (low * unit) << shift) return true
    if (height(drawn) >= (high * unit) << shift) return false
  }
}
