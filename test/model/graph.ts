import { sample } from './choice.js'
import type { Configuration } from './configuration.js'
import { isSender } from './hybrid.js'
import { everybody, without } from './parties.js'

// Section "Who holds what: the three graphs" of the specification.

export class Graph {
  readonly #configuration: Configuration
  /** The seats of U1 in the order in which they stand in a circle; on the sparse graph only. */
  readonly #ring: readonly number[]
  /** The holders of each seat of U1; on the chosen graph only. */
  readonly #chosen: ReadonlyMap<number, readonly number[]>

  constructor(
    configuration: Configuration,
    ring: readonly number[],
    choices: ReadonlyMap<number, Uint8Array> = new Map(),
  ) {
    this.#configuration = configuration
    this.#ring = ring
    this.#chosen = new Map(
      Array.from(choices, ([seat, choice]) => [seat, sample(configuration, seat, choice)]),
    )
  }

  /** Who holds shares of u's secrets, ascending; the coordinate of a holder is one more than its index. */
  holders(u: number): readonly number[] {
    switch (this.#configuration.graph) {
      case 'complete':
        return everybody(this.#configuration.clients)
      case 'sparse':
        return this.#neighbors(u)
      case 'chosen':
        return this.#chosen.get(u)!
    }
  }

  /** The clients of U1 that chose u; on the chosen graph only. */
  owners(u: number): readonly number[] {
    return [...this.#chosen.keys()].filter((seat) => this.#chosen.get(seat)!.includes(u))
  }

  /** Whom of `seats` client u hears of. */
  around(u: number, seats: readonly number[]): readonly number[] {
    if (this.#isComplete) return seats
    return seats.filter((seat) => seat === u || this.#neighbors(u).includes(seat))
  }

  /** To whom u seals shares. */
  peers(u: number, u1: readonly number[]): readonly number[] {
    return without(u1, u).filter((seat) => this.holders(u).includes(seat))
  }

  /** Of whom u hears in ForwardedShares. */
  neighbors(u: number, u1: readonly number[]): readonly number[] {
    return this.#isComplete ? without(u1, u) : this.#neighbors(u)
  }

  sharesMask(u: number, v: number): boolean {
    return this.#isComplete ? u !== v : this.#neighbors(u).includes(v)
  }

  /** [hybrid] Whether, of two clients with a pairwise mask, `sender` sends the other a secret for it. */
  sendsMaskSecret(sender: number, receiver: number): boolean {
    return isSender(sender, receiver, (holder, owner) => this.holders(owner).includes(holder))
  }

  get #isComplete(): boolean {
    return this.#configuration.graph === 'complete'
  }

  /** N(u). */
  #neighbors(u: number): readonly number[] {
    if (this.#configuration.graph === 'chosen') {
      const owners = this.owners(u)
      return [...this.#chosen.keys()].filter(
        (seat) => owners.includes(seat) || this.#chosen.get(u)!.includes(seat),
      )
    }
    const place = this.#ring.indexOf(u)
    const found: number[] = []
    for (let distance = 1; distance <= this.#configuration.neighbors / 2; distance++) {
      found.push(this.#ring[(place + distance) % this.#ring.length]!)
      found.push(this.#ring[(place - distance + this.#ring.length) % this.#ring.length]!)
    }
    return found.sort((a, b) => a - b)
  }
}
