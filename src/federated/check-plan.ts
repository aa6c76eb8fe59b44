import { partsOf } from '../arguments.js'
import { derivedFromServer, mindingVersion, requireAsDerived, requireObject } from '../received/index.js'
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
 *   number is not what follows from the task; `invalid-configuration` where a requirement is not met. It names the value,
 *   and says so where another version of the library made the plan.
 *   Fault `usage`: `invalid-argument` where a requirement is none.
 */
export function checkPlan(received: unknown, requirements: PlanRequirements): RoundPlan {
  const required = checkedRequirements(requirements)
  requireObject(received, 'a plan is')
  const parts = partsOf('a plan', received)
  const plan = 'task' in parts ? derivedFrom(parts) : derivedFromServer(() => planRound(parts as RoundTask))
  requireAcceptable(plan, required)
  return plan
}

function derivedFrom(received: { readonly task: unknown }): RoundPlan {
  return mindingVersion(received, () => {
    const plan = derivedFromServer(() => planRound(received.task as RoundTask))
    requireAsDerived(received, plan, ['the plan', 'its task'])
    return plan
  })
}
