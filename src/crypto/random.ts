import { requireInteger } from '../arguments.js'
import { SecAggError } from '../errors.js'
import { type Bytes, createBytes, plainBytes } from './bytes.js'
import { dependableRandom } from './dependable.js'
import type { CryptoProvider } from './provider.js'

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

/**
 * `length` ≥ 16 fresh random bytes, held to what a provider promises: all of them, and not all zero, which a working
 * generator gives less than once in 2^128 times.
 *
 * @throws {SecAggError} `no-randomness`.
 */
export function drawSecret(crypto: Pick<CryptoProvider, 'name' | 'randomBytes'>, length: number): Uint8Array {
  const bytes = dependableRandom(crypto)(length)
  if (isZero(bytes)) {
    throw new SecAggError('no-randomness', 'crypto', 'the generator of a provider gives zeros')
  }
  return plainBytes(bytes)
}

/** Looks at all bytes, whatever they are, as how many of the first are zero is nobody's business. */
function isZero(bytes: Uint8Array): boolean {
  let all = 0
  for (let i = 0; i < bytes.length; i++) all |= bytes[i]!
  return all === 0
}
