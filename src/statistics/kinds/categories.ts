import { type Contingency, type Frequency, invalid, requireChoice } from '../definition.js'
import type { ContingencyResult, FrequencyResult } from '../results.js'
import { answeredIn, answeredOf, type Codec, outOfRange, requireString, wrongType } from './kind.js'

const MAXIMUM_CATEGORIES = 2 ** 20

type Others = Frequency['other']

/** A cell for each category, and a last cell for other strings if they are counted. */
export const frequency: Codec<Frequency> = {
  check: ({ kind, categories, other }, subject) => {
    const list = checkedList(categories, `categories of ${subject}`)
    return Object.freeze({ kind, categories: list, other: checkedOther(other, subject) })
  },
  cellCount: ({ categories, other }) => lengthOf(categories, other),
  rows: () => 1,
  exactUnits: () => 1,
  placer: ({ categories, other }) => {
    const indexOf = indexIn(categories, other)
    return (answer, { cells, unitsPerAnswer, subject }) => {
      cells[indexOf(answer, subject)]! += unitsPerAnswer
    }
  },
  read: ({ categories, other }, reading): FrequencyResult => {
    const { cells, unitsPerAnswer, presenter } = reading
    const answered = answeredIn(reading)
    const shown = Array.from(cells, (cell) => presenter.cell(cell / unitsPerAnswer))
    const counts: Record<string, number | undefined> = Object.create(null)
    for (const [index, category] of categories.entries()) counts[category] = shown[index]
    return {
      counts,
      other: other === 'count' ? shown[categories.length] : undefined,
      ...answeredOf(reading, answered),
    }
  },
}

/** A cell for each pair, row by row. If other strings are counted, they have an additional row and an additional column. */
export const contingency: Codec<Contingency> = {
  check: ({ kind, rows, columns, other }, subject) =>
    Object.freeze({
      kind,
      rows: checkedList(rows, `rows of ${subject}`),
      columns: checkedList(columns, `columns of ${subject}`),
      other: checkedOther(other, subject),
    }),
  cellCount: ({ rows, columns, other }) => lengthOf(rows, other) * lengthOf(columns, other),
  rows: () => 1,
  exactUnits: () => 1,
  placer: ({ rows, columns, other }) => {
    const rowOf = indexIn(rows, other)
    const columnOf = indexIn(columns, other)
    const width = lengthOf(columns, other)
    return (answer, { cells, unitsPerAnswer, subject }) => {
      if (!Array.isArray(answer) || answer.length !== 2) {
        throw wrongType('a pair of row and column', answer, subject)
      }
      const [row, column] = answer as readonly unknown[]
      const cell = rowOf(row, `the row of ${subject}`) * width + columnOf(column, `the column of ${subject}`)
      cells[cell]! += unitsPerAnswer
    }
  },
  read: ({ columns, other }, reading): ContingencyResult => {
    const { cells, unitsPerAnswer, presenter } = reading
    const answered = answeredIn(reading)
    const width = lengthOf(columns, other)
    const table = Array.from({ length: cells.length / width }, (_, row) =>
      Array.from(cells.subarray(row * width, (row + 1) * width), (cell) =>
        presenter.cell(cell / unitsPerAnswer),
      ),
    )
    return { table, ...answeredOf(reading, answered) }
  },
}

function lengthOf(categories: readonly string[], other: Others): number {
  return categories.length + (other === 'count' ? 1 : 0)
}

/** Finds the index of a category. If other strings are counted, their index follows that of the last category. */
function indexIn(categories: readonly string[], other: Others): (answer: unknown, subject: string) => number {
  const indices = new Map(categories.map((category, index) => [category, index]))
  return (answer, subject) => {
    const index = indices.get(requireString(answer, subject))
    if (index !== undefined) return index
    if (other === 'count') return categories.length
    throw outOfRange('is not one of its categories', subject)
  }
}

function checkedList(categories: unknown, name: string): readonly string[] {
  if (!Array.isArray(categories) || categories.length < 1 || categories.length > MAXIMUM_CATEGORIES) {
    const got = Array.isArray(categories) ? categories.length : categories
    throw invalid(`${name} must be a list of 1 to ${MAXIMUM_CATEGORIES} strings`, got)
  }
  const seen = new Set<string>()
  // `Array.from` turns the holes of a sparse array into `undefined`, which is then refused.
  for (const category of Array.from(categories as readonly unknown[])) {
    if (typeof category !== 'string') throw invalid(`${name} must be strings`, category)
    if (seen.has(category)) throw invalid(`${name} must all be different`, category)
    seen.add(category)
  }
  return Object.freeze([...seen])
}

function checkedOther(other: Others = 'refuse', subject: string): 'count' | 'refuse' {
  requireChoice(`other of ${subject}`, other, ['count', 'refuse'])
  return other
}
