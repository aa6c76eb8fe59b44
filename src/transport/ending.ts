import { reasonOf } from '../abort.js'

/** Something that ends once, and with it all that waits under it. */
export class Ending {
  readonly #waiting = new Set<(reason: unknown) => void>()
  #over = false
  #reason: unknown

  get over(): boolean {
    return this.#over
  }

  /** Why it is over, where it is. */
  get reason(): unknown {
    return this.#reason
  }

  /** Only the first reason counts. */
  end(reason: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#reason = reason
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const reject of waiting) reject(reason)
  }

  /** Settles as `work` does, or rejects with the reason once this has ended. Nothing is kept of what has settled. */
  race<T>(work: T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const settled = (): boolean => this.#waiting.delete(reject)
      Promise.resolve(work).then(resolve, reject).then(settled)
      if (this.#over) reject(this.#reason)
      else this.#waiting.add(reject)
    })
  }
}

/** Ends `ending` with the signal's reason; what it returns lets go of the signal. */
export function endBy(signal: AbortSignal | undefined, ending: Ending): () => void {
  if (signal === undefined) return ignore
  const abort = (): void => ending.end(reasonOf(signal))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  return () => signal.removeEventListener('abort', abort)
}

export function ignore(): void {}
