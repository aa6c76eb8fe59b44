import { server } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { named, randomOf, seeded } from '../support/seeded.js'
import { SCATTERED, SHARE_ATTACKS } from '../support/share-attacks.js'
import { toyCrypto } from '../support/toy-crypto.js'
import {
  answersOf,
  copyOfShares,
  type Shares,
  type WaitingServer,
  waitingServer,
} from '../support/waiting-server.js'

/** What one reconstruction took, and how it ended. */
interface Ran {
  readonly state: server.ServerFinished | undefined
  readonly error: unknown
  /** Units of work that were announced. */
  readonly work: number
  /** Secrets that were checked against what their owners have published. */
  readonly checks: number
}

async function reconstruct(round: WaitingServer, shares: Shares): Promise<Ran> {
  const toy = toyCrypto(3)
  let [work, checks] = [0, 0]
  const crypto = {
    ...toy,
    sha256: {
      ...toy.sha256,
      hkdf: (...request: Parameters<typeof toy.sha256.hkdf>) => {
        checks++
        return toy.sha256.hkdf(...request)
      },
    },
  }
  const onWork = (units: number): undefined => {
    expect(units).toBeGreaterThanOrEqual(0)
    work += units
  }
  try {
    const { state } = await server.reconstructSecrets(round.state, answersOf(round, shares), {
      crypto,
      onWork,
    })
    return { state, error: undefined, work, checks }
  } catch (error) {
    return { state: undefined, error, work, checks }
  }
}

// In GF(2^8), and in GF(2^16), where an honest round costs more than what may always be spent.
describe.each([{ clients: 60 }, { clients: 270 }])('among $clients', async ({ clients }) => {
  const round = await waitingServer({ clients, corruptClients: Math.floor(clients / 10) }, toyCrypto(1))
  const honest = await reconstruct(round, copyOfShares(round))
  const mostWork = honest.work + Math.max(2 * honest.work, 2 ** 16)

  test('an honest round checks each secret once', () => {
    expect(honest.checks).toBe(clients)
    expect(honest.state?.selfMasks.map(({ value }) => value)).toEqual(round.secrets)
    expect(honest.state?.wrongShares).toEqual([])
  })

  test.each([...SHARE_ATTACKS, SCATTERED])(
    '$name: the server is not kept busy for long',
    async ({ spoil, cheating, ends }) => {
      await seeded(clients, async (random) => {
        const shares = copyOfShares(round)
        spoil(shares, round, random)
        const { state, error, work, checks } = await reconstruct(round, shares)
        expect(work).toBeGreaterThan(honest.work / 4)
        expect(work).toBeLessThanOrEqual(mostWork)
        if (clients > 255) expect(checks).toBeLessThanOrEqual(3 * clients)
        if (state === undefined) {
          expect(error).toMatchObject({ name: 'SecAggError', code: 'wrong-share', fault: 'peer' })
          expect(ends).not.toBe('sum')
        } else {
          expect(ends).not.toBe('wrong-share')
          expect(state.selfMasks.map(({ value }) => value)).toEqual(round.secrets)
        }
        // More cheat in some of these than are assumed to, so that nothing has to be right but this.
        const culprits = state?.culprits ?? (error as { culprits: readonly number[] }).culprits
        for (const culprit of culprits) expect(cheating(round)).toContain(culprit)
      })
    },
  )

  test('a dealer of wrong shares costs its own secret some more checks, and the others nothing', async () => {
    for (const wrong of [1, 5, round.correctable]) {
      await named(`${wrong} wrong shares`, async () => {
        const random = randomOf(wrong)
        const shares = copyOfShares(round)
        for (let holder = 0; holder < wrong; holder++) shares[7]![holder] = random.bytes(16)
        const { state, checks } = await reconstruct(round, shares)
        expect(state?.selfMasks.map(({ value }) => value)).toEqual(round.secrets)
        expect(checks).toBeLessThanOrEqual(clients + 3)
      })
    }
  })

  test('a holder that lies to everybody is found out with the first few', async () => {
    const shares = copyOfShares(round)
    SHARE_ATTACKS[0]!.spoil(shares, round, randomOf(4))
    const { state, checks } = await reconstruct(round, shares)
    expect(checks).toBeLessThanOrEqual(clients + 8)
    expect(state?.culprits).toEqual([0])
  })

  test('a dealer that takes many honest holders down with it does not cover for its lies about other shares', async () => {
    const shares = copyOfShares(round)
    SHARE_ATTACKS[2]!.spoil(shares, round, randomOf(5))
    const { state, checks } = await reconstruct(round, shares)
    expect(checks).toBeLessThanOrEqual(clients + 12)
    expect(state?.culprits).toEqual([0])
  })
})
