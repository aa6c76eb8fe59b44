import { wipe } from '../../crypto/bytes.js'
import type { HeldShares } from './held-shares.js'
import { type Choice, LocatedHolders, TrustedHolders } from './locate-holders.js'

import { type Budget, OutOfWork, placeCost, valueCost, weightsCost } from './work.js'

/** How many wrong shares each search looks for. A search for few is far faster, so it comes first. */
const MAXIMUM_WRONG = [8, 64, Number.POSITIVE_INFINITY] as const

const NOBODY: ReadonlySet<number> = new Set()

/** A secret that matches what its owner published. */
export interface RecoveredSecret {
  readonly held: HeldShares
  readonly value: Uint8Array
  /** The shares from which it was computed. */
  readonly choice: Choice
  /** Whether the first attempt recovered it, before any holder was suspected. */
  readonly atOnce: boolean
  /** If the first attempt did not recover it: the holders that were found to have wrong shares of this secret or of others in the same search. */
  readonly wrong: ReadonlySet<number>
}

/** What is known about a secret that was not recovered. */
export interface LostSecret {
  readonly held: HeldShares
  /** Whether the budget was enough to try other choices of the shares. */
  readonly wasTried: boolean
  /**
   * All owners, ascending, whose shares could not be corrected: too many are wrong, or they agree on a secret that does
   * not match what the owner published.
   */
  readonly uncorrectable: readonly HeldShares[]
}

/** What the recovery of a round's secrets needs from its caller. */
export interface RecoveryMeans {
  readonly threshold: number
  readonly budget: Budget
  /** The cost of one call of `isRight`. */
  checkCost(owner: number): number
  isRight(owner: number, secret: Uint8Array): Promise<boolean>
  randomBytes(length: number): Uint8Array
}

/**
 * Recovers the secrets of a round even if some shares are wrong. For each owner it takes these steps until one of them gives
 * a secret that matches what the owner published:
 *
 * 1. Compute the secret from the shares of t holders; the same holders for all owners if possible.
 * 2. Locate the holders with wrong shares, and compute the secret without them. One search covers many owners, because the
 *    cheating holders are the same for all of them. If too many shares are wrong for one search, the owners are split into
 *    halves, down to one search per owner, which corrects up to ⌊(r − t)/2⌋ wrong shares out of r.
 * 3. Try other choices of t shares, the least suspicious holders first.
 *
 * One budget pays for all steps except the first.
 */
export class SecretRecovery {
  readonly trusted: TrustedHolders
  readonly recovered: Map<number, RecoveredSecret> = new Map()
  readonly #held: readonly HeldShares[]
  readonly #means: RecoveryMeans
  readonly #located: LocatedHolders
  /** By owner: the last choice with which the first step failed. */
  readonly #failed = new Map<number, string>()
  /** The interpolations whose weights are already paid for. */
  readonly #paid = new WeakSet<object>()
  /** Owners for whom the second step failed, and whether it failed because too many shares are wrong. */
  readonly #beyond: (readonly [owner: HeldShares, isUncorrectable: boolean])[] = []

  constructor(held: readonly HeldShares[], means: RecoveryMeans) {
    this.#held = held
    this.#means = means
    this.trusted = new TrustedHolders(means.threshold, held)
    this.#located = new LocatedHolders(this.trusted, means)
  }

  /** Recovers all secrets. Returns a secret that could not be recovered within the budget, if there is one. */
  async recover(): Promise<LostSecret | undefined> {
    let alone: HeldShares | undefined
    const uncorrectable: HeldShares[] = []
    try {
      // Small groups first: holders that send wrong shares of all owners are then known before they have cost much.
      for (let from = 0, size = 1; from < this.#held.length; from += size, size *= 2) {
        await this.#recoverAll(this.#held.slice(from, from + size))
      }
      for (const [owner, isUncorrectable] of this.#beyond) {
        if (!isUncorrectable && (await this.#correctAlone(owner))) continue
        uncorrectable.push(owner)
        alone = owner
        if (!(await this.#tryOthers(owner))) break
        alone = undefined
      }
    } catch (error) {
      if (!(error instanceof OutOfWork)) throw error
    }
    const held = alone ?? this.#held.find(({ owner }) => !this.recovered.has(owner))
    if (held === undefined) return undefined
    for (const [owner, isUncorrectable] of this.#beyond) {
      if (isUncorrectable && !uncorrectable.includes(owner)) uncorrectable.push(owner)
    }
    uncorrectable.sort((a, b) => a.owner - b.owner)
    return { held, wasTried: alone !== undefined, uncorrectable }
  }

  async #recoverAll(owners: readonly HeldShares[]): Promise<void> {
    const failing: HeldShares[] = []
    for (const owner of owners) {
      const choice = this.trusted.choice(owner.layout)
      if (this.#failed.get(owner.owner) !== choice.key && (await this.#attempt(owner, choice))) continue
      this.#failed.set(owner.owner, choice.key)
      failing.push(owner)
    }
    if (failing.length > 0) await this.#correct(failing)
  }

  /** Corrects the shares of owners for whom the chosen shares include a wrong one. */
  async #correct(owners: readonly HeldShares[]): Promise<void> {
    let left = owners
    let isUncorrectable = false
    for (const most of MAXIMUM_WRONG) {
      const wrong = await this.#located.among(left, most)
      isUncorrectable = wrong === undefined
      const still: HeldShares[] = []
      for (const owner of left) if (!(await this.#attemptWithout(owner, wrong))) still.push(owner)
      left = still
      // If an owner is left, the located shares may be wrong for that owner only. They count once, when it is searched alone.
      if (left.length === 0) return this.trusted.noteWrong(wrong!)
      const holders = Math.max(...left.map(({ layout }) => layout.holders.length))
      if (this.#means.threshold + 2 * most >= holders) break
    }
    if (owners.length === 1) {
      this.#beyond.push([left[0]!, isUncorrectable])
      return
    }
    const middle = Math.ceil(left.length / 2)
    for (const half of [left.slice(0, middle), left.slice(middle)]) await this.#recoverAll(half)
  }

  /** Corrects one owner's shares, comparing all their elements instead of digests. */
  async #correctAlone(owner: HeldShares): Promise<boolean> {
    const wrong = await this.#located.of(owner)
    const isRecovered = await this.#attemptWithout(owner, wrong)
    if (isRecovered) this.trusted.noteWrong(wrong!)
    return isRecovered
  }

  async #tryOthers(owner: HeldShares): Promise<boolean> {
    const { threshold } = this.#means
    for (const indices of choices(this.trusted.leastSuspicious(owner.layout), threshold)) {
      const choice = this.trusted.choiceOf(owner.layout, indices)
      if (!(await this.#attempt(owner, choice))) continue
      await this.#noteHoldersOff(owner, choice)
      return true
    }
    return false
  }

  async #attemptWithout(owner: HeldShares, wrong: ReadonlySet<number> | undefined): Promise<boolean> {
    if (wrong === undefined || wrong.size === 0) return false
    const choice = this.trusted.choiceWithout(owner.layout, wrong)
    return choice !== undefined && this.#attempt(owner, choice, wrong)
  }

  async #attempt(held: HeldShares, choice: Choice, wrong: ReadonlySet<number> = NOBODY): Promise<boolean> {
    const { threshold, budget, checkCost, isRight } = this.#means
    const isFirst = !this.#failed.has(held.owner)
    const weights = this.#paid.has(choice.through) ? 0 : weightsCost(threshold)
    this.#paid.add(choice.through)
    const cost = valueCost(threshold) + checkCost(held.owner)
    await (isFirst ? budget.expect(cost, weights) : budget.spend(cost + weights))
    const value = choice.through.secretIn(held.bytes, held.layout.holders.length, choice.indices)
    if (await isRight(held.owner, value)) {
      const atOnce = isFirst && !this.trusted.suspectsAny
      this.recovered.set(held.owner, { held, value, choice, atOnce, wrong })
      return true
    }
    wipe(value)
    return false
  }

  /** Notes the holders whose shares do not lie on the polynomial through the chosen shares. */
  async #noteHoldersOff({ owner, layout, shares }: HeldShares, choice: Choice): Promise<void> {
    const { threshold, budget } = this.#means
    const each = valueCost(threshold) + placeCost(threshold)
    if (budget.left < (shares.length - threshold) * each) return
    const chosen = new Set(choice.indices)
    const taken = choice.indices.map((index) => shares[index]!)
    const wrong = new Set<number>()
    for (const [index, share] of shares.entries()) {
      if (chosen.has(index)) continue
      await budget.spend(each)
      const expected = choice.through.at(layout.coordinates[index]!)(taken)
      if (expected.some((byte, at) => byte !== share[at])) wrong.add(layout.holders[index]!)
    }
    this.trusted.noteWrong(wrong)
    this.recovered.set(owner, { ...this.recovered.get(owner)!, wrong })
  }
}

/**
 * All choices of `count` of these values: the first `count` values; then the first count + 1 without one of them; then the
 * first count + 2 without two of them; and so on.
 */
function* choices(values: readonly number[], count: number): Generator<readonly number[], void, void> {
  for (let last = count; last <= values.length; last++) {
    for (const without of subsets(last - 1, last - count)) {
      const left = new Set(without)
      yield values.slice(0, last).filter((_, index) => !left.has(index))
    }
  }
}

/** The subsets of 0, 1, … count − 1 that have `size` elements; each is ascending. */
function* subsets(count: number, size: number, from = 0): Generator<readonly number[], void, void> {
  if (size === 0) {
    yield []
    return
  }
  for (let first = from; first <= count - size; first++) {
    for (const rest of subsets(count, size - 1, first + 1)) yield [first, ...rest]
  }
}
