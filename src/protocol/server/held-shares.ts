import { usageError } from '../../errors.js'
import { countsClients, graphOf, hasPlace, placesIn } from '../../graph/index.js'
import { type Field, fieldFor } from '../../shamir/field.js'
import { columnOf } from '../../wire/index.js'
import { blameNobody, requireEnough, violation } from '../checks.js'
import { bySeat } from './accepted.js'
import type { ServerUnmasking } from './states.js'
import { type RevealedColumn, type RevealingClient, shareLengths } from './unmask.js'

const PHASE = 'unmasking'

/** The answers of a caller as columns. Answers that do not belong to this round are the caller's mistake. */
export function columnsOfAnswers(
  state: ServerUnmasking,
  accepted: readonly RevealingClient[],
): readonly RevealedColumn[] {
  const members = placesIn(state.clients)
  const lengthOf = shareLengths(state)
  const stranger = accepted.find(
    ({ seat, shares }) =>
      !hasPlace(members, seat) ||
      shares.some(({ seat: owner, value }) => !hasPlace(members, owner) || value.length !== lengthOf(owner)),
  )
  if (stranger !== undefined) {
    throw usageError('invalid-argument', `the answer of seat ${stranger.seat} does not belong to this round`)
  }
  return accepted.map(({ seat, shares }) => ({ seat, shares: columnOf(shares) }))
}

/** The answers of the phase Unmasking, ascending by seat. On the complete graph there must be at least t. */
export function requireAnswers(
  { config: { graph, threshold } }: ServerUnmasking,
  accepted: readonly RevealedColumn[],
): readonly RevealedColumn[] {
  if (countsClients(graph)) requireEnough(accepted.length, threshold, 'U5', blameNobody(PHASE))
  return bySeat(accepted, PHASE)
}

/** The holders that revealed shares of one owner's secret, and their coordinates. Owners with equal layouts share one object. */
export interface Layout {
  readonly field: Field
  /** Ascending; at least t. */
  readonly holders: readonly number[]
  /** The Shamir coordinate of each holder. */
  readonly coordinates: readonly number[]
}

/** The revealed shares of one owner's secret. */
export class HeldShares {
  readonly owner: number
  readonly layout: Layout
  /** The shares of all holders of the layout, one after the other. */
  readonly bytes: Uint8Array
  #shares: readonly Uint8Array[] | undefined

  constructor(owner: number, layout: Layout, bytes: Uint8Array) {
    this.owner = owner
    this.layout = layout
    this.bytes = bytes
  }

  /** The same shares as a list. It is made only if shares may be wrong. */
  get shares(): readonly Uint8Array[] {
    const count = this.layout.holders.length
    const length = this.bytes.length / count
    this.#shares ??= Array.from({ length: count }, (_, index) =>
      this.bytes.subarray(index * length, (index + 1) * length),
    )
    return this.#shares
  }
}

/**
 * The revealed shares of each client of U2, ascending by owner, and the memory that contains copies of all of them. The given
 * answers are ascending by seat.
 *
 * @throws {SecAggError} `too-few-shares` if fewer than t holders revealed a share of an owner; `concerning` names the owner.
 */
export function sharesByOwner(
  state: ServerUnmasking,
  answers: readonly RevealedColumn[],
): { readonly held: readonly HeldShares[]; readonly memory: Uint8Array } {
  const { config, graph: drawn, clients } = state
  const places = placesIn(clients)
  const lengthOf = shareLengths(state)
  const lengths = new Uint8Array(clients.length)
  for (let place = 0; place < lengths.length; place++) lengths[place] = lengthOf(clients[place]!.seat)
  const counts = new Uint32Array(clients.length)
  for (const { shares } of answers) countOwners(shares.seats, places, counts)
  // By place of the owner: where its holders begin in one list, and its shares in memory.
  const firsts = new Uint32Array(clients.length + 1)
  const starts = new Float64Array(clients.length + 1)
  clients.forEach((_, place) => {
    firsts[place + 1] = firsts[place]! + counts[place]!
    starts[place + 1] = starts[place]! + counts[place]! * lengths[place]!
  })
  const holders = new Uint32Array(firsts[clients.length]!)
  const memory = new Uint8Array(starts[clients.length]!)
  const filing: Filing = {
    places,
    lengths,
    holders,
    nextHolder: firsts.slice(),
    memory: new DataView(memory.buffer),
    nextShare: starts.slice(),
  }
  for (const answer of answers) fileShares(filing, answer)
  const graph = graphOf(drawn, config.clients)
  let last: (Layout & { readonly all: readonly number[] }) | undefined
  const held = clients.map(({ seat: owner }, place) => {
    const own = holders.subarray(firsts[place], firsts[place + 1])
    if (own.length < config.threshold) {
      const text = `too few shares of seat ${owner}'s secret were revealed`
      throw violation('too-few-shares', blameNobody(PHASE, owner), text, {
        expected: config.threshold,
        got: own.length,
      })
    }
    const all = graph.holders(owner)
    if (last === undefined || last.all !== all || !isSame(last.holders, own)) {
      const listed: number[] = []
      for (let index = 0; index < own.length; index++) listed.push(own[index]!)
      last = { all, field: fieldFor(all.length), holders: listed, coordinates: coordinatesOf(all, listed) }
    }
    return new HeldShares(owner, last, memory.subarray(starts[place], starts[place + 1]))
  })
  return { held, memory }
}

function countOwners(owners: readonly number[], places: Int32Array, counts: Uint32Array): void {
  for (const owner of owners) counts[places[owner]!]!++
}

/** Where the shares of each owner go. `places` has the place of each owner, by which the others are indexed. */
interface Filing {
  readonly places: Int32Array
  /** The length of a share. */
  readonly lengths: Uint8Array
  /** Where the next holder goes in `holders`. */
  readonly nextHolder: Uint32Array
  readonly holders: Uint32Array
  /** Where the next share goes in `memory`. */
  readonly nextShare: Float64Array
  readonly memory: DataView
}

/** Files the shares of one answer. A separate function, because engines optimize functions that are called often. */
function fileShares(
  { places, lengths, nextHolder, holders, nextShare, memory }: Filing,
  { seat, shares: { seats, bytes } }: RevealedColumn,
): void {
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  for (const owner of seats) {
    const place = places[owner]!
    const length = lengths[place]!
    const to = nextShare[place]!
    holders[nextHolder[place]!++] = seat
    nextShare[place] = to + length
    // By words that need not begin at a multiple of 4. The lengths of both kinds of shares are multiples of 4.
    for (let i = 0; i < length; i += 4) memory.setUint32(to + i, source.getUint32(at + i))
    at += length
  }
}

/** The Shamir coordinates of `holders` among `all` holders of an owner. Both lists are ascending, so one pass finds them. */
function coordinatesOf(all: readonly number[], holders: readonly number[]): number[] {
  let index = 0
  return holders.map((holder) => {
    while (index < all.length && all[index] !== holder) index++
    return index + 1
  })
}

function isSame(one: readonly number[], other: Uint32Array): boolean {
  if (one.length !== other.length) return false
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false
  return true
}
