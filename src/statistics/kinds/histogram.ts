import { usageError } from '../../errors.js'
import { type Histogram, invalid, requireChoice, requireWhole, shown } from '../definition.js'
import type { HistogramResult, Quantile } from '../results.js'
import { answeredIn, answeredOf, type Codec, outOfRange, requireFinite } from './kind.js'

const MAXIMUM_BINS = 2 ** 20

/** A cell for each bin. If numbers outside of the bins are counted, two more cells: one for those below, one for those above. */
export const histogram: Codec<Histogram> = {
  check: ({ kind, edges, outside = 'count' }, subject) => {
    requireChoice(`outside of ${subject}`, outside, ['count', 'refuse'])
    return Object.freeze({ kind, edges: checkedEdges(edges, subject), outside })
  },
  cellCount: ({ edges, outside }) => edges.length - 1 + (outside === 'count' ? 2 : 0),
  rows: () => 1,
  exactUnits: () => 1,
  placer: ({ edges, outside }) => {
    const bins = edges.length - 1
    return (answer, { cells, unitsPerAnswer, subject }) => {
      const number = requireFinite(answer, subject)
      const isBelow = number < edges[0]!
      const isAbove = number > edges[bins]!
      if ((isBelow || isAbove) && outside === 'refuse') throw outOfRange('is outside of its bins', subject)
      cells[isBelow ? bins : isAbove ? bins + 1 : binOf(number, edges)]! += unitsPerAnswer
    }
  },
  read: ({ edges, outside }, reading): HistogramResult => {
    const { cells, unitsPerAnswer, presenter, newPresenter } = reading
    const answered = answeredIn(reading)
    const bins = edges.length - 1
    const counts = Array.from(cells, (cell) => cell / unitsPerAnswer)
    const shownCounts = counts.map((count) => presenter.cell(count))
    const [below, above] = outside === 'count' ? shownCounts.slice(bins) : []
    const positions = [counts[bins] ?? 0, ...counts.slice(0, bins), counts[bins + 1] ?? 0]
    return {
      edges,
      counts: shownCounts.slice(0, bins),
      below,
      above,
      quantile: (probability) => {
        if (typeof probability !== 'number' || !(probability >= 0 && probability <= 1)) {
          throw usageError('invalid-argument', 'a probability must be a number from 0 to 1', {
            got: shown(probability),
          })
        }
        return newPresenter().isEnough(answered) ? quantileOf(probability, positions, edges) : undefined
      },
      ...answeredOf(reading, answered),
    }
  },
}

/**
 * The edges of bins of equal width, for a histogram.
 *
 * @param from - The lower edge of the first bin, −10^100 to 10^100.
 * @param to - The upper edge of the last bin, up to 10^100.
 * @param bins - The number of bins, 1 to 2^20.
 * @returns `bins` + 1 ascending numbers, from `from` to `to`.
 * @throws {SecAggError} `invalid-configuration` if a value is out of its range, or if the bins are so narrow that edges
 *   coincide.
 * @example
 * ```ts
 * import { equalBins } from 'secagg/statistics'
 *
 * console.log(equalBins(0, 100, 4)) // [ 0, 25, 50, 75, 100 ]
 * ```
 * @public
 */
export function equalBins(from: number, to: number, bins: number): number[] {
  requireWhole('the number of bins', bins, 1, MAXIMUM_BINS)
  for (const end of [from, to]) {
    if (typeof end !== 'number') throw invalid('the ends of equal bins must be numbers', end)
  }
  const edges = Array.from({ length: bins + 1 }, (_, i) =>
    i === bins ? to : from + ((to - from) * i) / bins,
  )
  return [...checkedEdges(edges, 'equal bins')]
}

/** The bin of a number that is not outside of the edges: the last bin whose lower edge is not above it. */
function binOf(number: number, edges: readonly number[]): number {
  let low = 0
  let high = edges.length - 2
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (edges[middle]! <= number) low = middle
    else high = middle - 1
  }
  return low
}

/** In floating point, p · answered can be slightly above the whole number that it should be. */
const ROUNDING = 1 - 2 ** -50

/** @param counts - The count below the first edge, the count of each bin, and the count above the last edge. */
function quantileOf(
  probability: number,
  counts: readonly number[],
  edges: readonly number[],
): Quantile | undefined {
  const positive = counts.map((count) => Math.max(count, 0))
  const total = positive.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  const rank = probability * total
  let upTo = 0
  // This always finds a cell: at the last cell that is not empty, `upTo` is the total.
  const cell = positive.findIndex((count) => {
    upTo += count
    return count > 0 && upTo >= rank * ROUNDING
  })
  const [from, to] = [edges[cell - 1] ?? Number.NEGATIVE_INFINITY, edges[cell] ?? Number.POSITIVE_INFINITY]
  if (!Number.isFinite(to - from)) return { from, to, value: undefined }
  const part = Math.min(Math.max(1 - (upTo - rank) / positive[cell]!, 0), 1)
  return { from, to, value: Math.min(from + (to - from) * part, to) }
}

function checkedEdges(edges: unknown, subject: string): readonly number[] {
  if (!Array.isArray(edges) || edges.length < 2 || edges.length > MAXIMUM_BINS + 1) {
    const got = Array.isArray(edges) ? edges.length : edges
    throw invalid(`edges of ${subject} must be a list of 2 to ${MAXIMUM_BINS + 1} numbers`, got)
  }
  const list = Array.from(edges as readonly unknown[], (edge, index): number => {
    if (typeof edge !== 'number' || !(Math.abs(edge) <= 1e100)) {
      throw invalid(`edges of ${subject} must be numbers from -1e100 to 1e100`, edge)
    }
    if (index > 0 && !(edge > edges[index - 1])) throw invalid(`edges of ${subject} must ascend`, edge)
    // Adding 0 turns −0 into 0. Their bytes differ, so they would give different configurations.
    return edge + 0
  })
  return Object.freeze(list)
}
