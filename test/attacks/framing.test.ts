import type { SecretSplitter } from 'secagg'
import { describe, expect, test } from 'vitest'
import { GF256, multiply } from '../../src/shamir/field.js'
import { type CohortRun, runCohort } from '../support/cohort.js'
import { named, seeded } from '../support/seeded.js'
import { toySplitter } from '../support/toy-crypto.js'
import { flipped, seatsBelow, unmasking } from './support.js'

type Shares = readonly { readonly seat: number; readonly value: Uint8Array }[]

/** What clients do with their secrets and with the shares that they hold. */
interface Cheats {
  readonly dealing?: ReadonlyMap<number, SecretSplitter>
  /** What the holder at `seat` reveals instead of its shares. */
  reveal?(seat: number, shares: Shares): Shares
}

const CLIENTS = 12

/** Twelve clients, of which `corruptClients` may be corrupt, in the honest-but-curious model: t = 7. */
async function cheating(seed: number, corruptClients: number, cheats: Cheats): Promise<CohortRun> {
  const codec = unmasking({ clients: CLIENTS, signatureLength: 0 }, seatsBelow(CLIENTS))
  return runCohort({
    seed,
    clients: CLIENTS,
    adversary: 'honest-but-curious',
    corruptClients,
    clientOptions: (seat) => {
      const splitSecret = cheats.dealing?.get(seat)
      return splitSecret === undefined ? {} : { splitSecret }
    },
    onClientMessage: (seat, phase, bytes) =>
      phase === 'unmasking' && cheats.reveal !== undefined
        ? codec.write([...cheats.reveal(seat, codec.read(bytes))])
        : bytes,
  })
}

/** Deals shares of which those for `targets` are wrong. */
function dealingWrong(seed: number, targets: readonly number[]): SecretSplitter {
  const honest = toySplitter(seed)
  return async (...request) =>
    (await honest(...request)).map((share, holder) => (targets.includes(holder) ? flipped(share, 5) : share))
}

function expectExact({ outcome, expected, error }: CohortRun): void {
  expect(error).toBeUndefined()
  expect(outcome?.sum).toEqual(expected)
}

describe('up to n_C dishonest clients', () => {
  test('deal one honest holder wrong shares: it is not named, nor are they, and the pairs are reported', async () => {
    for (const corrupt of [[1], [1, 5], [0, 4]]) {
      await named(`owners ${corrupt}`, async () => {
        const dealing = new Map(corrupt.map((seat) => [seat, dealingWrong(seat, [2])]))
        const ran = await cheating(7, 2, { dealing })
        expectExact(ran)
        expect(ran.outcome?.report.wrongShares).toEqual(corrupt.map((owner) => ({ owner, holder: 2 })))
        expect(ran.outcome?.report.culprits).toEqual([])
      })
    }
  })

  test('whatever they deal and reveal at random: nobody honest is named, and no sum is wrong', async () => {
    let named_ = 0
    for (let seed = 1; seed <= 60; seed++) {
      await seeded(seed, async (random) => {
        const corruptClients = 1 + random.below(3)
        const corrupt = random.shuffle(seatsBelow(CLIENTS)).slice(0, corruptClients)
        const dealing = new Map(
          corrupt.map((seat) => [
            seat,
            dealingWrong(
              seat,
              seatsBelow(CLIENTS).filter(() => random.below(4) === 0),
            ),
          ]),
        )
        const lies = random.below(12)
        const ran = await cheating(seed, corruptClients, {
          dealing,
          reveal: (seat, shares) =>
            corrupt.includes(seat)
              ? shares.map((share) =>
                  random.below(12) < lies
                    ? { ...share, value: flipped(share.value, random.below(16)) }
                    : share,
                )
              : shares,
        })
        if (ran.outcome === undefined) {
          expect(ran.error?.code).toBe('wrong-share')
          return
        }
        expectExact(ran)
        const { culprits, wrongShares } = ran.outcome.report
        for (const culprit of culprits) expect(corrupt).toContain(culprit)
        for (const { owner, holder } of wrongShares) {
          expect(corrupt.includes(owner) || corrupt.includes(holder)).toBe(true)
        }
        named_ += culprits.length
      })
    }
    // The test would show nothing if nobody were ever named.
    expect(named_).toBeGreaterThan(10)
  })

  test('agree on another polynomial with the same secret, off which honest holders lie: none is named', async () => {
    // What the holders at coordinates 1, 2 and 3 reveal of every owner is shifted by x (x − 4)(x − 5)(x − 6)(x − 8). With
    // the honest holders of those coordinates it gives the right secret, and all other honest holders seem to lie.
    const roots = [0, 4, 5, 6, 8]
    const corrupt = [0, 1, 2]
    const ran = await cheating(9, 3, {
      reveal: (seat, shares) => {
        if (!corrupt.includes(seat)) return shares
        const shift = roots.reduce((product, root) => multiply(GF256, product, (seat + 1) ^ root), 1)
        return shares.map((share) => ({ ...share, value: share.value.map((byte) => byte ^ shift) }))
      },
    })
    expectExact(ran)
    const { wrongShares, culprits } = ran.outcome!.report
    // The attack works as far as this: the pairs are of honest clients.
    expect(wrongShares).toContainEqual({ owner: 5, holder: 11 })
    expect(wrongShares.some(({ holder }) => corrupt.includes(holder))).toBe(false)
    expect(culprits).toEqual([])
  })
})

describe('a dishonest client is named', () => {
  test.each([0, 3, 6])('holder %d, which lies about the secrets of more than n_C owners', async (holder) => {
    const ran = await cheating(11, 2, {
      reveal: (seat, shares) =>
        seat === holder ? shares.map((share) => ({ ...share, value: flipped(share.value) })) : shares,
    })
    expectExact(ran)
    expect(ran.outcome?.report.culprits).toEqual([holder])
    const everybody = seatsBelow(CLIENTS).map((owner) => ({ owner, holder }))
    expect(ran.outcome?.report.wrongShares).toEqual(everybody)
  })

  test('owner 4, which deals wrong shares to more than n_C holders', async () => {
    const dealing = new Map([[4, dealingWrong(4, [1, 9])]])
    const ran = await cheating(12, 1, { dealing })
    expectExact(ran)
    expect(ran.outcome?.report.culprits).toEqual([4])
    expect(ran.outcome?.report.wrongShares).toEqual([
      { owner: 4, holder: 1 },
      { owner: 4, holder: 9 },
    ])
  })
})
