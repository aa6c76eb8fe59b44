import { requireInteger } from '../arguments.js'
import { usageError } from '../errors.js'
import { analyzePrivacy, type PrivacyLoss } from '../privacy/index.js'
import { requirePlan } from './plan.js'
import type { RoundPlan } from './round-plan.js'

/**
 * What a number of rounds of a plan tells at most about one client that took part in all of them; more rounds than the
 * plan accounts for are more than its ε.
 *
 * @throws {SecAggError} `invalid-argument` for a plan without privacy, or rounds that are no whole number from 1 to 10^9.
 */
export function privacySpent(plan: RoundPlan, rounds: number): PrivacyLoss {
  requirePlan(plan)
  if (plan.privacy === undefined) throw usageError('invalid-argument', 'the plan has no privacy target')
  requireInteger('rounds', rounds, 1, 1e9)
  const { epsilon, order, delta, neighbors, amplified } = analyzePrivacy({ ...plan.privacy, rounds })
  return Object.freeze({ epsilon, order, delta, rounds, neighbors, amplified })
}
