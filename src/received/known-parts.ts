import { partsOf } from '../arguments.js'
import { type ErrorCode, usageError } from '../errors.js'

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
