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
import { quoted, shownShape } from '../tensors/tensor.js'
import { planRound } from './plan.js'
import type { RoundPlan } from './round-plan.js'
import type { RoundTask } from './task.js'
import { excludedBy, layoutOfTensors, type TensorShapes } from './task-tensors.js'

/**
 * What a client requires of every plan that it takes part in.
 * @public
 */
export interface PlanRequirements extends CohortRequirements {
  /** The fraction of the clients whose dropout the plan must tolerate. Default: no requirement. */
  readonly dropoutFraction?: number | undefined
  /** The client's own model, whose tensors the plan must have. Default: tensors are compared when an update is encoded. */
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

/** @throws {SecAggError} `invalid-argument` if a requirement is unknown or out of its range. */
export function checkedRequirements(given: PlanRequirements): CheckedRequirements<PlanRequirements> {
  const required = checkedBy(given, KEYS)
  if (required.dropoutFraction !== undefined) requireNumber('dropoutFraction', required.dropoutFraction)
  return required
}

/** @throws {SecAggError} With fault `server`: `invalid-configuration`. It names the first requirement that `plan` does not meet. */
export function requireAcceptable(plan: RoundPlan, required: CheckedRequirements<PlanRequirements>): void {
  const { task, graph } = plan
  if (required.adversary === 'active') same(PLAN, 'adversary', task.adversary, 'active')
  if (required.graph !== undefined) same(PLAN, 'graph', graph, required.graph)
  atLeast(PLAN, 'minimumCohort', plan.minimumCohort, required.minimumCohort)
  atLeast(PLAN, 'corruptFraction', task.corruptFraction, required.corruptFraction)
  atLeast(PLAN, 'dropoutFraction', task.dropoutFraction, required.dropoutFraction ?? 0)
  // On the complete graph, privacy cannot fail by chance.
  if (graph === 'sparse') {
    atLeast(PLAN, 'statisticalSecurity', task.statisticalSecurity, required.statisticalSecurity)
  }
  if (required.privacy !== undefined) requirePrivacy(PLAN, plan.privacy, required.privacy)
  if (required.tensors !== undefined) requireTensors(plan, required.tensors)
}

function requireTensors({ task, manifest, length }: RoundPlan, tensors: TensorShapes): void {
  const excluded = manifest === undefined ? new Set<string>() : excludedBy(task)
  const own = layoutOfTensors(tensors, excluded)
  if (manifest === undefined) {
    throw unmet(`the plan has ${length} values without tensor names`, own.tensors.length, 0)
  }
  const planned = new Map(manifest.tensors.map(({ name, shape }) => [name, shownShape(shape)]))
  for (const { name, shape } of own.tensors) {
    if (excluded.has(name)) continue
    const expected = shownShape(shape)
    const got = planned.get(name) ?? 'absent'
    planned.delete(name)
    if (got === expected) continue
    throw unmet(
      `tensor ${quoted(name)} is ${got} in the plan, but ${expected} in the client's model`,
      expected,
      got,
    )
  }
  for (const name of planned.keys()) {
    throw unmet(`tensor ${quoted(name)} of the plan is not in the client's model`, 'absent', 'present')
  }
}

/**
 * Checks a plan or a task that a client received from a server. It derives every number again from the task, compares the
 * numbers in the received plan with them, and checks them against the requirements of the client.
 *
 * It cannot check what a task states about other clients: how many there are, and which fraction of them may collude.
 *
 * @param received - A `RoundPlan` or a `RoundTask`, as parsed from JSON.
 * @param requirements - What the client requires of the plan.
 * @returns The plan as derived here.
 * @throws {SecAggError} With fault `server`: what {@link planRound} throws for a wrong task; `configuration-mismatch` if a
 *   number does not follow from the task; `invalid-configuration` if a requirement is not met. The message names the value
 *   and, if another version of the library made the plan, that version. With fault `usage`: `invalid-argument` if a
 *   requirement is unknown or out of its range.
 * @example
 * ```ts
 * // Continues the example of planRound.
 * import { checkPlan } from 'secagg/federated'
 *
 * const received: unknown = JSON.parse(JSON.stringify(plan))
 * const checked = checkPlan(received, { minimumCohort: 3, corruptFraction: 0 })
 * console.log(checked.manifest?.tensors.map(({ name }) => name)) // [ 'bias', 'kernel' ]
 * ```
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
