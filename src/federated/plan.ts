import { requireInteger } from '../arguments.js'
import { usageError } from '../errors.js'
import { analyzePrivacy, type PrivacyLoss } from '../privacy/index.js'
import { createRoundConfig, type RoundConfig } from '../protocol/index.js'
import { isHybrid } from '../protocol/keys.js'
import { sealedLength } from '../protocol/parcel-lengths.js'
import { LIBRARY_VERSION } from '../received/index.js'
import { messageLimits } from '../session/message-limits.js'
import { elementCount, packedLength } from '../vector/index.js'
import { explanationOf, graphWarnings } from './explanation.js'
import { planCohort } from './planned-cohort.js'
import { plannedValues } from './planned-values.js'
import { type PlanNumbers, parametersOf, type RoundPlan } from './round-plan.js'
import { checkedTask, type RoundTask } from './task.js'
import { manifestOfTask, tensorWarnings } from './task-tensors.js'

/** The plans that this library derived. A plan that arrives as data is not one of them. */
const derived = new WeakSet<object>()

/** @throws {SecAggError} `invalid-argument` if neither `planRound` nor `checkPlan` returned the plan. */
export function requirePlan(plan: RoundPlan): void {
  if (derived.has(plan)) return
  throw usageError(
    'invalid-argument',
    'the plan must come from planRound or checkPlan; pass a plan that you received as data to checkPlan first',
  )
}

/**
 * Plans rounds of federated averaging: chooses graph, threshold, minimum cohort, lanes and noise for a task, so that the task's
 * assumptions are tolerated and no sum can overflow. The same task gives the server and the clients the same plan. It takes
 * some tens of milliseconds.
 *
 * @param task - What is averaged, and which failures are tolerated.
 * @returns The plan: frozen, plain data that can travel as JSON.
 * @throws {SecAggError} With fault `usage`: `invalid-configuration` or `invalid-argument` if a part of the task is missing,
 *   unknown or out of its range; if no graph tolerates the assumed failures; or if no noise reaches ε. The message says which
 *   value would work. `unsupported` for an unknown adversary model.
 * @example
 * ```ts
 * import { planRound } from 'secagg/federated'
 *
 * const plan = planRound({
 *   tensors: { kernel: [2, 2], bias: [2] },
 *   clients: 4,
 *   adversary: 'honest-but-curious',
 *   dropoutFraction: 0.25,
 *   corruptFraction: 0,
 *   clip: 1,
 * })
 * console.log(plan.length, plan.threshold, plan.minimumCohort) // 6 3 3
 * console.log(plan.explanation[3]) // 'An update has 6 values in 2 tensors.'
 * ```
 * @public
 */
export function planRound(task: RoundTask): RoundPlan {
  const checked = checkedTask(task)
  const manifest = manifestOfTask(checked)
  const length = manifest?.length ?? checked.length!
  const { warnings, ...cohort } = planCohort(checked)
  const values = plannedValues(checked, cohort, manifest, length)
  const numbers = {
    task: checked,
    length,
    ...(manifest && { manifest }),
    ...cohort,
    ...values,
    uploadBytes: packedLength(values.segments),
  }
  // It also checks the remaining parts of the task, such as the length of a slice.
  const config = createRoundConfig(parametersOf(numbers, { sessionId: new Uint8Array(16) }))
  const parts = {
    version: LIBRARY_VERSION,
    ...numbers,
    explanation: explanationOf(numbers),
    warnings: [
      ...warnings,
      ...(values.privacy?.warnings ?? []),
      ...graphWarnings(numbers),
      ...countWarnings(numbers),
      ...tensorWarnings(checked, manifest),
      ...messageWarnings(config),
    ],
  }
  // Tensors can be many, and are frozen already.
  const plan = withoutUndefined(parts, new Set([manifest, checked.tensors])) as RoundPlan
  derived.add(plan)
  return plan
}

/** A frozen copy without keys whose value is `undefined`, which JSON drops. What is `done` is not copied. */
function withoutUndefined(value: unknown, done: ReadonlySet<unknown>): unknown {
  if (typeof value !== 'object' || value === null || done.has(value)) return value
  if (Array.isArray(value)) return Object.freeze(value.map((part) => withoutUndefined(part, done)))
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  return Object.freeze(Object.fromEntries(entries.map(([key, part]) => [key, withoutUndefined(part, done)])))
}

/**
 * Computes the privacy loss of a client that took part in a number of rounds of a plan. After more rounds than the plan
 * accounts for, it exceeds the ε of the plan.
 *
 * @param plan - A plan with a privacy target, from {@link planRound} or `checkPlan`.
 * @param rounds - The number of rounds in which the client took part, 1 to 10^9.
 * @returns ε for the δ of the plan, against the server and everyone else.
 * @throws {SecAggError} `invalid-argument` for a plan without privacy, or if `rounds` is out of its range.
 * @example
 * ```ts
 * import { planRound, privacySpent } from 'secagg/federated'
 *
 * const privacy = { epsilon: 4, delta: 1e-6, rounds: 100, clipNorm: 1 }
 * const failures = { dropoutFraction: 0.1, corruptFraction: 0.05 } as const
 * const plan = planRound({ length: 1000, clients: 100, adversary: 'active', ...failures, privacy })
 * console.log(privacySpent(plan, 100).epsilon.toFixed(2)) // '4.00'
 * console.log(privacySpent(plan, 10).epsilon.toFixed(2)) // '1.13'
 * ```
 * @public
 */
export function privacySpent(plan: RoundPlan, rounds: number): PrivacyLoss {
  requirePlan(plan)
  if (plan.privacy === undefined) throw usageError('invalid-argument', 'the plan has no privacy target')
  requireInteger('rounds', rounds, 1, 1e9)
  const { epsilon, accountant, order, delta, neighbors, amplified } = analyzePrivacy({
    ...plan.privacy,
    rounds,
  })
  return Object.freeze({ epsilon, accountant, order, delta, rounds, neighbors, amplified })
}

/** The longest messages that common transports accept in their default configuration. */
const TRANSPORTS: readonly { readonly bytes: number; readonly name: string }[] = [
  { bytes: 2 ** 17, name: 'WebSockets through AWS API Gateway (128 KiB)' },
  { bytes: 2 ** 18, name: 'WebRTC data channels (256 KiB)' },
  { bytes: 2 ** 20, name: 'HTTP requests through nginx, and the Python package websockets (1 MiB)' },
  { bytes: 100 * 2 ** 20, name: 'the package ws (100 MiB)' },
]

const ONE_ELEMENT = { length: 1, bits: 1, bound: 'modular' } as const

/** The maximum number of bytes in a message in addition to its elements. */
const HEADROOM = 1024

/** The maximum number of slices of a vector. */
const MAXIMUM_SLICES = 2 ** 16

/** Warnings that name the common transports that refuse messages of this round, and say how to make the messages shorter. */
export function messageWarnings(config: RoundConfig): string[] {
  // With a vector of one element, the longest messages are those with keys and shares.
  const other = messageLimits({ ...config, sliceLength: undefined, segments: [ONE_ELEMENT] })
  const control = Math.max(other.fromClient, other.fromServer)
  const whole = messageLimits(config).fromClient
  const warnings: string[] = []
  if (whole > other.fromClient && refusing(whole) !== '') {
    const part =
      config.sliceLength === undefined
        ? 'A masked vector is one message'
        : 'A slice of a masked vector is one message'
    warnings.push(
      `${part} of ${whole} bytes. By default, this size is refused by ${refusing(whole)}. ${remedy(config)}`,
    )
  }
  if (refusing(control) !== '') {
    const graph = config.graph.kind === 'complete' ? 'Fewer clients or the sparse graph' : 'Fewer neighbors'
    warnings.push(
      `A message with keys or shares has up to ${control} bytes. By default, this size is refused by ${refusing(control)}. ` +
        `${graph} would make the message shorter.`,
    )
  }
  const ciphertexts = ciphertextBytes(config)
  if (ciphertexts > 2 ** 30) {
    const size = (ciphertexts / 2 ** 30).toFixed(1)
    warnings.push(
      `The server holds up to ${size} GiB of ciphertexts of ML-KEM-768 in the phases share-keys and masked-input. The sparse ` +
        'graph or fewer neighbors would make that less.',
    )
  }
  return warnings
}

/** The bytes that all clients together seal to each other; on the chosen graph at most, because few have chosen each other. */
function ciphertextBytes(config: RoundConfig): number {
  const { clients, graph } = config
  if (!isHybrid(config)) return 0
  const sealed = graph.kind === 'complete' ? clients - 1 : graph.neighbors
  const shares = sealedLength(config, 0, 2, true)
  const sent = sealedLength(config, 0, 1, true) - shares
  return clients * sealed * (shares + (graph.kind === 'chosen' ? sent : sent / 2))
}

function refusing(bytes: number): string {
  return TRANSPORTS.filter((transport) => bytes > transport.bytes)
    .map(({ name }) => name)
    .join('; ')
}

/** Suggests slices of 2^i elements that all of these transports accept, or the shortest slices that are allowed. */
function remedy(config: RoundConfig): string {
  const bits = Math.max(...config.segments.map((segment) => segment.bits))
  const room = 8 * (TRANSPORTS[0]!.bytes - HEADROOM)
  const fewest = elementCount(config.segments) / MAXIMUM_SLICES
  const sliceLength = 2 ** Math.max(Math.floor(Math.log2(room / bits)), Math.ceil(Math.log2(fewest)))
  const { fromClient } = messageLimits({ ...config, sliceLength })
  return `With sliceLength: ${sliceLength}, the vector travels in messages of ${fromClient} bytes.`
}

/** Warnings about what travels with the values: the fractions that move clips, and the counts of contributors. */
function countWarnings(plan: PlanNumbers): string[] {
  return [...noisyFractions(plan), ...highMinimum(plan), ...noisyCounts(plan)]
}

/** `nextPlan` averages over the rounds. A fraction is from 0 to 1, so more noise than half of that hides what it says. */
function noisyFractions({ privacy }: PlanNumbers): string[] {
  const { fractionStandardDeviation = 0, rounds = 1 } = privacy ?? {}
  const averaged = fractionStandardDeviation / Math.sqrt(rounds)
  if (averaged <= 0.5) return []
  return [
    `The clips will follow noise rather than the updates: the fractions within them have noise with a standard deviation of ` +
      `${rounded(fractionStandardDeviation)}, or ${rounded(averaged)} averaged over all rounds. More clients, ` +
      'a larger ε or a larger share of adaptiveClip would help.',
  ]
}

function highMinimum({ task: { contributions }, minimumCohort }: PlanNumbers): string[] {
  if (contributions === undefined || contributions.minimum <= minimumCohort) return []
  return [
    `If only the minimum cohort of ${minimumCohort} is left, every element is withheld: contributions need ` +
      `${contributions.minimum} clients.`,
  ]
}

/** With this much noise, more than 2 % of the elements without contributors are not withheld. */
function noisyCounts({ task: { contributions }, privacy }: PlanNumbers): string[] {
  const deviation = privacy?.countStandardDeviation
  if (contributions === undefined || deviation === undefined || 2 * deviation <= contributions.minimum)
    return []
  return [
    `Noise decides which elements are withheld: the counts have noise with a standard deviation of ${rounded(deviation)}, ` +
      `and the minimum is ${contributions.minimum}. A larger minimum, ` +
      'a smaller perClient or a larger ε would help.',
  ]
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
