import { split as splitBytes } from 'shamir-secret-sharing'
import { wipe, wipeAll } from '../crypto/bytes.js'
import { drawSecret } from '../crypto/draw.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { SecAggError, usageError } from '../errors.js'
import { evaluateAtAll } from './evaluate.js'
import { bytesOfWords, fieldFor, GF65536, setWords } from './field.js'

/**
 * Splits `secret` so that any `threshold` of the shares give it back and fewer tell nothing about it. Share `i` of the
 * result belongs to coordinate `i + 1`, in GF(2^8) for up to 255 holders and in GF(2^16) beyond, and is as long as the secret; coordinates are
 * not part of a share. 2 ≤ threshold ≤ holders; the length of the secret is even. The arrays are the caller's from then
 * on, who overwrites them.
 */
export type SecretSplitter = (
  secret: Uint8Array,
  threshold: number,
  holders: number,
) => Promise<readonly Uint8Array[]>

/** The largest number of holders: the nonzero elements of GF(2^16). */
export const MAXIMUM_HOLDERS = 65535

/**
 * The library's splitter: the `shamir-secret-sharing` package, with the platform's randomness, for at most 255
 * holders; beyond that GF(2^16) with coefficients from `crypto`.
 */
export function secretSplitter(crypto: CryptoProvider): SecretSplitter {
  return async (secret, threshold, holders) => {
    const valid = threshold >= 2 && threshold <= holders && holders <= MAXIMUM_HOLDERS
    if (!valid || !Number.isInteger(threshold) || !Number.isInteger(holders)) {
      throw usageError(
        'invalid-argument',
        'threshold and holders must be whole numbers with 2 ≤ threshold ≤ holders ≤ 65535',
      )
    }
    if (secret.length === 0 || secret.length % 2 !== 0) {
      throw usageError('invalid-argument', 'a secret must have an even number of bytes', {
        got: secret.length,
      })
    }
    return fieldFor(holders) === GF65536
      ? splitWords(secret, threshold, holders, crypto)
      : splitWithPackage(secret, threshold, holders)
  }
}

/**
 * The package draws the coordinates itself. Asked for all 255 shares it must use each of them once, so the share of
 * any fixed coordinate can be picked from its answer.
 */
async function splitWithPackage(
  secret: Uint8Array,
  threshold: number,
  holders: number,
): Promise<Uint8Array[]> {
  // The package insists on the exact constructor, and a caller's subclass must not be handed on.
  const copy = Uint8Array.from(secret)
  const labeled = await splitBytes(copy, 255, threshold).finally(() => wipe(copy))
  const shares: (Uint8Array | undefined)[] = new Array(holders).fill(undefined)
  for (const share of labeled) {
    const coordinate = share[secret.length]!
    if (coordinate >= 1 && coordinate <= holders) shares[coordinate - 1] = share.slice(0, secret.length)
  }
  wipeAll(labeled)
  return shares.map((share) => {
    if (share === undefined) throw new SecAggError('internal', 'internal', 'a Shamir coordinate is missing')
    return share
  })
}

/** All shares at once: the secret is the value at 0, and 1, 2, … are the coordinates. */
function splitWords(
  secret: Uint8Array,
  threshold: number,
  holders: number,
  crypto: CryptoProvider,
): Uint8Array[] {
  const width = secret.length / 2
  const levels = Math.ceil(Math.log2(holders + 1))
  const rows = new Uint16Array(width * 2 ** levels)
  // At least 16 bytes, so that a broken generator is told from a working one.
  const drawn = drawSecret(crypto, Math.max((threshold - 1) * secret.length, 16))
  setWords(rows, secret)
  setWords(rows.subarray(width), drawn.subarray(0, (threshold - 1) * secret.length))
  wipe(drawn)
  evaluateAtAll(GF65536, rows, width, levels)
  const shares = Array.from({ length: holders }, (_, index) =>
    bytesOfWords(rows.subarray(width * (index + 1), width * (index + 2))),
  )
  rows.fill(0)
  return shares
}
