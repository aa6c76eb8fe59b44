import { requireMethods } from '../../arguments.js'
import { wipe } from '../../crypto/bytes.js'
import type { CryptoProvider } from '../../crypto/provider.js'
import { drawSecret } from '../../crypto/random.js'

/** The size of the first batch. Each later batch is twice as large, up to the 65536 bytes that browsers return at once. */
const FIRST_BATCH = 64
const MAXIMUM_BATCH = 16_384

/** Random 32-bit words, drawn in batches. */
export class RandomWords {
  private readonly crypto: CryptoProvider
  private readonly words: Uint32Array
  private used = 0
  private drawn = 0

  /** @throws {SecAggError} `invalid-argument` if `crypto` cannot draw random bytes. */
  constructor(crypto: CryptoProvider) {
    requireMethods('a crypto provider', crypto, 'randomBytes')
    this.crypto = crypto
    this.words = new Uint32Array(MAXIMUM_BATCH)
  }

  /** Uniform in [0, 2^32). */
  next(): number {
    if (this.used === this.drawn) this.refill()
    return this.words[this.used++]!
  }

  /** Uniform in [0, 2^`bits`). */
  integer(bits: number): bigint {
    let value = 0n
    for (let have = 0; have < bits; have += 32) value = (value << 32n) | BigInt(this.next())
    return BigInt.asUintN(bits, value)
  }

  /** Overwrites all words that have been drawn, used or not. */
  wipe(): void {
    this.words.fill(0, 0, this.drawn)
    this.used = 0
    this.drawn = 0
  }

  private refill(): void {
    const count = Math.min(Math.max(this.drawn * 2, FIRST_BATCH), MAXIMUM_BATCH)
    const bytes = drawSecret(this.crypto, count * 4)
    new Uint8Array(this.words.buffer).set(bytes)
    wipe(bytes)
    this.drawn = count
    this.used = 0
  }
}
