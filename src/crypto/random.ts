import { requireInteger } from '../arguments.js'
import { SecAggError } from '../errors.js'
import { type Bytes, createBytes } from './bytes.js'

/** The most `getRandomValues` gives at once (Web Cryptography API, section 10.1.1). */
const MOST_AT_ONCE = 65_536

/**
 * `length` bytes of the platform's `crypto.getRandomValues`.
 * @throws {SecAggError} `no-randomness` where it is absent or fails.
 */
export function platformRandomBytes(length: number): Bytes {
  requireInteger('the number of random bytes', length, 0, 2 ** 32)
  const generator: Crypto | undefined = globalThis.crypto
  if (typeof generator?.getRandomValues !== 'function') {
    throw new SecAggError('no-randomness', 'crypto', 'this platform has no crypto.getRandomValues')
  }
  const bytes = createBytes(length)
  try {
    for (let from = 0; from < length; from += MOST_AT_ONCE) {
      generator.getRandomValues(bytes.subarray(from, from + MOST_AT_ONCE))
    }
  } catch (cause) {
    throw new SecAggError('no-randomness', 'crypto', 'crypto.getRandomValues failed', { cause })
  }
  return bytes
}
