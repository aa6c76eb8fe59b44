import type { PhaseName } from '../errors.js'

/**
 * Time and traffic of one round of messages. Per client: medians over the clients that sent the message.
 * @experimental
 */
export interface SimulatedPhase {
  readonly name: PhaseName
  readonly clientMs: number
  /** Of the server for all clients: sending, receiving and closing the round. */
  readonly serverMs: number
  readonly bytesUp: number
  readonly bytesDown: number
  /** Clients that sent the message. */
  readonly sent: number
}

/** Takes the time of a round. */
export class PhaseMeter {
  readonly #name: PhaseName
  readonly #clientMs: number[] = []
  readonly #bytesUp: number[] = []
  readonly #bytesDown: number[] = []
  #serverMs = 0

  constructor(name: PhaseName) {
    this.#name = name
  }

  /** Iterates over the messages of one client and counts the making of them as its time. */
  async *answering<T>(messages: AsyncIterable<T>): AsyncGenerator<T, void, void> {
    const iterator = messages[Symbol.asyncIterator]()
    let spent = 0
    for (;;) {
      const start = performance.now()
      const next = await iterator.next()
      spent += performance.now() - start
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

  /** Iterates over messages and counts the making of each as the server's time. */
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

/** The middle of `values`, or the mean of the two in the middle; 0 where there are none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}
