import { describe, expect, test } from 'vitest'
import { disconnection, exposure, fatalHolders, shortage } from '../../src/graph/chooser/assumptions.js'
import { chooseParameters } from '../../src/graph/chooser/parameters.js'
import { completeGraph, seatsIn } from '../../src/graph/graph.js'
import { nameableSeats } from '../../src/graph/limits.js'
import { randomOf, seeded } from '../support/seeded.js'

/** The places next to `place` on a ring of n, k/2 on either side. */
function nextTo(place: number, n: number, k: number): number[] {
  const near = Array.from({ length: k / 2 }, (_, i) => i + 1)
  return near.flatMap((distance) => [(place + distance) % n, (place + n - distance) % n])
}

/** Whether those of the ring for which `stays` holds reach one another. */
function isConnected(n: number, k: number, stays: readonly boolean[]): boolean {
  const first = stays.indexOf(true)
  if (first === -1) return true
  const reached = new Set([first])
  const open = [first]
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    for (const other of nextTo(place, n, k)) {
      if (!stays[other] || reached.has(other)) continue
      reached.add(other)
      open.push(other)
    }
  }
  return reached.size === stays.filter(Boolean).length
}

function count(places: readonly number[], marked: readonly boolean[]): number {
  return places.filter((place) => marked[place]).length
}

describe('the bounds against all rings of 12', () => {
  const n = 12
  const sets = Array.from({ length: 2 ** n }, (_, set) =>
    Array.from({ length: n }, (_, i) => ((set >> i) & 1) === 1),
  )
  /** The part of the sets of `size` places for which `happens`. */
  const frequency = (size: number, happens: (set: readonly boolean[]) => boolean): number => {
    const ofSize = sets.filter((set) => set.filter(Boolean).length === size)
    return ofSize.filter(happens).length / ofSize.length
  }
  /** A bound in log2, and a tolerance for rounding. */
  const bound = (log2: number): number => 2 ** log2 * (1 + 1e-12)
  const degrees = [2, 4, 6, 8, 10]

  test('falling apart', () => {
    for (const k of degrees) {
      for (let removed = 0; removed <= n; removed++) {
        const apart = frequency(
          removed,
          (gone) =>
            !isConnected(
              n,
              k,
              gone.map((is) => !is),
            ),
        )
        expect(apart, `${k} neighbors, ${removed} gone`).toBeLessThanOrEqual(
          bound(disconnection(n, k, removed)),
        )
      }
    }
    // With k gone, and only then, the union bound counts nothing twice.
    expect(
      frequency(
        4,
        (gone) =>
          !isConnected(
            n,
            4,
            gone.map((is) => !is),
          ),
      ),
    ).toBeCloseTo(2 ** disconnection(n, 4, 4), 12)
  })

  test('too many corrupt neighbors of an honest client, and too few that stay', () => {
    for (const k of degrees) {
      const neighbors = Array.from({ length: n }, (_, place) => nextTo(place, n, k))
      for (let size = 0; size <= n; size++) {
        for (let limit = 0; limit <= k; limit++) {
          const exposed = frequency(size, (set) =>
            neighbors.some((near, place) => !set[place] && count(near, set) > limit),
          )
          expect(exposed).toBeLessThanOrEqual(bound(exposure(n, k, size, limit)))
          const lost = frequency(size, (set) => neighbors.some((near) => k - count(near, set) < limit))
          expect(lost).toBeLessThanOrEqual(bound(shortage(n, k, size, limit)))
        }
      }
    }
  })
})

describe('failures on random rings, chosen for few bits so that they can be seen', () => {
  test.each([
    ['honest-but-curious', 0.2, 0.2, 1],
    ['honest-but-curious', 0.05, 0.3, 2],
    ['honest-but-curious', 0.4, 0.1, 3],
    ['semi-malicious', 0.2, 0.1, 4],
    ['semi-malicious', 0.1, 0.2, 5],
  ] as const)(
    '%s, corrupt %d, dropping out %d',
    async (adversary, corruptFraction, dropoutFraction, seed) => {
      const bits = { statisticalSecurity: 2, correctness: 2 }
      const p = chooseParameters({ clients: 80, corruptFraction, dropoutFraction, adversary, ...bits })
      expect(p.graph).toBe('sparse')
      const { clients: n, neighbors: k, threshold } = p
      const trials = 1500
      const failures = { apart: 0, exposed: 0, lost: 0 }
      await seeded(seed, () => {
        const random = randomOf(seed)
        const places = Array.from({ length: n }, (_, place) => place)
        const neighbors = places.map((place) => nextTo(place, n, k))
        const draw = (size: number): boolean[] => {
          const chosen = new Set(random.shuffle(places).slice(0, size))
          return places.map((place) => chosen.has(place))
        }
        const fatal = fatalHolders(k, threshold, adversary)
        for (let trial = 0; trial < trials; trial++) {
          const corrupt = draw(p.corruptClients)
          const gone = draw(p.dropouts)
          const stays = places.map((place) => !corrupt[place] && !gone[place])
          if (!isConnected(n, k, stays)) failures.apart++
          if (neighbors.some((near, place) => !corrupt[place] && count(near, corrupt) >= fatal))
            failures.exposed++
          if (neighbors.some((near) => k - count(near, gone) < threshold)) failures.lost++
        }
      })
      // Four standard deviations of a frequency near 1/4.
      const noise = 4 * Math.sqrt(0.25 / trials)
      const { connectivity, threshold: exposed, total } = p.securityFailure
      expect(failures.apart / trials).toBeLessThan(2 ** connectivity + noise)
      expect(failures.exposed / trials).toBeLessThan(2 ** exposed + noise)
      expect((failures.apart + failures.exposed) / trials).toBeLessThan(2 ** total + noise)
      expect(failures.lost / trials).toBeLessThan(2 ** p.correctnessFailure + noise)
      // The bounds are not so loose that nothing ever fails.
      expect(failures.exposed + failures.lost).toBeGreaterThan(0)
    },
  )
})

test('a host cannot change the lists of seats that rounds share', () => {
  const members = [{ seat: 3 }, { seat: 5 }]
  for (const list of [
    completeGraph(4).holders(0),
    nameableSeats({ kind: 'complete' }, 4, []),
    seatsIn(members),
  ]) {
    expect(() => (list as number[]).pop()).toThrow(TypeError)
  }
  expect(completeGraph(4).maskNeighbors(1)).toEqual([0, 2, 3])
  expect(seatsIn(members)).toEqual([3, 5])
})
