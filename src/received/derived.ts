import { reading } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'

/**
 * Compares what a server claims with what the client has derived from it.
 *
 * @param received - What the server claims.
 * @param derived - What follows from the part of `received` that the server may choose.
 * @param names - Names of the whole and of that part for the message, such as "the plan" and "its task".
 * @throws {SecAggError} fault `server`, `configuration-mismatch`, if they differ; it names the first difference.
 */
export function requireAsDerived(
  received: unknown,
  derived: unknown,
  [whole, source]: readonly [whole: string, source: string],
): void {
  const difference = reading(whole, () => firstDifference(received, derived))
  if (difference === undefined) return
  const { path, expected, got } = difference
  throw new SecAggError(
    'configuration-mismatch',
    'server',
    `${path} of ${whole} is ${got}, but must be ${expected} to match ${source}`,
    { expected, got },
  )
}

/**
 * Checks parameters that state more numbers than are needed. They may come from somebody else, and a caller who states a
 * number relies on it, so each must be the one that follows from the others.
 *
 * @throws {SecAggError} `configuration-mismatch` if a number in `given` differs from the derived one; it names the first.
 */
export function requireConsistent(given: object, derived: object, what: string): void {
  const stated = Object.entries(derived).filter(
    ([key]) => Object.hasOwn(given, key) && given[key as keyof typeof given] !== undefined,
  )
  const claims = Object.fromEntries(stated.map(([key]) => [key, given[key as keyof typeof given]]))
  const difference = reading(what, () => firstDifference(claims, Object.fromEntries(stated)))
  if (difference === undefined) return
  const { path, expected, got } = difference
  throw usageError(
    'configuration-mismatch',
    `${path} of ${what} is ${got}, but must be ${expected} to match the others`,
    { expected, got },
  )
}

/**
 * Runs `derive` on data from a server. An error with fault `usage` becomes an error with fault `server`, because the server
 * chose the data.
 */
export function derivedFromServer<T>(derive: () => T): T {
  try {
    return derive()
  } catch (error) {
    if (!(error instanceof SecAggError) || error.fault !== 'usage') throw error
    const { code, message, expected, got } = error
    throw new SecAggError(code, 'server', message, { expected, got, cause: error })
  }
}

/** The version of this library, as in its package.json. */
export const LIBRARY_VERSION = '0.1.0'

/**
 * Runs a check of data from a server. Another version of the library may derive other numbers or know other fields. So if
 * the check fails and this version did not make the data, the error says which version did.
 *
 * @throws {SecAggError} what `check` throws.
 */
export function mindingVersion<T>(received: object, check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof SecAggError) || error.fault !== 'server') throw error
    const made = reading('the version', () => (received as { readonly version?: unknown }).version)
    if (made === LIBRARY_VERSION) throw error
    const by =
      typeof made === 'string' ? `version ${JSON.stringify(made.slice(0, 40))}` : 'an unnamed version'
    const { code, message, expected, got } = error
    throw new SecAggError(
      code,
      'server',
      `${message}; it was made by ${by} of the library, and this is version "${LIBRARY_VERSION}"`,
      { expected, got, cause: error },
    )
  }
}

/** @throws {SecAggError} fault `server`, `invalid-configuration`, unless `received` is an object. */
export function requireObject(received: unknown, what: string): asserts received is object {
  if (typeof received === 'object' && received !== null && !Array.isArray(received)) return
  throw new SecAggError('invalid-configuration', 'server', `${what} must be an object`, {
    got: typeof received,
  })
}

/** Where received data differs from derived data. */
interface Difference {
  readonly path: string
  readonly expected: string | number
  readonly got: string | number
}

/** The relative difference allowed between numbers that are not whole: JavaScript engines round logarithms differently. */
const TOLERANCE = 1e-9

/** Keys whose values may differ: texts for people, and the version of the library. */
const INCIDENTAL: ReadonlySet<string> = new Set(['explanation', 'warnings', 'version'])

/** The first place in which `received` differs from `derived`. A value that is `undefined` counts as absent. */
function firstDifference(received: unknown, derived: unknown, path = ''): Difference | undefined {
  if (isSame(received, derived)) return undefined
  if (!isObject(received) || !isObject(derived) || Array.isArray(received) !== Array.isArray(derived)) {
    return { path: path.slice(0, 100), expected: shown(derived), got: shown(received) }
  }
  for (const key of keysOf(received, derived)) {
    if (INCIDENTAL.has(key)) continue
    const inner = path === '' ? key : `${path}.${key}`
    const difference = firstDifference(own(received, key), own(derived, key), inner)
    if (difference !== undefined) return difference
  }
  return undefined
}

/** All keys, those of `derived` first. There can be many objects, so none is copied without need. */
function keysOf(received: object, derived: object): readonly string[] {
  const keys = Object.keys(derived)
  const others = Object.keys(received).filter((key) => !Object.hasOwn(derived, key))
  return others.length === 0 ? keys : [...keys, ...others]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

function isSame(received: unknown, derived: unknown): boolean {
  if (received === derived) return true
  if (typeof received !== 'number' || typeof derived !== 'number' || Number.isInteger(derived)) return false
  return Math.abs(received - derived) <= TOLERANCE * Math.abs(derived)
}

function shown(value: unknown): string | number {
  if (typeof value === 'number') return value
  if (value === undefined) return 'absent'
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : typeof value
}
