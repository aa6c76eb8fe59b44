/** Elements whose squares are added up before they join the others, so that errors do not add up as well. */
const BLOCK = 1024

/** Σ x², off by less than one part in 2^32 for up to 2^30 elements. */
export function sumOfSquares(values: Float64Array): number {
  let sum = 0
  for (let from = 0; from < values.length; from += BLOCK) {
    const to = Math.min(from + BLOCK, values.length)
    let block = 0
    for (let i = from; i < to; i++) block += values[i]! * values[i]!
    sum += block
  }
  return sum
}

/** ‖x‖, also where the squares leave the range of a double. */
export function l2Norm(values: Float64Array): number {
  const sum = sumOfSquares(values)
  if (sum > 1e-200 && sum < Number.POSITIVE_INFINITY) return Math.sqrt(sum)
  const greatest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  if (greatest === 0) return 0
  return greatest * Math.sqrt(sumOfSquares(values.map((value) => value / greatest)))
}
