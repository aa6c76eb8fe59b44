import { reading } from '../arguments.js'
import { SecAggError } from '../errors.js'

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
