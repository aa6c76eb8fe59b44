import { type Clock, timer } from './clock.js'

/** The seats that a round does not wait for: some for good, others until they are back. */
export class Absence {
  readonly #clock: Clock
  readonly #time: number
  readonly #onChange: () => void
  /** Seats from which nothing more will come, unless they think better of it. */
  readonly #gone = new Set<number>()
  /** Seats that have had no connection for a while. */
  readonly #away = new Set<number>()
  /** Seats that have lost their connection just now; the function stops the clock. */
  readonly #lost = new Map<number, () => void>()

  /** `time`: milliseconds after which a seat without a connection is away. `onChange`: somebody is absent who was not. */
  constructor(clock: Clock, time: number, onChange: () => void) {
    this.#clock = clock
    this.#time = time
    this.#onChange = onChange
  }

  isGone(seat: number): boolean {
    return this.#gone.has(seat)
  }

  isAway(seat: number): boolean {
    return this.#away.has(seat)
  }

  /** Nothing more will come from this seat. */
  leave(seat: number): void {
    this.#gone.add(seat)
    this.#onChange()
  }

  /** Its connection is lost. */
  lose(seat: number): void {
    const cancel = timer(this.#clock, this.#time, () => {
      this.#away.add(seat)
      this.#onChange()
    })
    this.#lost.set(seat, cancel)
  }

  /** It has a connection. */
  comeBack(seat: number): void {
    this.#lost.get(seat)?.()
    this.#lost.delete(seat)
    this.#away.delete(seat)
    this.#gone.delete(seat)
  }

  /** Nobody is waited for any more. */
  close(): void {
    for (const cancel of this.#lost.values()) cancel()
    this.#lost.clear()
  }
}
