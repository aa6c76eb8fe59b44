import type { Random } from '../../support/seeded.js'
import { anyOf, chance, count, everySeat, has, members, type Seats, some, subset } from './seats.js'

// Who holds whose shares, and whether the two events hold under which the claim is made. With so few seats they fail
// often by chance. So most graphs are repaired until both hold, and in each game the events are evaluated on the
// graph as it is: probabilities play no part here.

/** What a game starts with: the parameters, the corrupt seats and everybody's choice of holders. */
export interface Draw {
  readonly n: number
  /** k, the number of holders. */
  readonly k: number
  /** t. */
  readonly threshold: number
  /** h: E2 is evaluated for sets of up to max(⌊n/2⌋, h − 1) clients. */
  readonly minimumHonest: number
  readonly honest: Seats
  readonly corrupt: Seats
  /** N→(u): the holders that u has drawn. */
  readonly holders: readonly Seats[]
  /** N→(u) of a run that crashed after its shares were sent; only a client that draws twice for the same secrets has one. */
  readonly abandoned: readonly Seats[]
  /** The greatest number of corrupt holders that an honest client has, as far as the configuration knows. */
  readonly corruptHolders: number
  /** E1, never both secrets of one client: 2t > k + c for each honest client, with its c corrupt holders. */
  readonly e1: boolean
  /** E2, no small sum: no set of at most `bound` honest clients is closed. */
  readonly e2: boolean
  /** The smallest closed set of honest clients; 0 if there is none. */
  readonly closed: Seats
}

/** How t relates to k and c, the number of corrupt holders of the client with the most. */
type Margin = '2t > k + c' | '2t = k + c' | 't = k/2'

export interface DrawOptions {
  readonly margin: Margin
  /** Whether corrupt seats are added that the configuration does not know of: one identity at several seats. */
  readonly clones: boolean
}

/** E2 is evaluated for sets of up to this many clients. */
export function boundOf({ n, minimumHonest }: Pick<Draw, 'n' | 'minimumHonest'>): number {
  return Math.max(Math.floor(n / 2), minimumHonest - 1)
}

/** Whether each member has t holders in the set or among the corrupt: then the sum of the set can be seen. */
export function isClosed(set: Seats, corrupt: Seats, threshold: number, holders: readonly Seats[]): boolean {
  const helpers = set | corrupt
  for (let left = set; left !== 0; left &= left - 1) {
    if (count(holders[31 - Math.clz32(left & -left)]! & helpers) < threshold) return false
  }
  return true
}

/** The smallest closed set of honest clients; 0 if there is none. */
function smallestClosed(honest: Seats, corrupt: Seats, threshold: number, holders: readonly Seats[]): Seats {
  let smallest = 0
  let size = 32
  for (let set = honest; set !== 0; set = (set - 1) & honest) {
    const members = count(set)
    if (members < size && isClosed(set, corrupt, threshold, holders)) {
      smallest = set
      size = members
    }
  }
  return smallest
}

export function draw(random: Random, { margin, clones }: DrawOptions): Draw {
  const n = 4 + random.below(chance(random, 0.1) ? 10 : 7)
  const everybody = everySeat(n)
  const assumed = subset(random, everybody, random.below(Math.floor(n / 3) + 1))
  const { k, corruptHolders: most, threshold } = sizes(random, n, count(assumed), margin)
  const drawn = (u: number): Seats => subset(random, everybody & ~(1 << u), k)
  const holders = Array.from({ length: n }, (_, u) => drawn(u))
  const honestAsAssumed = everybody & ~assumed
  // Some graphs stay as they were drawn, so that both events fail now and then.
  for (let tries = chance(random, 0.25) ? 0 : 40; tries > 0; tries--) {
    let wrong = members(honestAsAssumed).filter((u) => count(holders[u]! & assumed) > most)
    if (wrong.length === 0) {
      const set = smallestClosed(honestAsAssumed, assumed, threshold, holders)
      if (set === 0 || count(set) > Math.floor(n / 2)) break
      wrong = members(subset(random, set, 2))
    }
    for (const u of wrong) holders[u] = drawn(u)
  }
  // The most corrupt holders that E1 allows for: the server's best case, and what 2t = k + c needs.
  if (most > 0 && (margin === '2t = k + c' || chance(random, 0.5))) {
    const u = members(anyOf(random, honestAsAssumed))[0]!
    const some = subset(random, assumed, most)
    holders[u] = some | subset(random, honestAsAssumed & ~(1 << u), k - count(some))
  }
  // A corrupt client grinds its seed until it has drawn whom it likes.
  for (const z of members(assumed)) if (chance(random, 0.5)) holders[z] = everybody & ~(1 << z)
  const corrupt = clones ? assumed | some(random, everybody, 0.4) : assumed
  const abandoned = Array.from({ length: n }, (_, u) => (has(corrupt, u) ? 0 : drawn(u)))
  const minimumHonest = (closed: Seats): number =>
    chance(random, 0.5) && closed !== 0 ? count(closed) : 1 + random.below(n)
  return judge({ n, k, threshold, holders, abandoned }, assumed, corrupt, minimumHonest)
}

/** A drawn graph with what holds on it: with `assumed` corrupt as far as the configuration knows, and `corrupt` in truth. */
export function judge(
  drawn: Pick<Draw, 'n' | 'k' | 'threshold' | 'holders' | 'abandoned'>,
  assumed: Seats,
  corrupt: Seats,
  hFor: (closed: Seats) => number,
): Draw {
  const { n, k, threshold, holders } = drawn
  const honest = everySeat(n) & ~assumed
  const corruptHolders = Math.max(0, ...members(honest).map((u) => count(holders[u]! & assumed)))
  const closed = smallestClosed(honest, assumed, threshold, holders)
  const minimumHonest = hFor(closed)
  const e1 = 2 * threshold > k + corruptHolders
  const e2 = closed === 0 || count(closed) > boundOf({ n, minimumHonest })
  const facts = { minimumHonest, corruptHolders, e1, e2, closed }
  return { ...drawn, ...facts, honest: everySeat(n) & ~corrupt, corrupt }
}

/** k, t, and how many corrupt holders an honest client may have with these. */
function sizes(
  random: Random,
  n: number,
  corrupt: number,
  margin: Margin,
): { k: number; threshold: number; corruptHolders: number } {
  for (;;) {
    const k = 2 + random.below(n - 2)
    const corruptHolders = random.below(Math.min(k, corrupt) + 1)
    const sum = k + corruptHolders
    const even = sum % 2 === 0
    if (margin === 't = k/2' && k % 2 === 0) return { k, threshold: k / 2, corruptHolders }
    if (margin === '2t = k + c' && even) return { k, threshold: sum / 2, corruptHolders }
    const least = Math.floor(sum / 2) + 1
    if (margin !== '2t > k + c' || least > k) continue
    return { k, threshold: chance(random, 0.6) ? least : least + random.below(k - least + 1), corruptHolders }
  }
}
