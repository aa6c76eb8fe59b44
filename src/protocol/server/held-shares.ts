import { graphOf } from '../../graph/index.js'
import { type Field, fieldFor } from '../../shamir/index.js'
import { blameNobody, violation } from '../blame.js'
import type { ServerUnmasking } from './states.js'
import type { RevealingClient } from './unmask.js'

/** Who has revealed shares of an owner's secret, and where they lie. Owners for whom it is the same share one object. */
export interface Layout {
  readonly field: Field
  /** Ascending; at least t. */
  readonly holders: readonly number[]
  /** Where each of them lies, by its Shamir coordinate. */
  readonly coordinates: readonly number[]
}

/** The revealed shares of one owner's secret. */
export interface HeldShares {
  readonly owner: number
  readonly layout: Layout
  readonly shares: readonly Uint8Array[]
}

/**
 * The shares in `answers`, which are ascending by seat, for each client of U2, ascending.
 *
 * @throws {SecAggError} `too-few-shares`, naming an owner in `concerning`, where fewer than t holders have revealed one.
 */
export function sharesByOwner(
  { config, graph: drawn, clients }: ServerUnmasking,
  answers: readonly RevealingClient[],
): readonly HeldShares[] {
  const revealed: { owner: number; holders: number[]; shares: Uint8Array[] }[] = []
  for (const { seat } of clients) revealed[seat] = { owner: seat, holders: [], shares: [] }
  for (const { seat: holder, shares } of answers) {
    for (const { seat: owner, value: share } of shares) {
      const { holders, shares: row } = revealed[owner]!
      holders.push(holder)
      row.push(share)
    }
  }
  const graph = graphOf(drawn, config.clients)
  let last: Layout | undefined
  const held: HeldShares[] = []
  for (const { seat } of clients) {
    const { owner, holders, shares } = revealed[seat]!
    if (holders.length < config.threshold) {
      const blame = blameNobody('unmasking', owner)
      throw violation('too-few-shares', blame, `too few shares of seat ${owner}'s secret were revealed`, {
        expected: config.threshold,
        got: holders.length,
      })
    }
    const all = graph.holders(owner)
    const layout = { field: fieldFor(all.length), holders, coordinates: coordinatesOf(all, holders) }
    if (last === undefined || !isSame(last, layout)) last = layout
    held.push({ owner, layout: last, shares })
  }
  return held
}

/** The Shamir coordinates of some of `all` holders of an owner; both lists are ascending, so one walk finds them. */
function coordinatesOf(all: readonly number[], holders: readonly number[]): number[] {
  let index = 0
  return holders.map((holder) => {
    while (index < all.length && all[index] !== holder) index++
    return index + 1
  })
}

function isSame(one: Layout, other: Layout): boolean {
  return (
    one.field === other.field &&
    one.holders.length === other.holders.length &&
    one.holders.every((holder, index) => holder === other.holders[index]) &&
    one.coordinates.every((coordinate, index) => coordinate === other.coordinates[index])
  )
}
