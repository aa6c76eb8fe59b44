import { type Interpolation, interpolation, locateWrongShares } from '../../shamir/index.js'
import type { HeldShares } from './held-shares.js'
import type { Misfits } from './wrong-shares.js'

/** The most choices of shares that are tried in a round beyond what can be corrected; each costs a check of its own. */
const MOST_TRIALS = 1024

/** Interpolations that are kept for other owners; those of a thousand holders take 60 KiB and more. */
const MOST_KEPT = 256

/** A secret that fits what its owner published, and the shares that misfit, where there was reason to look for such. */
export interface RecoveredSecret {
  readonly value: Uint8Array
  readonly misfits?: Misfits
}

/**
 * Recovers the secrets of a round, one owner after the other, though some shares are wrong:
 *
 * 1. from the first t shares;
 * 2. from t shares of holders that have not been found with a wrong one for another owner;
 * 3. correcting up to ⌊(r − t)/2⌋ wrong ones of r;
 * 4. from other choices of t shares, as far as {@link MOST_TRIALS} go.
 */
export class SecretRecovery {
  readonly #threshold: number
  /** Weights by the coordinates that they are for: the same for all owners with the same holders. */
  readonly #interpolations = new Map<string, Interpolation>()
  /** Which of them other shares were compared with last: it has weights for each of those. */
  #compared: string | undefined
  readonly #suspects = new Set<number>()
  #trials = 0

  constructor(threshold: number) {
    this.#threshold = threshold
  }

  /** The secret for which `isRight` holds; `undefined` where no choice of shares that is tried gives it. */
  async recover(
    held: HeldShares,
    isRight: (secret: Uint8Array) => Promise<boolean>,
  ): Promise<RecoveredSecret | undefined> {
    const attempt = async (chosen: readonly number[]): Promise<RecoveredSecret | undefined> => {
      const value = this.#valueAt(0, held, chosen)
      return (await isRight(value)) ? { value, misfits: this.#misfits(held, chosen) } : undefined
    }

    const first = this.#valueAt(0, held, range(this.#threshold))
    if (await isRight(first)) return { value: first }

    const unsuspected = range(held.shares.length).filter((index) => !this.#suspects.has(held.holders[index]!))
    if (this.#suspects.size > 0 && unsuspected.length >= this.#threshold) {
      const recovered = await attempt(unsuspected.slice(0, this.#threshold))
      if (recovered !== undefined) return recovered
    }

    const wrong = locateWrongShares(held.field, held.coordinates, this.#threshold, held.shares)
    // All fit, so that any t give the same.
    if (wrong?.length === 0) return undefined
    if (wrong !== undefined) {
      const fitting = range(held.shares.length).filter((index) => !wrong.includes(index))
      const recovered = await attempt(fitting.slice(0, this.#threshold))
      if (recovered !== undefined) return recovered
    }

    for (const chosen of choices(this.#threshold, held.shares.length)) {
      if (++this.#trials > MOST_TRIALS) return undefined
      const recovered = await attempt(chosen)
      if (recovered !== undefined) return recovered
    }
    return undefined
  }

  /** The shares that do not lie on the polynomial through the chosen ones. Their holders are suspected from now on. */
  #misfits(held: HeldShares, chosen: readonly number[]): Misfits {
    this.#keepOneCompared(keyOf(held, chosen))
    const trusted = new Set(chosen)
    const wrong = range(held.shares.length).filter((index) => {
      if (trusted.has(index)) return false
      const expected = this.#valueAt(held.coordinates[index]!, held, chosen)
      return expected.some((byte, at) => byte !== held.shares[index]![at])
    })
    const holders = wrong.map((index) => held.holders[index]!)
    for (const holder of holders) this.#suspects.add(holder)
    return { owner: held.owner, holders, fitting: held.shares.length - wrong.length }
  }

  /** The weights for all other holders take a hundred MiB among a thousand, and each new liar makes for another choice. */
  #keepOneCompared(key: string): void {
    if (this.#compared !== undefined && this.#compared !== key) this.#interpolations.delete(this.#compared)
    this.#compared = key
  }

  #valueAt(x: number, held: HeldShares, chosen: readonly number[]): Uint8Array {
    const { field, shares } = held
    const key = keyOf(held, chosen)
    let through = this.#interpolations.get(key)
    if (through === undefined) {
      if (this.#interpolations.size === MOST_KEPT) this.#interpolations.clear()
      through = interpolation(field, coordinatesOf(held, chosen))
      this.#interpolations.set(key, through)
    }
    return through.valueAt(
      x,
      chosen.map((index) => shares[index]!),
    )
  }
}

/** Coordinates are below 2^16, so a character each. */
function keyOf(held: HeldShares, chosen: readonly number[]): string {
  return String.fromCharCode(held.field.bits, ...coordinatesOf(held, chosen))
}

function coordinatesOf({ coordinates }: HeldShares, chosen: readonly number[]): number[] {
  return chosen.map((index) => coordinates[index]!)
}

/**
 * The choices of `threshold` indices below `count` but for the first one: those that do without one of the first t + 1
 * before those that do without two of the first t + 2, and so on.
 */
function* choices(threshold: number, count: number): Generator<readonly number[], void, void> {
  for (let last = threshold; last < count; last++) {
    for (const without of subsets(last, last + 1 - threshold)) {
      yield range(last + 1).filter((index) => !without.includes(index))
    }
  }
}

/** The subsets of 0, 1, … count − 1 with `size` elements, each ascending. */
function* subsets(count: number, size: number, from = 0): Generator<readonly number[], void, void> {
  if (size === 0) {
    yield []
    return
  }
  for (let first = from; first <= count - size; first++) {
    for (const rest of subsets(count, size - 1, first + 1)) yield [first, ...rest]
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
