import { partsOf } from '../arguments.js'
import {
  atLeast,
  type CheckedRequirements,
  type CohortRequirements,
  checkedRequirements as checkedBy,
  derivedFromServer,
  keysOf,
  mindingVersion,
  requireAsDerived,
  requireNumber,
  requireObject,
  requirePrivacy,
  same,
  unmet,
} from '../received/index.js'
import { createManifest } from '../tensors/index.js'
import { quoted, shownShape } from '../tensors/tensor.js'
import { planRound } from './plan.js'
import type { RoundPlan } from './round-plan.js'
import { type RoundTask, shapesOf, type TensorShapes } from './task.js'

/**
 * What a client asks of the plans that it takes part in, whoever made them.
 * @public
 */
export interface PlanRequirements extends CohortRequirements {
  /** The part of the clients whose dropping out must be withstood. Default: whatever the task says. */
  readonly dropoutFraction?: number | undefined
  /** The client's own model; default: tensors are compared when an update is encoded. */
  readonly tensors?: TensorShapes | undefined
}

const KEYS = keysOf<PlanRequirements>({
  minimumCohort: true,
  corruptFraction: true,
  adversary: true,
  graph: true,
  dropoutFraction: true,
  statisticalSecurity: true,
  privacy: true,
  tensors: true,
})

const PLAN = 'the plan'

/** @throws {SecAggError} `invalid-argument` where something is asked for that means nothing. */
export function checkedRequirements(given: PlanRequirements): CheckedRequirements<PlanRequirements> {
  const required = checkedBy(given, KEYS)
  if (required.dropoutFraction !== undefined) requireNumber('dropoutFraction', required.dropoutFraction)
  return required
}

/** @throws {SecAggError} fault `server`, `invalid-configuration`, naming the first requirement that `plan` does not meet. */
export function requireAcceptable(plan: RoundPlan, required: CheckedRequirements<PlanRequirements>): void {
  const { task, graph } = plan
  if (required.adversary === 'active') same(PLAN, 'adversary', task.adversary, 'active')
  if (required.graph !== undefined) same(PLAN, 'graph', graph, required.graph)
  atLeast(PLAN, 'minimumCohort', plan.minimumCohort, required.minimumCohort)
  atLeast(PLAN, 'corruptFraction', task.corruptFraction, required.corruptFraction)
  atLeast(PLAN, 'dropoutFraction', task.dropoutFraction, required.dropoutFraction ?? 0)
  // The complete graph leaves nothing to chance.
  if (graph === 'sparse') {
    atLeast(PLAN, 'statisticalSecurity', task.statisticalSecurity, required.statisticalSecurity)
  }
  if (required.privacy !== undefined) requirePrivacy(PLAN, plan.privacy, required.privacy)
  if (required.tensors !== undefined) requireTensors(plan, required.tensors)
}

function requireTensors({ manifest, length }: RoundPlan, tensors: TensorShapes): void {
  const own = createManifest(shapesOf(tensors))
  if (manifest === undefined) {
    throw unmet(`the plan is for ${length} values without names`, own.tensors.length, 0)
  }
  const planned = new Map(manifest.tensors.map(({ name, shape }) => [name, shownShape(shape)]))
  for (const { name, shape } of own.tensors) {
    const expected = shownShape(shape)
    const got = planned.get(name) ?? 'absent'
    planned.delete(name)
    if (got === expected) continue
    throw unmet(
      `tensor ${quoted(name)} is ${got} in the plan, and ${expected} in the client's model`,
      expected,
      got,
    )
  }
  for (const name of planned.keys()) {
    throw unmet(`tensor ${quoted(name)} of the plan is not in the client's model`, 'absent', 'present')
  }
}

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
 * @public
 */
export function checkPlan(received: unknown, requirements: PlanRequirements): RoundPlan {
  const required = checkedRequirements(requirements)
  requireObject(received, 'a plan')
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
