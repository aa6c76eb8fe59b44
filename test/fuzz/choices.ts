/** Decisions read from the bytes of the fuzzer, front to back; zeros once they are used up. */
export class Choices {
  readonly #data: Uint8Array
  #at = 0

  constructor(data: Uint8Array) {
    this.#data = data
  }

  get done(): boolean {
    return this.#at >= this.#data.length
  }

  byte(): number {
    return this.#data[this.#at++] ?? 0
  }

  /** A number below `limit`, which is at most 2^16. */
  below(limit: number): number {
    return limit <= 1 ? 0 : (limit <= 256 ? this.byte() : this.word()) % limit
  }

  word(): number {
    return this.byte() | (this.byte() << 8)
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }

  /** At most `length` bytes: as many as there are. */
  bytes(length: number): Uint8Array {
    const taken = Uint8Array.from(this.#data.subarray(this.#at, this.#at + length))
    this.#at += taken.length
    return taken
  }

  rest(): Uint8Array {
    return this.bytes(this.#data.length)
  }
}
