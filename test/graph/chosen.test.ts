import { describe, expect, test } from 'vitest'
import { chooseHolders, chosenGraph, withEnoughHolders, withoutCrowded } from '../../src/graph/chosen.js'
import { randomOf } from '../support/seeded.js'

const context = { hash: new Uint8Array(32).fill(3), clients: 12, neighbors: 5 }

describe('a choice of holders', () => {
  test('has k others, ascending, and follows from the seed', () => {
    const random = randomOf(71)
    for (let round = 0; round < 200; round++) {
      const clients = 3 + random.below(60)
      const neighbors = 2 + random.below(clients - 2)
      const seat = random.below(clients)
      const seed = random.bytes(16)
      const holders = chooseHolders({ ...context, clients, neighbors }, seat, seed)
      expect(holders).toHaveLength(neighbors)
      expect(holders).not.toContain(seat)
      expect(holders).toEqual([...new Set(holders)].sort((a, b) => a - b))
      expect(holders.every((holder) => holder >= 0 && holder < clients)).toBe(true)
      expect(chooseHolders({ ...context, clients, neighbors }, seat, seed)).toEqual(holders)
    }
  })

  test('depends on the round, the seat and the seed', () => {
    const seed = new Uint8Array(16).fill(1)
    const many = { ...context, clients: 1000, neighbors: 50 }
    const holders = chooseHolders(many, 0, seed)
    expect(chooseHolders({ ...many, hash: new Uint8Array(32) }, 0, seed)).not.toEqual(holders)
    expect(chooseHolders(many, 1, seed)).not.toEqual(holders)
    expect(chooseHolders(many, 0, new Uint8Array(16))).not.toEqual(holders)
  })

  test('is uniform: every seat and every pair of seats occurs about equally often', () => {
    const random = randomOf(72)
    const rounds = 6000
    const [single, pairs] = [new Map<number, number>(), new Map<string, number>()]
    for (let round = 0; round < rounds; round++) {
      const holders = chooseHolders(context, 4, random.bytes(16))
      holders.forEach((holder, index) => {
        single.set(holder, (single.get(holder) ?? 0) + 1)
        for (const other of holders.slice(index + 1)) {
          pairs.set(`${holder} ${other}`, (pairs.get(`${holder} ${other}`) ?? 0) + 1)
        }
      })
    }
    const chiSquare = (counts: Iterable<number>, cells: number, expected: number): number => {
      let sum = 0
      let seen = 0
      for (const count of counts) {
        sum += (count - expected) ** 2 / expected
        seen++
      }
      return sum + (cells - seen) * expected
    }
    // 11 seats, 55 pairs; the limits are far beyond the 99.99th percentile.
    expect(chiSquare(single.values(), 11, (rounds * 5) / 11)).toBeLessThan(40)
    expect(chiSquare(pairs.values(), 55, (rounds * 10) / 55)).toBeLessThan(120)
  })
})

describe('the graph of choices', () => {
  const random = randomOf(73)
  const choosing = Array.from({ length: 12 }, (_, seat) => ({ seat, choice: random.bytes(16) }))

  test('masks are mutual, and holding follows the choice', () => {
    const graph = chosenGraph(context, choosing)
    for (const { seat, choice } of choosing) {
      expect(graph.holders(seat)).toEqual(chooseHolders(context, seat, choice))
      for (const other of graph.maskNeighbors(seat)) {
        expect(graph.maskNeighbors(other)).toContain(seat)
        expect(graph.holders(seat).includes(other) || graph.owners(seat).includes(other)).toBe(true)
      }
      for (const owner of graph.owners(seat)) expect(graph.holders(owner)).toContain(seat)
    }
  })

  test('holders that did not show up keep their coordinates, and get no masks', () => {
    const present = choosing.filter(({ seat }) => seat !== 7)
    const graph = chosenGraph(context, present)
    for (const { seat } of present) {
      expect(graph.holders(seat)).toHaveLength(5)
      expect(graph.maskNeighbors(seat)).not.toContain(7)
    }
    expect(graph.holders(7)).toEqual([])
  })

  test('clients with too few holders leave, and those that counted on them', () => {
    const graph = chosenGraph(context, choosing)
    const present = [0, 1, 2, 3, 4, 5, 6, 7]
    const staying = withEnoughHolders(graph, present, 3)
    const countIn = (seat: number, among: readonly number[]) =>
      graph.holders(seat).filter((holder) => among.includes(holder)).length
    for (const seat of staying) expect(countIn(seat, staying)).toBeGreaterThanOrEqual(3)
    // The largest such set: whoever left could not stay in any.
    let largest = present
    for (;;) {
      const next = largest.filter((seat) => countIn(seat, largest) >= 3)
      if (next.length === largest.length) break
      largest = next
    }
    expect(staying).toEqual(largest)
  })

  test('a client that more than 3k others have chosen is left out, and they stay', () => {
    const small = { hash: context.hash, clients: 40, neighbors: 2 }
    const crowd = Array.from({ length: 40 }, (_, seat) => {
      // Each grinds its seed until it has chosen the victim.
      for (let attempt = 0; ; attempt++) {
        const choice = new Uint8Array(16)
        new DataView(choice.buffer).setUint32(0, attempt * 64 + seat)
        if (seat >= 7 || seat === 0 || chooseHolders(small, seat, choice).includes(0)) return { seat, choice }
      }
    })
    const before = chosenGraph(small, crowd).owners(0).length
    expect(before).toBeGreaterThan(6)
    const left = withoutCrowded(small, crowd).map(({ seat }) => seat)
    expect(left).not.toContain(0)
    expect(left).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 6]))
  })
})
