/** How often code was reached counts as: once, twice, three times, …, many times. */
const BUCKETS = Uint8Array.from({ length: 256 }, (_, count) =>
  count < 4 ? (1 << count) >>> 1 : count < 8 ? 8 : count < 16 ? 16 : count < 32 ? 32 : count < 128 ? 64 : 128,
)

/** What the inputs so far have reached. */
export class Coverage {
  readonly #counters: Uint8Array
  readonly #words: Uint32Array
  readonly #seen: Uint8Array

  constructor(counters: number) {
    this.#words = new Uint32Array(Math.ceil(counters / 4))
    this.#counters = new Uint8Array(this.#words.buffer)
    this.#seen = new Uint8Array(this.#counters.length)
  }

  /** For the instrumented code to count in. */
  get counters(): Uint8Array {
    return this.#counters
  }

  /** The counters of the branches that were reached. */
  get reached(): readonly number[] {
    return [...this.#seen.keys()].filter((counter) => this.#seen[counter] !== 0)
  }

  /** Forgets what was counted since the last call, as loading the code does. */
  reset(): void {
    this.#counters.fill(0)
  }

  /** Whether code was reached that never was, or so many times as it never was, since the last call. */
  takeNews(): boolean {
    let news = false
    for (let word = 0; word < this.#words.length; word++) {
      if (this.#words[word] === 0) continue
      for (let at = word * 4; at < word * 4 + 4; at++) {
        const bucket = BUCKETS[this.#counters[at]!]!
        if ((this.#seen[at]! & bucket) === bucket) continue
        this.#seen[at]! |= bucket
        news = true
      }
      this.#words[word] = 0
    }
    return news
  }
}
