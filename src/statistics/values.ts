import { requireFinite } from './answers.js'
import { answeredIn, answeredOf, type Codec, impossible, type Reading } from './codec.js'
import type { Mean, NumberRange, Sum, Variance } from './definition.js'
import { invalid } from './invalid.js'
import type { Answered, MeanResult, SumResult, VarianceResult } from './results.js'
import { deviationOf, meanOf, meanSlope, nodesOf, spread, varianceOf, varianceSlope } from './spread.js'

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
