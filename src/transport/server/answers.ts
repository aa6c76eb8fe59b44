import type { PhaseName } from '../../errors.js'
import { type Clock, timer } from '../clock.js'
import type { Patience } from './server-options.js'

/**
 * Why a phase closes: `all` clients that could answer have done so; all that are `present` have, and the others are away
 * but may return; `enough` clients have; or the `deadline` has passed.
 */
export type Reason = 'all' | 'present' | 'enough' | 'deadline'

/** Keeps track of who has answered in the open phase, and decides when the phase can close. */
export class Answers {
  readonly phase: PhaseName
  readonly #waiting: Set<number>
  readonly #absence: Absence
  #answered: number
  #enough: number
  /** With this many answers, closing the phase without the clients that are away has failed. */
  #tooFew = 0
  #timeUp = false
  #resolve: ((reason: Reason) => void) | undefined
  readonly #cancel: () => void

  /** `waiting` are the seats that may still answer; `answered` is the number of those that have. */
  constructor(
    phase: PhaseName,
    { waiting, answered, absence }: { waiting: readonly number[]; answered: number; absence: Absence },
    { deadline, enough = Number.POSITIVE_INFINITY }: Patience,
    clock: Clock,
  ) {
    this.phase = phase
    this.#waiting = new Set(waiting)
    this.#absence = absence
    this.#answered = answered
    this.#enough = enough
    this.#cancel = timer(clock, deadline, () => {
      this.#timeUp = true
      this.check()
    })
  }

  get answered(): number {
    return this.#answered
  }

  get missing(): readonly number[] {
    return [...this.#waiting]
  }

  isWaitingFor(seat: number): boolean {
    return this.#waiting.has(seat)
  }

  /** Replaces what is known: where vectors arrive elsewhere, they can be lost there too. */
  update({ waiting, answered }: { waiting: readonly number[]; answered: number }): void {
    this.#answered = answered
    this.#waiting.clear()
    for (const seat of waiting) this.#waiting.add(seat)
    this.check()
  }

  /** `isComplaint`: the seat has no other answer in this phase, and its complaint does not count as one. */
  answer(seat: number, isComplaint = false): void {
    if (this.#waiting.delete(seat) && !isComplaint) this.#answered++
    this.check()
  }

  /**
   * Resolves when the phase can close. `inVain` tells that an attempt to close it has failed. Then `enough` no longer
   * counts, and `present` counts again only after more answers.
   */
  ready(inVain: boolean): Promise<Reason> {
    if (inVain) {
      this.#enough = Number.POSITIVE_INFINITY
      this.#tooFew = this.#answered
    }
    return new Promise((resolve) => {
      this.#resolve = resolve
      this.check()
    })
  }

  /** Checks whether the phase can close. Call this when a client becomes absent. */
  check(): void {
    const reason = this.#reason()
    if (reason === undefined) return
    this.#resolve?.(reason)
    this.#resolve = undefined
  }

  close(): void {
    this.#cancel()
    this.#resolve = undefined
  }

  #reason(): Reason | undefined {
    if (this.#timeUp) return 'deadline'
    if (this.#answered >= this.#enough) return 'enough'
    let reason: Reason = 'all'
    for (const seat of this.#waiting) {
      if (this.#absence.isGone(seat)) continue
      if (!this.#absence.isAway(seat)) return undefined
      reason = 'present'
    }
    return reason === 'present' && this.#answered <= this.#tooFew ? undefined : reason
  }
}

/** The seats that a round does not wait for: clients that have left, and clients without a connection. */
export class Absence {
  readonly #clock: Clock
  readonly #time: number
  readonly #onChange: () => void
  /** Seats whose clients have left. They can still come back. */
  readonly #gone = new Set<number>()
  /** Seats that have been without a connection for too long. */
  readonly #away = new Set<number>()
  /** Seats that have lost their connection recently. The function stops the timer. */
  readonly #lost = new Map<number, () => void>()

  /** After `time` milliseconds without a connection, a seat is away. `onChange` is called when a seat becomes absent. */
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

  /** The client of this seat has left. */
  leave(seat: number): void {
    this.#gone.add(seat)
    this.#onChange()
  }

  /** The client of this seat has lost its connection. */
  lose(seat: number): void {
    const cancel = timer(this.#clock, this.#time, () => {
      this.#away.add(seat)
      this.#onChange()
    })
    this.#lost.set(seat, cancel)
  }

  /** The client of this seat has a connection again. */
  comeBack(seat: number): void {
    this.#lost.get(seat)?.()
    this.#lost.delete(seat)
    this.#away.delete(seat)
    this.#gone.delete(seat)
  }

  /** Stops all timers. */
  close(): void {
    for (const cancel of this.#lost.values()) cancel()
    this.#lost.clear()
  }
}
