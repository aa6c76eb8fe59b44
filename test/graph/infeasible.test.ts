import { describe, expect, test } from 'vitest'
import type { SecAggError } from '../../src/errors.js'
import type { Assumptions } from '../../src/graph/chooser/assumptions.js'
import { chooseParameters } from '../../src/graph/chooser/parameters.js'
import { thrownBy } from '../support/refusals.js'

function refusal(assumptions: Assumptions): SecAggError | undefined {
  return thrownBy(() => chooseParameters(assumptions))
}

/** Follows the advice of a refusal. The dropouts that it names must also be the maximum that works. */
function expectTrueAdvice(assumptions: Assumptions): { fraction: boolean; clients: boolean } {
  const error = refusal(assumptions)!
  const where = `${JSON.stringify(assumptions)}: ${error.message}`
  expect(error.code, where).toBe('invalid-configuration')
  expect(error.fault, where).toBe('usage')
  const fraction =
    /a dropoutFraction of(?: at most)? ([\d.e-]+)(?: \((\d+) clients\))? (?:or|would work)/.exec(
      error.message,
    )
  if (fraction !== null) {
    const dropouts = Number(fraction[2] ?? 0)
    const advised = { ...assumptions, dropoutFraction: Number(fraction[1]) }
    expect(refusal(advised), where).toBeUndefined()
    expect(chooseParameters(advised).dropouts, where).toBe(dropouts)
    const oneMore = (dropouts + 1) / assumptions.clients
    expect(refusal({ ...assumptions, dropoutFraction: oneMore }), where).toBeDefined()
  }
  const clients = /(\d+) clients at the same fractions would work/.exec(error.message)
  if (clients !== null) {
    expect(Number(clients[1]), where).toBeGreaterThan(assumptions.clients)
    expect(refusal({ ...assumptions, clients: Number(clients[1]) }), where).toBeUndefined()
  }
  return { fraction: fraction !== null, clients: clients !== null }
}

describe('what no parameters can give', () => {
  test('too many corrupt clients and dropouts for any graph', () => {
    const base = { clients: 1000, corruptFraction: 0.3, adversary: 'honest-but-curious' } as const
    expect(refusal({ ...base, dropoutFraction: 0.6 })).toBeUndefined()
    const error = refusal({ ...base, dropoutFraction: 0.65 })
    expect(error?.message).toBe(
      'corruptFraction and dropoutFraction add up to 0.95, more than 0.9; ' +
        'a dropoutFraction of at most 0.6 (600 clients) would work',
    )
    // A sum of decimals that is 0.9 but for rounding.
    expect(refusal({ ...base, clients: 1e4, corruptFraction: 0.34, dropoutFraction: 0.56 })).toBeUndefined()
  })

  test('where a server may lie, a dropout counts twice', () => {
    const base = { clients: 1000, corruptFraction: 0.33, adversary: 'semi-malicious' } as const
    expect(refusal({ ...base, dropoutFraction: 0.3 })?.message).toBe(
      'corruptFraction and twice dropoutFraction add up to 0.93, more than 0.9; ' +
        'a dropoutFraction of at most 0.285 (285 clients) would work',
    )
  })

  test('no dropout fraction helps where corrupt clients alone are too many', () => {
    const assumptions = {
      clients: 50,
      corruptFraction: 0.95,
      dropoutFraction: 0,
      adversary: 'active',
    } as const
    expect(refusal(assumptions)?.message).toMatch(/more than 0\.9; corruptFraction must be lower$/)
  })

  test('a threshold that dropouts leave out of reach', () => {
    const base = { corruptFraction: 0.33, dropoutFraction: 0.34, adversary: 'active' } as const
    expect(refusal({ ...base, clients: 100 })?.message).toBe(
      'the complete graph of 100 clients, of which 33 may be corrupt, needs a threshold of 67 in the active model, but only 66 ' +
        'clients are left if 34 drop out; a dropoutFraction of at most 0.33 (33 clients) would work',
    )
    expect(expectTrueAdvice({ ...base, clients: 1e8 })).toEqual({ fraction: true, clients: false })
  })

  test('advice is true wherever it is given, for small cohorts of all kinds', () => {
    let refusals = 0
    const given = { fraction: 0, clients: 0 }
    for (const adversary of ['honest-but-curious', 'semi-malicious', 'active'] as const) {
      for (const clients of [2, 3, 5, 8, 13, 40, 101, 300]) {
        for (const corruptFraction of [0, 0.1, 0.33, 0.5, 0.7, 0.9]) {
          for (const dropoutFraction of [0.05, 0.11, 0.25, 0.45, 0.67, 0.9]) {
            const assumptions = { clients, corruptFraction, dropoutFraction, adversary }
            if (refusal(assumptions) === undefined) continue
            refusals++
            const advice = expectTrueAdvice(assumptions)
            given.fraction += Number(advice.fraction)
            given.clients += Number(advice.clients)
          }
        }
      }
    }
    // Whatever is refused with at most 0.9 corrupt is possible without dropouts.
    expect(given.fraction).toBe(refusals)
    expect(given.clients).toBeGreaterThan(10)
  })

  test('large cohorts that ask for many bits are refused with true advice', () => {
    for (const clients of [500, 5000, 9000]) {
      for (const adversary of ['honest-but-curious', 'semi-malicious'] as const) {
        const dropoutFraction = adversary === 'semi-malicious' ? 0.228 : 0.455
        const bits = { statisticalSecurity: 256, correctness: 256 }
        const assumptions = { clients, corruptFraction: 0.45, dropoutFraction, adversary, ...bits }
        expect(refusal(assumptions)).toBeDefined()
        expectTrueAdvice(assumptions)
      }
    }
  })

  test.each([
    [{ clients: 1 }, 'clients must be a whole number from 2 to 100000000'],
    [{ clients: 1e8 + 1 }, 'clients must be a whole number'],
    [{ clients: 10.5 }, 'clients must be a whole number'],
    [{ dropoutFraction: -0.1 }, 'dropoutFraction must be a number that is at least 0 and below 1'],
    [{ dropoutFraction: Number.NaN }, 'dropoutFraction must be a number'],
    [{ corruptFraction: 1 }, 'corruptFraction must be a number that is at least 0 and below 1'],
    [{ adversary: 'evil' as never }, 'adversary must be one of honest-but-curious, semi-malicious, active'],
    [{ statisticalSecurity: 0 }, 'statisticalSecurity must be a number of bits from 1 to 256'],
    [{ correctness: 300 }, 'correctness must be a number of bits from 1 to 256'],
  ])('%j', (wrong, message) => {
    const right = { clients: 100, corruptFraction: 0.1, dropoutFraction: 0.1, adversary: 'active' } as const
    const error = refusal({ ...right, ...wrong })
    expect(error).toMatchObject({ code: 'invalid-argument', fault: 'usage' })
    expect(error?.message).toContain(message)
  })
})
