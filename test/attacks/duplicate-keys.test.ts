import type { ErrorCode, VerifyIdentity } from 'secagg'
import { client, server } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { keysStatement, survivorsStatement } from '../../src/protocol/statements.js'
import type { PublicKeys } from '../../src/wire/index.js'
import { withTopBit } from '../crypto/providers.js'
import { type Cohort, makeCohort } from '../support/cohort.js'
import { toyCrypto } from '../support/toy-crypto.js'
import { clientStates } from './states.js'
import {
  ACTIVE,
  advertiseKeys,
  consistencyCheck,
  expectError,
  expectRefusal,
  expectRefused,
  finish,
  MODELS,
  openedRound,
  publishedDigest,
  publishedKeys,
  signatures,
} from './support.js'

interface Trick {
  readonly what: string
  /** The keys of client 1, which are made from its own and those of client 0. */
  keys(own: PublicKeys, other: PublicKeys): PublicKeys
  readonly code: ErrorCode
  /** Whether one message alone shows it. */
  readonly alone?: boolean
}

/** p + 9: another encoding of 9, the base point. */
const BASE_POINT = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 9 : 0))
const BASE_POINT_TWIN = Uint8Array.from({ length: 32 }, (_, index) =>
  index === 0 ? 0xf6 : index === 31 ? 0x7f : 0xff,
)

const tricks: readonly Trick[] = [
  {
    what: 'both keys of another client',
    keys: (own, { cipherKey, maskKey }) => ({ ...own, cipherKey, maskKey }),
    code: 'duplicate-key',
  },
  {
    what: 'the mask key of another client',
    keys: (own, { maskKey }) => ({ ...own, maskKey }),
    code: 'duplicate-key',
  },
  {
    what: 'the cipher key of another client',
    keys: (own, { cipherKey }) => ({ ...own, cipherKey }),
    code: 'duplicate-key',
  },
  {
    what: 'the mask key of another client as its cipher key',
    keys: (own, { maskKey }) => ({ ...own, cipherKey: maskKey }),
    code: 'duplicate-key',
  },
  {
    what: 'the cipher key of another client as its mask key',
    keys: (own, { cipherKey }) => ({ ...own, maskKey: cipherKey }),
    code: 'duplicate-key',
  },
  {
    what: 'one key for both purposes',
    keys: (own) => ({ ...own, maskKey: own.cipherKey }),
    code: 'duplicate-key',
    alone: true,
  },
  {
    what: 'another client’s mask key with the bit set that X25519 ignores',
    keys: (own, { maskKey }) => ({ ...own, maskKey: withTopBit(maskKey) }),
    code: 'invalid-public-key',
    alone: true,
  },
  {
    what: 'another client’s cipher key with the bit set that X25519 ignores',
    keys: (own, { cipherKey }) => ({ ...own, cipherKey: withTopBit(cipherKey) }),
    code: 'invalid-public-key',
    alone: true,
  },
  {
    what: 'a key with p added to its value',
    keys: (own) => ({ ...own, maskKey: BASE_POINT_TWIN }),
    code: 'invalid-public-key',
    alone: true,
  },
  {
    what: 'one value for both purposes, once with p added',
    keys: (own) => ({ ...own, cipherKey: BASE_POINT, maskKey: BASE_POINT_TWIN }),
    code: 'invalid-public-key',
    alone: true,
  },
]

/** The cheating client signs what it sends, where keys are signed. */
async function signed({ config, signers }: Cohort, keys: PublicKeys): Promise<PublicKeys> {
  const signature = await signers[1]?.sign(keysStatement(config, 1, keys))
  return { ...keys, signature: signature ?? new Uint8Array(0) }
}

describe.each(MODELS)('$adversary: client 1 advertises', (model) => {
  test.each(tricks)('$what, and the server refuses it alone', async ({ keys, code, alone = false }) => {
    const cohort = await makeCohort(model)
    const { server: honest, sessions, config } = cohort
    const codec = advertiseKeys(config)
    const other = await sessions[0]!.start()
    await honest.receive(0, other)
    const own = codec.read(await sessions[1]!.start())
    const forged = await signed(cohort, keys(own, codec.read(other)))
    const receipt = await honest.receive(1, codec.write({ ...forged, configurationHash: config.hash }))
    // That one key serves two purposes is its own doing; of two with the same key either may have copied it.
    const whose = code === 'duplicate-key' && !alone ? { concerning: [0, 1] } : { culprits: [1] }
    expectRefused(receipt, { code, fault: 'peer', phase: 'advertise-keys', ...whose })
    // It may still send proper ones, which openedRound does.
    expect(await finish(await openedRound('share-keys', cohort))).toEqual([0, 1, 2, 3, 4])
    expect(honest.report.refused).toMatchObject([{ seat: 1, phase: 'advertise-keys', code, count: 1 }])
  })

  test.each(tricks)('$what, a malicious server passes it on, and each client refuses', async (trick) => {
    const opened = await openedRound('share-keys', model)
    const codec = publishedKeys(opened.config)
    for (const receiver of [0, 2, 4]) {
      const genuine = codec.read(opened.pending.get(receiver)!)
      const forged = [...genuine]
      forged[1] = { seat: 1, value: await signed(opened, trick.keys(genuine[1]!.value, genuine[0]!.value)) }
      const { code, alone } = trick
      const concerning = alone ? [1] : [0, 1]
      const attempt = opened.sessions[receiver]!.receive(codec.write(forged))
      await expectRefusal(attempt, { code, fault: 'server', phase: 'share-keys', concerning })
    }
    expect(await finish(opened)).toEqual([0, 1, 2, 3, 4])
  })

  test('the keys of client 0, and the error names it as the one concerned', async () => {
    const { advertised, config, capabilities } = await clientStates(model)
    const state = server.openRound(config)
    const copied = await signed(await makeCohort(model), advertised[0]!.outbound)
    const accepted = []
    for (const { seat, outbound } of advertised) {
      const message = seat === 1 ? { ...outbound, ...copied } : outbound
      accepted.push(await server.acceptAdvertisedKeys(state, seat, message, capabilities[0]!))
    }
    const { state: next, refused } = server.closeAdvertiseKeys(state, accepted, capabilities[0]!)
    expect(next.clients.map(({ seat }) => seat)).toEqual([0, 2, 3, 4])
    expect(refused).toHaveLength(1)
    const phase = 'advertise-keys'
    expectError(refused[0], { code: 'duplicate-key', fault: 'peer', phase, concerning: [0, 1] })
  })
})

describe('active: one identity in two seats', () => {
  const crypto = toyCrypto(7)

  /** Anybody who is enrolled may sit anywhere; client 1 signs as client 0, or as itself. */
  async function cohortOf(isTwofold = true): Promise<Cohort> {
    const privateKeys = Array.from({ length: 5 }, () => crypto.randomBytes(32))
    if (isTwofold) privateKeys[1] = privateKeys[0]!
    const publicKeys = await Promise.all(privateKeys.map((key) => crypto.ed25519.publicKey(key)))
    const verifyIdentity: VerifyIdentity = async ({ message, signature }) => {
      for (const key of publicKeys)
        if (await crypto.ed25519.verify(key, message, signature)) return String(key)
      return undefined
    }
    return makeCohort({
      ...ACTIVE,
      clientOptions: (seat) => ({
        verifyIdentity,
        signer: { sign: (message) => crypto.ed25519.sign(privateKeys[seat]!, message) },
      }),
      serverOptions: { verifyIdentity },
    })
  }

  test('is refused by the server, and the others go on', async () => {
    const cohort = await cohortOf()
    const opened = await openedRound('share-keys', cohort)
    expect(opened.server.report.refused).toMatchObject([{ seat: 1, code: 'duplicate-identity', count: 1 }])
    expect(await finish(opened)).toEqual([0, 2, 3, 4])
  })

  test('is refused by every client to which a malicious server shows both', async () => {
    const cohort = await cohortOf()
    const codec = publishedKeys(cohort.config)
    const advertised = await Promise.all(cohort.sessions.map((session) => session.start()))
    const everyone = advertised.map((bytes, seat) => ({
      seat,
      value: advertiseKeys(cohort.config).read(bytes),
    }))
    for (const session of cohort.sessions) {
      await expectRefusal(session.receive(codec.write(everyone)), {
        code: 'duplicate-identity',
        fault: 'server',
        phase: 'share-keys',
        concerning: [0, 1],
      })
    }
  })

  test('has not signed its keys for another seat that is free, to which a server moves them', async () => {
    const opened = await openedRound('share-keys', await cohortOf(false), [9, 9, 9, 9, 0])
    const codec = publishedKeys(opened.config)
    const genuine = codec.read(opened.pending.get(0)!)
    const moved = [...genuine.slice(0, 3), { ...genuine[3]!, seat: 4 }]
    const attempt = opened.sessions[0]!.receive(codec.write(moved))
    const expected = { code: 'invalid-signature', fault: 'server', phase: 'share-keys' } as const
    await expectRefusal(attempt, { ...expected, concerning: [4] })
    expect(await finish(opened)).toEqual([0, 1, 2, 3])
  })

  test('does not sign survivors at the seat of another either: server and clients refuse', async () => {
    const { verifyIdentity: bound, signers } = await makeCohort(ACTIVE)
    // Anybody who is enrolled may sit anywhere.
    const verifyIdentity: VerifyIdentity = async (claim) => {
      for (let seat = 0; seat < 5; seat++) {
        const identity = await bound!({ ...claim, seat })
        if (identity !== undefined) return identity
      }
      return undefined
    }
    const options = { clientOptions: () => ({ verifyIdentity }), serverOptions: { verifyIdentity } }
    const opened = await openedRound('consistency-check', await makeCohort({ ...ACTIVE, ...options }))
    const everybody = [0, 1, 2, 3, 4]
    const statement = survivorsStatement(opened.config, publishedDigest(opened), 2, everybody)
    const stolen = await signers[1]!.sign(statement)
    const code = 'invalid-signature'
    const receipt = await opened.server.receive(2, consistencyCheck(opened.config).write(stolen))
    expectRefused(receipt, { code, fault: 'peer', phase: 'consistency-check', culprits: [2] })

    const signed = []
    for (const seat of everybody) {
      const bytes = await opened.sessions[seat]!.receive(opened.pending.get(seat)!)
      signed.push({ seat, value: seat === 2 ? stolen : bytes.slice(2) })
    }
    // Client 2 itself least of all.
    for (const receiver of [0, 2]) {
      const attempt = opened.sessions[receiver]!.receive(signatures(opened.config).write(signed))
      await expectRefusal(attempt, { code, fault: 'server', phase: 'unmasking', concerning: [2] })
    }
    expect(await finish(opened)).toEqual(everybody)
  })

  test('a client does not take its own keys back under another seat', async () => {
    const { advertised, published, capabilities } = await clientStates(ACTIVE)
    const echoed = published.map((entry) => (entry.seat === 3 ? { ...published[0]!, seat: 3 } : entry))
    await expectRefusal(client.shareKeys(advertised[0]!, echoed, capabilities[0]!), {
      code: 'invalid-signature',
      fault: 'server',
      phase: 'share-keys',
      concerning: [3],
    })
  })
})
