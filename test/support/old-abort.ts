/** An AbortController as React Native has it: its signal has neither `reason` nor `throwIfAborted`. */
export class OldAbortController {
  readonly signal: AbortSignal
  readonly #listeners = new Set<() => void>()
  #aborted = false

  constructor() {
    const listeners = this.#listeners
    const isAborted = (): boolean => this.#aborted
    const signal = {
      get aborted() {
        return isAborted()
      },
      onabort: null,
      // No options: what is newer than `EventTarget` itself is not there.
      addEventListener: (type: string, listener: () => void) =>
        void (type === 'abort' && listeners.add(listener)),
      removeEventListener: (_type: string, listener: () => void) => void listeners.delete(listener),
    }
    this.signal = signal as unknown as AbortSignal
  }

  /** How many still listen. */
  get listeners(): number {
    return this.#listeners.size
  }

  abort(): void {
    if (this.#aborted) return
    this.#aborted = true
    for (const listener of [...this.#listeners]) listener()
  }
}
