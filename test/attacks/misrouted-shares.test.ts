import { describe, expect, test } from 'vitest'
import type { ForwardedShares } from '../../src/wire/index.js'
import { providers } from '../crypto/providers.js'
import type { CohortRun } from '../support/cohort.js'
import { named } from '../support/seeded.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import {
  CURIOUS,
  expectRefusal,
  finish,
  flipped,
  forwardedShares,
  MODELS,
  openedRound,
  unmasking,
} from './support.js'

const everybody = [0, 1, 2, 3, 4]

/** What `owner` sealed to `holder`, as the server has it. */
function sealed({ config, pending }: CohortRun, owner: number, holder: number): Uint8Array {
  const received = forwardedShares(config, holder).read(pending.get(holder)!)
  return received.find(({ seat }) => seat === owner)!.value
}

/** What client 0 gets in place of what client 1 sealed to it. */
const substitutes: readonly { what: string; substitute(opened: CohortRun): Uint8Array }[] = [
  { what: 'its own ciphertext for client 1, sent back', substitute: (opened) => sealed(opened, 0, 1) },
  { what: 'what client 1 sealed to client 2', substitute: (opened) => sealed(opened, 1, 2) },
  { what: 'what client 2 sealed to client 0', substitute: (opened) => sealed(opened, 2, 0) },
  { what: 'what client 3 sealed to client 4', substitute: (opened) => sealed(opened, 3, 4) },
  { what: 'the ciphertext with a bit flipped', substitute: (opened) => flipped(sealed(opened, 1, 0), 5) },
  { what: 'the ciphertext with its tag changed', substitute: (opened) => flipped(sealed(opened, 1, 0), -1) },
  { what: 'zeros', substitute: () => new Uint8Array(64) },
]

/** Client 0's message of round 2 with some entries exchanged for others. */
function altered(opened: CohortRun, receiver: number, changes: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const codec = forwardedShares(opened.config, receiver)
  const message: ForwardedShares = codec.read(opened.pending.get(receiver)!)
  return codec.write(message.map(({ seat, value }) => ({ seat, value: changes.get(seat) ?? value })))
}

describe.each(MODELS)('$adversary: instead of a share of client 1, client 0 gets', (model) => {
  // The real primitives once; what differs between the models does not touch them.
  describe.each([toyCrypto(1), ...(model === CURIOUS ? providers : [])])('with $name', (crypto) => {
    test.each(substitutes)(
      '$what: it leaves client 1 out of its answer, the sum is exact',
      async ({ substitute }) => {
        const opened = await openedRound('masked-input', { ...model, crypto, splitSecret: toySplitter(1) })
        const forged = altered(opened, 0, new Map([[1, substitute(opened)]]))
        const revealed = new Map<number, readonly number[]>()
        const survived = await finish(opened, {
          onServerMessage: (seat, phase, bytes) => (seat === 0 && phase === 'masked-input' ? forged : bytes),
          onClientMessage: (seat, phase, bytes) => {
            if (phase !== 'unmasking') return bytes
            const shares = unmasking(opened.config, everybody).read(bytes)
            revealed.set(
              seat,
              shares.map((share) => share.seat),
            )
            return bytes
          },
        })
        expect(survived).toEqual(everybody)
        expect(revealed.get(0)).toEqual([0, 2, 3, 4])
        for (const seat of [1, 2, 3, 4]) expect(revealed.get(seat)).toEqual(everybody)
      },
    )
  })
})

describe.each(MODELS)('$adversary: a server', (model) => {
  test('exchanges the shares of two receivers among them: both owners lose two shares, or the round ends', async () => {
    const opened = await openedRound('masked-input', model)
    const swap = new Map([
      [0, altered(opened, 0, new Map([[1, sealed(opened, 1, 2)]]))],
      [2, altered(opened, 2, new Map([[1, sealed(opened, 1, 0)]]))],
    ])
    const attempt = finish(opened, {
      onServerMessage: (seat, phase, bytes) => (phase === 'masked-input' ? (swap.get(seat) ?? bytes) : bytes),
    })
    // Of client 1's five shares three are left.
    if (opened.config.threshold <= 3) expect(await attempt).toEqual(everybody)
    else {
      await expectRefusal(attempt, {
        code: 'too-few-shares',
        fault: 'peer',
        phase: 'unmasking',
        concerning: [1],
      })
    }
  })

  test('spoils the shares of one owner at every receiver: the round ends without a sum', async () => {
    for (const owner of everybody) {
      await named(`owner ${owner}`, async () => {
        const opened = await openedRound('masked-input', model)
        const attempt = finish(opened, {
          onServerMessage: (seat, phase, bytes) =>
            phase === 'masked-input' && seat !== owner
              ? altered(opened, seat, new Map([[owner, new Uint8Array(64)]]))
              : bytes,
        })
        const expected = {
          code: 'too-few-shares',
          fault: 'peer',
          phase: 'unmasking',
          concerning: [owner],
        } as const
        const refused = await expectRefusal(attempt, expected)
        expect(refused).toMatchObject({ expected: opened.config.threshold, got: 1 })
      })
    }
  })

  test('sends a client the message of another: it answers, and reveals nothing but its own share', async () => {
    const opened = await openedRound('masked-input', model)
    let revealed: readonly number[] = []
    const survived = await finish(opened, {
      onServerMessage: (seat, phase, bytes) =>
        seat === 0 && phase === 'masked-input' ? opened.pending.get(1)! : bytes,
      onClientMessage: (seat, phase, bytes) => {
        if (seat === 0 && phase === 'unmasking') {
          revealed = unmasking(opened.config, everybody)
            .read(bytes)
            .map((share) => share.seat)
        }
        return bytes
      },
    })
    expect(survived).toEqual(everybody)
    expect(revealed).toEqual([0])
  })
})
