import { SecAggError } from '../errors.js'
import { isBytes } from './bytes.js'
import type { CryptoProvider } from './provider.js'

/**
 * `length` ≥ 16 fresh random bytes, held to what a provider promises: all of them, and not all zero, which a working
 * generator gives less than once in 2^128 times.
 *
 * @throws {SecAggError} `no-randomness`.
 */
export function drawSecret(crypto: CryptoProvider, length: number): Uint8Array {
  const bytes = crypto.randomBytes(length)
  if (!isBytes(bytes) || bytes.length !== length || bytes.every((byte) => byte === 0)) {
    throw new SecAggError('no-randomness', 'crypto', `the generator of provider ${crypto.name} is broken`)
  }
  return bytes
}
