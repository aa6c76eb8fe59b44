import { SecAggError } from '../errors.js'
import { plainBytes } from './bytes.js'
import { dependableRandom } from './dependable.js'
import type { CryptoProvider } from './provider.js'

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
