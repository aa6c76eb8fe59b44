import { chooseParameters, createRoundConfig } from 'secagg'
import { describe, expect, test } from 'vitest'
import { drawRing, hararyGraph } from '../../src/graph/graph.js'
import { minimumAdvertised } from '../../src/graph/index.js'
import {
  decodeMessage,
  encodeMessage,
  forwardedSharesCoder,
  type Origin,
  publishedKeysCoder,
  survivorsCoder,
  unmaskingCoder,
} from '../../src/wire/index.js'
import { type CohortRun, makeCohort, runCohort } from '../support/cohort.js'
import { randomOf } from '../support/seeded.js'
import { toyCrypto } from '../support/toy-crypto.js'

const ORIGIN: Origin = { fault: 'server', phase: 'share-keys', culprits: [] }

/** A round on the sparse graph with the toy provider; also returns the seats that each client was told about. */
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
  test('tells each client about its k neighbors and no other client', async () => {
    const { neighborsOf, outcome, expected } = await runSparse(20, 6, { threshold: 3, minimumCohort: 11 })
    expect(neighborsOf.size).toBe(20)
    for (const [seat, neighbors] of neighborsOf) {
      expect(neighbors).toHaveLength(6)
      expect(neighbors).not.toContain(seat)
      for (const other of neighbors) expect(neighborsOf.get(other)).toContain(seat)
    }
    expect(outcome?.sum).toEqual(expected)
  })

  test('has the exact sum or ends with the right error, for all dropouts', async () => {
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
        const answered = round.receipts.filter((each) => each.phase === 'unmasking').map(({ seat }) => seat)
        const holders = round.neighborsOf.get(owner!)!.filter((seat) => answered.includes(seat))
        expect(holders.length, `seed ${seed}`).toBeLessThan(threshold)
      } else {
        expect([error.code, seed]).toEqual(['too-few-clients', seed])
      }
    }
    expect(sums).toBeGreaterThan(100)
    expect(givenUp).toContain('too-few-shares')
  })

  test('draws the graph over the clients that advertised keys, so early dropouts cost no neighbors', async () => {
    const stages = Array.from({ length: 20 }, (_, seat) => (seat < 8 ? 0 : 4))
    const options = { threshold: 4, minimumCohort: 11, stages }
    const { neighborsOf, outcome, expected } = await runSparse(20, 6, options)
    expect([...neighborsOf.values()].map(({ length }) => length)).toEqual(new Array(12).fill(6))
    expect(outcome?.sum).toEqual(expected)
  })

  test('ends if too few clients advertise keys to have k neighbors each', async () => {
    const stages = [4, 4, 4, 4, 4, 4, 0, 0, 0, 0]
    const { error } = await runSparse(10, 6, { threshold: 3, minimumCohort: 4, stages })
    expect(error).toMatchObject({ code: 'too-few-clients', phase: 'advertise-keys', expected: 7, got: 6 })
  })

  test('ends as soon as an owner has too few holders left, and the error names the owner', async () => {
    const stages = Array.from({ length: 12 }, (_, seat) => (seat % 2 === 0 ? 4 : 1))
    const options = { threshold: 4, minimumCohort: 4, stages }
    const { error, neighborsOf, clientErrors } = await runSparse(12, 4, options)
    expect(error).toMatchObject({ code: 'too-few-shares', fault: 'peer', phase: 'share-keys', culprits: [] })
    const holders = neighborsOf.get(error!.concerning[0]!)!
    expect(holders.filter((other) => stages[other]! > 1).length).toBeLessThan(4)
    expect(clientErrors.size).toBe(0)
  })
})

describe('on the sparse graph a client refuses', () => {
  const sparse = {
    clients: 12,
    adversary: 'honest-but-curious',
    graph: { neighbors: 4, assumptions: 'unproven' },
    threshold: 3,
    minimumCohort: 7,
  } as const

  /** The neighbors of the client, from the PublishedKeys message. */
  const told = (bytes: Uint8Array) => decodeMessage('publishedKeys', publishedKeysCoder(5, 0), bytes, ORIGIN)

  test('fewer neighbors than the graph has', async () => {
    const { clientErrors } = await runCohort({
      ...sparse,
      onServerMessage: (seat, phase, bytes) => {
        if (seat !== 5 || phase !== 'share-keys') return bytes
        const others = told(bytes).filter((entry) => entry.seat !== 5)
        const own = told(bytes).filter((entry) => entry.seat === 5)
        const fewer = [...own, ...others.slice(1)].sort((a, b) => a.seat - b.seat)
        return encodeMessage('publishedKeys', publishedKeysCoder(5, 0), fewer)
      },
    })
    expect([...clientErrors.keys()]).toEqual([5])
    const error = { code: 'too-few-clients', fault: 'server', phase: 'share-keys', expected: 5, got: 4 }
    expect(clientErrors.get(5)).toMatchObject(error)
  })

  test('to mask its input if fewer than t neighbors hold its secrets', async () => {
    let others: readonly number[] = []
    const { clientErrors } = await runCohort({
      ...sparse,
      onServerMessage: (seat, phase, bytes) => {
        if (seat !== 5) return bytes
        if (phase === 'share-keys') {
          others = told(bytes).flatMap((entry) => (entry.seat === 5 ? [] : [entry.seat]))
        }
        if (phase !== 'masked-input') return bytes
        const coder = forwardedSharesCoder(others)
        const entries = decodeMessage('forwardedShares', coder, bytes, ORIGIN)
        return encodeMessage('forwardedShares', coder, entries.slice(2))
      },
    })
    const error = { code: 'too-few-clients', fault: 'server', phase: 'masked-input', expected: 4, got: 3 }
    expect(clientErrors.get(5)).toMatchObject(error)
  })

  test('to unmask a sum of its own input and those of fewer than t neighbors', async () => {
    let around: readonly number[] = []
    const { clientErrors } = await runCohort({
      ...sparse,
      onServerMessage: (seat, phase, bytes) => {
        if (seat !== 5) return bytes
        if (phase === 'share-keys') around = told(bytes).map((entry) => entry.seat)
        if (phase !== 'unmasking') return bytes
        const few = around.filter((other) => other === 5 || other === around.find((first) => first !== 5))
        return encodeMessage('survivors', survivorsCoder(around), few)
      },
    })
    const error = { code: 'too-few-clients', fault: 'server', phase: 'unmasking', expected: 4, got: 2 }
    expect(clientErrors.get(5)).toMatchObject(error)
  })

  test('a minimumSurvivors option, which it could not check', async () => {
    const { sessions } = await makeCohort({ ...sparse, clientOptions: () => ({ minimumSurvivors: 12 }) })
    await expect(sessions[0]!.start()).rejects.toMatchObject({ code: 'unsupported', fault: 'usage' })
  })
})

test('the server refuses a share of the sender’s own secret, because no client on the sparse graph holds one', async () => {
  const around = new Map<number, readonly number[]>()
  const { outcome, receipts, expected } = await runCohort({
    clients: 12,
    adversary: 'honest-but-curious',
    graph: { neighbors: 4, assumptions: 'unproven' },
    threshold: 3,
    minimumCohort: 7,
    onServerMessage: (seat, phase, bytes) => {
      if (phase === 'share-keys') {
        const published = decodeMessage('publishedKeys', publishedKeysCoder(5, 0), bytes, ORIGIN)
        around.set(
          seat,
          published.map((entry) => entry.seat),
        )
      }
      return bytes
    },
    onClientMessage: (seat, phase, bytes) => {
      if (seat !== 5 || phase !== 'unmasking') return bytes
      const coder = unmaskingCoder(around.get(5)!, new Set(around.get(5)))
      const shares = decodeMessage('unmasking', coder, bytes, ORIGIN)
      const own = { seat: 5, value: new Uint8Array(16) }
      return encodeMessage(
        'unmasking',
        coder,
        [...shares, own].sort((a, b) => a.seat - b.seat),
      )
    },
  })
  const refused = receipts.flatMap(({ receipt }) => (receipt.status === 'refused' ? [receipt.error] : []))
  expect(refused).toMatchObject([{ code: 'invalid-share', fault: 'peer', phase: 'unmasking', culprits: [5] }])
  expect(outcome?.sum).toEqual(expected)
})

describe('the assumptions of a round on the sparse graph', () => {
  const proven = {
    clients: 100,
    adversary: 'honest-but-curious',
    graph: { neighbors: 12, assumptions: { corruptFraction: 0.05, dropoutFraction: 0.05 } },
    threshold: 6,
    minimumCohort: 51,
  } as const
  const stagesOf = (gone: number, stage: number): number[] =>
    Array.from({ length: 100 }, (_, seat) => (seat < gone ? stage : 4))

  test('hold with the assumed number of dropouts', async () => {
    const { outcome, expected } = await runCohort({ ...proven, stages: stagesOf(5, 2) })
    expect(outcome?.sum).toEqual(expected)
  })

  test('end the round if more clients drop out, before the sum of the others could be unmasked', async () => {
    for (const [stage, phase] of [
      [1, 'share-keys'],
      [2, 'masked-input'],
    ] as const) {
      const { error } = await runCohort({ ...proven, stages: stagesOf(6, stage) })
      expect(error).toMatchObject({ code: 'too-few-clients', phase, expected: 95, got: 94 })
    }
  })

  test('determine how many clients must take part, because corrupt clients are a larger fraction of fewer clients', () => {
    const { assumptions } = proven.graph
    const shape = { kind: 'sparse', neighbors: 30, assumptions } as const
    expect(minimumAdvertised(shape, 1000, 17, 900)).toBe(935)
    expect(minimumAdvertised({ ...shape, assumptions: undefined }, 1000, 17, 900)).toBe(900)
  })

  test('need a random ring: a generator of zeros is refused', async () => {
    const crypto = toyCrypto(3)
    const broken = { ...crypto, randomBytes: (length: number) => new Uint8Array(length) }
    const { server, sessions } = await makeCohort({ ...proven, serverOptions: { crypto: broken } })
    for (const [seat, session] of sessions.entries()) await server.receive(seat, await session.start())
    await expect(server.closePhase()).rejects.toMatchObject({ code: 'no-randomness' })
  })

  test('are checked against the numbers of the configuration, even if it has other properties', () => {
    const chosen = chooseParameters({
      clients: 1000,
      corruptFraction: 0.05,
      dropoutFraction: 0.05,
      adversary: 'honest-but-curious',
    })
    const configure = (neighbors: number, threshold: number) => () =>
      createRoundConfig({
        sessionId: new Uint8Array(16),
        clients: 1000,
        adversary: 'honest-but-curious',
        segments: [{ length: 1, bits: 8, bound: 'modular' }],
        graph: { neighbors, assumptions: chosen },
        threshold,
        minimumCohort: 900,
      })
    expect(configure(chosen.neighbors, chosen.threshold)().graph).toEqual({
      kind: 'sparse',
      neighbors: 30,
      assumptions: { corruptFraction: 0.05, dropoutFraction: 0.05, statisticalSecurity: 40 },
    })
    expect(configure(4, 2)).toThrow(
      expect.objectContaining({ code: 'invalid-configuration', fault: 'usage' }),
    )
    expect(configure(10, 6)).toThrow(/connectivity bound fails/)
  })
})

const LITTLE = { corruptFraction: 0.01, dropoutFraction: 0.01 }

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

  test.each([
    ['an odd number of neighbors', { graph: { neighbors: 5, assumptions: 'unproven' } }],
    ['no neighbors', { graph: { neighbors: 0, assumptions: 'unproven' } }],
    ['as many neighbors as clients', { graph: { neighbors: 20, assumptions: 'unproven' } }],
    ['no threshold', { threshold: undefined }],
    ['a threshold above the neighbors', { threshold: 7 }],
    ['no minimum cohort', { minimumCohort: undefined }],
    ['corruptClients in addition to the assumptions', { corruptClients: 3 }],
    ['no graph', { graph: null }],
    ['no assumptions', { graph: { neighbors: 6 } }],
    ['assumptions that are null', { graph: { neighbors: 6, assumptions: null } }],
    [
      'half a bit of security',
      { graph: { neighbors: 6, assumptions: { ...LITTLE, statisticalSecurity: 20.5 } } },
    ],
    ['a negative fraction', { graph: { neighbors: 6, assumptions: { ...LITTLE, corruptFraction: -0.1 } } }],
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
  test('is a uniformly random permutation', () => {
    const random = randomOf(11)
    const counts = new Map<string, number>()
    for (let draw = 0; draw < 24_000; draw++) {
      const ring = drawRing([3, 5, 8, 9], random.bytes)
      counts.set(ring.join(), (counts.get(ring.join()) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    // Each of the 24 orders occurs 1000 times, within six standard deviations.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(190)
  })

  test('joins each seat to the nearest seats on both sides', () => {
    const graph = hararyGraph([9, 2, 7, 4, 5, 1], 4)
    expect(graph.maskNeighbors(7)).toEqual([2, 4, 5, 9])
    expect(graph.holders(9)).toEqual([1, 2, 5, 7])
    expect(graph.holders(3)).toEqual([])
  })
})
