import type { RoundName } from '../errors.js'
import { type Clock, timer } from './clock.js'
import type { Patience } from './server-options.js'

/** Why a round is closed: nobody is left who could answer, so many have that it will do, or time is up. */
export type Reason = 'all' | 'enough' | 'deadline'

/** Who has answered in the open round, and whether that will do. */
export class Answers {
  readonly round: RoundName
  readonly #waiting: Set<number>
  /** Of those the ones from which nothing more will come. */
  readonly #gone: ReadonlySet<number>
  #answered: number
  #enough: number
  #timeUp = false
  #resolve: ((reason: Reason) => void) | undefined
  readonly #cancel: () => void

  /** `waiting`: the seats that may still answer, of `expected`; `gone`: who will not, which may change. */
  constructor(
    round: RoundName,
    { waiting, expected, gone }: { waiting: readonly number[]; expected: number; gone: ReadonlySet<number> },
    { deadline, enough = Number.POSITIVE_INFINITY }: Patience,
    clock: Clock,
  ) {
    this.round = round
    this.#waiting = new Set(waiting)
    this.#gone = gone
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

  /** Resolves when the round can be closed; once it was in vain, for any reason but `enough`. */
  ready(inVain: boolean): Promise<Reason> {
    if (inVain) this.#enough = Number.POSITIVE_INFINITY
    return new Promise((resolve) => {
      this.#resolve = resolve
      this.check()
    })
  }

  /** To be called when `gone` has changed. */
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
    for (const seat of this.#waiting) if (!this.#gone.has(seat)) return undefined
    return 'all'
  }
}
