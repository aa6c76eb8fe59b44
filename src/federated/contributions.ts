import { SecAggError, usageError } from '../errors.js'
import type { ReadValues } from '../fixed-point/encode-range.js'
import { keysOf, knownParts } from '../received/index.js'
import { createLanes } from '../vector/lanes.js'
import type { ElementRange, Lanes } from '../vector/segments.js'

/**
 * Withholds elements to which few clients contributed, for sparse updates and open categories. A client contributes to the
 * elements that are not 0 in its update, if its weight is not 0. The counts are in the same sum.
 *
 * Without privacy, the server sees every count, and the sum of every element. Withholding only keeps elements out of the
 * result that it passes on. With privacy, the counts have noise, which ε covers.
 * @public
 */
export interface Contributions {
  /** c, 2 or more and at most the number of clients: an element with a lower count is 0 in the mean. */
  readonly minimum: number
  /**
   * k: with privacy, the maximum number of elements that a client contributes to, at most the number of values. Required with
   * privacy, not allowed without.
   */
  readonly perClient?: number | undefined
  /** With privacy: the part of the squared sensitivity that belongs to the counts, 10^−6 to 0.9. Default: 0.2. */
  readonly share?: number | undefined
}

/**
 * {@link Contributions} with defaults filled in. The share is present with privacy only.
 * @public
 */
export interface PlannedContributions extends Contributions {
  readonly share?: number
}

const KEYS = keysOf<Contributions>({ minimum: true, perClient: true, share: true })
const WHAT = 'contributions'

/** @throws {SecAggError} `invalid-configuration` if a part is unknown, missing or out of its range. */
export function checkedContributions(
  given: Contributions,
  clients: number,
  isPrivate: boolean,
): PlannedContributions {
  const { minimum, perClient, share } = knownParts(
    `the ${WHAT} of a task`,
    given,
    KEYS,
    'invalid-configuration',
  )
  // A wrong number of clients is reported on its own.
  requireWhole('minimum', minimum, 2, Number.isSafeInteger(clients) ? clients : 2 ** 24)
  if (!isPrivate) {
    if (perClient === undefined && share === undefined) return { minimum }
    throw invalid(`perClient and share of ${WHAT} are parts of a privacy target, and the task has none`)
  }
  if (perClient === undefined) {
    throw invalid(
      `with privacy, ${WHAT} need perClient: the maximum number of elements that a client contributes to`,
    )
  }
  requireWhole('perClient', perClient, 1, 2 ** 30)
  const part: unknown = share ?? 0.2
  if (typeof part !== 'number' || !(part >= 1e-6 && part <= 0.9)) {
    throw invalid(`share of ${WHAT} must be a number from 1e-6 to 0.9`, part)
  }
  return { minimum, perClient, share: part }
}

/**
 * Refuses a `perClient` above the number of values: it adds noise without need.
 * @throws {SecAggError} `invalid-configuration`.
 */
export function requireAtMost(length: number, { perClient }: PlannedContributions): void {
  if (perClient !== undefined) requireWhole('perClient', perClient, 1, length)
}

function requireWhole(name: string, value: unknown, minimum: number, maximum: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= minimum && (value as number) <= maximum) return
  throw invalid(`${name} of ${WHAT} must be a whole number from ${minimum} to ${maximum}`, value)
}

function invalid(message: string, got?: unknown): Error {
  return usageError('invalid-configuration', message, { got: typeof got === 'number' ? got : typeof got })
}

/** The segment of the counts. */
export function countSegment(
  length: number,
  clients: number,
): { length: number; bits: number; bound: number } {
  return { length, bits: clients.toString(2).length, bound: 2 }
}

/** The number of values read at a time. */
const BATCH = 16384

/** 1 for each element in the range that the client contributes to, else 0. They are in `into` if that is given. */
export function contributionLanes(
  read: ReadValues,
  { from, to }: ElementRange,
  weight: number,
  bits: number,
  into?: Lanes,
): Lanes {
  const lanes = (into?.fill(0 as never) ?? createLanes(bits, to - from)) as Uint32Array
  if (weight === 0) return lanes
  const batch = new Float64Array(Math.min(BATCH, to - from))
  for (let start = from; start < to; start += BATCH) {
    const count = Math.min(BATCH, to - start)
    read(batch, start, count)
    for (let i = 0; i < count; i++) if (batch[i] !== 0) lanes[start - from + i] = 1
  }
  return lanes
}

/**
 * Marks the elements that a client contributes to, with privacy: each is `factor` in the vector, from `offset` on.
 * @throws {SecAggError} `input-out-of-range` if there are more than `perClient`.
 */
export function markContributions(
  vector: Float64Array,
  length: number,
  { offset, factor, perClient }: { offset: number; factor: number; perClient: number },
): void {
  let count = 0
  for (let i = 0; i < length; i++) {
    if (vector[i] === 0) continue
    count++
    vector[offset + i] = factor
  }
  if (count <= perClient) return
  throw usageError(
    'input-out-of-range',
    `the update has ${count} values that are not 0, but the plan allows ${perClient}; keep only the largest`,
    { expected: `at most ${perClient}`, got: count },
  )
}

/**
 * What is known about the contributions to a mean.
 * @public
 */
export interface MeanContributions {
  /** The number of clients that contributed to each element. With privacy, it has noise, and can be negative. */
  readonly counts: Float64Array
  /** The number of elements that were withheld: they are 0 in the mean. */
  readonly withheld: number
}

/**
 * Sets the elements to 0 that have too few contributors, in place.
 * @throws {SecAggError} fault `peer`, `input-out-of-range`, if without privacy a count is above the number of survivors.
 */
export function withhold(
  mean: Float64Array,
  counts: Float64Array,
  minimum: number,
  survivors: number | undefined,
): MeanContributions {
  let withheld = 0
  for (let i = 0; i < counts.length; i++) {
    if (survivors !== undefined && counts[i]! > survivors) {
      throw new SecAggError(
        'input-out-of-range',
        'peer',
        `a count of ${counts[i]} is impossible for ${survivors} survivors`,
        { expected: `0 to ${survivors}`, got: counts[i] },
      )
    }
    if (counts[i]! >= minimum) continue
    mean[i] = 0
    withheld++
  }
  return { counts, withheld }
}
