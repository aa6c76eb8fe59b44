import { chooseParameters, SecAggError } from 'secagg'
import { describe, expect, test } from 'vitest'
import { completeThreshold } from '../../src/graph/chooser/assumptions.js'
import {
  bothSecrets,
  lostSecret,
  minimumChoice,
  proofOfChoice,
  smallSum,
} from '../../src/graph/chooser/own-choice.js'
import { binomial } from './exact.js'

const ACTIVE = { adversary: 'active', graph: 'sparse' } as const

describe('k and t for holders that clients choose', () => {
  test.each([
    [200, 0.05, 0.05, '29/20'],
    [500, 0.05, 0.05, '44/31'],
    [1000, 0.05, 0.05, '51/36'],
    [1000, 0.1, 0.1, '96/67'],
    [1000, 0.2, 0.1, '139/103'],
    [1000, 0.05, 0.2, '148/90'],
    [1000, 0.33, 0.05, '154/129'],
    [3000, 0.05, 0.05, '58/41'],
    [10_000, 0.05, 0.05, '61/43'],
    [10_000, 0.1, 0.1, '121/84'],
    [100_000, 0.05, 0.05, '67/47'],
  ])('%d clients, γ = %f, δ = %f: %s', (clients, corruptFraction, dropoutFraction, expected) => {
    const chosen = chooseParameters({ ...ACTIVE, clients, corruptFraction, dropoutFraction })
    expect(`${chosen.neighbors}/${chosen.threshold}`).toBe(expected)
    expect(chosen.securityFailure.total).toBeLessThanOrEqual(-40)
    expect(chosen.correctnessFailure).toBeLessThanOrEqual(-20)
    expect(chosen.minimumHonest).toBe(Math.floor(clients / 2) + 1)
  })

  test('more honest inputs in every sum cost more holders', () => {
    const assumed = { ...ACTIVE, clients: 1000, corruptFraction: 0.05, dropoutFraction: 0.05 }
    const chosen = chooseParameters({ ...assumed, minimumHonest: 700 })
    expect([chosen.neighbors, chosen.threshold, chosen.minimumHonest]).toEqual([77, 59, 700])
    // What 51 and 36 prove at most.
    const choice = { clients: 1000, neighbors: 51, threshold: 36, corruptClients: 50 }
    expect(proofOfChoice(choice, 623).smallSum).toBeLessThanOrEqual(-41)
    expect(proofOfChoice(choice, 624).smallSum).toBeGreaterThan(-41)
  })

  test('one holder or one share less is not enough', () => {
    const { neighbors, threshold } = chooseParameters({
      ...ACTIVE,
      clients: 1000,
      corruptFraction: 0.05,
      dropoutFraction: 0.05,
    })
    const choice = { clients: 1000, neighbors, threshold, corruptClients: 50 }
    expect(bothSecrets(choice)).toBeLessThanOrEqual(-41)
    expect(bothSecrets({ ...choice, threshold: threshold - 1 })).toBeGreaterThan(-41)
    for (let t = 2; t < neighbors; t++) {
      const fewer = { ...choice, neighbors: neighbors - 1, threshold: t }
      const { smallSum: small, bothSecrets: both } = proofOfChoice(fewer, 0)
      const isSafe = Math.max(small, both) <= -41
      expect([t, isSafe && lostSecret(fewer, 50) <= -20]).toEqual([t, false])
    }
  })

  test('the sparse graph is chosen where it is cheaper', () => {
    const base = { corruptFraction: 0.05, dropoutFraction: 0.05, adversary: 'active' } as const
    expect(chooseParameters({ ...base, clients: 1000 }).graph).toBe('sparse')
    expect(chooseParameters({ ...base, clients: 10 }).graph).toBe('complete')
    const half = { clients: 1000, corruptFraction: 0.1, dropoutFraction: 0.39 } as const
    expect(chooseParameters({ ...ACTIVE, ...half }).graph).toBe('sparse')
    expect(() => chooseParameters({ adversary: 'active', ...half, graph: 'complete' })).not.toThrow()
    expect(chooseParameters({ adversary: 'active', ...half }).graph).toBe('complete')
  })

  test('wherever the sparse graph is possible, so is the complete one', () => {
    let possible = 0
    const asked = { statisticalSecurity: 1, correctness: 1, minimumHonest: 0 }
    for (const clients of [4, 5, 6, 7, 9, 12, 17, 23, 30]) {
      for (let corruptClients = 0; corruptClients < clients; corruptClients++) {
        for (let dropouts = 0; corruptClients + 2 * dropouts < clients + 4; dropouts++) {
          const counts = { clients, corruptClients, dropouts, ...asked }
          if (minimumChoice(counts, clients - 2) === undefined) continue
          possible++
          const threshold = completeThreshold(clients, corruptClients, 'active')
          expect([counts, threshold <= clients - dropouts]).toEqual([counts, true])
        }
      }
    }
    expect(possible).toBeGreaterThan(50)
  })

  test('what cannot be had names the bound that fails, and what would help does help', () => {
    const task = { ...ACTIVE, clients: 1000, corruptFraction: 0.33, dropoutFraction: 0.33 }
    let error: unknown
    try {
      chooseParameters(task)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(SecAggError)
    expect((error as SecAggError).message).toMatch(
      /the bound on small sums fails; a dropoutFraction of at most 0\.169 \(169 clients\)/,
    )
    expect(chooseParameters({ ...task, dropoutFraction: 0.169 }).graph).toBe('sparse')
    expect(() => chooseParameters({ ...task, dropoutFraction: 0.17 })).toThrow(SecAggError)
  })
})

describe('the bounds are what they say', () => {
  /** P[X ≥ x] for X marked ones among `drawn` of `total`, exactly. */
  const tail = (total: number, marked: number, drawn: number, x: number): number => {
    let ways = 0n
    for (let hit = x; hit <= drawn; hit++)
      ways += binomial(marked, hit) * binomial(total - marked, drawn - hit)
    return Number((ways * 2n ** 200n) / binomial(total, drawn)) / 2 ** 200
  }

  test.each([
    [20, 8, 6, 2],
    [25, 10, 7, 3],
    [30, 9, 7, 4],
  ])(
    'n = %d, k = %d, t = %d, C = %d, in exact arithmetic',
    (clients, neighbors, threshold, corruptClients) => {
      const choice = { clients, neighbors, threshold, corruptClients }
      const honest = clients - corruptClients
      const both = honest * tail(clients - 1, corruptClients, neighbors, 2 * threshold - neighbors)
      expect(bothSecrets(choice)).toBeCloseTo(Math.min(Math.log2(both), 0), 8)
      let sum = 0
      for (let size = 1; size <= clients / 2; size++) {
        const closed = tail(clients - 1, size - 1 + corruptClients, neighbors, threshold)
        sum += Number(binomial(honest, size)) * closed ** size
      }
      expect(smallSum(choice, Math.floor(clients / 2))).toBeCloseTo(Math.min(Math.log2(sum), 0), 8)
      const lost = clients * tail(clients - 1, 2, neighbors, neighbors - threshold + 1)
      expect(lostSecret(choice, 2)).toBeCloseTo(Math.min(Math.log2(lost), 0), 8)
    },
  )

  test('fewer corrupt clients are never worse, for choices that the chooser makes', () => {
    for (const clients of [60, 100, 200]) {
      const assumed = { ...ACTIVE, clients, corruptFraction: 0.1, dropoutFraction: 0.05 }
      const { neighbors, threshold, corruptClients } = chooseParameters(assumed)
      for (let corrupt = 0; corrupt <= corruptClients; corrupt++) {
        const choice = { clients, neighbors, threshold, corruptClients: corrupt }
        expect(bothSecrets(choice)).toBeLessThanOrEqual(-41)
        expect(smallSum(choice, clients / 2)).toBeLessThanOrEqual(-41)
      }
    }
  })
})
