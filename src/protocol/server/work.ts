import type { Field } from '../../shamir/field.js'

/**
 * Called with an amount of work, just before this work is done. If it returns a promise, the work waits for it. A host uses
 * it to yield to its event loop, to count work, or to stop by throwing an error.
 *
 * One unit is the work of multiplying one share by a factor and adding the product to a sum: about 0.1 microseconds. Other
 * work is converted to units; the conversion is accurate to a small factor.
 * @public
 */
export type OnWork = (units: number) => Promise<void> | undefined

/** The cost of checking a secret: a few hashes for a commitment, a scalar multiplication for a public key. */
export const CHECK_COST = { commitment: 128, publicKey: 512 } as const

/** The cost of one owner's value at one place, from t shares, if the weights for that place are known. */
export function valueCost(threshold: number): number {
  return threshold
}

/** The cost of the weights of t shares for one place, if their weights for the secret are known. */
export function placeCost(threshold: number): number {
  return 2 * threshold
}

/** The cost of the weights of t shares for the secret. */
export function weightsCost(threshold: number): number {
  return 2 * threshold + threshold ** 2 / 64
}

/** The cost of preparing to locate wrong shares among this number of shares. */
export function locatorCost(shares: number): number {
  return shares ** 2 / 32
}

/**
 * The cost of a search for up to `most` wrong shares among this number of shares, which compares this number of elements of
 * each and finds `found` of them wrong.
 */
export function locatingCost(shares: number, elements: number, most: number, found: number): number {
  return shares + (elements * most * (shares + found)) / 8 + (shares * found) / 16
}

/** The cost of preparing to compare all `others` with t shares at once. */
export function comparingCost(threshold: number, others: number): number {
  return 8 * (threshold + others) + (others * threshold) / 2
}

/** The cost of comparing one owner's shares, once this is prepared. */
export function consistencyCost(field: Field, shares: number): number {
  return (field.bits === 8 ? 5 : 2) * shares
}

/** The limit of extra work for wrong shares, as a multiple of the work of an honest round. */
const MAXIMUM_EXTRA = 1.75

/** Extra work that is always allowed: about ten milliseconds. */
const ALWAYS = 2 ** 16

/** Thrown if more work is needed than is left. */
export class OutOfWork extends Error {}

/** Limits the work of a round in which shares may be wrong: the work of an honest round, plus a multiple of it. */
export class Budget {
  readonly #onWork: OnWork | undefined
  #left: number

  /** `honest` is the work of a round in which every share is right; `weights` is the part of it for weights. */
  constructor(honest: number, weights: number, onWork: OnWork | undefined) {
    this.#left = Math.max(MAXIMUM_EXTRA * honest, ALWAYS) + weights
    this.#onWork = onWork
  }

  /** How much work is still allowed in addition to the work of an honest round. */
  get left(): number {
    return this.#left
  }

  /** From now on, at most `units` may be spent, or the amount that is always allowed if that is more. */
  limit(units: number): void {
    this.#left = Math.min(this.#left, Math.max(units, ALWAYS))
  }

  /**
   * Counts work that an honest round needs too. Only the weights are paid from the budget, because cheating clients can make
   * more of them necessary; but the work continues even if the budget is too small for them.
   */
  async expect(units: number, weights: number): Promise<void> {
    this.#left = Math.max(this.#left - weights, 0)
    await this.#onWork?.(units + weights)
  }

  /** @throws {OutOfWork} if less is left; nothing is spent then. */
  async spend(units: number): Promise<void> {
    if (units > this.#left) throw new OutOfWork()
    this.#left -= units
    await this.#onWork?.(units)
  }
}
