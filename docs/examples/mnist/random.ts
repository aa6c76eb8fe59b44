/**
 * A reproducible generator for public choices: how the examples are split, the initial model, the order of training, and
 * who drops out. It is not secure. Keys and masks come from the library's secure generator.
 */
export class SeededRandom {
  readonly #state: Uint32Array

  /** Different purposes produce independent streams from the same seed. */
  constructor(seed: number, purpose: string) {
    // FNV-1a is not a cryptographic hash, but streams only have to differ.
    let hash = 0x811c9dc5
    for (const character of `${seed} ${purpose}`) {
      hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
    }
    this.#state = Uint32Array.of(seed, seed / 2 ** 32, hash, 1)
    for (let i = 0; i < 16; i++) this.#word()
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    return this.#word() / 2 ** 32
  }

  /** Uniform in 0, 1, …, limit − 1, with a bias of at most limit / 2^32. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  /** The whole numbers 0, 1, …, count − 1 in random order. */
  permutation(count: number): Uint32Array {
    return this.shuffle(Uint32Array.from({ length: count }, (_, index) => index))
  }

  /** Puts `values` in random order, in place (Fisher and Yates). */
  shuffle(values: Uint32Array): Uint32Array {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const swapped = values[i]!
      values[i] = values[j]!
      values[j] = swapped
    }
    return values
  }

  /** One step of sfc32 (Doty-Humphrey, PractRand). */
  #word(): number {
    const [a, b, c, counter] = this.#state as unknown as [number, number, number, number]
    const word = (a + b + counter) >>> 0
    this.#state[0] = b ^ (b >>> 9)
    this.#state[1] = c + (c << 3)
    this.#state[2] = ((c << 21) | (c >>> 11)) + word
    this.#state[3] = counter + 1
    return word
  }
}
