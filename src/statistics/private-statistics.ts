import { partsOf as optionsOf, reading } from '../arguments.js'
import {
  analyzeIntegerPrivacy,
  chooseIntegerPrivacy,
  type IntegerPrivacyParameters,
  type IntegerQuery,
  type PrivateCohort,
} from '../privacy/index.js'
import { LIBRARY_VERSION } from '../received/index.js'
import { type Definition, invalid } from './definition.js'
import {
  definitionOf,
  layoutOf,
  type Part,
  type PlacedPart,
  partsOf,
  type StatisticLayout,
} from './layout.js'
import { type Assembled, checkedOptions, type StatisticsOptions } from './statistics.js'

/**
 * How exact each statistic is in comparison with the others, 1/100 to 100. The default is 1. Twice the weight means half the
 * noise.
 * @public
 */
export type StatisticWeights<D extends Definition> = { readonly [Name in keyof D]?: number | undefined }

/**
 * The privacy that is promised to each client, no matter how many records it has.
 * @public
 */
export interface PrivateStatisticsOptions<D extends Definition> extends PrivateCohort {
  /** The largest acceptable ε, over all rounds and against the server; 10^−3 to 10^3. */
  readonly epsilon: number
  /** W: the largest number of records of one client. All of them are protected together. Default 1. */
  readonly maximumRecords?: number | undefined
  /** How exact each statistic is in comparison with the others. */
  readonly weights?: StatisticWeights<D> | undefined
}

/**
 * Several statistics in one noisy vector with one privacy budget, made by `createPrivateStatistics`. They are plain data that
 * can travel as JSON. A client that receives them passes them to `checkStatistics`, which derives ε and everything else again
 * from the definition and the noise.
 * @public
 */
export interface PrivateStatistics<D extends Definition = Definition> {
  /** The version of the library that made them. */
  readonly version: string
  /** The definition with defaults filled in. The object has no prototype. */
  readonly definition: D
  readonly clients: number
  readonly maximumRecords: number
  /** The weight of each statistic, with defaults filled in. */
  readonly weights: { readonly [Name in keyof D]: number }
  readonly layout: readonly StatisticLayout[]
  /** The only segment of the round's configuration: all cells and, if W > 1, a last one for the number of records. */
  readonly segments: readonly [IntegerPrivacyParameters['segment']]
  /** Δ1, Δ2 and the noise, in units of a cell, and the ε that follows from them. */
  readonly privacy: IntegerPrivacyParameters
}

/** Chooses the noise for vectors of a given size. */
type NoiseChoice = (
  size: Pick<
    IntegerQuery,
    'clients' | 'length' | 'l1Sensitivity' | 'l2Sensitivity' | 'minimumSum' | 'maximumSum'
  >,
) => IntegerPrivacyParameters

/** The units of an answer to the statistic with the largest weight. Rounding to units is small in comparison with the noise. */
const FINEST_UNITS = 1024
const COARSEST_UNITS = 16
/** The largest sum of a cell. It leaves room for the noise in 32 bits. */
const MAXIMUM_SUM = 2 ** 28

/**
 * Derives statistics again from statistics that came as JSON.
 * @throws {SecAggError} as `createPrivateStatistics` does.
 */
export function assemblePrivateStatistics<D extends Definition>(
  given: PrivateStatistics<D>,
): Assembled<PrivateStatistics<D>> {
  return assemble(given.definition, given, given.weights, (size) =>
    analyzeIntegerPrivacy({ ...given.privacy, ...size }),
  )
}

/** @throws {SecAggError} as `createPrivateStatistics` does. */
export function choosePrivateStatistics<D extends Definition>(
  definition: D,
  options: PrivateStatisticsOptions<D>,
): Assembled<PrivateStatistics<D>> {
  const own = optionsOf('the options of statistics', options, 'invalid-configuration')
  const { clients, maximumRecords, weights, ...target } = own
  return assemble(definition, { clients, maximumRecords }, weights, (size) =>
    chooseIntegerPrivacy({ ...target, ...size }),
  )
}

function assemble<D extends Definition>(
  definition: D,
  options: StatisticsOptions,
  weights: StatisticWeights<D> | undefined,
  choose: NoiseChoice,
): Assembled<PrivateStatistics<D>> {
  const { clients, maximumRecords } = checkedOptions(options)
  const unplaced = partsOf(definition)
  const weightOf = checkedWeights(unplaced, weights)
  const finest = finestUnits(clients * maximumRecords)
  const maximumWeight = Math.max(...weightOf.values())
  const parts = unplaced.map((part): PlacedPart => {
    const relative = weightOf.get(part.name)! / maximumWeight / Math.sqrt(part.rows)
    return { ...part, unitsPerAnswer: Math.max(Math.round(finest * relative), 1) }
  })
  const unitsPerRecord = maximumRecords > 1 ? finest : undefined
  const counted = unitsPerRecord === undefined ? [] : [{ cells: 1, rows: 1, unitsPerAnswer: unitsPerRecord }]
  const all = [...parts, ...counted]
  const l1 = all.reduce((sum, { rows, unitsPerAnswer }) => sum + rows * unitsPerAnswer, 0)
  const square = all.reduce((sum, { rows, unitsPerAnswer }) => sum + rows * unitsPerAnswer ** 2, 0)
  const privacy = choose({
    clients,
    length: all.reduce((sum, { cells }) => sum + cells, 0),
    l1Sensitivity: maximumRecords * l1,
    l2Sensitivity: maximumRecords * Math.sqrt(square),
    minimumSum: 0,
    maximumSum: clients * maximumRecords * finest,
  })
  const statistics = Object.freeze({
    version: LIBRARY_VERSION,
    definition: definitionOf<D>(parts),
    clients,
    maximumRecords,
    weights: Object.freeze(Object.fromEntries(weightOf)) as PrivateStatistics<D>['weights'],
    layout: layoutOf(parts),
    segments: Object.freeze([privacy.segment] as const),
    privacy,
  })
  return { statistics, parts, unitsPerRecord }
}

function finestUnits(recordLimit: number): number {
  let units = FINEST_UNITS
  while (units > COARSEST_UNITS && recordLimit * units > MAXIMUM_SUM) units /= 2
  if (recordLimit * units <= MAXIMUM_SUM) return units
  throw invalid(
    `clients times maximumRecords must be at most ${MAXIMUM_SUM / COARSEST_UNITS} under a privacy target`,
    recordLimit,
  )
}

function checkedWeights(parts: readonly Part[], weights: unknown = {}): ReadonlyMap<string, number> {
  if (typeof weights !== 'object' || weights === null || Array.isArray(weights))
    throw invalid('weights must be an object of weights by name', weights)
  const named: Readonly<Record<string, unknown>> = reading('weights', () => ({ ...weights }))
  const unknown = Object.keys(named).find((name) => !parts.some((part) => part.name === name))
  if (unknown !== undefined) throw invalid('weights must only contain names of statistics', unknown)
  return new Map(
    parts.map(({ name, subject }) => {
      const weight = Object.hasOwn(named, name) ? (named[name] ?? 1) : 1
      if (typeof weight !== 'number' || !(weight >= 1 / 100 && weight <= 100)) {
        throw invalid(`the weight of ${subject} must be a number from 1/100 to 100`, weight)
      }
      return [name, weight] as const
    }),
  )
}
