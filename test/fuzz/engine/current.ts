/** The input that is being run, where another thread can read it: what hangs or runs out of memory cannot report. */
export class CurrentInput {
  readonly shared: SharedArrayBuffer
  readonly #header: Int32Array
  readonly #bytes: Uint8Array

  constructor(shared: SharedArrayBuffer) {
    this.shared = shared
    this.#header = new Int32Array(shared, 0, 2)
    this.#bytes = new Uint8Array(shared, 8)
  }

  static ofLength(longest: number): CurrentInput {
    return new CurrentInput(new SharedArrayBuffer(8 + longest))
  }

  begin(data: Uint8Array): void {
    this.#bytes.set(data)
    Atomics.store(this.#header, 1, data.length)
    Atomics.add(this.#header, 0, 1)
  }

  /** How many were begun. */
  get count(): number {
    return Atomics.load(this.#header, 0)
  }

  get data(): Uint8Array {
    return this.#bytes.slice(0, Atomics.load(this.#header, 1))
  }
}
