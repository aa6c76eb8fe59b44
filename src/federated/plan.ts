import { requireInteger } from '../arguments.js'
import { usageError } from '../errors.js'
import { createFixedPoint, createWeightedMean } from '../fixed-point/index.js'
import { analyzePrivacy, choosePrivacy, type PrivacyLoss } from '../privacy/index.js'
import { createRoundConfig, type RoundConfig } from '../protocol/index.js'
import { LIBRARY_VERSION } from '../received/index.js'
import { messageLimits } from '../session/message-limits.js'
import { createManifest } from '../tensors/index.js'
import { elementCount, packedLength } from '../vector/index.js'
import { explanationOf } from './explanation.js'
import { type PlannedCohort, planCohort } from './planned-cohort.js'
import { meanDeviation, parametersOf, type RoundPlan } from './round-plan.js'
import { checkedTask, type PlannedTask, type RoundTask } from './task.js'

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
 * @public
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

/**
 * What a number of rounds of a plan tells at most about one client that took part in all of them; more rounds than the
 * plan accounts for are more than its ε.
 *
 * @throws {SecAggError} `invalid-argument` for a plan without privacy, or rounds that are no whole number from 1 to 10^9.
 * @public
 */
export function privacySpent(plan: RoundPlan, rounds: number): PrivacyLoss {
  requirePlan(plan)
  if (plan.privacy === undefined) throw usageError('invalid-argument', 'the plan has no privacy target')
  requireInteger('rounds', rounds, 1, 1e9)
  const { epsilon, order, delta, neighbors, amplified } = analyzePrivacy({ ...plan.privacy, rounds })
  return Object.freeze({ epsilon, order, delta, rounds, neighbors, amplified })
}

/** The longest messages that common transports take unless they are told to take longer ones. */
const TRANSPORTS: readonly { readonly bytes: number; readonly name: string }[] = [
  { bytes: 2 ** 17, name: 'WebSockets through AWS API Gateway (128 KiB)' },
  { bytes: 2 ** 18, name: 'WebRTC data channels (256 KiB)' },
  { bytes: 2 ** 20, name: 'HTTP requests through nginx, and the Python package websockets (1 MiB)' },
  { bytes: 100 * 2 ** 20, name: 'the package ws (100 MiB)' },
]

const ONE_ELEMENT = { length: 1, bits: 1, bound: 'modular' } as const

/** Bytes of a message that are no elements, at most. */
const HEADROOM = 1024

/** A vector may go in so many. */
const MAXIMUM_SLICES = 2 ** 16

/** Which common transports refuse messages of the round, and what would make these shorter; nothing where none does. */
export function messageWarnings(config: RoundConfig): string[] {
  // With a vector of one element, what is left is keys and shares.
  const other = messageLimits({ ...config, sliceLength: undefined, segments: [ONE_ELEMENT] })
  const control = Math.max(other.fromClient, other.fromServer)
  const whole = messageLimits(config).fromClient
  const warnings: string[] = []
  if (whole > other.fromClient && refusing(whole) !== '') {
    const part =
      config.sliceLength === undefined
        ? 'A masked vector goes in one message'
        : 'A slice of a masked vector is a message'
    warnings.push(
      `${part} of ${whole} bytes. By default that is refused by ${refusing(whole)}. ${remedy(config)}`,
    )
  }
  if (refusing(control) !== '') {
    const graph = config.graph.kind === 'complete' ? 'Fewer clients, or the sparse graph,' : 'Fewer neighbors'
    warnings.push(
      `A message with keys or shares has up to ${control} bytes. By default that is refused by ${refusing(control)}. ` +
        `${graph} would make it shorter.`,
    )
  }
  return warnings
}

function refusing(bytes: number): string {
  return TRANSPORTS.filter((transport) => bytes > transport.bytes)
    .map(({ name }) => name)
    .join('; ')
}

/** Slices of a power of two elements that all transports take, or as short as there may be. */
function remedy(config: RoundConfig): string {
  const bits = Math.max(...config.segments.map((segment) => segment.bits))
  const room = 8 * (TRANSPORTS[0]!.bytes - HEADROOM)
  const fewest = elementCount(config.segments) / MAXIMUM_SLICES
  const sliceLength = 2 ** Math.max(Math.floor(Math.log2(room / bits)), Math.ceil(Math.log2(fewest)))
  const { fromClient } = messageLimits({ ...config, sliceLength })
  return `With sliceLength: ${sliceLength} it would go in messages of ${fromClient} bytes.`
}
