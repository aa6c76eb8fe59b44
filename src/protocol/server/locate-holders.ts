import {
  columnsOf,
  digestColumns,
  digestFactorsLength,
  type ErrorLocator,
  errorLocator,
  type Interpolation,
  interpolation,
  shareDigest,
} from '../../shamir/index.js'
import type { HeldShares, Layout } from './unmask.js'
import { type Budget, locatingCost, locatorCost } from './work.js'

const NOBODY: ReadonlySet<number> = new Set()

/** A word for each share of one owner, made when it is needed: see {@link shareDigest}. */
interface Words {
  readonly digest: (share: Uint8Array) => number
  /** By index; −1 where it is not made yet. */
  readonly made: Int32Array
}

/** Finds holders with wrong shares, for several owners at a time. */
export class LocatedHolders {
  readonly #threshold: number
  readonly #budget: Budget
  readonly #randomBytes: (length: number) => Uint8Array
  readonly #trusted: TrustedHolders
  readonly #words = new Map<HeldShares, Words>()
  /** The last ones, by the number of shares. */
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
   * The holders with a wrong share of any of these owners' secrets, if those are at most `most`, and few enough to be
   * located; among the holders who have revealed a share of each, and of these no more than it takes. Where more are
   * wrong, anybody or, if that is seen, `undefined`.
   */
  async among(owners: readonly HeldShares[], most: number): Promise<ReadonlySet<number> | undefined> {
    const [first, ...others] = new Set(owners.map(({ layout }) => layout))
    const candidates = this.#trusted.mostTrusted(first!, this.#threshold + 2 * most)
    // Holders are compared, which is far cheaper than work on shares.
    await this.#budget.spend(((others.length + 1) * candidates.length) / 8)
    const common = commonLayout(first!, candidates, others)
    if (common.holders.length < this.#threshold + 2) return NOBODY
    const sum = new Uint16Array(common.holders.length)
    for (const owner of owners) await this.#addWords(sum, owner, common)
    return this.#locate(common, digestColumns(common.field, sum))
  }

  /** The holders whose shares of this owner's secret are wrong in any of their elements; `undefined` where too many are. */
  of({ layout, shares }: HeldShares): Promise<ReadonlySet<number> | undefined> {
    return this.#locate(layout, columnsOf(layout.field, shares))
  }

  async #locate(layout: Layout, columns: readonly Uint16Array[]): Promise<ReadonlySet<number> | undefined> {
    const count = layout.holders.length
    const most = (count - this.#threshold) >> 1
    if (most < 1) return NOBODY
    const locator = await this.#locatorFor(layout)
    const least = locatingCost(count, columns.length, most, 0)
    await this.#budget.spend(least)
    const wrong = locator.locate(columns, this.#threshold)
    await this.#budget.spend(locatingCost(count, columns.length, most, wrong?.length ?? most) - least)
    return wrong && new Set(wrong.map((index) => layout.holders[index]!))
  }

  async #locatorFor(layout: Layout): Promise<ErrorLocator> {
    const { field, coordinates } = layout
    const known = this.#locators.get(coordinates.length)
    if (known !== undefined && isSame(known.layout.coordinates, coordinates)) return known.locator
    await this.#budget.spend(locatorCost(coordinates.length))
    const locator = errorLocator(field, coordinates)
    if (this.#locators.size === MOST_LOCATORS) this.#locators.clear()
    this.#locators.set(coordinates.length, { layout, locator })
    return locator
  }

  /** Adds an owner's words for the holders of `common` to the sum. */
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

/** Those for eight, for sixty-four and for all wrong shares, and the like. */
const MOST_LOCATORS = 4

/** Of these holders of a layout those that all the others have at the same coordinate. */
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

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index])
}

/** t of the shares of an owner, from which its secret is computed. */
export interface Choice {
  /** By their index in the layout, ascending. */
  readonly indices: readonly number[]
  readonly through: Interpolation
  /** The same for two choices of shares at the same coordinates. */
  readonly key: string
}

/** Interpolations that are kept for other owners; one of a thousand holders takes 60 KiB and more. */
const MOST_KEPT = 64

/**
 * Whose shares secrets are computed from. A holder with a wrong share is suspected once that has happened for two owners:
 * after one it may as well be the owner who has dealt it so, and nobody is to lose trust by what one client does.
 */
export class TrustedHolders {
  readonly #threshold: number
  /** By seat, how many shares it has revealed: with those who have revealed most, owners share one choice. */
  readonly #revealed: Uint16Array
  /** By seat, for how many owners, at least, its share was found wrong. */
  readonly #wrong: Uint16Array
  readonly #interpolations = new Map<string, Interpolation>()
  readonly #choices = new Map<Layout, Choice>()
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

  /** Notes holders with wrong shares of one owner or several; no owner is noted twice. */
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

  /** The shares of the holders that are trusted most. */
  choice(layout: Layout): Choice {
    let choice = this.#choices.get(layout)
    if (choice === undefined) {
      choice = this.choiceOf(layout, this.mostTrusted(layout, this.#threshold))
      if (this.#choices.size === MOST_KEPT) this.#choices.clear()
      this.#choices.set(layout, choice)
    }
    return choice
  }

  /** The same without the shares of `wrong` holders, where t are left. */
  choiceWithout(layout: Layout, wrong: ReadonlySet<number>): Choice | undefined {
    const last = this.#without
    if (last?.wrong === wrong && last.layout === layout) return last.choice
    const { holders } = layout
    const fitting = this.mostTrusted(layout, holders.length).filter((index) => !wrong.has(holders[index]!))
    const choice = fitting.length < this.#threshold ? undefined : this.choiceOf(layout, fitting)
    this.#without = { wrong, layout, choice }
    return choice
  }

  /** The first t of these shares. */
  choiceOf(layout: Layout, preferred: readonly number[]): Choice {
    const indices = preferred.slice(0, this.#threshold).sort((a, b) => a - b)
    const coordinates = indices.map((index) => layout.coordinates[index]!)
    // Coordinates are below 2^16, so a character each.
    const key = String.fromCharCode(layout.field.bits, ...coordinates)
    let through = this.#interpolations.get(key)
    if (through === undefined) {
      if (this.#interpolations.size === MOST_KEPT) this.#interpolations.clear()
      through = interpolation(layout.field, coordinates)
      this.#interpolations.set(key, through)
    }
    return { indices, through, key }
  }

  /** The indices of so many holders, those first that are trusted most. */
  mostTrusted(layout: Layout, count: number): readonly number[] {
    return this.#sorted(layout, 2).slice(0, count)
  }

  /** The indices of all holders, those first whose shares were never found wrong, or for few owners. */
  minimumWrong(layout: Layout): readonly number[] {
    return this.#sorted(layout, 1)
  }

  /** By what was found wrong from `least` on, then by what was revealed, then by index: each is below 2^16. */
  #sorted({ holders }: Layout, least: number): readonly number[] {
    const keys = new Float64Array(holders.length)
    for (let index = 0; index < keys.length; index++) {
      const holder = holders[index]!
      const wrong = this.#wrong[holder]!
      const withheld = 65535 - this.#revealed[holder]!
      keys[index] = ((wrong < least ? 0 : wrong) * 65536 + withheld) * 65536 + index
    }
    keys.sort()
    return Array.from(keys, (key) => key - Math.floor(key / 65536) * 65536)
  }
}
