const LEAST = 2 ** -39
const GREATEST = 2 ** 39

/** How near to the least number the one found is. */
const PRECISION = 2 ** -32

/**
 * The least number, up to rounding up, that a monotone predicate holds for; `undefined` where there is none from 2^−39 to
 * 2^39.
 */
export function minimumNumber(holds: (value: number) => boolean): number | undefined {
  let high = 1
  while (!holds(high)) {
    high *= 2
    if (high > GREATEST) return undefined
  }
  while (high > LEAST && holds(high / 2)) high /= 2
  let low = high / 2
  while (high - low > high * PRECISION) {
    const middle = (low + high) / 2
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}

/** The least whole number from `least` to `greatest` that a monotone predicate holds for; `undefined` where none. */
export function minimumWhole(
  holds: (value: number) => boolean,
  least: number,
  greatest: number,
): number | undefined {
  if (least > greatest || !holds(greatest)) return undefined
  let [low, high] = [least - 1, greatest]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}
