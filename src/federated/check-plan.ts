import { SecAggError } from '../errors.js'
import { firstDifference } from './difference.js'
import { planRound } from './plan.js'
import { checkedRequirements, type PlanRequirements, requireAcceptable } from './requirements.js'
import type { RoundPlan } from './round-plan.js'
import type { RoundTask } from './task.js'

/**
 * A client's own check of a plan, or of a task, that it received from a server: derives every number anew from the task,
 * compares those that it was told, and holds them to what the client asks for.
 *
 * It cannot check what a task says of others: that there are so many clients, or that no more than the stated part of
 * them collude.
 *
 * @param received - A `RoundPlan` or a `RoundTask`, as JSON gave it.
 * @returns The plan as derived here.
 * @throws {SecAggError} fault `server`: as {@link planRound} does where the task is none; `configuration-mismatch` where a
 *   number is not what follows from the task; `invalid-configuration` where a requirement is not met. It names the value.
 *   Fault `usage`: `invalid-argument` where a requirement is none.
 */
export function checkPlan(received: unknown, requirements: PlanRequirements): RoundPlan {
  const required = checkedRequirements(requirements)
  if (typeof received !== 'object' || received === null) {
    throw refused('a plan is an object', typeof received)
  }
  const isPlan = 'task' in received
  const plan = planned((isPlan ? received.task : received) as RoundTask)
  if (isPlan) {
    const difference = firstDifference(received, plan)
    if (difference !== undefined) {
      const { path, expected, got } = difference
      throw new SecAggError(
        'configuration-mismatch',
        'server',
        `${path} of the plan is ${got}, and its task gives ${expected}`,
        { expected, got },
      )
    }
  }
  requireAcceptable(plan, required)
  return plan
}

/** Here a bad task is no mistake of the caller's. */
function planned(task: RoundTask): RoundPlan {
  try {
    return planRound(task)
  } catch (error) {
    if (!(error instanceof SecAggError) || error.fault !== 'usage') throw error
    const { code, message, expected, got } = error
    throw new SecAggError(code, 'server', message, { expected, got, cause: error })
  }
}

function refused(message: string, got: string): SecAggError {
  return new SecAggError('invalid-configuration', 'server', message, { got })
}
