import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import { createWeightedMean, decodeWeighted } from '../fixed-point/index.js'
import { decodePrivateSum } from '../privacy/index.js'
import { createRoundConfig, type RoundConfig } from '../protocol/index.js'
import { type FinishedRound, type RoundSum, readOutcome } from '../rounds/index.js'
import { unflattenInto } from '../tensors/flatten.js'
import type { PlainTensor, TensorType } from '../tensors/index.js'
import { arraysOf, byName, sizeOf } from '../tensors/tensor.js'
import { layoutOfPlan } from './clip-layout.js'
import { type MeanContributions, withhold } from './contributions.js'
import {
  clearArrays,
  type DecodeOptions,
  fractionsOf,
  largestClip,
  privateCounts,
  privateFractions,
  type ReusedArrays,
  raiseNegative,
  requireArrays,
  unscale,
} from './decode-groups.js'
import { requirePlan } from './plan.js'
import {
  meanDeviation,
  parametersOf,
  type RoundOccasion,
  type RoundPlan,
  rotationSeedOf,
} from './round-plan.js'

/**
 * One round of a plan, made by {@link openRound}.
 * @public
 */
export interface Round {
  readonly plan: RoundPlan
  /** The configuration for the sessions of the round. */
  readonly config: RoundConfig
}

const opened = new WeakSet<object>()

/**
 * Makes one round of a plan, on the server and on each client. Its configuration is bound to the task, the manifest, the
 * encoding, the privacy parameters and `context`: clients that were told different ones cannot be summed.
 *
 * @param plan - A plan from `planRound` or `checkPlan`.
 * @param occasion - The session id and the context of this round.
 * @returns The round, for `encodeUpdate`, the sessions and {@link decodeOutcome}.
 * @throws {SecAggError} `invalid-argument` if neither `planRound` nor `checkPlan` returned the plan;
 *   `invalid-configuration` if the session id does not have 16 to 64 bytes, or the context is not a valid one.
 * @example
 * ```ts
 * // Continues the example of planRound.
 * import { openRound } from 'secagg/federated'
 *
 * const sessionId = new Uint8Array(16).fill(1) // real ones are random and used once
 * const round = openRound(plan, { sessionId, context: { model: new TextEncoder().encode('version 7') } })
 * console.log(round.config.clients, round.config.threshold) // 4 3
 * ```
 * @public
 */
export function openRound(plan: RoundPlan, occasion: RoundOccasion): Round {
  requirePlan(plan)
  const parts = partsOf('the occasion of a round', occasion)
  const round = Object.freeze({ plan, config: createRoundConfig(parametersOf(plan, parts)) })
  opened.add(round)
  return round
}

/** @throws {SecAggError} `invalid-argument` if {@link openRound} did not return the round. */
export function requireRound(round: Round): void {
  if (!opened.has(round)) throw usageError('invalid-argument', 'the round must come from openRound')
}

/**
 * The result of a round.
 * @public
 */
export interface RoundMean<T extends TensorType = 'float32'> {
  /** Σ weight · update / Σ weight over the survivors, one tensor after the other, in the order of the plan's manifest. */
  readonly mean: Float64Array
  /**
   * The same mean as tensors by name, each in the type that the task states, by default in single precision. Empty if the
   * task has a length instead of tensors.
   */
  readonly tensors: Readonly<Record<string, PlainTensor<T>>>
  /** Σ weight over the survivors. */
  readonly totalWeight: number
  /** The seats whose updates are in the mean, ascending. */
  readonly survivors: readonly number[]
  /**
   * With privacy: the maximum standard deviation of the error of a value, from noise and rounding. With groups, that of the
   * group with the largest clip. Without privacy `undefined`.
   */
  readonly standardDeviation: number | undefined
  /**
   * With an adaptive clip: for each group, the fraction of the clients that were within its clip, by weight. With privacy, it
   * has noise. Otherwise `undefined`.
   */
  readonly within: Readonly<Record<string, number>> | undefined
  /** With `contributions`: the counts, and how many elements were withheld. Otherwise `undefined`. */
  readonly contributions: MeanContributions | undefined
  /**
   * Without privacy: the names of tensors whose largest value in the mean is below 50 times the error bound, so that the mean
   * can be off by more than 2 % of it. A smaller clip for these tensors helps. Empty if the task has a length.
   */
  readonly coarse: readonly string[]
}

/**
 * Decodes the mean of the updates from the outcome of a round. Without privacy, its error is at most the `errorBound` of the
 * plan's encoding.
 *
 * @param outcome - The last outcome of the server's session, with the sum and the survivors.
 * @param round - The round from {@link openRound}. In TypeScript, name the types of its tensors if there are others than
 *   `float32`: `decodeOutcome<'float32' | 'float16'>(…)`.
 * @param options - What the mean will be added to, for a task with `nonNegative` tensors, and memory for the result.
 * @returns The mean, its total weight and the survivors.
 * @throws {SecAggError} `configuration-mismatch` if the outcome belongs to another round, plan or session id;
 *   `invalid-argument` if the round is not over, the outcome does not fit the round, `addedTo` is missing or does not fit, or
 *   `into` does not fit. With fault `peer`:
 *   `input-out-of-range` if no inputs of honest clients can have this sum; `zero-weight`, without culprits, if the total
 *   weight is 0, so that there is no mean.
 * @example
 * ```ts
 * // Continues the example of openRound.
 * import { decodeOutcome, encodeUpdate } from 'secagg/federated'
 * import { connectionPair, runClient, serveRound } from 'secagg/transport'
 *
 * const server = serveRound({ config: round.config, deadline: 5000 })
 * for (const seat of [0, 1, 2, 3]) {
 *   const kernel = { shape: [2, 2], data: Float32Array.of(0, 0, 0.5, 0.25 * seat) }
 *   const bias = { shape: [2], data: Float32Array.of(1, -1) }
 *   const { input } = encodeUpdate({ kernel, bias }, 1, round)
 *   const [ours, theirs] = connectionPair() // in a real program, a connection over the network
 *   server.connect(seat, theirs)
 *   runClient(() => ours, { config: round.config, seat, input }) // in a real program, on the client
 * }
 * const { tensors, survivors } = decodeOutcome(await server.outcome, round)
 * console.log(survivors, tensors.kernel?.data.map((value) => Number(value.toFixed(3)))) // [ 0, 1, 2, 3 ] Float32Array(4) [ 0, 0, 0.5, 0.375 ]
 * await server.closed
 * ```
 * @public
 */
export function decodeOutcome<T extends TensorType = 'float32'>(
  outcome: FinishedRound,
  round: Round,
  options: DecodeOptions = {},
): RoundMean<T> {
  requireRound(round)
  const { plan, config } = round
  const read = readOutcome(outcome, config)
  const { addedTo, into } = partsOf('the options of decodeOutcome', options)
  const model = addedTo === undefined || addedTo === 'nothing' ? undefined : byName(addedTo)
  const inputs = (): readonly unknown[] => [...read.sum, ...(model === undefined ? [] : arraysOf(model))]
  const arrays = into === undefined ? undefined : requireArrays(into, plan, inputs())
  try {
    const result =
      plan.encoding === undefined ? privateMean(read, round, arrays) : exactMean(read, plan, arrays)
    raiseNegative(result.mean, plan, model ?? (addedTo as 'nothing' | undefined))
    const tensors =
      plan.manifest === undefined ? {} : unflattenInto<T>(result.mean, plan.manifest, arrays?.tensors)
    return { ...result, tensors }
  } catch (error) {
    if (arrays !== undefined) clearArrays(arrays)
    throw error
  }
}

/** A mean before it is cut into tensors. Its arrays are in `arrays` if these are given. */
type FlatMean = Omit<RoundMean, 'tensors'>

function exactMean({ sum, survivors }: RoundSum, plan: RoundPlan, arrays?: ReusedArrays): FlatMean {
  const { encoding, length, task } = plan
  const layout = layoutOfPlan(plan)
  const weighted = createWeightedMean(length, encoding!)
  const into = arrays?.mean
  const { mean, totalWeight } = decodeWeighted(sum.slice(0, 2), survivors.length, weighted, { into })
  if (layout !== undefined) unscale(mean, layout.spans)
  const within = layout?.isAdaptive ? fractionsOf(sum[2]!, totalWeight, layout) : undefined
  const coarse = coarseTensors(mean, plan)
  const counts = layout?.counts ? (arrays?.counts ?? new Float64Array(length)) : undefined
  counts?.set(sum.at(-1) as Uint32Array)
  const contributions = counts && withhold(mean, counts, task.contributions!.minimum, survivors.length)
  return { mean, totalWeight, survivors, standardDeviation: undefined, within, coarse, contributions }
}

function privateMean({ sum, survivors }: RoundSum, { plan, config }: Round, arrays?: ReusedArrays): FlatMean {
  const { privacy, length, task } = plan
  const layout = layoutOfPlan(plan)
  const isWhole = privacy!.length === length
  const into = isWhole ? arrays?.mean : undefined
  const noisy = decodePrivateSum(privacy!, sum[0]!, rotationSeedOf(config.sessionId), { into })
  for (let i = 0; i < noisy.length; i++) noisy[i]! /= survivors.length
  const within = layout?.isAdaptive ? privateFractions(noisy, plan, layout) : undefined
  const mean = isWhole ? noisy : (arrays?.mean ?? new Float64Array(length))
  if (!isWhole) mean.set(noisy.subarray(0, length))
  if (layout !== undefined) unscale(mean, layout.spans)
  const counts = layout?.counts
    ? privateCounts(noisy, survivors.length, plan, layout, arrays?.counts)
    : undefined
  const contributions = counts && withhold(mean, counts, task.contributions!.minimum, undefined)
  const unit = layout === undefined ? 1 : largestClip(layout)
  const standardDeviation = unit * meanDeviation(privacy!, survivors.length)
  const totalWeight = survivors.length
  return { mean, totalWeight, survivors, standardDeviation, within, coarse: [], contributions }
}

/** A mean is coarse if its largest value is below this many error bounds. */
const FINE = 50

function coarseTensors(mean: Float64Array, plan: RoundPlan): string[] {
  const { manifest, encoding } = plan
  const spans = layoutOfPlan(plan)?.spans
  const coarse: string[] = []
  for (const [index, { name, shape, offset }] of (manifest?.tensors ?? []).entries()) {
    const bound = encoding!.errorBound * (spans?.[index]?.clip ?? 1)
    const end = offset + sizeOf(shape)
    let largest = 0
    for (let i = offset; i < end; i++) {
      const magnitude = Math.abs(mean[i]!)
      if (magnitude > largest) largest = magnitude
    }
    if (end > offset && largest < FINE * bound) coarse.push(name)
  }
  return coarse
}
