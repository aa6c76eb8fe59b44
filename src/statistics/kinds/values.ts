import { invalid, type Mean, type NumberRange, type Sum, type Variance } from '../definition.js'
import type { Answered, MeanResult, SumResult, VarianceResult } from '../results.js'
import { answeredIn, answeredOf, type Codec, impossible, type Reading, requireFinite } from './kind.js'

const DEFAULT_LEVELS = 2 ** 20
/** Sums stay below this number, so that doubles represent them exactly. */
const MAXIMUM_SUM = 2 ** 53
/** With more units, the rounding errors of doubles could pick the wrong step. */
const MAXIMUM_UNITS = 2 ** 50

function codecOf<S extends Sum | Mean | Variance>(
  cells: 2 | 3,
  read: (statistic: S, reading: Reading) => Answered,
): Codec<S> {
  const degree = cells - 1
  return {
    check: ({ kind, from, to, step }, subject) => {
      checkRange(from, to, subject)
      // Adding 0 turns −0 into 0. Their bytes differ, so they would give different configurations.
      const range = { kind, from: from + 0, to: to + 0 }
      if (step === undefined) return Object.freeze(range) as S
      // Dividing by something that is not a number would convert it first, and the conversion can throw.
      const levels = typeof step === 'number' ? (to - from) / step : Number.NaN
      if (!(levels >= 0.5 && Math.abs(levels - Math.round(levels)) <= levels * 1e-9)) {
        throw invalid(`step of ${subject} must divide its range of ${to - from} evenly`, step)
      }
      return Object.freeze({ ...range, step }) as S
    },
    cellCount: () => cells,
    rows: () => 1,
    exactUnits: ({ from, to, step }, maximumAnswers, subject) => {
      const maximumUnits = Math.min((MAXIMUM_SUM - 1) / maximumAnswers, MAXIMUM_UNITS)
      const fits = (levels: number): boolean => levels ** degree <= maximumUnits
      let levels = step === undefined ? DEFAULT_LEVELS : Math.round((to - from) / step)
      while (step === undefined && levels > 1 && !fits(levels)) levels /= 2
      if (fits(levels)) return levels ** degree
      const maximum = Math.floor(maximumUnits ** (1 / degree))
      throw invalid(
        `step of ${subject} is too fine for ${maximumAnswers} answers; at most ${maximum} steps fit`,
        step,
      )
    },
    placer:
      ({ from, to }) =>
      (answer, { cells, unitsPerAnswer, clip, draw, subject }) => {
        const number = requireFinite(answer, subject)
        const within = Math.min(Math.max(number, from), to)
        if (within !== number) clip(Math.abs(number - within))
        spread(cells, (within - from) / (to - from), unitsPerAnswer, draw())
      },
    read,
  }
}

export const sum: Codec<Sum> = codecOf<Sum>(2, (statistic, reading): SumResult => {
  const answered = answeredIn(reading)
  return { ...sumIn(statistic, reading, answered), ...answeredOf(reading, answered) }
})

export const mean: Codec<Mean> = codecOf<Mean>(2, (statistic, reading): MeanResult => {
  const answered = answeredIn(reading)
  return {
    ...meanIn(statistic, reading, answered),
    ...sumIn(statistic, reading, answered),
    ...answeredOf(reading, answered),
  }
})

export const variance: Codec<Variance> = codecOf<Variance>(3, (statistic, reading): VarianceResult => {
  const { cells, presenter } = reading
  const answered = answeredIn(reading)
  const square = (statistic.to - statistic.from) ** 2
  const relative = reading.deviation === undefined ? exactVariance(reading, answered) : varianceOf(cells)
  const shown = presenter.figure(relative && relative * square, answered, 0, square / 4)
  const slope = relative === undefined ? [] : varianceSlope(cells, relative)
  return {
    ...meanIn(statistic, reading, answered),
    variance: shown,
    varianceNoise: relative === undefined ? undefined : square * noiseOf(slope, reading, answered),
    standardDeviation: shown === undefined || shown < 0 ? undefined : Math.sqrt(shown),
    ...answeredOf(reading, answered),
  }
})

function sumIn(
  { from, to }: NumberRange,
  reading: Reading,
  answered: number,
): Pick<SumResult, 'sum' | 'sumNoise'> {
  const { cells, unitsPerAnswer, presenter } = reading
  // There is only one division, at the end, so that a sum of whole numbers is exactly a whole number.
  const total = (from * cells[0]! + to * cells[1]!) / unitsPerAnswer
  const slope = [from / unitsPerAnswer, to / unitsPerAnswer]
  return { sum: presenter.figure(total, answered), sumNoise: noiseOf(slope, reading, answered) }
}

function meanIn(
  { from, to }: NumberRange,
  reading: Reading,
  answered: number,
): Pick<MeanResult, 'mean' | 'meanNoise'> {
  const { cells, presenter, deviation } = reading
  const nodes = nodesOf(from, to, cells.length as 2 | 3)
  const estimate = meanOf(cells, nodes)
  if (estimate === undefined) return { mean: presenter.figure(undefined, answered), meanNoise: undefined }
  // Rounding errors can move an exact mean slightly out of its range.
  const mean = deviation === undefined ? Math.min(Math.max(estimate, from), to) : estimate
  return {
    mean: presenter.figure(mean, answered, from, to),
    meanNoise: noiseOf(meanSlope(cells, nodes, mean), reading, answered),
  }
}

/**
 * The variance without noise. Rounding to the nearest moves running totals by up to ½ for each answer, so a small variance can
 * become negative; a variance below that margin is impossible.
 */
function exactVariance({ cells, unitsPerAnswer, subject }: Reading, answered: number): number | undefined {
  const relative = varianceOf(cells)
  if (relative === undefined) return undefined
  const rounding = 1 / (2 * unitsPerAnswer) + 1 / (4 * unitsPerAnswer ** 2) + 2 ** -50
  if (relative < -rounding) throw impossible(subject, `${answered} answers have a negative variance`)
  return Math.min(Math.max(relative, 0), 1 / 4)
}

function noiseOf(slope: readonly number[], { deviation }: Reading, answered: number): number {
  return deviation === undefined ? 0 : deviationOf(slope, deviation, answered)
}

function checkRange(from: unknown, to: unknown, subject: string): void {
  for (const [name, value] of Object.entries({ from, to })) {
    if (typeof value !== 'number' || !(Math.abs(value) <= 1e100)) {
      throw invalid(`${name} of ${subject} must be a number from -1e100 to 1e100`, value)
    }
  }
  if (!((to as number) - (from as number) >= 1e-100)) {
    throw invalid(`to of ${subject} must be above from, which is ${from}`, to)
  }
}

/**
 * Counts a number. Its position in the range is u, 0 to 1. Two cells get 1 − u and u, three cells get (1 − u)², 2u(1 − u) and
 * u², times `units`. These Bernstein polynomials are never negative, and their sum is 1. So every number adds `units` to the
 * cells in total, like an answer in a histogram. This bounds the L1 and L2 norms, and the sum of the cells shows how many
 * numbers they contain.
 *
 * The running totals are rounded to ⌊total + t⌋, with the same t for all cells. Then the cells are whole numbers with the
 * right sum, and if t is uniform, each cell has the right expected value.
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

/** The number that each cell of {@link spread} represents. Their mean, weighted by the cells, is the mean of all numbers. */
export function nodesOf(from: number, to: number, cells: 2 | 3): readonly number[] {
  return cells === 2 ? [from, to] : [from, from / 2 + to / 2, to]
}

/** The mean of the numbers; `undefined` if the sum of the cells is not positive. */
export function meanOf(cells: Float64Array, nodes: readonly number[]): number | undefined {
  const total = cells.reduce((sum, cell) => sum + cell, 0)
  if (!(total > 0)) return undefined
  return nodes.reduce((sum, node, k) => sum + node * cells[k]!, 0) / total
}

/** The derivative of the mean with respect to each cell. */
export function meanSlope(cells: Float64Array, nodes: readonly number[], mean: number): readonly number[] {
  const total = cells.reduce((sum, cell) => sum + cell, 0)
  return nodes.map((node) => (node - mean) / total)
}

/**
 * The mean squared distance from the mean, for a range of width 1. Noise or rounding can make it negative. It is `undefined` if
 * the sum of the cells is not positive. The formula follows from Σ u² − (Σ u)² / N by inserting the polynomials, and avoids
 * the small difference of large numbers.
 */
export function varianceOf(cells: Float64Array): number | undefined {
  const [low, middle, high] = cells as unknown as readonly [number, number, number]
  const total = low + middle + high
  if (!(total > 0)) return undefined
  return (low / total) * (high / total) - (middle / total) ** 2 / 4
}

/** The derivative of {@link varianceOf} with respect to each cell. */
export function varianceSlope(cells: Float64Array, variance: number): readonly number[] {
  const [low, middle, high] = cells as unknown as readonly [number, number, number]
  const total = low + middle + high
  return [high, -middle / 2, low].map((term) => (term / total - 2 * variance) / total)
}

/**
 * The standard deviation of a number that depends on the cells, to first order.
 *
 * @param slope - The derivative of the number with respect to each cell.
 * @param deviation - The standard deviation of the noise on each cell.
 * @param answered - How many numbers were rounded at random. Each of them has moved the running totals by less than 1.
 */
export function deviationOf(slope: readonly number[], deviation: number, answered: number): number {
  const squares = slope.reduce((sum, part) => sum + part * part, 0)
  const steps = slope.slice(1).reduce((sum, part, k) => sum + Math.abs(part - slope[k]!), 0)
  return Math.sqrt(deviation * deviation * squares + (Math.max(answered, 0) / 4) * steps * steps)
}
