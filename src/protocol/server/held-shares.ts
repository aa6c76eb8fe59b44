import { graphOf } from '../../graph/index.js'
import { type Field, fieldFor } from '../../shamir/index.js'
import { blameNobody, violation } from '../blame.js'
import type { ServerUnmasking } from './states.js'
import type { AcceptedUnmasking } from './unmask.js'

/** The revealed shares of one owner's secret. */
export interface HeldShares {
  readonly owner: number
  readonly field: Field
  /** Who has revealed one, ascending; at least t. */
  readonly holders: readonly number[]
  /** Where each of them lies, by its Shamir coordinate. */
  readonly coordinates: readonly number[]
  readonly shares: readonly Uint8Array[]
}

/**
 * The shares in `answers`, which are ascending by seat, for each client of U2.
 *
 * @throws {SecAggError} `too-few-shares`, naming an owner in `concerning`, where fewer than t holders have revealed one.
 */
export function sharesByOwner(
  { config, graph: drawn, clients }: ServerUnmasking,
  answers: readonly AcceptedUnmasking[],
): ReadonlyMap<number, HeldShares> {
  const revealed = new Map(
    clients.map(({ seat }) => [seat, { holders: [] as number[], shares: [] as Uint8Array[] }]),
  )
  for (const { seat: holder, shares } of answers) {
    for (const { seat: owner, value: share } of shares) {
      const { holders, shares: row } = revealed.get(owner)!
      holders.push(holder)
      row.push(share)
    }
  }
  const graph = graphOf(drawn, config.clients)
  const held = new Map<number, HeldShares>()
  for (const [owner, { holders, shares }] of revealed) {
    if (holders.length < config.threshold) {
      const blame = blameNobody('unmasking', owner)
      throw violation('too-few-shares', blame, `too few shares of seat ${owner}'s secret were revealed`, {
        expected: config.threshold,
        got: holders.length,
      })
    }
    const all = graph.holders(owner)
    const coordinates = coordinatesOf(all, holders)
    held.set(owner, { owner, field: fieldFor(all.length), holders, coordinates, shares })
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
