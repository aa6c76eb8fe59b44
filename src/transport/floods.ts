/** Messages of no use, repeated or refused ones, that a seat may send beyond those of use: each reconnect may repeat one. */
const ALLOWANCE = 64

/** Which seats send more than they may. */
export class Floods {
  /** Messages of no use less those of use. */
  readonly #balances = new Map<number, number>()
  readonly #shutOut = new Map<number, string>()

  useful(seat: number): void {
    this.#count(seat, -1)
  }

  /** Whether the seat may go on. */
  useless(seat: number): boolean {
    return this.#count(seat, 1) <= ALLOWANCE
  }

  shutOut(seat: number, code: string): void {
    this.#shutOut.set(seat, code)
  }

  /** Why the seat has no part in the round any more, where it has none. */
  isShutOut(seat: number): string | undefined {
    return this.#shutOut.get(seat)
  }

  #count(seat: number, change: 1 | -1): number {
    const balance = (this.#balances.get(seat) ?? 0) + change
    this.#balances.set(seat, balance)
    return balance
  }
}
