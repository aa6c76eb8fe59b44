import { partsOf } from '../arguments.js'
import { type ErrorCode, SecAggError, usageError } from '../errors.js'
import type { AdversaryModel } from '../protocol/index.js'

/**
 * What a client asks of the rounds that it takes part in, whoever planned them.
 * @public
 */
export interface CohortRequirements {
  /** The fewest inputs of a sum. */
  readonly minimumCohort: number
  /** The part of the clients whose collusion with the server must be withstood, 0 to below 1. */
  readonly corruptFraction: number
  /** Whether the active model is asked for; default: either does. */
  readonly adversary?: AdversaryModel | undefined
  /** Whether the complete graph is asked for, on which the client sees who is in a sum; default: either does. */
  readonly graph?: 'complete' | undefined
  /** σ: privacy may fail with probability 2^−σ in a round, on the sparse graph. Default 40. */
  readonly statisticalSecurity?: number | undefined
  /** Differential privacy; default: none is asked for. */
  readonly privacy?: PrivacyRequirements | undefined
}

/**
 * What a client asks for in differential privacy.
 * @public
 */
export interface PrivacyRequirements {
  /** ε at most, over all rounds and against the server. */
  readonly maximumEpsilon: number
  readonly maximumDelta: number
  /** In how many rounds the client will take part: ε has to hold over so many. */
  readonly rounds: number
}

/** {@link CohortRequirements} with the defaults. */
export type CheckedRequirements<R extends CohortRequirements = CohortRequirements> = R & {
  readonly statisticalSecurity: number
}

const PRIVACY_KEYS = keysOf<PrivacyRequirements>({ maximumEpsilon: true, maximumDelta: true, rounds: true })

/**
 * @param known - All keys of `R`.
 * @throws {SecAggError} `invalid-argument` where something is asked for that means nothing.
 */
export function checkedRequirements<R extends CohortRequirements>(
  given: R,
  known: ReadonlySet<string>,
): CheckedRequirements<R> {
  const parts = knownParts('what a client requires', given, known, 'invalid-argument')
  const { adversary, graph, statisticalSecurity = 40, privacy } = parts
  requireNumber('minimumCohort', parts.minimumCohort)
  requireNumber('corruptFraction', parts.corruptFraction)
  requireNumber('statisticalSecurity', statisticalSecurity)
  requireOneOf('adversary', adversary, [undefined, 'honest-but-curious', 'active'])
  requireOneOf('graph', graph, [undefined, 'complete'])
  if (privacy === undefined) return { ...parts, statisticalSecurity }
  const goal = knownParts('the privacy that a client requires', privacy, PRIVACY_KEYS, 'invalid-argument')
  for (const name of PRIVACY_KEYS) requireNumber(name, goal[name as keyof PrivacyRequirements])
  return { ...parts, statisticalSecurity, privacy: goal }
}

/** @throws {SecAggError} `invalid-argument` unless `value` is a number from 0 on. */
export function requireNumber(name: string, value: unknown): void {
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
 * @param what - What makes the promise, such as "the plan".
 * @throws {SecAggError} fault `server`, `invalid-configuration`, where `promised` is less than what is required.
 */
export function requirePrivacy(
  what: string,
  promised: { readonly epsilon: number; readonly delta: number; readonly rounds: number } | undefined,
  { maximumEpsilon, maximumDelta, rounds }: PrivacyRequirements,
): void {
  if (promised === undefined) {
    throw unmet(
      `there is no differential privacy in ${what}, and this client asks for it`,
      maximumEpsilon,
      'none',
    )
  }
  atMost(what, 'epsilon', promised.epsilon, maximumEpsilon)
  atMost(what, 'delta', promised.delta, maximumDelta)
  atLeast(what, 'rounds', promised.rounds, rounds)
}

/** @throws {SecAggError} fault `server`, `invalid-configuration`, where `got` is less than `minimum`. */
export function atLeast(what: string, name: string, got: number, minimum: number): void {
  if (got >= minimum) return
  throw unmet(`${name} of ${what} is ${got}, and this client asks for at least ${minimum}`, minimum, got)
}

/** @throws {SecAggError} fault `server`, `invalid-configuration`, where `got` is more than `maximum`. */
export function atMost(what: string, name: string, got: number, maximum: number): void {
  if (got <= maximum) return
  throw unmet(`${name} of ${what} is ${got}, and this client asks for at most ${maximum}`, maximum, got)
}

/** @throws {SecAggError} fault `server`, `invalid-configuration`, where `got` is not what is asked for. */
export function same(what: string, name: string, got: string, expected: string): void {
  if (got === expected) return
  throw unmet(`the ${name} of ${what} is ${got}, and this client asks for ${expected}`, expected, got)
}

/** That a server offers less than a client asks for. */
export function unmet(message: string, expected: string | number, got: string | number): SecAggError {
  return new SecAggError('invalid-configuration', 'server', message, { expected, got })
}

/** All keys of an interface, as the compiler counts them. */
export function keysOf<T>(keys: Readonly<Record<keyof T, true>>): ReadonlySet<string> {
  return new Set(Object.keys(keys))
}

/**
 * A copy without what is `undefined`. An unknown key is a mistyped one, and what it was meant to say would go unheard.
 * @throws {SecAggError} `code` where `given` is no object, or has a key that is not among `known`.
 */
export function knownParts<T extends object>(
  what: string,
  given: T,
  known: ReadonlySet<string>,
  code: ErrorCode,
): T {
  const parts = Object.entries(partsOf(what, given, code)).filter(([, value]) => value !== undefined)
  const unknown = parts.find(([key]) => !known.has(key))?.[0]
  if (unknown === undefined) return Object.fromEntries(parts) as T
  const got = JSON.stringify(unknown.slice(0, 100))
  throw usageError(code, `${what} has no ${got}`, { got })
}
