import { reading } from '../arguments.js'
import { usageError } from '../errors.js'

type Context = Readonly<Record<string, Uint8Array>>

/**
 * The context of a round that a host states, and what the library adds to it.
 *
 * @throws {SecAggError} `invalid-configuration` where `given` is not a plain object, or has a name that begins with
 *   "secagg".
 */
export function extendedContext(given: Context, added: Context): Context {
  return reading('a context', () => extended(given, added), 'invalid-configuration')
}

function extended(given: Context, added: Context): Context {
  // Copying another kind of object would lose what is in it, and with it what the clients are to agree on.
  const prototype = Object(given) === given ? Object.getPrototypeOf(given) : undefined
  if (prototype === undefined || (prototype !== null && Object.getPrototypeOf(prototype) !== null)) {
    throw usageError('invalid-configuration', 'context must be a plain object whose values are Uint8Arrays')
  }
  const taken = Object.keys(given).find((name) => name.startsWith('secagg'))
  if (taken !== undefined) {
    throw usageError('invalid-configuration', 'names of a context that begin with "secagg" are taken', {
      got: taken.slice(0, 100),
    })
  }
  return { ...given, ...added }
}
