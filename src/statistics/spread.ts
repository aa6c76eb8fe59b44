/**
 * Counts a number in a range, given by its place u in it, 0 to 1: as 1 − u and u in two cells, or as (1 − u)², 2u(1 − u)
 * and u² in three, times `units`. These Bernstein polynomials are never negative and add up to 1. So whatever the number
 * is, it adds `units` to the cells in all, like an answer of a histogram; that bounds its L1 norm and its L2 norm, and the
 * cells tell by themselves how many numbers they hold.
 *
 * The running totals are rounded as ⌊total + t⌋, with one t for all: cells stay whole, their sum right, and with a uniform
 * t each has the right mean.
 */
export function spread(cells: Float64Array, u: number, units: number, t: number): void {
  const rest = 1 - u
  if (cells.length === 2) {
    const first = Math.floor(units * rest + t)
    cells[0]! += first
    cells[1]! += units - first
    return
  }
  const first = Math.floor(units * (rest * rest) + t)
  const second = Math.floor(units * (rest * (1 + u)) + t)
  cells[0]! += first
  cells[1]! += second - first
  cells[2]! += units - second
}

/** The numbers that the cells of {@link spread} stand for: their mean, weighted by the cells, is that of all numbers. */
export function nodesOf(from: number, to: number, cells: 2 | 3): readonly number[] {
  return cells === 2 ? [from, to] : [from, from / 2 + to / 2, to]
}

/** The mean of the numbers; `undefined` where the cells are not positive in all. */
export function meanOf(cells: Float64Array, nodes: readonly number[]): number | undefined {
  const total = cells.reduce((sum, cell) => sum + cell, 0)
  if (!(total > 0)) return undefined
  return nodes.reduce((sum, node, k) => sum + node * cells[k]!, 0) / total
}

/** By how much the mean changes with each cell. */
export function meanSlope(cells: Float64Array, nodes: readonly number[], mean: number): readonly number[] {
  const total = cells.reduce((sum, cell) => sum + cell, 0)
  return nodes.map((node) => (node - mean) / total)
}

/**
 * The mean square distance from the mean, in a range of 1; negative where noise, or rounding, has made it so; `undefined`
 * where the cells are not positive in all. With the polynomials put in, Σ u² − (Σ u)² / N is this, without the small
 * difference of large numbers.
 */
export function varianceOf(cells: Float64Array): number | undefined {
  const [low, middle, high] = cells as unknown as readonly [number, number, number]
  const total = low + middle + high
  if (!(total > 0)) return undefined
  return (low / total) * (high / total) - (middle / total) ** 2 / 4
}

/** By how much {@link varianceOf} changes with each cell. */
export function varianceSlope(cells: Float64Array, variance: number): readonly number[] {
  const [low, middle, high] = cells as unknown as readonly [number, number, number]
  const total = low + middle + high
  return [high, -middle / 2, low].map((term) => (term / total - 2 * variance) / total)
}

/**
 * The standard deviation of a number that changes with the cells by `slope`, where each has noise of `deviation`, and
 * random rounding of `answered` numbers has moved the running totals by less than 1 each.
 */
export function deviationOf(slope: readonly number[], deviation: number, answered: number): number {
  const squares = slope.reduce((sum, part) => sum + part * part, 0)
  const steps = slope.slice(1).reduce((sum, part, k) => sum + Math.abs(part - slope[k]!), 0)
  return Math.sqrt(deviation * deviation * squares + (Math.max(answered, 0) / 4) * steps * steps)
}
