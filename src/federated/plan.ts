import { usageError } from '../errors.js'
import { createFixedPoint, createWeightedMean } from '../fixed-point/index.js'
import { choosePrivacy } from '../privacy/index.js'
import { createRoundConfig } from '../protocol/index.js'
import { LIBRARY_VERSION } from '../received/index.js'
import { createManifest } from '../tensors/index.js'
import { packedLength } from '../vector/index.js'
import { checkedTask } from './checked-task.js'
import { type PlannedCohort, planCohort } from './cohort.js'
import { explanationOf } from './explanation.js'
import { messageWarnings } from './message-sizes.js'
import { parametersOf } from './parameters.js'
import { meanDeviation, type RoundPlan } from './round-plan.js'
import type { PlannedTask, RoundTask } from './task.js'

/** The plans that were derived here, and not told by somebody else. */
const derived = new WeakSet<object>()

/** @throws {SecAggError} `invalid-argument` for anything that neither `planRound` nor `checkPlan` has returned. */
export function requirePlan(plan: RoundPlan): void {
  if (derived.has(plan)) return
  throw usageError(
    'invalid-argument',
    'a plan is what planRound or checkPlan has returned; one that came as data goes through checkPlan first',
  )
}

/**
 * Graph, threshold, minimum cohort, lanes and noise for a task, so that what it states holds and no sum can overflow. The
 * same task gives the same plan to server and clients. Takes some tens of milliseconds.
 *
 * @throws {SecAggError} fault `usage`: `invalid-configuration` or `invalid-argument` where a part of the task is missing,
 *   unknown or out of its range, where no graph withstands what is assumed, or no noise reaches ε, with what would do.
 */
export function planRound(task: RoundTask): RoundPlan {
  const checked = checkedTask(task)
  const manifest = checked.tensors === undefined ? undefined : createManifest(checked.tensors)
  const length = manifest?.length ?? checked.length!
  const { warnings, ...cohort } = planCohort(checked)
  const values = valuesOf(checked, cohort, length)
  const numbers = {
    task: checked,
    length,
    ...(manifest && { manifest }),
    ...cohort,
    ...values,
    uploadBytes: packedLength(values.segments),
  }
  // Also for what is left to check there, such as the length of a slice.
  const config = createRoundConfig(parametersOf(numbers, { sessionId: new Uint8Array(16) }))
  const plan = withoutUndefined({
    version: LIBRARY_VERSION,
    ...numbers,
    explanation: explanationOf(numbers),
    warnings: [...warnings, ...(values.privacy?.warnings ?? []), ...messageWarnings(config)],
  }) as RoundPlan
  derived.add(plan)
  return plan
}

function valuesOf(
  task: PlannedTask,
  cohort: PlannedCohort,
  length: number,
): Pick<RoundPlan, 'encoding' | 'privacy' | 'segments'> {
  const { clients, privacy: goal, clip, bitsPerValue, maximumWeight, rounding } = task
  if (goal === undefined) {
    const encoding = createFixedPoint({ clip: clip!, clients, bitsPerValue, maximumWeight, rounding })
    return { encoding, segments: createWeightedMean(length, encoding).segments }
  }
  const { clipNorm, ...target } = goal
  const { minimumHonest, minimumCohort } = cohort
  const parameters = choosePrivacy({ ...target, clients, minimumHonest, length, clip: clipNorm })
  const privacy = { ...parameters, meanStandardDeviation: meanDeviation(parameters, minimumCohort) }
  return { privacy, segments: [parameters.segment] }
}

/** A frozen copy without keys whose value is `undefined`, which JSON drops. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(withoutUndefined))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  return Object.freeze(Object.fromEntries(entries.map(([key, part]) => [key, withoutUndefined(part)])))
}
