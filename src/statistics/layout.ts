import { reading } from '../arguments.js'
import { type Definition, invalid, quoted, type StatisticDefinition } from './definition.js'
import { contingency, frequency } from './kinds/categories.js'
import { count } from './kinds/count.js'
import { histogram } from './kinds/histogram.js'
import type { Codec } from './kinds/kind.js'
import { sketch } from './kinds/sketch.js'
import { mean, sum, variance } from './kinds/values.js'

/**
 * The place of one statistic in the vector. The statistics follow one another, ordered by the UTF-16 code units of their
 * names.
 * @public
 */
export interface StatisticLayout {
  readonly name: string
  /** The number of cells. */
  readonly cells: number
  /**
   * How much an answer adds to the cells in total, or for a sketch, to each row of cells. It is 1 if answers are counted, and
   * more if numbers are spread over cells or if there is a privacy target.
   */
  readonly unitsPerAnswer: number
}

/** A statistic with its codec and its size. */
export interface Part {
  readonly name: string
  /** The statistic as error messages name it. */
  readonly subject: string
  readonly statistic: StatisticDefinition
  readonly codec: Codec<StatisticDefinition>
  readonly cells: number
  readonly rows: number
}

/** A {@link Part} of which it is settled how much an answer adds to the cells. */
export interface PlacedPart extends Part {
  readonly unitsPerAnswer: number
}

const LONGEST_NAME = 65535
/** There is one segment for each statistic, and one for the number of records. */
const MAXIMUM_STATISTICS = 65534
const MAXIMUM_CELLS = 2 ** 24

/**
 * The statistics of a definition in the order of the vector, checked and with defaults filled in.
 * @throws {SecAggError} `invalid-configuration` if a statistic is invalid; the message names it.
 */
export function partsOf(given: Definition): readonly Part[] {
  if (typeof given !== 'object' || given === null) {
    throw invalid('a definition must be an object of statistics', given)
  }
  const definition = copyOf(given, 'a definition')
  const names = Object.keys(definition).sort((a, b) => (a < b ? -1 : 1))
  if (names.length < 1 || names.length > MAXIMUM_STATISTICS) {
    throw invalid(`a definition must have 1 to ${MAXIMUM_STATISTICS} statistics`, names.length)
  }
  let total = 0
  return names.map((name) => {
    if (name.length > LONGEST_NAME)
      throw invalid(`the name of a statistic must have at most ${LONGEST_NAME} characters`, name.length)
    const subject = `statistic ${quoted(name)}`
    const own = copyOf(definition[name]!, subject)
    const codec = codecFor(own, subject)
    const statistic = codec.check(own, subject)
    const cells = codec.cellCount(statistic)
    total += cells
    if (total > MAXIMUM_CELLS) {
      throw invalid(`with ${subject}, the vector has more than ${MAXIMUM_CELLS} cells`, total)
    }
    return { name, subject, statistic, codec, cells, rows: codec.rows(statistic) }
  })
}

/** A copy, so that a getter cannot give one value to a check and another one later. */
function copyOf<T extends object>(given: T, what: string): T {
  return reading(what, () => ({ ...given }), 'invalid-configuration')
}

/** The definition from which the parts came, with defaults, frozen and without a prototype. */
export function definitionOf<D extends Definition>(parts: readonly Part[]): D {
  const definition: Record<string, StatisticDefinition> = Object.create(null)
  for (const { name, statistic } of parts) definition[name] = statistic
  return Object.freeze(definition) as D
}

/** The layout of the parts in the vector. */
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

/** @throws {SecAggError} `invalid-configuration` if there is no such kind. */
function codecFor(statistic: StatisticDefinition, subject: string): Codec<StatisticDefinition> {
  const kind: unknown = statistic?.kind
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) {
    throw invalid(`the kind of ${subject} must be one of ${Object.keys(KINDS).join(', ')}`, kind)
  }
  return KINDS[kind as StatisticDefinition['kind']] as Codec<StatisticDefinition>
}
