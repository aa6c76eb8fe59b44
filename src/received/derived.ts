import { reading } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'
import { firstDifference } from './difference.js'

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
