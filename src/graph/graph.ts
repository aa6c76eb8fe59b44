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

/** Where `seat` stands in an ascending list of seats, or of things that belong to one seat each; −1 where it does not. */
export function indexOfSeat<T>(
  list: readonly T[],
  seat: number,
  seatOf: (item: T) => number = Number,
): number {
  let from = 0
  let to = list.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (seatOf(list[middle]!) < seat) from = middle + 1
    else to = middle
  }
  return from < list.length && seatOf(list[from]!) === seat ? from : -1
}
