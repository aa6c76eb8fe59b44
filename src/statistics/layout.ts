import { reading } from '../arguments.js'
import { type Definition, invalid, quoted, type StatisticDefinition } from './definition.js'
import { contingency, frequency } from './kinds/categories.js'
import { count } from './kinds/count.js'
import { histogram } from './kinds/histogram.js'
import type { Codec } from './kinds/kind.js'
import { sketch } from './kinds/sketch.js'
import { mean, sum, variance } from './kinds/values.js'

/**
 * One statistic in the vector; they stand one after the other, ordered by the UTF-16 code units of their names.
 * @public
 */
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
  readonly statistic: StatisticDefinition
  readonly codec: Codec<StatisticDefinition>
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
export function partsOf(given: Definition): readonly Part[] {
  if (typeof given !== 'object' || given === null) {
    throw invalid('a definition must be an object with statistics', given)
  }
  const definition = copyOf(given, 'a definition')
  const names = Object.keys(definition).sort((a, b) => (a < b ? -1 : 1))
  if (names.length < 1 || names.length > MOST_STATISTICS) {
    throw invalid(`a definition must have 1 to ${MOST_STATISTICS} statistics`, names.length)
  }
  let total = 0
  return names.map((name) => {
    if (name.length > LONGEST_NAME)
      throw invalid(`names must have at most ${LONGEST_NAME} characters`, name.length)
    const subject = `statistic ${quoted(name)}`
    const own = copyOf(definition[name]!, subject)
    const codec = codecFor(own, subject)
    const statistic = codec.check(own, subject)
    const cells = codec.cellCount(statistic)
    total += cells
    if (total > MOST_CELLS) throw invalid(`${subject} takes the vector beyond ${MOST_CELLS} cells`, total)
    return { name, subject, statistic, codec, cells, rows: codec.rows(statistic) }
  })
}

/** Read once; of something else than an object there is nothing to read. */
function copyOf<T extends object>(given: T, what: string): T {
  return reading(what, () => ({ ...given }), 'invalid-configuration')
}

/** The definition that parts are of, without a prototype and frozen. */
export function definitionOf<D extends Definition>(parts: readonly Part[]): D {
  const definition: Record<string, StatisticDefinition> = Object.create(null)
  for (const { name, statistic } of parts) definition[name] = statistic
  return Object.freeze(definition) as D
}

export function layoutOf(parts: readonly PlacedPart[]): readonly StatisticLayout[] {
  return Object.freeze(
    parts.map(({ name, cells, unitsPerAnswer }) => Object.freeze({ name, cells, unitsPerAnswer })),
  )
}

const KINDS: {
  readonly [Kind in StatisticDefinition['kind']]: Codec<Extract<StatisticDefinition, { kind: Kind }>>
} = {
  count,
  sum,
  mean,
  variance,
  histogram,
  frequency,
  contingency,
  sketch,
}

/** @throws {SecAggError} `invalid-configuration` where there is no such kind. */
export function codecFor(statistic: StatisticDefinition, subject: string): Codec<StatisticDefinition> {
  const kind: unknown = statistic?.kind
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) {
    throw invalid(`the kind of ${subject} must be one of ${Object.keys(KINDS).join(', ')}`, kind)
  }
  return KINDS[kind as StatisticDefinition['kind']] as Codec<StatisticDefinition>
}
