/**
 * The seats in the order of the server's ring, derived from the neighbors that each client was given: the next seat on the
 * ring is the neighbor with the most neighbors in common. Seats without neighbors come last.
 */
export function ringOrder(
  neighbors: ReadonlyMap<number, readonly number[]>,
  clients: number,
): readonly number[] {
  const seats = Array.from({ length: clients }, (_, seat) => seat)
  const order: number[] = []
  const left = new Set(neighbors.keys())
  let next = seats.find((seat) => left.has(seat))
  while (next !== undefined) {
    order.push(next)
    left.delete(next)
    next = closest(next, neighbors, left)
  }
  return [...order, ...seats.filter((seat) => !order.includes(seat))]
}

function closest(
  seat: number,
  neighbors: ReadonlyMap<number, readonly number[]>,
  candidates: ReadonlySet<number>,
): number | undefined {
  const own = neighbors.get(seat)!
  const common = (other: number): number => {
    const theirs = neighbors.get(other)!
    return own.includes(other) ? 1 + theirs.filter((third) => own.includes(third)).length : 0
  }
  return [...candidates].sort((one, other) => common(other) - common(one))[0]
}
