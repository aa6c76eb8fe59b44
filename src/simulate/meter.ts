import type { PhaseName } from '../errors.js'

/**
 * Time and traffic of one phase. Numbers per client are medians over the clients that answered.
 * @experimental
 */
export interface SimulatedPhase {
  readonly name: PhaseName
  /** The time of one client, in milliseconds. */
  readonly clientMs: number
  /** The time of the server for all clients, in milliseconds: sending, receiving and closing the phase. */
  readonly serverMs: number
  /** Bytes that one client sends. */
  readonly bytesUp: number
  /** Bytes that one client receives. */
  readonly bytesDown: number
  /** The number of clients that answered. */
  readonly sent: number
}

/** Measures the time and the traffic of one phase. */
export class PhaseMeter {
  readonly #name: PhaseName
  readonly #clientMs: number[] = []
  readonly #bytesUp: number[] = []
  readonly #bytesDown: number[] = []
  #serverMs = 0

  constructor(name: PhaseName) {
    this.#name = name
  }

  /**
   * Iterates over the messages of one client, and counts the time it takes to make them as the client's. `takeSavedMs` returns
   * the time that this client would have spent on work that was done before for another one.
   */
  async *answering<T>(
    messages: AsyncIterable<T>,
    takeSavedMs: () => number = () => 0,
  ): AsyncGenerator<T, void, void> {
    const iterator = messages[Symbol.asyncIterator]()
    // Time that was saved before is not this client's.
    takeSavedMs()
    let spent = 0
    for (;;) {
      const start = performance.now()
      const next = await iterator.next()
      spent += performance.now() - start + takeSavedMs()
      if (next.done === true) break
      yield next.value
    }
    this.#clientMs.push(spent)
  }

  async server<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      return await work()
    } finally {
      this.#serverMs += performance.now() - start
    }
  }

  /** Iterates over messages, and counts the time it takes to make them as the server's. */
  *producing<T>(messages: Iterable<T>): Generator<T> {
    const iterator = messages[Symbol.iterator]()
    for (;;) {
      const start = performance.now()
      const next = iterator.next()
      this.#serverMs += performance.now() - start
      if (next.done === true) return
      yield next.value
    }
  }

  count(bytesDown: number, bytesUp: number): void {
    this.#bytesDown.push(bytesDown)
    this.#bytesUp.push(bytesUp)
  }

  result(): SimulatedPhase {
    return {
      name: this.#name,
      clientMs: median(this.#clientMs),
      serverMs: this.#serverMs,
      bytesUp: median(this.#bytesUp),
      bytesDown: median(this.#bytesDown),
      sent: this.#clientMs.length,
    }
  }
}

/** The median of `values`: for an even number, the mean of the two in the middle; for none, 0. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}
