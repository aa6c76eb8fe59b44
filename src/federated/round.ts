import { partsOf } from '../arguments.js'
import { usageError } from '../errors.js'
import { createRoundConfig, type RoundConfig } from '../protocol/index.js'
import { parametersOf, type RoundOccasion } from './parameters.js'
import { requirePlan } from './plan.js'
import type { RoundPlan } from './round-plan.js'

/** One round of a plan, made by {@link openRound}. */
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
