import { partsOf } from '../arguments.js'
import { type ErrorCode, SecAggError, usageError } from '../errors.js'
import type { AdversaryModel } from '../protocol/index.js'

/**
 * What a client requires of every round that it takes part in, no matter who planned the round.
 * @public
 */
export interface CohortRequirements {
  /** The smallest number of inputs that a sum may have. */
  readonly minimumCohort: number
  /** The fraction of the clients that may collude with the server: at least 0 and below 1. */
  readonly corruptFraction: number
  /** `active` requires the active model. By default, either model is accepted. */
  readonly adversary?: AdversaryModel | undefined
  /** `complete` requires the complete graph, on which the client sees who is in a sum. By default, either graph is accepted. */
  readonly graph?: 'complete' | undefined
  /** σ: on the sparse graph, privacy may fail with probability at most 2^−σ in a round. Default 40. */
  readonly statisticalSecurity?: number | undefined
  /** Required differential privacy. By default, none is required. */
  readonly privacy?: PrivacyRequirements | undefined
}

/**
 * The differential privacy that a client requires.
 * @public
 */
export interface PrivacyRequirements {
  /** The largest ε that the client accepts, over all rounds and against the server. */
  readonly maximumEpsilon: number
  /** The largest δ that the client accepts. */
  readonly maximumDelta: number
  /** The number of rounds in which the client will take part. ε must hold over at least this many. */
  readonly rounds: number
}

/** {@link CohortRequirements} with defaults filled in. */
export type CheckedRequirements<R extends CohortRequirements = CohortRequirements> = R & {
  readonly statisticalSecurity: number
}

const PRIVACY_KEYS = keysOf<PrivacyRequirements>({ maximumEpsilon: true, maximumDelta: true, rounds: true })

/**
 * Checks a client's requirements and fills in the defaults.
 *
 * @param known - All keys of `R`.
 * @throws {SecAggError} `invalid-argument` if a key is unknown or a value has the wrong type or is out of range.
 */
export function checkedRequirements<R extends CohortRequirements>(
  given: R,
  known: ReadonlySet<string>,
): CheckedRequirements<R> {
  const parts = knownParts("the client's requirements", given, known, 'invalid-argument')
  const { adversary, graph, statisticalSecurity = 40, privacy } = parts
  requireNumber('minimumCohort', parts.minimumCohort)
  requireNumber('corruptFraction', parts.corruptFraction)
  requireNumber('statisticalSecurity', statisticalSecurity)
  requireOneOf('adversary', adversary, ['honest-but-curious', 'active'])
  requireOneOf('graph', graph, ['complete'])
  if (privacy === undefined) return { ...parts, statisticalSecurity }
  const goal = knownParts("the client's privacy requirements", privacy, PRIVACY_KEYS, 'invalid-argument')
  for (const name of PRIVACY_KEYS) requireNumber(name, goal[name as keyof PrivacyRequirements])
  return { ...parts, statisticalSecurity, privacy: goal }
}

/** @throws {SecAggError} `invalid-argument` unless `value` is a number and at least 0. */
export function requireNumber(name: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0) return
  throw usageError('invalid-argument', `${name} of the client's requirements must be a number, at least 0`, {
    got: typeof value === 'number' ? value : typeof value,
  })
}

/** @throws {SecAggError} `invalid-argument` unless `value` is one of `choices` or `undefined`. */
function requireOneOf(name: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value as string)) return
  const allowed = choices.map((choice) => `'${choice}'`).join(' or ')
  throw usageError(
    'invalid-argument',
    `${name} of the client's requirements must be ${allowed}, or left out`,
    {
      got: typeof value,
    },
  )
}

/**
 * Compares the promised differential privacy with the required one.
 *
 * @param what - What makes the promise, such as "the plan".
 * @throws {SecAggError} fault `server`, `invalid-configuration`, if `promised` is weaker than required.
 */
export function requirePrivacy(
  what: string,
  promised: { readonly epsilon: number; readonly delta: number; readonly rounds: number } | undefined,
  { maximumEpsilon, maximumDelta, rounds }: PrivacyRequirements,
): void {
  if (promised === undefined) {
    throw unmet(`${what} has no differential privacy, but this client requires it`, maximumEpsilon, 'none')
  }
  atMost(what, 'epsilon', promised.epsilon, maximumEpsilon)
  atMost(what, 'delta', promised.delta, maximumDelta)
  atLeast(what, 'rounds', promised.rounds, rounds)
}

/** @throws {SecAggError} fault `server`, `invalid-configuration`, if `got` is below `minimum`. */
export function atLeast(what: string, name: string, got: number, minimum: number): void {
  if (got >= minimum) return
  throw unmet(`${name} of ${what} is ${got}, but this client requires at least ${minimum}`, minimum, got)
}

/** @throws {SecAggError} fault `server`, `invalid-configuration`, if `got` is above `maximum`. */
function atMost(what: string, name: string, got: number, maximum: number): void {
  if (got <= maximum) return
  throw unmet(`${name} of ${what} is ${got}, but this client requires at most ${maximum}`, maximum, got)
}

/** @throws {SecAggError} fault `server`, `invalid-configuration`, if `got` is not the `expected` value. */
export function same(what: string, name: string, got: string, expected: string): void {
  if (got === expected) return
  throw unmet(`the ${name} of ${what} is ${got}, but this client requires ${expected}`, expected, got)
}

/** The error for a server that offers less than a client requires. */
export function unmet(message: string, expected: string | number, got: string | number): SecAggError {
  return new SecAggError('invalid-configuration', 'server', message, { expected, got })
}

/** All keys of an interface. The compiler checks that none is missing. */
export function keysOf<T>(keys: Readonly<Record<keyof T, true>>): ReadonlySet<string> {
  return new Set(Object.keys(keys))
}

/**
 * A copy without the values that are `undefined`. An unknown key is probably misspelled, so it is refused: ignoring it would
 * ignore a requirement.
 *
 * @throws {SecAggError} `code` if `given` is not an object, or has a key that is not in `known`.
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
  throw usageError(code, `unknown key ${got} in ${what}`, { got })
}
