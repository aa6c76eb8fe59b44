import { createWeightedMean, decodeWeighted } from '../fixed-point/index.js'
import { decodePrivateSum } from '../privacy/index.js'
import { type FinishedRound, readOutcome } from '../rounds/index.js'
import { type PlainTensor, unflatten } from '../tensors/index.js'
import { rotationSeedOf } from './parameters.js'
import { type Round, requireRound } from './round.js'
import { meanDeviation } from './round-plan.js'

/** What a round tells. */
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
