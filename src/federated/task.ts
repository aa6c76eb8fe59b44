import { shown } from '../arguments.js'
import type { SuiteName } from '../crypto/index.js'
import { usageError } from '../errors.js'
import type { RoundingMode } from '../fixed-point/index.js'
import type { NoiseDistribution } from '../privacy/index.js'
import type { AdversaryModel, KeyAgreementName } from '../protocol/index.js'
import { keysOf, knownParts } from '../received/index.js'
import { type AdaptiveClip, checkedAdaptiveClip, type PlannedAdaptiveClip } from './adaptive-clip.js'
import { type ClipByGroup, checkedClips } from './clip-groups.js'
import { type Contributions, checkedContributions, type PlannedContributions } from './contributions.js'
import { suiteOfMost } from './fastest-suite.js'
import { checkedTensors, type PlannedTensor, type TensorShapes } from './task-tensors.js'

/**
 * The differential privacy of every client, for {@link RoundTask}.
 * @public
 */
export interface PrivacyGoal {
  /** The maximum ε, over all rounds and against the server; 10^−3 to 10^3. */
  readonly epsilon: number
  /** δ: the probability that ε does not hold; well below 1/clients. */
  readonly delta: number
  /** T: the maximum number of rounds in which a client takes part, 1 to 10^9. */
  readonly rounds: number
  /**
   * c: the maximum L2 norm of an update, over all its values. An update with a larger norm is scaled down to c. With a clip by
   * group, the values of each group are scaled down to the norm of the group.
   */
  readonly clipNorm: number | ClipByGroup
  /** b, 1 to 32: sums are taken modulo 2^b. Default: enough bits that rounding adds hardly any noise. */
  readonly bits?: number | undefined
  /** The distribution of the noise. Default: `skellam`. */
  readonly distribution?: NoiseDistribution | undefined
  /** The range of an element of the sum, on either side, in standard deviations; 1 to 32. Default: 4. */
  readonly tail?: number | undefined
  /**
   * The probability with which each client is sampled for a round, independently of the others. It does not change the noise.
   * The plan also shows a lower ε. It holds only if the number and the identity of the participants stay secret, and if the
   * noise does not depend on who was sampled. See `PrivacyLoss.amplified`.
   */
  readonly samplingRate?: number | undefined
}

/**
 * What is averaged, and which failures are tolerated. The server and the clients agree on a task before the rounds. It is plain
 * data, and can travel as JSON if `tensors` is a record of shapes.
 * @public
 */
export interface RoundTask {
  /** The tensors of an update. A task has either `tensors` or `length`. */
  readonly tensors?: TensorShapes | undefined
  /** The number of values of an update that is one flat array. */
  readonly length?: number | undefined

  /** n: the number of seats in a round, 2 to 65535. */
  readonly clients: number
  readonly adversary: AdversaryModel
  /** δ, 0 ≤ δ < 1: the fraction of clients that may drop out of a round, at any time, for reasons unrelated to the graph. */
  readonly dropoutFraction: number
  /** γ, 0 ≤ γ < 1: the fraction of clients that may collude with the server. */
  readonly corruptFraction: number
  /**
   * The minimum number of inputs in a sum, at most the number of clients that are left after the tolerated dropouts. This is also
   * the default, except on the sparse graph in the active model. There, ⌊n/2⌋ + 1 honest inputs are always proven, and the
   * default is ⌊γn⌋ more than these.
   */
  readonly minimumCohort?: number | undefined
  /** Default: the sufficient graph on which a client makes the fewest masks. */
  readonly graph?: 'complete' | 'sparse' | undefined
  /** σ, a whole number from 1 to 256: on the sparse graph, privacy fails with probability at most 2^−σ in a round. Default: 40. */
  readonly statisticalSecurity?: number | undefined
  /** η, 1 to 256: on the sparse graph, too few shares are left in a round with probability at most 2^−η. Default: 20. */
  readonly correctness?: number | undefined

  /**
   * c: each value is clipped to [−c, c]; one number for all, or one for each group of tensors, such as
   * `{ 'conv1/*': 0.02, '*': 1 }`. A task has either `clip` or `privacy`, which clips the norm of an update.
   */
  readonly clip?: number | ClipByGroup | undefined
  /** Moves the clips from round to round, with `nextPlan`. Default: they stay as they are. */
  readonly adaptiveClip?: AdaptiveClip | undefined
  /** b, 2 to 32: each value is rounded to one of 2^b − 1 levels. Default: 16. */
  readonly bitsPerValue?: number | undefined
  /** W: the maximum weight of an update, such as the number of a client's examples. Default: 1. */
  readonly maximumWeight?: number | undefined
  /** Default: `stochastic`. */
  readonly rounding?: RoundingMode | undefined

  /** Withholds elements to which few clients contributed. Default: none. */
  readonly contributions?: Contributions | undefined
  /** Patterns of tensors that are left out. An update may still have them. They can have any type. Default: none. */
  readonly exclude?: readonly string[] | undefined
  /**
   * Patterns of tensors that must not be negative, such as variances: `decodeOutcome` raises negative values of the result
   * to 0. Default: none.
   */
  readonly nonNegative?: readonly string[] | undefined

  /** Differential privacy of every client, against the server and everyone else. All updates then have weight 1. Default: none. */
  readonly privacy?: PrivacyGoal | undefined

  /**
   * The ciphers of a round. `fastest` is the suite that most of `suites` name, or `aes` if neither has more; the plan then states
   * that suite. Default: `aes`.
   */
  readonly suite?: SuiteName | 'fastest' | undefined
  /** What clients have measured with `fastestSuite`, in any order. Only with the suite `fastest`. */
  readonly suites?: readonly SuiteName[] | undefined
  /**
   * How clients agree on keys, as in `createRoundConfig`. A plan warns if the server would have to hold more than 1 GiB of
   * ciphertexts. Default: `x25519`.
   */
  readonly keyAgreement?: KeyAgreementName | undefined
  /** The number of elements of a masked vector in one message, as in `createRoundConfig`. Default: all elements. */
  readonly sliceLength?: number | undefined
  /** The length of a signature in bytes, in the active model. Default: 64. */
  readonly signatureLength?: number | undefined
}

/**
 * A {@link RoundTask} with its defaults filled in, as data that survives JSON.
 * @public
 */
export interface PlannedTask extends RoundTask {
  /** Shapes, and the types of tensors that are not in single precision. */
  readonly tensors?: Readonly<Record<string, readonly number[] | PlannedTensor>>
  readonly adaptiveClip?: PlannedAdaptiveClip
  readonly contributions?: PlannedContributions
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
  adaptiveClip: true,
  contributions: true,
  exclude: true,
  nonNegative: true,
  privacy: true,
  suite: true,
  suites: true,
  keyAgreement: true,
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
 * Fills in the defaults of a task. The layers below check the ranges of its numbers.
 * @throws {SecAggError} `invalid-configuration` if parts are missing or unknown, or exclude each other; `invalid-argument`
 *   if `tensors` has something that is neither a shape nor a tensor.
 */
export function checkedTask(given: RoundTask): PlannedTask {
  const task = withDefaults(given)
  // Sorted, so that planning the task of a plan gives exactly the same plan.
  const entries = Object.entries(task).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries) as unknown as PlannedTask
}

function withDefaults(given: RoundTask): PlannedTask {
  const task = dataParts('a task', given, TASK_KEYS)
  const {
    tensors,
    length,
    exclude,
    nonNegative,
    adaptiveClip,
    contributions,
    suite: _,
    suites: __,
    ...rest
  } = task
  const isPrivate = task.privacy !== undefined
  const common = {
    ...rest,
    suite: plannedSuite(task),
    ...checkedTensors({ tensors, length, exclude, nonNegative }),
    ...(adaptiveClip !== undefined && {
      adaptiveClip: checkedAdaptiveClip(adaptiveClip, isPrivate),
    }),
    ...(contributions !== undefined && {
      contributions: checkedContributions(contributions, task.clients, isPrivate),
    }),
  }
  const { statisticalSecurity = 40, correctness = 20 } = task
  if (task.privacy === undefined) {
    if (task.clip === undefined) throw invalid('a task needs clip, or privacy with clipNorm')
    const { bitsPerValue = 16, maximumWeight = 1, rounding = 'stochastic' } = task
    const clip = typeof task.clip === 'number' ? task.clip : checkedClips('clip', task.clip)
    return { ...common, clip, statisticalSecurity, correctness, bitsPerValue, maximumWeight, rounding }
  }
  refuseExactParts(task)
  const { maximumWeight: _one, ...weightless } = common
  const privacy = dataParts('the privacy of a task', task.privacy, PRIVACY_KEYS)
  const { distribution = 'skellam', tail = 4 } = privacy
  // The layers below default to one round. Here it is required: a caller who forgets it would understate ε for many rounds.
  if (privacy.rounds === undefined)
    throw invalid('a task with privacy needs privacy.rounds: in how many rounds a client takes part')
  const { clipNorm } = privacy
  const norms = typeof clipNorm === 'object' ? { clipNorm: checkedClips('clipNorm', clipNorm) } : {}
  const planned = { ...privacy, ...norms, distribution, tail }
  return { ...weightless, statisticalSecurity, correctness, privacy: planned }
}

function plannedSuite({ suite = 'aes', suites }: RoundTask): SuiteName {
  if (suite !== 'fastest') {
    if (suites !== undefined) throw invalid('a task has suites only with the suite fastest', shown(suite))
    return suite
  }
  if (!Array.isArray(suites) || suites.some((name) => name !== 'aes' && name !== 'chacha')) {
    throw invalid('the suite fastest needs suites, a list of aes and chacha', shown(suites))
  }
  return suiteOfMost(suites)
}

/** With privacy, an update is clipped as a whole and has weight 1. Parts that state something else are refused. */
function refuseExactParts(task: RoundTask): void {
  const reasons = {
    clip: 'the whole update is clipped, to privacy.clipNorm',
    bitsPerValue: 'privacy.bits is the number of bits of an element',
    maximumWeight: 'all updates have weight 1',
    rounding: 'the rounding is stochastic and preserves the norm',
  } as const
  for (const key of ['clip', 'bitsPerValue', 'maximumWeight', 'rounding'] as const) {
    if (task[key] === undefined || (key === 'maximumWeight' && task[key] === 1)) continue
    throw invalid(`a task with privacy must not have ${key}: ${reasons[key]}`, shown(task[key]))
  }
}

const CLIP = 'a number, or an object with a clip for each group of tensors'
const PATTERNS = 'a list of patterns'

/** What the parts must be that are more than a number or a name. What objects and lists contain is checked elsewhere. */
const STRUCTURED = new Map<string, string>([
  ['tensors', 'the shapes or tensors of an update by name'],
  ['privacy', 'an object'],
  ['clip', CLIP],
  ['clipNorm', CLIP],
  ['adaptiveClip', 'an object, such as {}'],
  ['contributions', 'an object, such as { minimum: 5 }'],
  ['exclude', PATTERNS],
  ['nonNegative', PATTERNS],
  ['suites', 'a list of suites'],
])
/** The keys whose value can be a number instead. Their values are never lists. */
const NUMERIC: ReadonlySet<string> = new Set(['clip', 'clipNorm'])

/** Checks that all other parts are numbers or names, so that a task can travel and be compared. */
function dataParts<T extends object>(what: string, given: T, known: ReadonlySet<string>): T {
  const parts = knownParts(what, given, known, 'invalid-configuration')
  for (const [key, value] of Object.entries(parts)) {
    if (fits(key, value)) continue
    throw invalid(`${key} of ${what} must be ${STRUCTURED.get(key) ?? 'a number or a name'}`, typeof value)
  }
  return parts
}

function fits(key: string, value: unknown): boolean {
  if (!STRUCTURED.has(key)) return typeof value === 'number' || typeof value === 'string'
  if (!NUMERIC.has(key)) return typeof value === 'object'
  return typeof value === 'number' || (typeof value === 'object' && !Array.isArray(value))
}

function invalid(message: string, got?: string | number): Error {
  return usageError('invalid-configuration', message, { got })
}
