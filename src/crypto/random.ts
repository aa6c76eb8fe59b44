import { requireInteger } from '../arguments.js'
import { SecAggError } from '../errors.js'
import { type Bytes, createBytes, plainBytes, wipe } from './bytes.js'
import { dependableRandom } from './dependable.js'
import type { CryptoProvider } from './provider.js'

/** All that drawing random numbers needs of a provider. */
export type RandomSource = Pick<CryptoProvider, 'randomBytes'>

/** The maximum number of bytes that `getRandomValues` gives in one call (Web Cryptography API, section 10.1.1). */
const MOST_AT_ONCE = 65_536

/**
 * `length` bytes from the platform's `crypto.getRandomValues`.
 * @throws {SecAggError} `no-randomness` if the function is missing or fails.
 */
export function platformRandomBytes(length: number): Bytes {
  requireInteger('the number of random bytes', length, 0, 2 ** 32)
  const bytes = createBytes(length)
  fillFromPlatform(bytes)
  return bytes
}

/**
 * A function like {@link platformRandomBytes}, for up to 65536 bytes at a time. Each call overwrites the result of the call
 * before, because allocating memory can take longer than the generator.
 */
export function platformRandomPieces(): (length: number) => Bytes {
  let piece = createBytes(0)
  return (length) => {
    if (piece.length < length) piece = createBytes(length)
    const bytes = piece.subarray(0, length)
    fillFromPlatform(bytes)
    return bytes
  }
}

function fillFromPlatform(bytes: Bytes): void {
  const generator: Crypto | undefined = globalThis.crypto
  if (typeof generator?.getRandomValues !== 'function') {
    throw new SecAggError('no-randomness', 'crypto', 'this platform has no crypto.getRandomValues')
  }
  try {
    for (let from = 0; from < bytes.length; from += MOST_AT_ONCE) {
      generator.getRandomValues(bytes.subarray(from, from + MOST_AT_ONCE))
    }
  } catch (cause) {
    throw new SecAggError('no-randomness', 'crypto', 'crypto.getRandomValues failed', { cause })
  }
}

/**
 * `length` ≥ 16 fresh random bytes. They are refused if their number is wrong or all are zero, which a working generator
 * returns with a probability of at most 2^−128.
 *
 * @throws {SecAggError} `no-randomness`.
 */
export function drawSecret(crypto: Pick<CryptoProvider, 'name' | 'randomBytes'>, length: number): Uint8Array {
  const bytes = dependableRandom(crypto)(length)
  requireNonzero(bytes, length)
  return plainBytes(bytes)
}

/**
 * Always reads all elements, so that the time does not show where the first nonzero one is.
 * @throws {SecAggError} `no-randomness` if the first `count` elements are all zero.
 */
function requireNonzero(random: Uint8Array | Uint32Array, count: number): void {
  let all = 0
  for (let i = 0; i < count; i++) all |= random[i]!
  if (all === 0) {
    throw new SecAggError('no-randomness', 'crypto', 'randomBytes of a crypto provider returned only zeros')
  }
}

/** The size of the first batch. Each later batch is twice as large, up to the 65536 bytes that browsers return at once. */
const FIRST_BATCH = 64
const MAXIMUM_BATCH = 16_384

/** Random 32-bit words, drawn in batches. */
export class RandomWords {
  private readonly randomBytes: CryptoProvider['randomBytes']
  private readonly words: Uint32Array<ArrayBuffer>
  private used = 0
  private drawn = 0

  /** @throws {SecAggError} `invalid-argument` if `crypto` cannot draw random bytes. */
  constructor(crypto: RandomSource) {
    this.randomBytes = dependableRandom(crypto)
    this.words = new Uint32Array(MAXIMUM_BATCH)
  }

  /** Uniform in [0, 2^32). */
  next(): number {
    if (this.used === this.drawn) this.refill()
    return this.words[this.used++]!
  }

  /** Fills `target` with the next words. */
  fill(target: Uint32Array): void {
    for (let from = 0; from < target.length; ) {
      const words = this.unused().subarray(0, target.length - from)
      target.set(words, from)
      this.skip(words.length)
      from += words.length
    }
  }

  /** Uniform in [0, 2^`bits`). */
  integer(bits: number): bigint {
    let value = 0n
    for (let have = 0; have < bits; have += 32) value = (value << 32n) | BigInt(this.next())
    return BigInt.asUintN(bits, value)
  }

  /** The words that have been drawn and not used, at least one. Call {@link skip} with how many of them are used then. */
  unused(): Uint32Array {
    if (this.used === this.drawn) this.refill()
    return this.words.subarray(this.used, this.drawn)
  }

  /** Marks the next `count` words as used. */
  skip(count: number): void {
    this.used += count
  }

  /** Overwrites all words that have been drawn, used or not. */
  wipe(): void {
    this.words.fill(0, 0, this.drawn)
    this.used = 0
    this.drawn = 0
  }

  private refill(): void {
    const count = Math.min(Math.max(this.drawn * 2, FIRST_BATCH), MAXIMUM_BATCH)
    const bytes = this.randomBytes(count * 4)
    new Uint8Array(this.words.buffer).set(bytes)
    wipe(bytes)
    requireNonzero(this.words, count)
    this.drawn = count
    this.used = 0
  }
}
