import { usageError } from '../errors.js'
import { keysOf, knownParts } from '../received/index.js'
import { createManifest, type TensorDescription, type TensorLike } from '../tensors/index.js'
import { byName, shapeOf } from '../tensors/tensor.js'
import type { PlannedTask, PrivacyGoal, RoundTask, TensorShapes } from './task.js'

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
