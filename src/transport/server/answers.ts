import type { PhaseName } from '../../errors.js'
import { type Clock, timer } from '../clock.js'
import type { Patience } from './server-options.js'

/**
 * Why a round is closed: nobody is left who could answer; those who have not are away, which may change; so many have
 * answered that it will do; or time is up.
 */
export type Reason = 'all' | 'present' | 'enough' | 'deadline'

/** Who has answered in the open round, and whether that will do. */
export class Answers {
  readonly phase: PhaseName
  readonly #waiting: Set<number>
  readonly #absence: Absence
  #answered: number
  #enough: number
  /** So many answers were not enough to go on without those that are away. */
  #tooFew = 0
  #timeUp = false
  #resolve: ((reason: Reason) => void) | undefined
  readonly #cancel: () => void

  /** `waiting`: the seats that may still answer, of `expected`. */
  constructor(
    phase: PhaseName,
    { waiting, expected, absence }: { waiting: readonly number[]; expected: number; absence: Absence },
    { deadline, enough = Number.POSITIVE_INFINITY }: Patience,
    clock: Clock,
  ) {
    this.phase = phase
    this.#waiting = new Set(waiting)
    this.#absence = absence
    this.#answered = expected - waiting.length
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

  answer(seat: number): void {
    if (this.#waiting.delete(seat)) this.#answered++
    this.check()
  }

  /** Resolves when the round can be closed; once it was in vain, not for `enough`, and for `present` with more answers. */
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

  /** To be called when somebody is absent who was not. */
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
