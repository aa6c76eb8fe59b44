import { describe, expect, test } from 'vitest'
import { leaked, summed } from './algebra.js'
import { answer, emptyPlan } from './clients.js'
import { judge } from './draw.js'
import { exhaust, SMALL_SIZES } from './exhaust.js'
import { describe as explain, play } from './game.js'
import { ALL_RULES, PROTOCOL, RELAXATIONS, WEAKENINGS } from './rules.js'
import { everySeat, type Seats } from './seats.js'

// A lying server on the sparse graph, in symbols. `npm run game` plays longer.

const SEED = 1

describe('under the rules', () => {
  test('no lying server sees more than one sum, of more inputs than claimed', () => {
    const games = 3000
    const tally = play({ seed: SEED, games, variant: PROTOCOL })
    expect(tally.found && explain(tally.found), `seed ${SEED}`).toBeUndefined()
    // The claim says something in most games, and the server gets what the claim leaves it.
    expect(tally.claimed).toBeGreaterThan(games / 2)
    expect(tally.withSum).toBeGreaterThan(tally.plans / 20)
    expect(tally.smallest).toBeGreaterThan(tally.withSum / 4)
    // The claim is no weaker than it must be: where E2 fails, a small sum is seen.
    expect(tally.open).toBeGreaterThan(games / 20)
    expect(tally.opened).toBe(tally.open)
  })

  test.each(SMALL_SIZES.filter(({ n }) => n === 4))(
    'no plan at all breaks the claim for $n clients, $corrupt of them corrupt, k = $k, t = $threshold',
    (size) => {
      const { claimed, withSum, found } = exhaust(size)
      expect(found && explain(found)).toBeUndefined()
      expect(claimed).toBeGreaterThan(0)
      expect(withSum).toBeGreaterThan(0)
    },
  )

  test.each(Object.entries(RELAXATIONS))('privacy does not rest on a rule: %s', (_, variant) => {
    const { found, claimed } = play({ seed: SEED, games: 400, variant })
    expect(found && explain(found), `seed ${SEED}`).toBeUndefined()
    expect(claimed).toBeGreaterThan(200)
  })
})

describe('with one rule less', () => {
  test.each(Object.entries(WEAKENINGS))('the claim is broken: %s', (_, variant) => {
    const { found } = play({ seed: SEED, games: 1000, variant })
    expect(found?.why, `seed ${SEED}`).toBeDefined()
  })

  test('all plans include one that breaks the claim if acknowledgements do not count', () => {
    const [size] = SMALL_SIZES
    expect(exhaust(size!, { acknowledgements: 'none' }).found).toBeDefined()
  })
})

describe('what comes out', () => {
  // Four clients hold each other's shares.
  const everybody = everySeat(4)
  const holders = Array.from({ length: 4 }, (_, u) => everybody & ~(1 << u))
  const all = Array.from({ length: 4 }, () => everybody)

  /** The sets that are summed if t shares give a secret and each client is shown and told as stated. */
  function sums(threshold: number, inU2: Seats[], alive: Seats[]): (Seats | undefined)[] {
    const draw = judge({ n: 4, k: 3, threshold, holders, abandoned: [] }, 0, 0, () => 1)
    return leaked(draw, answer(draw, ALL_RULES, { ...emptyPlan(4), inU2, alive })).map(summed)
  }

  test('an honest server gets the sum of all', () => {
    expect(sums(3, all, all)).toEqual([0b1111])
  })

  test('a server that calls a client dead gets the sum of the others', () => {
    const withoutFirst = all.map(() => everybody & ~1)
    expect(sums(2, all, withoutFirst)).toEqual([0b1110])
  })

  test('a server that calls a client dead to one of three holders gets neither of its secrets', () => {
    expect(sums(3, all, [everybody, everybody & ~1, everybody, everybody])).toEqual([])
  })

  test('two pairs that are shown only each other are two sums, where one share is enough', () => {
    const apart = [0b0011, 0b0011, 0b1100, 0b1100]
    expect(sums(1, apart, all)).toEqual([0b0011, 0b1100])
    expect(sums(2, apart, all)).toEqual([])
  })
})
