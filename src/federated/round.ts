import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import { createWeightedMean, decodeWeighted } from '../fixed-point/index.js'
import { decodePrivateSum } from '../privacy/index.js'
import { createRoundConfig, type RoundConfig } from '../protocol/index.js'
import { type FinishedRound, readOutcome } from '../rounds/index.js'
import { type PlainTensor, unflatten } from '../tensors/index.js'
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
  /** For the sessions of the round. */
  readonly config: RoundConfig
}

const opened = new WeakSet<object>()

/**
 * The configuration of one round. Task, manifest, encoding and privacy parameters are bound into it beside `context`:
 * clients of which one was told anything else form no sum.
 *
 * @throws {SecAggError} `invalid-argument` for a plan that neither `planRound` nor `checkPlan` has returned;
 *   `invalid-configuration` for a session id that is not 16 to 64 bytes, or a context that is none.
 * @public
 */
export function openRound(plan: RoundPlan, occasion: RoundOccasion): Round {
  requirePlan(plan)
  const parts = partsOf('what tells a round from others', occasion)
  const round = Object.freeze({ plan, config: createRoundConfig(parametersOf(plan, parts)) })
  opened.add(round)
  return round
}

/** @throws {SecAggError} `invalid-argument` for anything that `openRound` has not returned. */
export function requireRound(round: Round): void {
  if (!opened.has(round)) throw usageError('invalid-argument', 'a round is what openRound has returned')
}

/**
 * What a round tells.
 * @public
 */
export interface RoundMean {
  /** Σ weight · update / Σ weight over the survivors, one tensor after the other as in the plan's manifest. */
  readonly mean: Float64Array
  /** The same by name, in single precision; nothing where the task has a length only. */
  readonly tensors: Readonly<Record<string, PlainTensor>>
  readonly totalWeight: number
  /** The seats whose updates are in the mean, ascending. */
  readonly survivors: readonly number[]
  /** Under privacy: of noise and rounding in a value of this mean, at most. */
  readonly standardDeviation: number | undefined
}

/**
 * The mean of the updates in a finished round. Without privacy it is within the `errorBound` of the plan's encoding.
 *
 * @throws {SecAggError} `configuration-mismatch` where the outcome is that of another round, and so of another plan or
 *   session id; `invalid-argument` where the round is not over or the outcome does not fit it; `input-out-of-range`, fault
 *   `peer`, where no inputs of honest clients have this sum; `zero-weight`, fault `peer` without culprits, where nobody in the
 *   sum had any weight, so that there is no mean.
 * @public
 */
export function decodeOutcome(outcome: FinishedRound, round: Round): RoundMean {
  requireRound(round)
  const { plan, config } = round
  const { sum, survivors } = readOutcome(outcome, config)
  const { encoding, privacy, length, manifest } = plan
  if (encoding !== undefined) {
    const task = createWeightedMean(length, encoding)
    const { mean, totalWeight } = decodeWeighted(sum, survivors.length, task)
    return named({ mean, totalWeight, survivors, standardDeviation: undefined }, manifest)
  }
  const mean = decodePrivateSum(privacy!, sum[0]!, rotationSeedOf(config.sessionId))
  for (let i = 0; i < mean.length; i++) mean[i]! /= survivors.length
  const standardDeviation = meanDeviation(privacy!, survivors.length)
  return named({ mean, totalWeight: survivors.length, survivors, standardDeviation }, manifest)
}

function named(result: Omit<RoundMean, 'tensors'>, manifest: Round['plan']['manifest']): RoundMean {
  const tensors = manifest === undefined ? {} : unflatten(result.mean, manifest)
  return { ...result, tensors }
}
