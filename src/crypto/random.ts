import { requireInteger } from '../arguments.js'
import { SecAggError } from '../errors.js'
import { type Bytes, createBytes, plainBytes } from './bytes.js'
import { dependableRandom } from './dependable.js'
import type { CryptoProvider } from './provider.js'

/** The maximum number of bytes that `getRandomValues` gives in one call (Web Cryptography API, section 10.1.1). */
const MOST_AT_ONCE = 65_536

/**
 * `length` bytes from the platform's `crypto.getRandomValues`.
 * @throws {SecAggError} `no-randomness` if the function is missing or fails.
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
 * `length` ≥ 16 fresh random bytes. They are refused if their number is wrong or all are zero, which a working generator
 * returns with a probability of at most 2^−128.
 *
 * @throws {SecAggError} `no-randomness`.
 */
export function drawSecret(crypto: Pick<CryptoProvider, 'name' | 'randomBytes'>, length: number): Uint8Array {
  const bytes = dependableRandom(crypto)(length)
  if (isZero(bytes)) {
    throw new SecAggError('no-randomness', 'crypto', 'randomBytes of a crypto provider returned only zeros')
  }
  return plainBytes(bytes)
}

/** Always reads all bytes, so that the time does not show where the first nonzero byte is. */
function isZero(bytes: Uint8Array): boolean {
  let all = 0
  for (let i = 0; i < bytes.length; i++) all |= bytes[i]!
  return all === 0
}
