import { type Interpolation, interpolation } from '../../shamir/index.js'
import type { HeldShares, Layout } from './held-shares.js'

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
