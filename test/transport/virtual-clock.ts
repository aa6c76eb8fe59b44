import type { Clock } from 'secagg/transport'
import { nextTurn } from '../../src/vector/pace.js'

/** A clock that advances as soon as there is nothing else to do. So tests wait for nothing, and timers fire in one order. */
export class VirtualClock implements Clock {
  /** Milliseconds since the beginning. */
  now = 0
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>()

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.now + milliseconds, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(milliseconds, resolve)
    })
  }

  /** Lets time pass until `work` has settled. Fails if it never settles. */
  async until<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const settle = (): void => {
      settled = true
    }
    work.then(settle, settle)
    for (;;) {
      await nextTurn()
      if (settled) return work
      if (!this.#step()) throw new Error('a promise does not settle: nothing is left to wait for')
    }
  }

  /** Lets time pass until nothing is left to wait for. */
  async rest(): Promise<void> {
    do await nextTurn()
    while (this.#step())
  }

  /** Lets this much time pass. */
  async pass(milliseconds: number): Promise<void> {
    await this.until(this.sleep(milliseconds))
  }

  #step(): boolean {
    let next: { readonly at: number; readonly callback: () => void } | undefined
    // Of several timers for the same moment, the one that was set first.
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at) next = timer
    if (next === undefined) return false
    this.#timers.delete(next)
    this.now = Math.max(this.now, next.at)
    next.callback()
    return true
  }
}
