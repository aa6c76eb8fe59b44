import { requireBytes, wipe } from '../crypto/bytes.js'
import { dependableProvider } from '../crypto/dependable.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { drawSecret } from '../crypto/random.js'
import { usageError } from '../errors.js'
import {
  bytesOfWords,
  type Field,
  fieldFor,
  invert,
  type MultiplicationTables,
  multiplicationTables,
  multiply,
  setWords,
} from './field.js'

/**
 * A function that splits `secret` by Shamir's secret sharing: any `threshold` of the shares recover it, and fewer shares
 * reveal nothing about it. 2 ≤ threshold ≤ holders ≤ 65535, and the length of the secret is even.
 *
 * It returns one share per holder, as long as the secret. Share i has the coordinate i + 1, which is not part of the share.
 * The field is GF(2^8) for up to 255 holders and GF(2^16) for more. The caller wipes the shares after use.
 * @public
 */
export type SecretSplitter = (
  secret: Uint8Array,
  threshold: number,
  holders: number,
) => Promise<readonly Uint8Array[]>

/** The maximum number of holders: the number of nonzero elements of GF(2^16). */
export const MAXIMUM_HOLDERS = 65535

/**
 * Creates the library's splitter, which sessions use unless they are given another one. Its coefficients come from `crypto`.
 *
 * @param crypto - A crypto provider, such as `await defaultCrypto()`.
 * @returns The splitter. It throws `invalid-argument` if a secret, a threshold or a number of holders is out of its range.
 * @throws {SecAggError} `invalid-argument` if this is not a crypto provider.
 * @example
 * ```ts
 * import { defaultCrypto } from 'secagg/crypto'
 * import { secretSplitter } from 'secagg/protocol'
 *
 * const splitSecret = secretSplitter(await defaultCrypto())
 * const shares = await splitSecret(new Uint8Array(32).fill(7), 2, 3)
 * console.log(shares.map(({ length }) => length)) // [ 32, 32, 32 ]
 * ```
 * @public
 */
export function secretSplitter(crypto: CryptoProvider): SecretSplitter {
  const provider = dependableProvider(crypto)
  return async (secret, threshold, holders) => {
    requireBytes('a secret', secret)
    // Integers first: comparing a symbol or a proxy can throw.
    const areIntegers = Number.isInteger(threshold) && Number.isInteger(holders)
    if (!areIntegers || threshold < 2 || threshold > holders || holders > MAXIMUM_HOLDERS) {
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
    return shareAmong(secret, threshold, holders, provider)
  }
}

/** Computes all shares at once, as values at 1, 2, …. The secret is the value at 0. */
function shareAmong(
  secret: Uint8Array,
  threshold: number,
  holders: number,
  crypto: CryptoProvider,
): Uint8Array[] {
  const field = fieldFor(holders)
  const width = secret.length / 2
  const levels = Math.ceil(Math.log2(holders + 1))
  const rows = new Uint16Array(width * 2 ** levels)
  // At least 16 bytes, so that `drawSecret` can recognize a broken generator.
  const drawn = drawSecret(crypto, Math.max((threshold - 1) * secret.length, 16))
  setWords(rows, secret)
  setWords(rows.subarray(width), drawn.subarray(0, (threshold - 1) * secret.length))
  wipe(drawn)
  evaluateAtAll(field, rows, width, levels)
  const shares = Array.from({ length: holders }, (_, index) =>
    bytesOfWords(rows.subarray(width * (index + 1), width * (index + 2))),
  )
  rows.fill(0)
  return shares
}

/**
 * Evaluates polynomials at 0, 1, …, 2^levels − 1, in place. Before the call, row i of `rows` has coefficient i of every
 * polynomial, in the basis of Lin, Chung and Han (FOCS 2014). Afterwards it has their values at i. A row has `width` words,
 * and rows follow one another without gaps. A word is one element of GF(2^16), or two elements of GF(2^8) side by side.
 *
 * The basis polynomial X_i is the product of ŝ_b over the bits b that are set in i. Here ŝ_b is the polynomial that vanishes
 * at 0, …, 2^b − 1, scaled so that its value at 2^b is 1. It is additive. So X_i has degree i, X_0 is 1, and all other X_i
 * are 0 at 0. If row 0 has the secret and the other rows are random, then every polynomial has the secret as its value at 0
 * and is otherwise random.
 */
export function evaluateAtAll(field: Field, rows: Uint16Array, width: number, levels: number): void {
  for (let level = levels - 1; level >= 0; level--) {
    const half = (width * 2 ** level) | 0
    const scale = scaledVanishing(field, level, levels)
    for (let start = 0; start < 2 ** levels; start += 2 ** (level + 1)) {
      butterfly(rows, start * width, half, tablesOfWords(field, scale(start)))
    }
  }
}

/** The multiples of one factor, for the four nibbles of a word. */
function tablesOfWords(field: Field, factor: number): MultiplicationTables {
  const tables = multiplicationTables(field, [factor])
  if (field.bits === 16) return tables
  const both = new Uint16Array(64)
  both.set(tables)
  for (let entry = 0; entry < 32; entry++) both[32 + entry] = tables[entry]! << 8
  return both
}

/** Combines the two halves of a block of rows. ŝ is constant on each half, and larger by one on the second half. */
function butterfly(rows: Uint16Array, from: number, half: number, table: MultiplicationTables): void {
  for (let low = from; low < from + half; low++) {
    const word = rows[low + half]!
    const first =
      rows[low]! ^
      table[word & 15]! ^
      table[16 + ((word >>> 4) & 15)]! ^
      table[32 + ((word >>> 8) & 15)]! ^
      table[48 + (word >>> 12)]!
    rows[low] = first
    rows[low + half] = first ^ word
  }
}

/**
 * The function ŝ of a level. It follows from s_0(x) = x and s_{b+1}(x) = s_b(x) · (s_b(x) + s_b(2^b)), scaled. Since it is
 * additive, its values at powers of two are enough.
 */
function scaledVanishing(field: Field, level: number, levels: number): (x: number) => number {
  const values = Array.from({ length: levels }, (_, bit) => 2 ** bit)
  for (let b = 0; b < level; b++) {
    const atPower = values[b]!
    for (let bit = b; bit < levels; bit++) {
      values[bit] = multiply(field, values[bit]!, values[bit]! ^ atPower)
    }
  }
  const scale = invert(field, values[level]!)
  const scaled = values.map((value) => multiply(field, scale, value))
  return (x) => scaled.reduce((sum, value, bit) => ((x >>> bit) & 1 ? sum ^ value : sum), 0)
}
