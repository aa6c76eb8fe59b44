import { sha256 } from '@noble/hashes/sha2.js'
import { ascii, concatBytes } from '../crypto/bytes.js'
import { type Graph, indexOfSeat } from './graph.js'

/** The number of bytes of the seed that determines a client's choice of holders. */
export const CHOICE_LENGTH = 16

/** At most this number times k clients may choose the same holder. A client that is chosen more often cannot take part. */
const MOST_OWNERS = 3

/** What a choice of holders depends on, in addition to its seed. */
export interface ChoiceContext {
  /** The configuration's hash. */
  readonly hash: Uint8Array
  /** n. */
  readonly clients: number
  /** k: how many holders each client chooses. */
  readonly neighbors: number
}

/**
 * A client and the seed of its choice.
 * @public
 */
export interface ChoosingClient {
  readonly seat: number
  readonly choice: Uint8Array
}

/** The maximum number of seats that a client sees: its k holders, up to 3k clients that have chosen it, and itself. */
export function maximumVisible(clients: number, neighbors: number): number {
  return Math.min(clients, neighbors * (1 + MOST_OWNERS) + 1)
}

const LABEL = ascii('secagg choose holders')

/**
 * The holders that the client at `seat` has chosen, ascending: a uniformly random subset of k other seats. This is `Sample`
 * in the specification. Everybody who has the seed can compute it. (In Bell et al. 2020, section 4, clients choose their
 * neighbors.)
 *
 * This is Floyd's algorithm, with words of SHA-256 in counter mode: for each j from n − 1 − k to n − 2 it draws a number from
 * 0 to j. If that number was drawn before, it uses j instead.
 */
export function chooseHolders(
  { hash, clients, neighbors }: ChoiceContext,
  seat: number,
  seed: Uint8Array,
): readonly number[] {
  const words = wordsOf(concatBytes(Uint8Array.of(LABEL.length), LABEL, hash, wordBytes(seat), seed))
  const chosen: number[] = []
  for (let last = clients - 1 - neighbors; last < clients - 1; last++) {
    const drawn = below(last + 1, words)
    // Numbers up to `last` were drawn so far, so `last` itself goes to the end.
    const place = placeOf(chosen, drawn)
    if (chosen[place] === drawn) chosen.push(last)
    else insertAt(chosen, place, drawn)
  }
  // The numbers drawn count the other seats, so they skip the client's own seat.
  for (let i = 0; i < chosen.length; i++) if (chosen[i]! >= seat) chosen[i]!++
  return chosen
}

/** How many elements of an ascending list are below `value`. */
function placeOf(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Like `splice`, which takes several times as long for lists as short as these. */
function insertAt(list: number[], place: number, value: number): void {
  let moved = value
  for (let i = place; i < list.length; i++) {
    const next = list[i]!
    list[i] = moved
    moved = next
  }
  list.push(moved)
}

/** A uniform number below `choices`. Words that would favor small numbers are skipped. */
function below(choices: number, words: () => number): number {
  const unbiased = 2 ** 32 - (2 ** 32 % choices)
  let word = words()
  while (word >= unbiased) word = words()
  return word % choices
}

/** A function that returns the 32-bit little-endian words of SHA-256(prefix ‖ counter), for the counters 0, 1, 2, … */
function wordsOf(prefix: Uint8Array): () => number {
  const begun = sha256.create().update(prefix)
  // One object and one array for all blocks, because making new ones takes as long as the hash.
  let hash = begun.clone()
  const block = new Uint8Array(32)
  const view = new DataView(block.buffer)
  let counter = 0
  let at = block.length
  return () => {
    if (at === block.length) {
      hash = begun._cloneInto(hash)
      hash.update(wordBytes(counter++)).digestInto(block)
      at = 0
    }
    at += 4
    return view.getUint32(at - 4, true)
  }
}

function wordBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  for (let i = 0; i < 4; i++) bytes[i] = value >>> (8 * i)
  return bytes
}

/**
 * The graph on which every client has chosen its own holders. A client shares masks with the clients that it has chosen and
 * with those that have chosen it, if they are among `choosing`. `choosing` is ascending by seat.
 */
export function chosenGraph(context: ChoiceContext, choosing: readonly ChoosingClient[]): Graph {
  const holdersOf = new Map<number, readonly number[]>()
  const ownersOf = new Map<number, number[]>()
  for (const { seat } of choosing) ownersOf.set(seat, [])
  for (const { seat, choice } of choosing) {
    const holders = chooseHolders(context, seat, choice)
    holdersOf.set(seat, holders)
    for (const holder of holders) ownersOf.get(holder)?.push(seat)
  }
  const holders = (seat: number): readonly number[] => holdersOf.get(seat) ?? []
  const owners = (seat: number): readonly number[] => ownersOf.get(seat) ?? []
  const neighborsOf = new Map<number, readonly number[]>()
  return {
    holders,
    owners,
    maskNeighbors: (seat) => {
      const known = neighborsOf.get(seat)
      if (known !== undefined) return known
      const both = new Set([...owners(seat), ...holders(seat).filter((holder) => holdersOf.has(holder))])
      const neighbors = [...both].sort((a, b) => a - b)
      neighborsOf.set(seat, neighbors)
      return neighbors
    },
  }
}

/** The clients that at most 3k others have chosen. `graph` is the one of `choosing`. */
export function withoutCrowded<C extends ChoosingClient>(
  context: ChoiceContext,
  choosing: readonly C[],
  { owners }: Graph = chosenGraph(context, choosing),
): readonly C[] {
  return choosing.filter(({ seat }) => owners(seat).length <= MOST_OWNERS * context.neighbors)
}

/**
 * The largest subset of `present` in which every client has at least `threshold` of its holders. Clients with fewer holders
 * are removed until every remaining client has enough. `present` and the result are ascending.
 */
export function withEnoughHolders(
  { holders, owners }: Graph,
  present: readonly number[],
  threshold: number,
): readonly number[] {
  const remaining = new Set(present)
  const count = new Map(
    present.map((seat) => [seat, holders(seat).filter((holder) => remaining.has(holder)).length]),
  )
  const leaving = present.filter((seat) => count.get(seat)! < threshold)
  for (let seat = leaving.pop(); seat !== undefined; seat = leaving.pop()) {
    if (!remaining.delete(seat)) continue
    for (const owner of owners(seat)) {
      const left = (count.get(owner) ?? 0) - 1
      count.set(owner, left)
      if (left === threshold - 1 && remaining.has(owner)) leaving.push(owner)
    }
  }
  return present.filter((seat) => remaining.has(seat))
}

/** One bit for each of `holders`, low bit first, set if the holder is among `present`; both lists are ascending. */
export function inclusionBits(holders: readonly number[], present: readonly number[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(holders.length / 8))
  holders.forEach((holder, index) => {
    if (indexOfSeat(present, holder) >= 0) bits[index >>> 3]! |= 1 << (index & 7)
  })
  return bits
}

/** Whether the bit of the holder at `index` is set. */
export function isIncluded(bits: Uint8Array, index: number): boolean {
  return ((bits[index >>> 3]! >>> (index & 7)) & 1) === 1
}
