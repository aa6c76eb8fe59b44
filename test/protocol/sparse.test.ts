import { createRoundConfig, SecAggError } from 'secagg'
import { describe, expect, test } from 'vitest'
import { drawRing, hararyGraph } from '../../src/graph/harary.js'
import { decodeMessage, type Origin, publishedKeysCoder } from '../../src/wire/index.js'
import { type CohortRun, runCohort } from '../support/cohort.js'
import { randomOf } from '../support/seeded.js'

const ORIGIN: Origin = { fault: 'server', round: 'share-keys', culprits: [] }

/** A sparse round of the toy provider; also whom each client was told of. */
async function runSparse(
  clients: number,
  neighbors: number,
  options: { threshold: number; minimumCohort: number; stages?: readonly number[]; seed?: number },
): Promise<CohortRun & { neighborsOf: ReadonlyMap<number, readonly number[]> }> {
  const neighborsOf = new Map<number, readonly number[]>()
  const round = await runCohort({
    ...options,
    clients,
    adversary: 'honest-but-curious',
    graph: { neighbors, assumptions: 'unproven' },
    onServerMessage: (seat, name, bytes) => {
      if (name === 'share-keys') {
        const entries = decodeMessage('publishedKeys', publishedKeysCoder(neighbors + 1, 0), bytes, ORIGIN)
        const others = entries.map((entry) => entry.seat).filter((other) => other !== seat)
        neighborsOf.set(seat, others)
      }
      return bytes
    },
  })
  return { ...round, neighborsOf }
}

describe('a round on the sparse graph', () => {
  test('tells each client of its k neighbors and of nobody else', async () => {
    const { neighborsOf, outcome, expected } = await runSparse(20, 6, { threshold: 3, minimumCohort: 11 })
    expect(neighborsOf.size).toBe(20)
    for (const [seat, neighbors] of neighborsOf) {
      expect(neighbors).toHaveLength(6)
      expect(neighbors).not.toContain(seat)
      for (const other of neighbors) expect(neighborsOf.get(other)).toContain(seat)
    }
    expect(outcome?.sum).toEqual(expected)
  })

  test('is exact whoever drops out when, or given up for the reason that is named', async () => {
    let sums = 0
    const givenUp = new Set<string>()
    for (let seed = 1; seed <= 300; seed++) {
      const random = randomOf(seed)
      const neighbors = 4 + 2 * random.below(3)
      const clients = neighbors + 2 + random.below(12)
      const threshold = 2 + random.below(neighbors / 2)
      const stages = Array.from({ length: clients }, () => (random.below(8) === 0 ? random.below(4) : 4))
      const round = await runSparse(clients, neighbors, { threshold, minimumCohort: threshold, stages, seed })
      if (round.outcome !== undefined) {
        expect(round.outcome.sum, `seed ${seed}`).toEqual(round.expected)
        sums++
        continue
      }
      const error = round.error!
      givenUp.add(error.code)
      if (error.code === 'too-few-shares') {
        const [owner] = error.concerning
        const answered = round.receipts.filter((each) => each.round === 'unmasking').map(({ seat }) => seat)
        const holders = round.neighborsOf.get(owner!)!.filter((seat) => answered.includes(seat))
        expect(holders.length, `seed ${seed}`).toBeLessThan(threshold)
      } else {
        expect([error.code, seed]).toEqual(['too-few-clients', seed])
      }
    }
    expect(sums).toBeGreaterThan(100)
    expect(givenUp).toContain('too-few-shares')
  })

  test('draws the graph over those who advertised keys, so early dropouts thin no neighborhood', async () => {
    const stages = Array.from({ length: 20 }, (_, seat) => (seat < 8 ? 0 : 4))
    const options = { threshold: 4, minimumCohort: 11, stages }
    const { neighborsOf, outcome, expected } = await runSparse(20, 6, options)
    expect([...neighborsOf.values()].map(({ length }) => length)).toEqual(new Array(12).fill(6))
    expect(outcome?.sum).toEqual(expected)
  })

  test('is given up where too few advertise keys for everybody to find its neighbors', async () => {
    const stages = [4, 4, 4, 4, 4, 4, 0, 0, 0, 0]
    const { error } = await runSparse(10, 6, { threshold: 3, minimumCohort: 4, stages })
    expect(error).toMatchObject({ code: 'too-few-clients', round: 'advertise-keys', expected: 7, got: 6 })
  })

  test('a client does not mask its input for fewer than t neighbors that hold its secrets', async () => {
    const stages = Array.from({ length: 12 }, (_, seat) => (seat % 2 === 0 ? 4 : 1))
    const options = { threshold: 4, minimumCohort: 4, stages }
    const { clientErrors, neighborsOf } = await runSparse(12, 4, options)
    expect(clientErrors.size).toBeGreaterThan(0)
    for (const [seat, error] of clientErrors) {
      expect(error).toMatchObject({ code: 'too-few-clients', fault: 'server', round: 'masked-input' })
      expect(neighborsOf.get(seat)!.filter((other) => stages[other]! > 1).length).toBeLessThan(4)
    }
  })
})

describe('the configuration of a sparse graph', () => {
  const configure = (parameters: object) => () =>
    createRoundConfig({
      sessionId: new Uint8Array(16),
      clients: 20,
      adversary: 'honest-but-curious',
      segments: [{ length: 1, bits: 8, bound: 'modular' }],
      graph: { neighbors: 6, assumptions: 'unproven' },
      threshold: 4,
      minimumCohort: 11,
      ...parameters,
    })

  test('is refused in the active model, and the error says why', () => {
    expect(configure({ adversary: 'active' })).toThrow(SecAggError)
    expect(configure({ adversary: 'active' })).toThrow(/choose who drops out once it knows the graph/)
  })

  test.each([
    ['odd', { graph: { neighbors: 5, assumptions: 'unproven' } }],
    ['none', { graph: { neighbors: 0, assumptions: 'unproven' } }],
    ['as many as clients', { graph: { neighbors: 20, assumptions: 'unproven' } }],
    ['no threshold', { threshold: undefined }],
    ['a threshold above the neighbors', { threshold: 7 }],
    ['no minimum cohort', { minimumCohort: undefined }],
  ])('%s: refused', (_, parameters) => {
    expect(configure(parameters)).toThrow(
      expect.objectContaining({ code: 'invalid-configuration', fault: 'usage' }),
    )
  })

  test('is part of the hash', () => {
    expect(configure({})().hash).not.toEqual(
      configure({ graph: { neighbors: 8, assumptions: 'unproven' } })().hash,
    )
  })
})

describe('the ring', () => {
  test('is a permutation drawn without preference', () => {
    const random = randomOf(11)
    const counts = new Map<string, number>()
    for (let draw = 0; draw < 24_000; draw++) {
      const ring = drawRing([3, 5, 8, 9], random.bytes)
      counts.set(ring.join(), (counts.get(ring.join()) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    // Each of the 24 orders 1000 times, give or take six standard deviations.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(190)
  })

  test('joins each seat to the nearest on either side', () => {
    const graph = hararyGraph([9, 2, 7, 4, 5, 1], 4)
    expect(graph.maskNeighbors(7)).toEqual([2, 4, 5, 9])
    expect(graph.holders(9)).toEqual([1, 2, 5, 7])
    expect(graph.holders(3)).toEqual([])
  })
})
