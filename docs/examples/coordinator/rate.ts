/** A rate limit: up to `burst` events at once, and `perSecond` events per second in the long run. */
export class Rate {
  readonly #burst: number
  readonly #perSecond: number
  #left: number
  #last = performance.now()

  constructor(burst: number, perSecond: number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#left = burst
  }

  /** Counts an event, and returns whether it is within the limit. */
  take(): boolean {
    const now = performance.now()
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#last) / 1000) * this.#perSecond)
    this.#last = now
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
