import { ascii, concat, integerOf, uint } from './bytes.js'
import type { Configuration } from './configuration.js'
import { sha256 } from './primitives.js'

// Section "Who holds what: the three graphs" of the specification, the chosen graph.

/** Sample(choice, u): the holders of u, ascending. */
export function sample(
  { hash, clients, neighbors }: Pick<Configuration, 'hash' | 'clients' | 'neighbors'>,
  u: number,
  choice: Uint8Array,
): readonly number[] {
  const label = ascii('secagg choose holders')
  const words = wordsAfter(concat(uint(1, label.length), label, hash, uint(4, u), choice))
  const set: number[] = []
  for (let j = clients - 1 - neighbors; j <= clients - 2; j++) {
    const d = numberUpTo(j, words)
    set.push(set.includes(d) ? j : d)
  }
  return set.map((i) => (i < u ? i : i + 1)).sort((a, b) => a - b)
}

function* wordsAfter(prefix: Uint8Array): Generator<number, never> {
  for (let counter = 0; ; counter++) {
    const hashed = sha256(concat(prefix, uint(4, counter)))
    for (let at = 0; at < 32; at += 4) yield Number(integerOf(hashed.slice(at, at + 4)))
  }
}

function numberUpTo(j: number, words: Generator<number, never>): number {
  for (;;) {
    const word = words.next().value
    if (word < 2 ** 32 - (2 ** 32 % (j + 1))) return word % (j + 1)
  }
}

/** U1 of the clients whose keys are accepted: without those whom too many chose, and those with too few holders. */
export function admitted(
  configuration: Configuration,
  choices: ReadonlyMap<number, Uint8Array>,
): readonly number[] {
  const holders = new Map(
    Array.from(choices, ([seat, choice]) => [seat, sample(configuration, seat, choice)] as const),
  )
  const howManyChose = (seat: number): number =>
    [...holders.values()].filter((each) => each.includes(seat)).length
  const seats = [...choices.keys()].sort((a, b) => a - b)
  const uncrowded = seats.filter((seat) => howManyChose(seat) <= 3 * configuration.neighbors)
  return withHolders(uncrowded, configuration.threshold, (seat) => holders.get(seat)!)
}

/** What is left of `seats` once clients with fewer than t holders among them are taken out, again and again. */
export function withHolders(
  seats: readonly number[],
  threshold: number,
  holdersOf: (seat: number) => readonly number[],
): readonly number[] {
  const left = seats.filter(
    (seat) => holdersOf(seat).filter((holder) => seats.includes(holder)).length >= threshold,
  )
  return left.length === seats.length ? left : withHolders(left, threshold, holdersOf)
}
