import type { Codec } from './codec.js'
import type { Definition, Statistic } from './definition.js'
import { invalid, quoted } from './invalid.js'
import { codecFor } from './kinds.js'

/** One statistic in the vector; they stand one after the other, ordered by the UTF-16 code units of their names. */
export interface StatisticLayout {
  readonly name: string
  readonly cells: number
  /**
   * What an answer adds to the cells in all, or to each row of them: 1 where answers are counted; more where numbers are
   * spread over cells, and under a privacy target.
   */
  readonly unitsPerAnswer: number
}

/** A statistic with what belongs to it. */
export interface Part {
  readonly name: string
  /** For messages. */
  readonly subject: string
  readonly statistic: Statistic
  readonly codec: Codec<Statistic>
  readonly cells: number
  readonly rows: number
}

/** A {@link Part} in a vector. */
export interface PlacedPart extends Part {
  readonly unitsPerAnswer: number
}

const LONGEST_NAME = 65535
/** One segment for each, and one for the number of records. */
const MOST_STATISTICS = 65534
const MOST_CELLS = 2 ** 24

/**
 * The statistics of a definition in their order, checked and with their defaults.
 * @throws {SecAggError} `invalid-configuration` naming the statistic that is none.
 */
export function partsOf(definition: Definition): readonly Part[] {
  if (typeof definition !== 'object' || definition === null) {
    throw invalid('a definition must be an object with statistics', definition)
  }
  const names = Object.keys(definition).sort((a, b) => (a < b ? -1 : 1))
  if (names.length < 1 || names.length > MOST_STATISTICS) {
    throw invalid(`a definition must have 1 to ${MOST_STATISTICS} statistics`, names.length)
  }
  let total = 0
  return names.map((name) => {
    if (name.length > LONGEST_NAME)
      throw invalid(`names must have at most ${LONGEST_NAME} characters`, name.length)
    const subject = `statistic ${quoted(name)}`
    const given = definition[name]!
    const codec = codecFor(given, subject)
    const statistic = codec.check(given, subject)
    const cells = codec.cellCount(statistic)
    total += cells
    if (total > MOST_CELLS) throw invalid(`${subject} takes the vector beyond ${MOST_CELLS} cells`, total)
    return { name, subject, statistic, codec, cells, rows: codec.rows(statistic) }
  })
}

/** The definition that parts are of, without a prototype and frozen. */
export function definitionOf<D extends Definition>(parts: readonly Part[]): D {
  const definition: Record<string, Statistic> = Object.create(null)
  for (const { name, statistic } of parts) definition[name] = statistic
  return Object.freeze(definition) as D
}

export function layoutOf(parts: readonly PlacedPart[]): readonly StatisticLayout[] {
  return Object.freeze(
    parts.map(({ name, cells, unitsPerAnswer }) => Object.freeze({ name, cells, unitsPerAnswer })),
  )
}
