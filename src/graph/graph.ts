/**
 * Which clients hold shares of which secrets, and which clients share masks. Sharing masks is symmetric. On the complete graph
 * and on the ring, holding shares is symmetric too: `v` is a holder of `u` if and only if `u` is a holder of `v`.
 */
export interface Graph {
  /**
   * The seats that hold shares of `owner`'s secrets, ascending. A holder's Shamir coordinate is its index in this list plus
   * one, no matter which holders take part later.
   */
  holders(owner: number): readonly number[]
  /** The seats of whose secrets `holder` has shares, ascending. */
  owners(holder: number): readonly number[]
  /** The seats with which `seat` shares a pairwise mask, ascending; never `seat` itself. */
  maskNeighbors(seat: number): readonly number[]
}

/** The Shamir coordinate of `holder` among the holders of one owner. */
export function coordinateOf(holders: readonly number[], holder: number): number {
  return indexOfSeat(holders, holder) + 1
}

/** The index of `seat` in an ascending list of seats; −1 if it is not in the list. */
export function indexOfSeat(seats: readonly number[], seat: number): number {
  let from = 0
  let to = seats.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (seats[middle]! < seat) from = middle + 1
    else to = middle
  }
  return from < seats.length && seats[from] === seat ? from : -1
}

/** The member with this seat in a list that is ascending by seat. */
export function memberAt<T extends { readonly seat: number }>(
  members: readonly T[],
  seat: number,
): T | undefined {
  let from = 0
  let to = members.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (members[middle]!.seat < seat) from = middle + 1
    else to = middle
  }
  return members[from]?.seat === seat ? members[from] : undefined
}

/** A cache: the places follow from the lists, which never change. */
const placesOfLists = new WeakMap<readonly unknown[], Int32Array>()

/**
 * The index of every seat in a list that is ascending by seat, by seat; −1 for seats that are not in the list. For lists of
 * all clients of a phase that are looked up for every client. The caller must not change the list later.
 */
export function placesIn(members: readonly (number | { readonly seat: number })[]): Int32Array {
  const known = placesOfLists.get(members)
  if (known !== undefined) return known
  const seatOf = (member: number | { readonly seat: number }): number =>
    typeof member === 'number' ? member : member.seat
  const last = members.at(-1)
  const places = new Int32Array(last === undefined ? 0 : seatOf(last) + 1).fill(-1)
  for (let index = 0; index < members.length; index++) places[seatOf(members[index]!)] = index
  placesOfLists.set(members, places)
  return places
}

/** A cache: the seats follow from the lists, which never change. */
const seatsOfLists = new WeakMap<readonly unknown[], readonly number[]>()

/** The seats of a list of clients; the same array for the same list. The caller must not change the list later. */
export function seatsIn(members: readonly { readonly seat: number }[]): readonly number[] {
  const known = seatsOfLists.get(members)
  if (known !== undefined) return known
  const seats = Object.freeze(members.map(({ seat }) => seat))
  seatsOfLists.set(members, seats)
  return seats
}

/** Whether a seat has a place, as {@link placesIn} gives them. */
export function hasPlace(places: Int32Array, seat: number): boolean {
  return seat < places.length && places[seat]! >= 0
}

/**
 * The complete graph (Bonawitz et al. 2017): every client holds shares of all secrets, including its own, and every pair of
 * clients shares a mask.
 */
export function completeGraph(clients: number): Graph {
  const seats = seatsBelow(clients)
  return {
    holders: () => seats,
    owners: () => seats,
    maskNeighbors: (seat) => seats.filter((other) => other !== seat),
  }
}

/**
 * The last list of all seats: every client of a round is told about the same ones. It is frozen, because other rounds use it too,
 * and hosts get it.
 */
let everybody: readonly number[] = []

/** The seats 0 to `clients` − 1; the same array for the same number. */
function seatsBelow(clients: number): readonly number[] {
  if (everybody.length !== clients) {
    everybody = Object.freeze(Array.from({ length: clients }, (_, seat) => seat))
  }
  return everybody
}

/**
 * The sparse graph of Bell et al. 2020 (section 3, Harary graph): the seats of `ring` form a circle, and each is connected to
 * the `neighbors`/2 nearest on either side. A client shares masks and secrets only with its neighbors, and does not hold
 * shares of its own secrets. A seat that is not on the ring has no neighbors.
 *
 * `neighbors` is even and less than the number of seats on the ring.
 */
export function hararyGraph(ring: readonly number[], neighbors: number): Graph {
  let lists: ReadonlyMap<number, readonly number[]> | undefined
  const neighborsOf = (seat: number): readonly number[] => {
    lists ??= ringNeighbors(ring, neighbors / 2)
    return lists.get(seat) ?? []
  }
  return { holders: neighborsOf, owners: neighborsOf, maskNeighbors: neighborsOf }
}

/**
 * The `reach` nearest seats on either side of each seat. The seats of the ring are added to the lists of their neighbors in
 * ascending order, so no list needs to be sorted.
 */
function ringNeighbors(ring: readonly number[], reach: number): ReadonlyMap<number, readonly number[]> {
  const count = ring.length
  const empty = Array.from({ length: 2 * reach }, () => 0)
  const lists = ring.map(() => empty.slice())
  const filled = new Uint32Array(count)
  const positions = Uint32Array.from(ring.keys()).sort((a, b) => ring[a]! - ring[b]!)
  const add = (seat: number, position: number): void => {
    for (let distance = 1; distance <= reach; distance++) {
      const after = (position + distance) % count
      const before = (position - distance + count) % count
      lists[after]![filled[after]!++] = seat
      lists[before]![filled[before]!++] = seat
    }
  }
  for (const position of positions) add(ring[position]!, position)
  return new Map(ring.map((seat, position) => [seat, lists[position]!]))
}

/** `seats` in a uniformly random order, which depends only on the bytes from `randomBytes`. */
export function drawRing(
  seats: readonly number[],
  randomBytes: (length: number) => Uint8Array,
): readonly number[] {
  const ring = [...seats]
  let words = new Uint32Array(0)
  let used = 0
  const word = (): number => {
    if (used === words.length) {
      const bytes = randomBytes(4 * Math.max(ring.length, 4))
      words = new Uint32Array(new Uint8Array(bytes).buffer)
      used = 0
    }
    return words[used++]!
  }
  for (let last = ring.length - 1; last > 0; last--) {
    // Words from the largest multiple of `choices` on are discarded, because they would favor the smallest results.
    const choices = last + 1
    const unbiased = 2 ** 32 - (2 ** 32 % choices)
    let drawn = word()
    while (drawn >= unbiased) drawn = word()
    const chosen = drawn % choices
    const seat = ring[last]!
    ring[last] = ring[chosen]!
    ring[chosen] = seat
  }
  return ring
}
