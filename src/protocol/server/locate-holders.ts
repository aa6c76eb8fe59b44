import {
  digestColumns,
  digestFactorsLength,
  type Interpolation,
  interpolation,
  shareDigest,
} from '../../shamir/combine.js'
import { columnsOf, type ErrorLocator, errorLocator } from '../../shamir/correct-shares.js'
import type { Field } from '../../shamir/field.js'
import type { HeldShares, Layout } from './held-shares.js'
import { type Budget, locatingCost, locatorCost } from './work.js'

const NOBODY: ReadonlySet<number> = new Set()

/** A short digest of each share of one owner, computed when it is needed: see {@link shareDigest}. */
interface Words {
  readonly digest: (share: Uint8Array) => number
  /** By index of the share; −1 if it is not computed yet. */
  readonly made: Int32Array
}

/** Finds holders with wrong shares, for several owners at once. */
export class LocatedHolders {
  readonly #threshold: number
  readonly #budget: Budget
  readonly #randomBytes: (length: number) => Uint8Array
  readonly #trusted: TrustedHolders
  readonly #words = new Map<HeldShares, Words>()
  /** The latest locators, by the number of shares. */
  readonly #locators = new Map<number, { readonly layout: Layout; readonly locator: ErrorLocator }>()

  constructor(
    trusted: TrustedHolders,
    means: { readonly threshold: number; readonly budget: Budget; randomBytes(length: number): Uint8Array },
  ) {
    this.#trusted = trusted
    this.#threshold = means.threshold
    this.#budget = means.budget
    this.#randomBytes = means.randomBytes
  }

  /**
   * Finds the holders that revealed a wrong share for at least one of these owners. It looks only at holders that revealed
   * a share for every owner, and at no more of them than are needed to find `most` wrong ones.
   *
   * The result is right if at most `most` of these holders are wrong and they are few enough to be located. Otherwise it is
   * `undefined`, or it names arbitrary holders, so the caller checks each secret that it leads to.
   */
  async among(owners: readonly HeldShares[], most: number): Promise<ReadonlySet<number> | undefined> {
    const [first, ...others] = new Set(owners.map(({ layout }) => layout))
    const candidates = this.#trusted.mostTrusted(first!, this.#threshold + 2 * most)
    // This step compares lists of holders, which is far cheaper than work on shares.
    await this.#budget.spend(((others.length + 1) * candidates.length) / 8)
    const common = commonLayout(first!, candidates, others)
    if (common.holders.length < this.#threshold + 2) return NOBODY
    const sum = new Uint16Array(common.holders.length)
    for (const owner of owners) await this.#addWords(sum, owner, common)
    return this.#locate(common, digestColumns(common.field, sum))
  }

  /** The holders whose shares of this owner's secret are wrong in any element; `undefined` if there are too many. */
  of({ layout, shares }: HeldShares): Promise<ReadonlySet<number> | undefined> {
    return this.#locate(layout, columnsOf(layout.field, shares))
  }

  async #locate(layout: Layout, columns: readonly Uint16Array[]): Promise<ReadonlySet<number> | undefined> {
    const count = layout.holders.length
    const most = (count - this.#threshold) >> 1
    if (most < 1) return NOBODY
    const locator = await this.#locatorFor(layout)
    const minimumCost = locatingCost(count, columns.length, most, 0)
    await this.#budget.spend(minimumCost)
    const wrong = locator.locate(columns, this.#threshold)
    const cost = locatingCost(count, columns.length, most, wrong?.length ?? most)
    await this.#budget.spend(cost - minimumCost)
    return wrong && new Set(wrong.map((index) => layout.holders[index]!))
  }

  async #locatorFor(layout: Layout): Promise<ErrorLocator> {
    const { field, coordinates } = layout
    const known = this.#locators.get(coordinates.length)
    if (known !== undefined && isSame(known.layout.coordinates, coordinates)) return known.locator
    await this.#budget.spend(locatorCost(coordinates.length))
    const locator = errorLocator(field, coordinates)
    if (this.#locators.size === MAXIMUM_LOCATORS) this.#locators.clear()
    this.#locators.set(coordinates.length, { layout, locator })
    return locator
  }

  /** Adds one owner's words for the holders of `common` to the sum. */
  async #addWords(sum: Uint16Array, owner: HeldShares, common: Layout): Promise<void> {
    const { layout, shares } = owner
    let words = this.#words.get(owner)
    if (words === undefined) {
      const factors = this.#randomBytes(digestFactorsLength(layout.field, shares[0]!.length))
      words = { digest: shareDigest(layout.field, factors), made: new Int32Array(shares.length).fill(-1) }
      this.#words.set(owner, words)
    }
    const { digest, made } = words
    let added = 0
    for (let position = 0, index = 0; position < sum.length; position++, index++) {
      while (layout.holders[index] !== common.holders[position]) index++
      if (made[index]! < 0) {
        made[index] = digest(shares[index]!)
        added++
      }
      sum[position]! ^= made[index]!
    }
    await this.#budget.spend(added)
  }
}

/** Enough for the searches for up to 8, up to 64 and any number of wrong shares, and one more. */
const MAXIMUM_LOCATORS = 4

/** The holders of `layout` at these indices that have the same coordinate in all the other layouts. */
function commonLayout(layout: Layout, indices: readonly number[], others: readonly Layout[]): Layout {
  const { field, holders, coordinates } = layout
  let places = [...indices]
    .sort((a, b) => a - b)
    .map((index) => ({ holder: holders[index]!, coordinate: coordinates[index]! }))
  for (const other of others) {
    let at = 0
    places = places.filter(({ holder, coordinate }) => {
      while (at < other.holders.length && other.holders[at]! < holder) at++
      return other.field === field && other.holders[at] === holder && other.coordinates[at] === coordinate
    })
  }
  return {
    field,
    holders: places.map(({ holder }) => holder),
    coordinates: places.map(({ coordinate }) => coordinate),
  }
}

function isAscending(values: readonly number[]): boolean {
  for (let index = 1; index < values.length; index++) if (values[index - 1]! > values[index]!) return false
  return true
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false
  return true
}

/** A choice of t shares of one owner, from which the owner's secret is computed. */
export interface Choice {
  /** The shares' indices in the layout, ascending. */
  readonly indices: readonly number[]
  readonly through: Interpolation
  /** Two choices of shares at the same coordinates have the same key. */
  readonly key: string
}

/** How many interpolations are kept for the next owners. One for a thousand holders uses 60 KiB or more. */
const MAXIMUM_KEPT = 64

/**
 * Decides whose shares the secrets are computed from. A holder is suspected once its shares of two owners were found
 * wrong. After one owner, that owner may have dealt the wrong share, and one client must not be able to discredit another.
 */
export class TrustedHolders {
  readonly #threshold: number
  /** By seat: how many shares this holder revealed. If those that revealed most come first, many owners share one choice. */
  readonly #revealed: Uint16Array
  /** By seat: the number of owners for which the holder's share was found wrong. There may be more. */
  readonly #wrong: Uint16Array
  readonly #interpolations = new Map<string, Interpolation>()
  readonly #choices = new Map<Layout, Choice>()
  /** The choice that was made last. */
  #last:
    | { readonly field: Field; readonly coordinates: readonly number[]; readonly choice: Choice }
    | undefined
  #without: { wrong: ReadonlySet<number>; layout: Layout; choice: Choice | undefined } | undefined
  #suspectsAny = false

  constructor(threshold: number, held: readonly HeldShares[]) {
    this.#threshold = threshold
    const owners = new Map<Layout, number>()
    for (const { layout } of held) owners.set(layout, (owners.get(layout) ?? 0) + 1)
    const seats = 1 + Math.max(...[...owners.keys()].map(({ holders }) => holders.at(-1)!))
    this.#revealed = new Uint16Array(seats)
    this.#wrong = new Uint16Array(seats)
    for (const [{ holders }, count] of owners) for (const holder of holders) this.#revealed[holder]! += count
  }

  /** Notes holders with wrong shares of one owner or of several. The caller notes each owner at most once. */
  noteWrong(holders: Iterable<number>): void {
    for (const holder of holders) {
      this.#wrong[holder]!++
      this.#suspectsAny ||= this.isSuspected(holder)
    }
    this.#choices.clear()
    this.#without = undefined
  }

  isSuspected(holder: number): boolean {
    return this.#wrong[holder]! > 1
  }

  get suspectsAny(): boolean {
    return this.#suspectsAny
  }

  /** The t shares of the holders that are trusted most. */
  choice(layout: Layout): Choice {
    let choice = this.#choices.get(layout)
    if (choice === undefined) {
      choice = this.choiceOf(layout, this.mostTrusted(layout, this.#threshold))
      if (this.#choices.size === MAXIMUM_KEPT) this.#choices.clear()
      this.#choices.set(layout, choice)
    }
    return choice
  }

  /** The same without the shares of `wrong` holders; `undefined` if fewer than t shares are left. */
  choiceWithout(layout: Layout, wrong: ReadonlySet<number>): Choice | undefined {
    const last = this.#without
    if (last?.wrong === wrong && last.layout === layout) return last.choice
    const { holders } = layout
    const fitting = this.mostTrusted(layout, holders.length).filter((index) => !wrong.has(holders[index]!))
    const choice = fitting.length < this.#threshold ? undefined : this.choiceOf(layout, fitting)
    this.#without = { wrong, layout, choice }
    return choice
  }

  /** The choice of the first t of these shares. */
  choiceOf(layout: Layout, preferred: readonly number[]): Choice {
    const indices = preferred.slice(0, this.#threshold)
    if (!isAscending(indices)) indices.sort((a, b) => a - b)
    const coordinates = indices.map((index) => layout.coordinates[index]!)
    // Without dropouts, the holders of each owner are others, but their coordinates are the same.
    const last = this.#last
    if (
      last?.field === layout.field &&
      isSame(last.coordinates, coordinates) &&
      isSame(last.choice.indices, indices)
    ) {
      return last.choice
    }
    // A coordinate is below 2^16, so it fits into one character.
    const key = String.fromCharCode(layout.field.bits, ...coordinates)
    let through = this.#interpolations.get(key)
    if (through === undefined) {
      if (this.#interpolations.size === MAXIMUM_KEPT) this.#interpolations.clear()
      through = interpolation(layout.field, coordinates)
      this.#interpolations.set(key, through)
    }
    const choice: Choice = { indices, through, key }
    this.#last = { field: layout.field, coordinates, choice }
    return choice
  }

  /** The indices of the `count` most trusted holders, the most trusted first. */
  mostTrusted(layout: Layout, count: number): readonly number[] {
    return this.#sorted(layout, 2).slice(0, count)
  }

  /** The indices of all holders, sorted by the number of owners for which their shares were found wrong. */
  leastSuspicious(layout: Layout): readonly number[] {
    return this.#sorted(layout, 1)
  }

  /**
   * Sorts by the number of wrong shares, ascending; then by the number of revealed shares, descending; then by index. Numbers
   * of wrong shares below `ignored` count as 0. Each of the three is below 2^16, so one number holds them all.
   */
  #sorted({ holders }: Layout, ignored: number): readonly number[] {
    const keys = new Float64Array(holders.length)
    const indices: number[] = []
    let isSorted = true
    for (let index = 0; index < keys.length; index++) {
      const holder = holders[index]!
      const wrong = this.#wrong[holder]!
      const withheld = 65535 - this.#revealed[holder]!
      keys[index] = ((wrong < ignored ? 0 : wrong) * 65536 + withheld) * 65536 + index
      indices.push(index)
      isSorted &&= index === 0 || keys[index - 1]! < keys[index]!
    }
    // Nearly always, if no client has dropped out.
    if (isSorted) return indices
    keys.sort()
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index]!
      indices[index] = key - Math.floor(key / 65536) * 65536
    }
    return indices
  }
}
