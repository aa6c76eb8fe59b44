import {
  atLeast,
  type CheckedRequirements,
  type CohortRequirements,
  checkedRequirements as checkedBy,
  keysOf,
  requireNumber,
  requirePrivacy,
  same,
  unmet,
} from '../received/index.js'
import { createManifest } from '../tensors/index.js'
import { quoted, shownShape } from '../tensors/tensor.js'
import { shapesOf } from './checked-task.js'
import type { RoundPlan } from './round-plan.js'
import type { TensorShapes } from './task.js'

/** What a client asks of the plans that it takes part in, whoever made them. */
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
