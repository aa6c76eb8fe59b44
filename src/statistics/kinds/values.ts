import { invalid, type Mean, type NumberRange, type Sum, type Variance } from '../definition.js'
import type { Answered, MeanResult, SumResult, VarianceResult } from '../results.js'
import { answeredIn, answeredOf, type Codec, impossible, type Reading, requireFinite } from './kind.js'

const DEFAULT_LEVELS = 2 ** 20
/** Sums stay below it, so that doubles hold them. */
const MAXIMUM_SUM = 2 ** 53
/** Beyond it doubles would not always find the right step. */
const MAXIMUM_UNITS = 2 ** 50

function codecOf<S extends Sum | Mean | Variance>(
  cells: 2 | 3,
  read: (statistic: S, reading: Reading) => Answered,
): Codec<S> {
  const degree = cells - 1
  return {
    check: ({ kind, from, to, step }, subject) => {
      checkRange(from, to, subject)
      // Adding 0 makes −0 to 0, which has other bytes.
      const range = { kind, from: from + 0, to: to + 0 }
      if (step === undefined) return Object.freeze(range) as S
      // Something else is not turned into a number, which throws where it is a list of lists, too many of them.
      const levels = typeof step === 'number' ? (to - from) / step : Number.NaN
      if (!(levels >= 0.5 && Math.abs(levels - Math.round(levels)) <= levels * 1e-9)) {
        throw invalid(`step of ${subject} must be a whole fraction of its range, ${to - from}`, step)
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
      const most = Math.floor(maximumUnits ** (1 / degree))
      throw invalid(
        `step of ${subject} is too fine for ${maximumAnswers} answers: ${most} steps would fit`,
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
  // One division at the end, so that a sum of whole numbers is one.
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
  // Doubles may round an exact mean beyond its range.
  const mean = deviation === undefined ? Math.min(Math.max(estimate, from), to) : estimate
  return {
    mean: presenter.figure(mean, answered, from, to),
    meanNoise: noiseOf(meanSlope(cells, nodes, mean), reading, answered),
  }
}

/** Rounding to the nearest moves running totals by up to ½ for each answer, and may so make a small variance negative. */
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
