import type { Count } from '../definition.js'
import type { CountResult } from '../results.js'
import { answeredIn, answeredOf, type Codec, wrongType } from './kind.js'

/** A cell for `false` and a cell for `true`. Records that are in neither have no answer. */
export const count: Codec<Count> = {
  check: () => Object.freeze({ kind: 'count' }),
  cellCount: () => 2,
  rows: () => 1,
  exactUnits: () => 1,
  placer:
    () =>
    (answer, { cells, unitsPerAnswer, subject }) => {
      if (typeof answer !== 'boolean') throw wrongType('true or false', answer, subject)
      cells[answer ? 1 : 0]! += unitsPerAnswer
    },
  read: (_statistic, reading): CountResult => {
    const { cells, unitsPerAnswer, presenter } = reading
    const answered = answeredIn(reading)
    return { count: presenter.cell(cells[1]! / unitsPerAnswer), ...answeredOf(reading, answered) }
  },
}
