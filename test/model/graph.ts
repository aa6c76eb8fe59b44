import type { Configuration } from './configuration.js'
import { everybody, without } from './parties.js'

// Section "Who holds what: the two graphs" of the specification.

export class Graph {
  readonly #configuration: Configuration
  /** The seats of U1 in the order in which they stand in a circle; on the sparse graph only. */
  readonly #ring: readonly number[]

  constructor(configuration: Configuration, ring: readonly number[]) {
    this.#configuration = configuration
    this.#ring = ring
  }

  /** Who holds shares of u's secrets, ascending; the coordinate of a holder is one more than its index. */
  holders(u: number): readonly number[] {
    return this.#isComplete ? everybody(this.#configuration.clients) : this.#neighbors(u)
  }

  /** Whom of `seats` client u hears of. */
  around(u: number, seats: readonly number[]): readonly number[] {
    if (this.#isComplete) return seats
    return seats.filter((seat) => seat === u || this.#neighbors(u).includes(seat))
  }

  /** To whom u seals shares. */
  peers(u: number, u1: readonly number[]): readonly number[] {
    return this.#isComplete ? without(u1, u) : this.#neighbors(u)
  }

  sharesMask(u: number, v: number): boolean {
    return this.#isComplete ? u !== v : this.#neighbors(u).includes(v)
  }

  get #isComplete(): boolean {
    return this.#configuration.neighbors === 0
  }

  /** N(u). */
  #neighbors(u: number): readonly number[] {
    const place = this.#ring.indexOf(u)
    const found: number[] = []
    for (let distance = 1; distance <= this.#configuration.neighbors / 2; distance++) {
      found.push(this.#ring[(place + distance) % this.#ring.length]!)
      found.push(this.#ring[(place - distance + this.#ring.length) % this.#ring.length]!)
    }
    return found.sort((a, b) => a - b)
  }
}
