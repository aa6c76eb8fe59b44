import type { PhaseName } from '../errors.js'
import type { Absence } from './absence.js'
import { type Clock, timer } from './clock.js'
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
