import type { SuiteName } from '../crypto/index.js'
import { usageError } from '../errors.js'
import type { RoundingMode } from '../fixed-point/index.js'
import type { NoiseDistribution } from '../privacy/index.js'
import type { AdversaryModel } from '../protocol/index.js'
import { keysOf, knownParts } from '../received/index.js'
import { createManifest, type Named, type TensorDescription, type TensorLike } from '../tensors/index.js'
import { byName, shapeOf } from '../tensors/tensor.js'

/**
 * Tensors by name: their shapes, or what has them and says of which type it is: tensors, or variables of a model.
 * @public
 */
export type TensorShapes = Named<readonly number[] | TensorLike | TensorDescription>

/**
 * What rounds are to promise about any one client, for {@link RoundTask}.
 * @public
 */
export interface PrivacyGoal {
  /** ε at most, over all rounds and against the server; 10^−3 to 10^3. */
  readonly epsilon: number
  /** δ: the probability with which ε may not hold; well below 1/clients. */
  readonly delta: number
  /** T: in how many rounds a client takes part at most, 1 to 10^9. */
  readonly rounds: number
  /** c: an update whose L2 norm, over all of its values, is above is scaled down to it. */
  readonly clipNorm: number
  /** b, 1 to 32: sums are taken modulo 2^b. Default: as many as hardly cost any noise. */
  readonly bits?: number | undefined
  /** Default `skellam`. */
  readonly distribution?: NoiseDistribution | undefined
  /** How many standard deviations of an element of the sum fit the bits on either side, 1 to 32; default 4. */
  readonly tail?: number | undefined
  /**
   * The probability with which each client, on its own, is sampled for a round. It changes no noise; the plan shows the
   * lower ε against those only who see results and not who took part.
   */
  readonly samplingRate?: number | undefined
}

/**
 * What clients have the mean of, and what that has to withstand: all that a host states, and all that server and clients
 * agree on beforehand. Plain data, that may travel as JSON where `tensors` is a record of shapes.
 * @public
 */
export interface RoundTask {
  /** What an update consists of; this, or `length`. */
  readonly tensors?: TensorShapes | undefined
  /** The values of an update that is one flat array. */
  readonly length?: number | undefined

  /** n: the seats of a round, 2 to 65535. */
  readonly clients: number
  readonly adversary: AdversaryModel
  /** δ, 0 ≤ δ < 1: the part of the clients that may drop out of a round, at any time, for reasons unrelated to the graph. */
  readonly dropoutFraction: number
  /** γ, 0 ≤ γ < 1: the part of the clients that may collude with the server. */
  readonly corruptFraction: number
  /** The fewest inputs of a sum. Default and most: the clients that are left where as many drop out as may. */
  readonly minimumCohort?: number | undefined
  /** Default: the one with the fewest neighbors that suffices; in the active model the complete one. */
  readonly graph?: 'complete' | 'sparse' | undefined
  /** σ, 1 to 256, whole: on the sparse graph privacy fails with probability at most 2^−σ in a round. Default 40. */
  readonly statisticalSecurity?: number | undefined
  /** η, 1 to 256: on the sparse graph a round fails for want of shares with probability at most 2^−η. Default 20. */
  readonly correctness?: number | undefined

  /** c: values are clipped to [−c, c], each for itself. This, or `privacy`, which clips updates as a whole. */
  readonly clip?: number | undefined
  /** b, 2 to 32: a value becomes one of 2^b − 1 levels. Default 16. */
  readonly bitsPerValue?: number | undefined
  /** W: the largest weight that an update may count with, such as the number of a client's examples. Default 1. */
  readonly maximumWeight?: number | undefined
  /** Default `stochastic`. */
  readonly rounding?: RoundingMode | undefined

  /** Differential privacy, for every client against everybody; all updates then count the same. Default: none. */
  readonly privacy?: PrivacyGoal | undefined

  /** Default `aes`. */
  readonly suite?: SuiteName | undefined
  /** Elements of a masked vector that travel in one message, as of `createRoundConfig`. Default: all. */
  readonly sliceLength?: number | undefined
  /** Bytes of one identity signature, in the active model. Default 64. */
  readonly signatureLength?: number | undefined
}

/**
 * A {@link RoundTask} with its defaults, and nothing that would not survive JSON.
 * @public
 */
export interface PlannedTask extends RoundTask {
  readonly tensors?: Readonly<Record<string, readonly number[]>>
  readonly statisticalSecurity: number
  readonly correctness: number
  readonly suite: SuiteName
}

const TASK_KEYS = keysOf<RoundTask>({
  tensors: true,
  length: true,
  clients: true,
  adversary: true,
  dropoutFraction: true,
  corruptFraction: true,
  minimumCohort: true,
  graph: true,
  statisticalSecurity: true,
  correctness: true,
  clip: true,
  bitsPerValue: true,
  maximumWeight: true,
  rounding: true,
  privacy: true,
  suite: true,
  sliceLength: true,
  signatureLength: true,
})

const PRIVACY_KEYS = keysOf<PrivacyGoal>({
  epsilon: true,
  delta: true,
  rounds: true,
  clipNorm: true,
  bits: true,
  distribution: true,
  tail: true,
  samplingRate: true,
})

/**
 * The task with its defaults. What the layers below check, ranges above all, is left to them.
 * @throws {SecAggError} `invalid-configuration` where parts are missing, unknown, or exclude each other; `invalid-argument`
 *   where tensors are none.
 */
export function checkedTask(given: RoundTask): PlannedTask {
  const task = withDefaults(given)
  // In one order, so that the task of a plan gives the same plan to the letter.
  const entries = Object.entries(task).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries) as unknown as PlannedTask
}

function withDefaults(given: RoundTask): PlannedTask {
  const task = dataParts('a task', given, TASK_KEYS)
  const { tensors, length, ...rest } = task
  const common = { ...rest, suite: task.suite ?? 'aes', ...layoutOf(tensors, length) }
  const { statisticalSecurity = 40, correctness = 20 } = task
  if (task.privacy === undefined) {
    if (task.clip === undefined) throw invalid('a task needs clip, or a privacy target with clipNorm')
    const { bitsPerValue = 16, maximumWeight = 1, rounding = 'stochastic' } = task
    return { ...common, statisticalSecurity, correctness, bitsPerValue, maximumWeight, rounding }
  }
  refuseExactParts(task)
  const { maximumWeight: _one, ...weightless } = common
  const privacy = dataParts('the privacy of a task', task.privacy, PRIVACY_KEYS)
  const { distribution = 'skellam', tail = 4 } = privacy
  // The one default of the layers below that no task takes: whoever forgets it accounts for one round of many.
  if (privacy.rounds === undefined)
    throw invalid('privacy.rounds says how many rounds a client takes part in')
  return { ...weightless, statisticalSecurity, correctness, privacy: { ...privacy, distribution, tail } }
}

/** Shapes as a record, in the order of the manifest; or the length. */
function layoutOf(
  tensors: TensorShapes | undefined,
  length: number | undefined,
): Pick<PlannedTask, 'tensors' | 'length'> {
  if ((tensors === undefined) === (length === undefined)) {
    throw invalid('a task has the tensors of an update, or its length')
  }
  if (tensors === undefined) return { length: length! }
  const entries = createManifest(shapesOf(tensors)).tensors
  return { tensors: Object.fromEntries(entries.map(({ name, shape }) => [name, shape])) }
}

/** @throws {SecAggError} `invalid-argument` where something is neither shape nor tensor. */
export function shapesOf(tensors: TensorShapes): Map<string, readonly number[]> {
  return new Map(
    [...byName(tensors)].map(([name, given]) => [
      name,
      Array.isArray(given) ? given : shapeOf(name, given as TensorLike | TensorDescription),
    ]),
  )
}

/** Under privacy an update is clipped as a whole and weighted with 1; what says otherwise was meant for something else. */
function refuseExactParts(task: RoundTask): void {
  const reasons = {
    clip: 'the whole update is clipped, to privacy.clipNorm',
    bitsPerValue: 'privacy.bits are the bits of an element',
    maximumWeight: 'all updates count the same',
    rounding: 'rounding is stochastic and keeps the norm',
  } as const
  for (const key of ['clip', 'bitsPerValue', 'maximumWeight', 'rounding'] as const) {
    if (task[key] === undefined || (key === 'maximumWeight' && task[key] === 1)) continue
    throw invalid(`a task with privacy must not have ${key}: ${reasons[key]}`, task[key])
  }
}

/** Numbers and names are all that a task has beside tensors and privacy, so that it can travel and be compared. */
function dataParts<T extends object>(what: string, given: T, known: ReadonlySet<string>): T {
  const parts = knownParts(what, given, known, 'invalid-configuration')
  for (const [key, value] of Object.entries(parts)) {
    if (key === 'tensors' || key === 'privacy' || typeof value === 'number' || typeof value === 'string') {
      continue
    }
    throw invalid(`${key} of ${what} must be a number or a name`, typeof value)
  }
  return parts
}

function invalid(message: string, got?: string | number): Error {
  return usageError('invalid-configuration', message, { got })
}
