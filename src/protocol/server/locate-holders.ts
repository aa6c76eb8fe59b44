import {
  columnsOf,
  digestColumns,
  digestFactorsLength,
  type ErrorLocator,
  errorLocator,
  shareDigest,
} from '../../shamir/index.js'
import type { HeldShares, Layout } from './held-shares.js'
import type { TrustedHolders } from './trusted-holders.js'
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
