import { client, server } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { keysStatement } from '../../src/protocol/statements.js'
import type { PublicKeys } from '../../src/wire/index.js'
import { LOW_ORDER_POINTS, providers, withTopBit } from '../crypto/providers.js'
import { type Cohort, makeCohort } from '../support/cohort.js'
import { named } from '../support/seeded.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import { clientStates, INPUT_DIGEST } from './states.js'
import {
  advertiseKeys,
  CURIOUS,
  expectRefusal,
  expectRefused,
  finish,
  hexOf,
  MODELS,
  openedRound,
  publishedKeys,
} from './support.js'

/** The seven values, and the same with the bit set that X25519 ignores. */
const points = [...LOW_ORDER_POINTS, ...LOW_ORDER_POINTS.map(withTopBit)].map((point) => ({
  point,
  title: hexOf(point),
}))

/** Both ways to use a point as a key of client 1, which signs it where keys are signed. */
async function forgeries(cohort: Cohort, own: PublicKeys, point: Uint8Array): Promise<PublicKeys[]> {
  const forged = [
    { ...own, cipherKey: point },
    { ...own, maskKey: point },
  ]
  return Promise.all(
    forged.map(async (keys) => ({
      ...keys,
      signature: (await cohort.signers[1]?.sign(keysStatement(cohort.config, 1, keys))) ?? own.signature,
    })),
  )
}

const code = 'invalid-public-key'

describe.each(MODELS)('$adversary: a point of low order as public key', (model) => {
  test.each(points)('$title from a client is refused by the server', async ({ point }) => {
    const cohort = await makeCohort(model)
    const codec = advertiseKeys(cohort.config)
    const own = codec.read(await cohort.sessions[1]!.start())
    const { hash: configurationHash } = cohort.config
    for (const keys of await forgeries(cohort, own, point)) {
      const receipt = await cohort.server.receive(1, codec.write({ ...keys, configurationHash }))
      expectRefused(receipt, { code, fault: 'peer', phase: 'advertise-keys', culprits: [1] })
    }
    expect(await finish(await openedRound('share-keys', cohort))).toEqual([0, 1, 2, 3, 4])
  })

  test.each([toyCrypto(1), ...providers])(
    'from a malicious server is refused by a client ($name)',
    async (crypto) => {
      const opened = await openedRound('share-keys', { ...model, crypto, splitSecret: toySplitter(1) })
      const codec = publishedKeys(opened.config)
      const genuine = codec.read(opened.pending.get(0)!)
      for (const { point } of points) {
        for (const keys of await forgeries(opened, genuine[1]!.value, point)) {
          const forged = genuine.map((entry) => (entry.seat === 1 ? { seat: 1, value: keys } : entry))
          const attempt = opened.sessions[0]!.receive(codec.write(forged))
          await expectRefusal(attempt, { code, fault: 'server', phase: 'share-keys', concerning: [1] })
        }
      }
      expect(await finish(opened)).toEqual([0, 1, 2, 3, 4])
    },
  )
})

test.each([toyCrypto(1), ...providers])(
  '$name makes no mask of a point of low order, even where it got past every check of keys',
  async (crypto) => {
    const { shared, forwarded, masked, capabilities, masking } = await clientStates({
      ...CURIOUS,
      clients: 3,
      crypto,
      splitSecret: toySplitter(1),
    })
    const answers = await Promise.all(
      [0, 1].map(async (seat) => (await client.unmask(masked[seat]!, [0, 1], capabilities[seat]!)).outbound),
    )
    for (const { point, title } of points) {
      await named(title, async () => {
        const state = shared[0]!
        const peers = state.peers.map((peer) => (peer.seat === 1 ? { ...peer, maskKey: point } : peer))
        const attempt = client.maskInput({ ...state, peers }, forwarded[0]!, INPUT_DIGEST, capabilities[0]!)
        await expectRefusal(attempt, { code, fault: 'server', phase: 'masked-input', concerning: [1] })

        // Nor does the server take it for a mask, where client 2 has dropped out.
        const clients = masking.clients.map((each) =>
          each.seat === 1 ? { ...each, keys: { ...each.keys, maskKey: point } } : each,
        )
        const announced = server.closeMaskedInput({ ...masking, clients }, [0, 1])
          .state as server.ServerUnmasking
        const accepted = answers.map((answer, seat) => server.acceptUnmasking(announced, seat, answer))
        const { state: unmasked } = await server.reconstructSecrets(announced, accepted, { crypto })
        const plans = server.planUnmasking(unmasked, { crypto })
        await expectRefusal(plans.next(), { code, fault: 'peer', phase: 'unmasking', concerning: [1] })
      })
    }
  },
)

test('a client seals no shares under a key that agrees on zero, even where it looks like any other', async () => {
  const crypto = toyCrypto(9)
  const sharedSecrets: typeof crypto.x25519.sharedSecrets = async (...request) =>
    (await crypto.x25519.sharedSecrets(...request)).map((agreement, index) =>
      index === 1 ? undefined : agreement,
    )
  const zero = { ...crypto, x25519: { ...crypto.x25519, sharedSecrets } }
  const options = { ...CURIOUS, clientOptions: (seat: number) => (seat === 0 ? { crypto: zero } : {}) }
  const opened = await openedRound('share-keys', options)
  const attempt = opened.sessions[0]!.receive(opened.pending.get(0)!)
  await expectRefusal(attempt, { code, fault: 'server', phase: 'share-keys', concerning: [2] })
})
