import { SecAggError, usageError } from '../errors.js'
import type { AdversaryModel } from '../protocol/index.js'
import { createManifest } from '../tensors/index.js'
import { quoted, shownShape } from '../tensors/tensor.js'
import { shapesOf } from './checked-task.js'
import { keysOf, knownParts } from './known-parts.js'
import type { RoundPlan } from './round-plan.js'
import type { TensorShapes } from './task.js'

/** What a client asks of the rounds that it takes part in, whoever planned them. */
export interface PlanRequirements {
  /** The fewest inputs of a sum. */
  readonly minimumCohort: number
  /** The part of the clients whose collusion with the server must be withstood, 0 to below 1. */
  readonly corruptFraction: number
  /** Whether the active model is asked for; default: either does. */
  readonly adversary?: AdversaryModel | undefined
  /** Whether the complete graph is asked for, on which the client sees who is in a sum; default: either does. */
  readonly graph?: 'complete' | undefined
  /** The part of the clients whose dropping out must be withstood. Default: whatever the task says. */
  readonly dropoutFraction?: number | undefined
  /** σ: privacy may fail with probability 2^−σ in a round, on the sparse graph. Default 40. */
  readonly statisticalSecurity?: number | undefined
  /** Differential privacy; default: none is asked for. */
  readonly privacy?: PrivacyRequirements | undefined
  /** The client's own model; default: tensors are compared when an update is encoded. */
  readonly tensors?: TensorShapes | undefined
}

/** What a client asks for as to privacy. */
export interface PrivacyRequirements {
  /** ε at most, over all rounds and against the server. */
  readonly maximumEpsilon: number
  readonly maximumDelta: number
  /** In how many rounds the client will take part: ε has to hold over so many. */
  readonly rounds: number
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

const PRIVACY_KEYS = keysOf<PrivacyRequirements>({ maximumEpsilon: true, maximumDelta: true, rounds: true })

/** @throws {SecAggError} `invalid-argument` where something is asked for that means nothing. */
export function checkedRequirements(given: PlanRequirements): PlanRequirements {
  const parts = knownParts('what a client requires', given, KEYS, 'invalid-argument')
  const { adversary, graph, dropoutFraction, statisticalSecurity = 40, privacy } = parts
  requireNumber('minimumCohort', parts.minimumCohort)
  requireNumber('corruptFraction', parts.corruptFraction)
  if (dropoutFraction !== undefined) requireNumber('dropoutFraction', dropoutFraction)
  requireNumber('statisticalSecurity', statisticalSecurity)
  requireOneOf('adversary', adversary, [undefined, 'honest-but-curious', 'active'])
  requireOneOf('graph', graph, [undefined, 'complete'])
  if (privacy === undefined) return { ...parts, statisticalSecurity }
  const goal = knownParts('the privacy that a client requires', privacy, PRIVACY_KEYS, 'invalid-argument')
  for (const name of PRIVACY_KEYS) requireNumber(name, goal[name as keyof PrivacyRequirements])
  return { ...parts, statisticalSecurity, privacy: goal }
}

function requireNumber(name: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0) return
  throw usageError('invalid-argument', `what a client requires has ${name}, a number`, {
    got: typeof value === 'number' ? value : typeof value,
  })
}

function requireOneOf(name: string, value: unknown, choices: readonly unknown[]): void {
  if (choices.includes(value)) return
  throw usageError('invalid-argument', `the ${name} that a client requires is none`, { got: typeof value })
}

/**
 * @param required - As {@link checkedRequirements} gave it.
 * @throws {SecAggError} fault `server`, `invalid-configuration`, naming the first requirement that `plan` does not meet.
 */
export function requireAcceptable(plan: RoundPlan, required: PlanRequirements): void {
  const { task, graph } = plan
  if (required.adversary === 'active') same('adversary', task.adversary, 'active')
  if (required.graph !== undefined) same('graph', graph, required.graph)
  atLeast('minimumCohort', plan.minimumCohort, required.minimumCohort)
  atLeast('corruptFraction', task.corruptFraction, required.corruptFraction)
  atLeast('dropoutFraction', task.dropoutFraction, required.dropoutFraction ?? 0)
  // The complete graph leaves nothing to chance.
  if (graph === 'sparse') {
    atLeast('statisticalSecurity', task.statisticalSecurity, required.statisticalSecurity!)
  }
  if (required.privacy !== undefined) requirePrivacy(plan, required.privacy)
  if (required.tensors !== undefined) requireTensors(plan, required.tensors)
}

function requirePrivacy({ privacy }: RoundPlan, required: PrivacyRequirements): void {
  const { maximumEpsilon, maximumDelta, rounds } = required
  if (privacy === undefined) {
    throw refused('the plan has no differential privacy, and this client asks for it', maximumEpsilon, 'none')
  }
  atMost('epsilon', privacy.epsilon, maximumEpsilon)
  atMost('delta', privacy.delta, maximumDelta)
  atLeast('rounds', privacy.rounds, rounds)
}

function requireTensors({ manifest, length }: RoundPlan, tensors: TensorShapes): void {
  const own = createManifest(shapesOf(tensors))
  if (manifest === undefined) {
    throw refused(`the plan is for ${length} values without names`, own.tensors.length, 0)
  }
  const planned = new Map(manifest.tensors.map(({ name, shape }) => [name, shownShape(shape)]))
  for (const { name, shape } of own.tensors) {
    const expected = shownShape(shape)
    const got = planned.get(name) ?? 'absent'
    planned.delete(name)
    if (got === expected) continue
    throw refused(
      `tensor ${quoted(name)} is ${got} in the plan, and ${expected} in the client's model`,
      expected,
      got,
    )
  }
  for (const name of planned.keys()) {
    throw refused(`tensor ${quoted(name)} of the plan is not in the client's model`, 'absent', 'present')
  }
}

function atLeast(name: string, got: number, least: number): void {
  if (got >= least) return
  throw refused(`${name} of the plan is ${got}, and this client asks for ${least} at least`, least, got)
}

function atMost(name: string, got: number, most: number): void {
  if (got <= most) return
  throw refused(`${name} of the plan is ${got}, and this client asks for ${most} at most`, most, got)
}

function same(name: string, got: string, expected: string): void {
  if (got === expected) return
  throw refused(`the ${name} of the plan is ${got}, and this client asks for ${expected}`, expected, got)
}

function refused(message: string, expected: string | number, got: string | number): SecAggError {
  return new SecAggError('invalid-configuration', 'server', message, { expected, got })
}
