/**
 * Who holds whose shares and who masks with whom. Both relations are symmetric: `v` is among the holders of `u` exactly
 * where `u` is among the holders of `v`.
 */
export interface Graph {
  /**
   * The seats that hold shares of `owner`'s secrets, ascending. A holder's Shamir coordinate is one more than its index
   * in this list, whoever shows up later.
   */
  holders(owner: number): readonly number[]
  /** The seats with which `seat` shares a pairwise mask, ascending; never `seat` itself. */
  maskNeighbors(seat: number): readonly number[]
}

/** The Shamir coordinate of `holder` among the holders of one owner. */
export function coordinateOf(holders: readonly number[], holder: number): number {
  return indexOfSeat(holders, holder) + 1
}

/** Where `seat` stands in an ascending list of seats; −1 where it does not. */
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

/** Whoever belongs to `seat` in a list that is ascending by seat. */
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
