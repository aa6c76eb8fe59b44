import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  disconnection,
  exposure,
  fatalHolders,
  partOf,
  shortage,
} from '../../src/graph/chooser/assumptions.js'
import { minimumNeighborhood } from '../../src/graph/chooser/neighborhood.js'
import { chooseParameters } from '../../src/graph/chooser/parameters.js'
import { slowNeighborhood } from './exact.js'

const CURIOUS = 'honest-but-curious'
const SEMI = 'semi-malicious'

describe('the least k and its t', () => {
  test.each([
    [CURIOUS, 100, 0.05, 0.05, 12, 6],
    [CURIOUS, 1e3, 0.05, 0.05, 30, 17],
    [CURIOUS, 1e4, 0.05, 0.05, 34, 20],
    [CURIOUS, 1e5, 0.05, 0.05, 36, 21],
    [CURIOUS, 1e6, 0.05, 0.05, 38, 22],
    [CURIOUS, 1e3, 0.33, 0.33, 286, 150],
    [CURIOUS, 1e4, 0.33, 0.33, 422, 221],
    [SEMI, 1e3, 0.05, 0.05, 52, 37],
    [SEMI, 1e4, 0.05, 0.05, 62, 44],
    [SEMI, 1e3, 0.33, 0.05, 132, 109],
    [SEMI, 1e5, 0.33, 0.05, 196, 160],
  ] as const)('%s, %d clients, corrupt %d, dropping out %d', (adversary, clients, corrupt, dropout, k, t) => {
    const assumptions = { clients, corruptFraction: corrupt, dropoutFraction: dropout, adversary }
    expect(chooseParameters(assumptions)).toMatchObject({
      graph: 'sparse',
      neighbors: k,
      holders: k,
      threshold: t,
    })
  })

  /** The library's answer beside the exact one of trying every k. */
  function expectLeast(
    clients: number,
    corrupt: number,
    dropouts: number,
    semiMalicious: boolean,
    bits: readonly [number, number],
  ): void {
    const [security, correctness] = bits
    const counts = {
      clients,
      corruptClients: corrupt,
      dropouts,
      adversary: semiMalicious ? SEMI : CURIOUS,
    } as const
    const fast = minimumNeighborhood({ ...counts, statisticalSecurity: security, correctness })
    const slow = slowNeighborhood({ clients, corrupt, dropouts, semiMalicious, security, correctness })
    expect(fast, JSON.stringify({ ...counts, bits })).toEqual(slow)
  }

  test('every number of corrupt clients and dropouts among up to 22', () => {
    for (let clients = 2; clients <= 22; clients++) {
      for (let corrupt = 0; corrupt < clients; corrupt++) {
        for (let dropouts = 0; dropouts < clients; dropouts++) {
          for (const semi of [false, true]) expectLeast(clients, corrupt, dropouts, semi, [6, 3])
        }
      }
    }
  })

  test('any cohort of up to 260', () => {
    const cases = fc
      .integer({ min: 2, max: 260 })
      .chain((clients) =>
        fc.tuple(
          fc.constant(clients),
          fc.integer({ min: 0, max: Math.floor(clients * 0.6) }),
          fc.integer({ min: 0, max: Math.floor(clients * 0.5) }),
          fc.boolean(),
          fc.constantFrom([40, 20] as const, [10, 5] as const, [2, 1] as const, [80, 40] as const),
        ),
      )
    fc.assert(
      fc.property(cases, (values) => expectLeast(...values)),
      { numRuns: 60 },
    )
  })

  test.each([
    [500, 165, 165, false],
    [1000, 50, 50, false],
    [1000, 330, 330, false],
    [1000, 50, 50, true],
    [1000, 330, 50, true],
  ] as const)('%d clients, %d corrupt, %d dropping out, lies: %s', (clients, corrupt, dropouts, semi) => {
    expectLeast(clients, corrupt, dropouts, semi, [40, 20])
  })
})

describe('what is promised', () => {
  const fractions = fc.record({
    clients: fc.oneof(fc.integer({ min: 2, max: 3000 }), fc.integer({ min: 2, max: 1e8 })),
    corruptFraction: fc.double({ min: 0, max: 0.45, noNaN: true }),
    dropoutFraction: fc.double({ min: 0, max: 0.22, noNaN: true }),
    adversary: fc.constantFrom(CURIOUS, SEMI),
    statisticalSecurity: fc.integer({ min: 1, max: 128 }),
    correctness: fc.integer({ min: 1, max: 64 }),
  })

  test('every choice keeps both promises, and its threshold is the least that does', () => {
    fc.assert(
      fc.property(fractions, (assumptions) => {
        const p = chooseParameters(assumptions)
        expect(p.securityFailure.total).toBeLessThanOrEqual(-p.statisticalSecurity)
        expect(p.correctnessFailure).toBeLessThanOrEqual(-p.correctness)
        expect(p.survivors).toBe(p.clients - p.dropouts)
        expect(p.threshold).toBeLessThanOrEqual(p.maximumThreshold)
        if (p.graph === 'complete') return
        expect(p.neighbors % 2).toBe(0)
        const { clients: n, neighbors: k, threshold: t, corruptClients, dropouts, adversary } = p
        const bits = -(p.statisticalSecurity + 1)
        expect(disconnection(n, k, corruptClients + dropouts)).toBeLessThan(bits)
        if (t > 2)
          expect(exposure(n, k, corruptClients, fatalHolders(k, t - 1, adversary) - 1)).toBeGreaterThan(bits)
        expect(shortage(n, k, dropouts, p.maximumThreshold)).toBeLessThanOrEqual(-p.correctness)
        if (p.maximumThreshold < k) {
          expect(shortage(n, k, dropouts, p.maximumThreshold + 1)).toBeGreaterThan(-p.correctness)
        }
      }),
      { numRuns: 150 },
    )
  })

  test('10⁸ clients find a sparse graph, even with little to spare', () => {
    for (const [corruptFraction, dropoutFraction] of [
      [0.05, 0.05],
      [0.33, 0.33],
      [0.45, 0.45],
    ] as const) {
      const p = chooseParameters({ clients: 1e8, corruptFraction, dropoutFraction, adversary: CURIOUS })
      expect(p.neighbors).toBeLessThan(8000)
    }
  })

  test('the complete graph: if it is asked for, or no sparse one is enough', () => {
    const base = { clients: 1000, corruptFraction: 0.33, dropoutFraction: 0.05 }
    expect(chooseParameters({ ...base, adversary: 'active', graph: 'complete' })).toMatchObject({
      ...{ graph: 'complete', neighbors: 999, holders: 1000, threshold: 666, maximumThreshold: 950 },
      securityFailure: { total: Number.NEGATIVE_INFINITY },
      correctnessFailure: Number.NEGATIVE_INFINITY,
    })
    expect(chooseParameters({ ...base, clients: 2, adversary: CURIOUS })).toMatchObject({
      ...{ graph: 'complete', neighbors: 1, threshold: 2, minimumPresent: 2 },
    })
    // 2t > n + A also where single clients may be lied to.
    const few = { clients: 3, corruptFraction: 0.34, dropoutFraction: 0, adversary: SEMI } as const
    expect(chooseParameters(few)).toMatchObject({ graph: 'complete', corruptClients: 1, threshold: 3 })
  })

  test('a fraction of the clients is what its decimals say', () => {
    const wrong: string[] = []
    for (let clients = 1; clients <= 1000; clients++) {
      for (let percent = 0; percent < 100; percent++) {
        const part = Math.floor((clients * percent) / 100)
        if (partOf(clients, percent / 100) !== part) wrong.push(`${percent}% of ${clients}`)
      }
    }
    expect(wrong).toEqual([])
    expect(partOf(1e8, 0.29)).toBe(29_000_000)
    expect(partOf(3, 1 / 3)).toBe(1)
    expect(partOf(1000, 0.0499)).toBe(49)
  })

  test('without corrupt clients the formulas still hold, with a warning', () => {
    const p = chooseParameters({
      clients: 1000,
      corruptFraction: 0,
      dropoutFraction: 0.1,
      adversary: CURIOUS,
    })
    expect(p).toMatchObject({ graph: 'sparse', neighbors: 18, threshold: 2, corruptClients: 0 })
    expect(p.warnings).toEqual([expect.stringContaining('assume that no client is corrupt')])
  })

  test('warnings: lies, and nobody to hide among', () => {
    const p = chooseParameters({
      clients: 10,
      corruptFraction: 0.6,
      dropoutFraction: 0.3,
      adversary: CURIOUS,
    })
    expect(p.warnings).toEqual([expect.stringContaining('only one honest client')])
    const q = chooseParameters({ clients: 1000, corruptFraction: 0.1, dropoutFraction: 0.1, adversary: SEMI })
    expect(q.warnings).toEqual([expect.stringContaining('A server that lies about dropouts')])
    expect(Object.isFrozen(p) && Object.isFrozen(p.warnings) && Object.isFrozen(p.securityFailure)).toBe(true)
  })
})
