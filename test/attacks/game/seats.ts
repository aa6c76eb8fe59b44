import type { Random } from '../../support/seeded.js'

// Sets of seats as bits of a number: the game has at most 14 seats.

/** A set of seats: bit u is set if seat u is in it. */
export type Seats = number

export function count(seats: Seats): number {
  let [left, members] = [seats, 0]
  for (; left !== 0; left &= left - 1) members++
  return members
}

export function has(seats: Seats, seat: number): boolean {
  return ((seats >>> seat) & 1) === 1
}

/** The members, ascending. */
export function members(seats: Seats): number[] {
  const list: number[] = []
  for (let left = seats; left !== 0; left &= left - 1) list.push(31 - Math.clz32(left & -left))
  return list
}

/** {0, …, n − 1}. */
export function everySeat(n: number): Seats {
  return (1 << n) - 1
}

/** True with the given probability. */
export function chance(random: Random, probability: number): boolean {
  return random.word() < probability * 2 ** 32
}

/** Each member with the given probability. */
export function some(random: Random, seats: Seats, probability: number): Seats {
  if (probability >= 1) return seats
  if (probability <= 0) return 0
  let chosen = 0
  for (let left = seats; left !== 0; left &= left - 1) {
    if (chance(random, probability)) chosen |= left & -left
  }
  return chosen
}

/** A uniform subset of `size` members, or all of them if there are fewer. */
export function subset(random: Random, seats: Seats, size: number): Seats {
  let chosen = 0
  let rest = seats
  for (let left = size; left > 0 && rest !== 0; left--) {
    const seat = anyOf(random, rest)
    chosen |= seat
    rest &= ~seat
  }
  return chosen
}

/** One member, as a set. */
export function anyOf(random: Random, seats: Seats): Seats {
  let skip = random.below(count(seats))
  let left = seats
  for (; skip > 0; skip--) left &= left - 1
  return left & -left
}
