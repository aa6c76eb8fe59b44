import type { Field } from '../../shamir/index.js'

/**
 * Told of work just before it is done; a promise is awaited before going on. So a host lets its event loop have turns,
 * gives up (by throwing) or counts.
 *
 * One unit is a share that is multiplied by a factor and added to others, about a tenth of a microsecond. All other work is
 * converted, by the measures below, which need to be right up to a small factor.
 * @public
 */
export type OnWork = (units: number) => Promise<void> | undefined

/** What it takes to check a secret: hashes for a commitment, a key agreement for a public key. */
export const CHECK_COST = { commitment: 128, publicKey: 512 } as const

/** One owner's value at one place, from t shares, once their weights for that place are there. */
export function valueCost(threshold: number): number {
  return threshold
}

/** The weights of t shares for one place, once those for the secret are there. */
export function placeCost(threshold: number): number {
  return 2 * threshold
}

/** The weights of t shares for the secret. */
export function weightsCost(threshold: number): number {
  return 2 * threshold + threshold ** 2 / 64
}

/** Preparing to locate wrong ones among so many shares. */
export function locatorCost(shares: number): number {
  return shares ** 2 / 32
}

/** Looking for up to `most` wrong ones among so many shares by a number of their elements, of which `found` are found. */
export function locatingCost(shares: number, elements: number, most: number, found: number): number {
  return shares + (elements * most * (shares + found)) / 8 + (shares * found) / 16
}

/** Preparing the comparison of so many other shares with t of them, all at once. */
export function comparingCost(threshold: number, others: number): number {
  return 8 * (threshold + others) + (others * threshold) / 2
}

/** One owner's shares compared so. */
export function consistencyCost(field: Field, shares: number): number {
  return (field.bits === 8 ? 5 : 2) * shares
}

/** How much more work than an honest round one may be in which shares are wrong, in honest rounds. */
const MOST_EXTRA = 1.75

/** What may always be spent: about ten milliseconds. */
const ALWAYS = 2 ** 16

/** Thrown where more work is needed than is left. */
export class OutOfWork extends Error {}

/** The work of a round in which shares may be wrong: that of an honest one, and a multiple of that besides. */
export class Budget {
  readonly #onWork: OnWork | undefined
  #left: number

  /** `honest`: the work of the round where every share is right, of which `weights` is for weights. */
  constructor(honest: number, weights: number, onWork: OnWork | undefined) {
    this.#left = Math.max(MOST_EXTRA * honest, ALWAYS) + weights
    this.#onWork = onWork
  }

  /** What may be spent besides the work of an honest round. */
  get left(): number {
    return this.#left
  }

  /** From now on, no more than `units` may be spent, or what may always be. */
  limit(units: number): void {
    this.#left = Math.min(this.#left, Math.max(units, ALWAYS))
  }

  /**
   * For work that an honest round has as well. Weights are paid for all the same, as cheating clients may make it more
   * than it has to be, but the lack of means for them ends nothing.
   */
  async expect(units: number, weights: number): Promise<void> {
    this.#left = Math.max(this.#left - weights, 0)
    await this.#onWork?.(units + weights)
  }

  /** @throws {OutOfWork} where less is left, before anything is done. */
  async spend(units: number): Promise<void> {
    if (units > this.#left) throw new OutOfWork()
    this.#left -= units
    await this.#onWork?.(units)
  }
}
