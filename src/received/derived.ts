import { reading } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'

/**
 * What `derive` makes of data that a server has sent. What would be a mistake of the caller is here one of the server.
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

/**
 * @param received - What a server claims.
 * @param derived - What follows from the part of it that is up to the server.
 * @param names - Of the whole, and of that part, such as "the plan" and "its task".
 * @throws {SecAggError} fault `server`, `configuration-mismatch`, naming the first part of `received` that is not as derived.
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
    `${path} of ${whole} is ${got}, and ${source} gives ${expected}`,
    { expected, got },
  )
}

/**
 * Looks at the numbers that parameters state beyond those from which all else is derived. They may have come from somebody
 * else, and whoever states them relies on them.
 *
 * @throws {SecAggError} `configuration-mismatch` naming the first number in `given` that is not as derived.
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
    `${path} of ${what} is ${got}, and the others give ${expected}`,
    {
      expected,
      got,
    },
  )
}

/** @throws {SecAggError} fault `server`, `invalid-configuration`, unless `received` is an object. */
export function requireObject(received: unknown, what: string): asserts received is object {
  if (typeof received === 'object' && received !== null && !Array.isArray(received)) return
  throw new SecAggError('invalid-configuration', 'server', `${what} an object`, { got: typeof received })
}

/** Where a received plan is another than the one that was derived. */
export interface Difference {
  readonly path: string
  readonly expected: string | number
  readonly got: string | number
}

/** What numbers that are not whole may differ by, relatively: engines round logarithms differently. */
const TOLERANCE = 1e-9

/** What may differ: texts for people, and which version of the library made it all. */
const INCIDENTAL: ReadonlySet<string> = new Set(['explanation', 'warnings', 'version'])

/** The first part, by name, in which `received` is not `derived`; a part that is `undefined` counts as absent. */
export function firstDifference(received: unknown, derived: unknown, path = ''): Difference | undefined {
  if (isObject(received) && isObject(derived) && Array.isArray(received) === Array.isArray(derived)) {
    const keys = new Set([...Object.keys(derived), ...Object.keys(received)])
    for (const key of keys) {
      if (INCIDENTAL.has(key)) continue
      const inner = path === '' ? key : `${path}.${key}`
      const difference = firstDifference(own(received, key), own(derived, key), inner)
      if (difference !== undefined) return difference
    }
    return undefined
  }
  if (isSame(received, derived)) return undefined
  return { path: path.slice(0, 100), expected: shown(derived), got: shown(received) }
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

/** The version of this library, as its package has it. */
export const LIBRARY_VERSION = '0.1.0'

/**
 * Runs a check of what a server has sent. Another version of the library may derive other numbers, or know of other parts:
 * where the check fails and `received` was not made by this version, the error says so.
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
