import { describe, expect, test } from 'vitest'
import type { SecAggError } from '../../src/errors.js'
import { cohortOf } from '../../src/graph/chooser/assumptions.js'
import {
  checkNeighborhood,
  minimumProven,
  type OfferedNeighborhood,
} from '../../src/graph/chooser/check-assumptions.js'
import { chooseParameters } from '../../src/graph/chooser/parameters.js'
import { recheckParameters } from '../../src/graph/chooser/proof.js'
import { thrownBy } from '../support/refusals.js'

const BASE = { clients: 1000, corruptFraction: 0.05, dropoutFraction: 0.05 }

function refusal(offered: OfferedNeighborhood): SecAggError | undefined {
  return thrownBy(() => expect(checkNeighborhood(offered)).toBe(true))
}

describe('what a client checks of the k and t it is offered', () => {
  test('it accepts what the chooser chose, and more neighbors with a threshold in proportion', () => {
    for (const adversary of ['honest-but-curious', 'semi-malicious', 'active'] as const) {
      for (const clients of [2, 5, 20, 100, 1000, 1e5, 1e8]) {
        const { neighbors, threshold } = chooseParameters({ ...BASE, clients, adversary })
        expect(refusal({ ...BASE, clients, adversary, neighbors, threshold })).toBeUndefined()
      }
    }
    const offered = { ...BASE, adversary: 'honest-but-curious', neighbors: 200, threshold: 101 } as const
    expect(refusal(offered)).toBeUndefined()
  })

  const curious = { ...BASE, adversary: 'honest-but-curious' } as const
  test.each([
    // one less than the chooser's t
    [
      { ...curious, neighbors: 30, threshold: 16 },
      /^the threshold bound fails: .* with only 36\.46 bits of security, but 41 are needed$/,
    ],
    [{ ...curious, neighbors: 10, threshold: 9 }, /^the connectivity bound fails: .* but 41 are needed$/],
    [{ ...BASE, adversary: 'semi-malicious', neighbors: 52, threshold: 36 }, /^the threshold bound fails/],
    // what another's assumptions allow
    [{ ...curious, corruptFraction: 0.1, neighbors: 30, threshold: 17 }, /^the threshold bound fails/],
    [{ ...curious, statisticalSecurity: 60, neighbors: 30, threshold: 17 }, /^the threshold bound fails/],
    [
      { ...curious, neighbors: 999, threshold: 500 },
      /^the threshold bound fails: on the complete graph .* of at least 501, not 500$/,
    ],
    [
      { ...BASE, adversary: 'active', neighbors: 30, threshold: 17 },
      /^the bound on both secrets fails: .* but 41 are needed$/,
    ],
    [{ ...BASE, adversary: 'active', neighbors: 51, threshold: 35 }, /^the bound on both secrets fails/],
    [
      { ...BASE, adversary: 'active', neighbors: 51, threshold: 36, minimumHonest: 624 },
      /^the bound on small sums fails: .* of 623 or fewer honest inputs .* but 41 are needed$/,
    ],
    [{ ...curious, neighbors: 31, threshold: 17 }, /number of neighbors of a client must be even/],
    [{ ...curious, neighbors: 0, threshold: 2 }, /number of neighbors of a client must be even/],
    [{ ...curious, neighbors: 1000, threshold: 501 }, /number of neighbors of a client must be even/],
    [{ ...curious, neighbors: Number.NaN, threshold: 17 }, /number of neighbors of a client must be even/],
    [{ ...curious, neighbors: 30, threshold: 31 }, /from 2 to 30, the number of holders/],
    [{ ...curious, neighbors: 30, threshold: 1 }, /from 2 to 30, the number of holders/],
    [{ ...curious, neighbors: 30, threshold: 17.5 }, /from 2 to 30, the number of holders/],
  ] satisfies [OfferedNeighborhood, RegExp][])('it refuses %j', (offered, message) => {
    const error = refusal(offered)
    expect(error?.message).toMatch(message)
    expect(error).toMatchObject({ code: 'invalid-configuration', fault: 'server' })
  })

  test('its own assumptions are its own to get right', () => {
    const error = refusal({ ...curious, corruptFraction: 2, neighbors: 30, threshold: 17 })
    expect(error).toMatchObject({ code: 'invalid-argument', fault: 'usage' })
  })
})

describe('what the server checks once it knows who sent keys', () => {
  test('with all present nothing changes', () => {
    for (const adversary of ['honest-but-curious', 'semi-malicious', 'active'] as const) {
      const parameters = chooseParameters({ ...BASE, adversary })
      const { securityFailure, correctnessFailure } = parameters
      const expected = { holds: true, present: 1000, securityFailure, correctnessFailure }
      expect(recheckParameters(parameters, 1000)).toEqual(expected)
    }
  })

  test('the least number of clients present is where σ is lost', () => {
    for (const [corruptFraction, dropoutFraction, adversary, clients] of [
      [0.05, 0.05, 'honest-but-curious', 1000],
      [0.33, 0.33, 'honest-but-curious', 1000],
      [0.33, 0.05, 'semi-malicious', 1000],
      [0.1, 0.1, 'active', 200],
      [0, 0.1, 'honest-but-curious', 300],
      [0.05, 0.05, 'honest-but-curious', 100],
    ] as const) {
      const parameters = chooseParameters({ clients, corruptFraction, dropoutFraction, adversary })
      let least = clients
      while (least > 0 && recheckParameters(parameters, least - 1).holds) least--
      expect(parameters.minimumPresent).toBe(least)
    }
  })

  test('the number of clients present has to pass as all greater ones do, though fewer may pass as well', () => {
    for (const [
      clients,
      corruptFraction,
      dropoutFraction,
      statisticalSecurity,
      neighbors,
      threshold,
      least,
    ] of [
      [37, 0.33, 0.2, 20, 18, 13, 36],
      [37, 0.2, 0.1, 3, 6, 5, 32],
      [50, 0.33, 0.2, 20, 22, 17, 37],
      [100, 0.2, 0.5, 20, 46, 21, 73],
    ] as const) {
      const assumptions = { corruptFraction, dropoutFraction, statisticalSecurity }
      const cohort = cohortOf({ clients, ...assumptions, adversary: 'honest-but-curious' })
      const parameters = { ...cohort, graph: 'sparse', neighbors, threshold } as const
      expect(recheckParameters(parameters, least - 1).holds).toBe(false)
      const passing = Array.from({ length: clients }, (_, present) => present).filter(
        (present) => recheckParameters(parameters, present).holds,
      )
      expect(Math.min(...passing)).toBeLessThan(least)
      expect(minimumProven({ clients, neighbors, threshold, assumptions })).toBe(least)
    }
  })

  test('corrupt clients that all show up weigh more among fewer; a part of those present does not', () => {
    const assumptions = { clients: 1000, corruptFraction: 0.33, dropoutFraction: 0.33 }
    const parameters = chooseParameters({ ...assumptions, adversary: 'honest-but-curious' })
    expect(recheckParameters(parameters, 900).holds).toBe(false)
    expect(recheckParameters(parameters, 900, 297).holds).toBe(true)
    // 670 present of whom 330 are corrupt: far from 40 bits.
    expect(recheckParameters(parameters, 670).securityFailure.threshold).toBe(0)
  })

  test('too few for the graph', () => {
    const sparse = chooseParameters({ ...BASE, adversary: 'honest-but-curious' })
    expect(recheckParameters(sparse, 30)).toMatchObject({ holds: false, present: 30 })
    const complete = chooseParameters({ ...BASE, adversary: 'active', graph: 'complete' })
    expect(recheckParameters(complete, complete.threshold - 1).holds).toBe(false)
    expect(recheckParameters(complete, complete.threshold).holds).toBe(true)
  })

  test('only whole numbers of clients up to n', () => {
    const parameters = chooseParameters({ ...BASE, adversary: 'active' })
    for (const present of [-1, 1001, 1.5, Number.NaN]) {
      expect(() => recheckParameters(parameters, present)).toThrow(
        'present must be a whole number from 0 to 1000',
      )
    }
    expect(() => recheckParameters(parameters, 900, 51)).toThrow(
      'corruptClients must be a whole number from 0 to 50',
    )
  })
})
