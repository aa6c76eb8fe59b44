import { ed25519 } from '@noble/curves/ed25519.js'
import { ClientSession, createRoundConfig, type VerifyIdentity } from 'secagg'
import { nobleCrypto } from 'secagg/crypto'
import { client } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { isAcceptablePublicKey } from '../../src/crypto/encodings.js'
import { derivePairwiseSeed, deriveSealingKey } from '../../src/protocol/keys.js'
import { PROTOCOL_VERSION } from '../../src/wire/index.js'
import { providers } from '../crypto/providers.js'
import { makeCohort } from '../support/cohort.js'
import { toyCrypto } from '../support/toy-crypto.js'
import { clientStates, INPUT_DIGEST } from './states.js'
import {
  ACTIVE,
  CURIOUS,
  expectRefusal,
  finish,
  forwardedShares,
  MODELS,
  openedRound,
  publishedKeys,
} from './support.js'

const everybody = [0, 1, 2, 3, 4]

describe('active: a verifier of identities that fails', () => {
  const cause = new Error('directory out of reach')

  test('keeps a client from sharing keys; once it works again, the round goes on', async () => {
    let works = false
    const { verifyIdentity: real } = await makeCohort(ACTIVE)
    const verifyIdentity: VerifyIdentity = (claim) => (works ? real!(claim) : Promise.reject(cause))
    const cohort = await makeCohort({
      ...ACTIVE,
      clientOptions: (seat) => (seat === 2 ? { verifyIdentity } : {}),
    })
    const opened = await openedRound('share-keys', cohort)
    const expected = {
      code: 'crypto-failure',
      fault: 'crypto',
      phase: 'share-keys',
      concerning: [0],
    } as const
    const refused = await expectRefusal(opened.sessions[2]!.receive(opened.pending.get(2)!), expected)
    expect(refused.cause).toBe(cause)
    works = true
    expect(await finish(opened)).toEqual(everybody)
  })

  test('at the server is the host’s to know, and the client may try again', async () => {
    let works = false
    const { verifyIdentity: real } = await makeCohort(ACTIVE)
    const verifyIdentity: VerifyIdentity = (claim) => (works ? real!(claim) : Promise.reject(cause))
    const cohort = await makeCohort({ ...ACTIVE, serverOptions: { verifyIdentity } })
    const attempt = cohort.server.receive(0, await cohort.sessions[0]!.start())
    await expectRefusal(attempt, {
      code: 'crypto-failure',
      fault: 'crypto',
      phase: 'advertise-keys',
      concerning: [0],
    })
    works = true
    expect(await finish(await openedRound('share-keys', cohort))).toEqual(everybody)
  })

  test('a client without a verifier or a signer does not take part unprotected', async () => {
    const { config, crypto, signers, verifyIdentity } = await makeCohort(ACTIVE)
    const [signer] = signers
    const options = { config, seat: 0, input: new Uint16Array(5), crypto }
    const missing = expect.objectContaining({ code: 'invalid-argument', fault: 'usage' })
    expect(() => new ClientSession({ ...options, verifyIdentity })).toThrow(missing)
    expect(() => new ClientSession({ ...options, signer })).toThrow(missing)
    // Nor does one that goes through the steps by itself.
    const states = await clientStates(ACTIVE)
    const capabilities = { ...states.capabilities[0]!, verifyIdentity: undefined }
    const attempt = client.shareKeys(states.advertised[0]!, states.published, capabilities)
    await expectRefusal(attempt, { code: 'invalid-argument', fault: 'usage', phase: 'share-keys' })
  })
})

describe('keys that are not equal and yet agree on the same', () => {
  /** The key u with a point of order 8 added: canonical, not of low order, and the same for every clamped scalar. */
  function twin(privateKey: Uint8Array): Uint8Array {
    const { Point } = ed25519
    const order8 = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
    const clamped = Uint8Array.from(privateKey)
    clamped[0]! &= 248
    clamped[31] = (clamped[31]! & 127) | 64
    const scalar = clamped.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
    const { y } = Point.BASE.multiply(Point.Fn.create(scalar)).add(order8)
    const { Fp } = Point
    return Fp.toBytes(Fp.div(Fp.add(Fp.ONE, y), Fp.sub(Fp.ONE, y)))
  }

  test.each(providers)(
    'give other masks and other sealing keys with $name, since both are bound to the keys',
    async (crypto) => {
      const { config } = await makeCohort(CURIOUS)
      const [mine, theirs] = [crypto.randomBytes(32), crypto.randomBytes(32)]
      const own = { seat: 0, publicKey: await crypto.x25519.publicKey(mine) }
      const honest = { seat: 1, publicKey: await crypto.x25519.publicKey(theirs) }
      const copied = { seat: 2, publicKey: twin(theirs) }
      expect(isAcceptablePublicKey(copied.publicKey)).toBe(true)
      expect(copied.publicKey).not.toEqual(honest.publicKey)
      const agreements = await crypto.x25519.sharedSecrets(mine, [honest.publicKey, copied.publicKey])
      expect(agreements[0]).toEqual(agreements[1])
      for (const derive of [derivePairwiseSeed, deriveSealingKey]) {
        const one = await derive(config, crypto, agreements[0]!, own, honest)
        expect(await derive(config, crypto, agreements[1]!, own, copied)).not.toEqual(one)
        // The seat alone makes a difference, and so does the key alone.
        expect(await derive(config, crypto, agreements[1]!, own, { ...honest, seat: 2 })).not.toEqual(one)
        expect(await derive(config, crypto, agreements[1]!, own, { ...copied, seat: 1 })).not.toEqual(one)
      }
    },
  )
})

describe('sizes that a server makes up', () => {
  test('65535 clients announced in a few bytes: refused at once', async () => {
    const crypto = toyCrypto(1)
    const config = createRoundConfig({
      sessionId: new Uint8Array(32),
      clients: 65_535,
      adversary: 'honest-but-curious',
      segments: [{ length: 1, bits: 8, bound: 'modular' }],
    })
    const session = new ClientSession({ config, seat: 65_534, input: new Uint8Array(1), crypto })
    await session.start()
    for (const length of [2, 3, 8193, 8194, 20_000]) {
      const bytes = new Uint8Array(length).fill(0xff)
      bytes.set([PROTOCOL_VERSION, 2])
      const expected = { code: 'malformed-message', fault: 'server', phase: 'share-keys' } as const
      await expectRefusal(session.receive(bytes), expected)
    }
  })

  test.each(MODELS)('$adversary: U2 with a client that U1 did not have', async (model) => {
    // Client 4 never advertised keys; the server claims that it shared secrets all the same.
    const opened = await openedRound('masked-input', model, [9, 9, 9, 9, 0])
    const codec = forwardedShares(opened.config, 0)
    const inU1 = forwardedShares({ clients: 4, signatureLength: 0 }, 0).read(opened.pending.get(0)!)
    const forged = codec.write([...inU1, { seat: 4, value: new Uint8Array(64) }])
    const expected = { code: 'malformed-message', fault: 'server', phase: 'masked-input' } as const
    await expectRefusal(opened.sessions[0]!.receive(forged), expected)
    expect(await finish(opened)).toEqual([0, 1, 2, 3])
  })

  // Bytes cannot express this; whoever brings another encoding can.
  test.each(MODELS)('$adversary: the same, to the protocol function', async (model) => {
    const { shared, forwarded, capabilities } = await clientStates(model)
    const state = { ...shared[0]!, peers: shared[0]!.peers.slice(0, 3) }
    const attempt = client.maskInput(state, forwarded[0]!, INPUT_DIGEST, capabilities[0]!)
    const expected = { code: 'malformed-message', fault: 'server', phase: 'masked-input' } as const
    await expectRefusal(attempt, { ...expected, concerning: [4] })
  })

  test.each(MODELS)(
    '$adversary: U2 smaller for one client than for the others forms no sum, or not a wrong one',
    async (model) => {
      // The victim leaves out one pairwise mask that the other side puts in.
      const opened = await openedRound('masked-input', { ...model, clients: 6 })
      const codec = forwardedShares(opened.config, 0)
      const fewer = codec.write(codec.read(opened.pending.get(0)!).filter(({ seat }) => seat !== 5))
      const answer = await opened.sessions[0]!.receive(fewer)
      await opened.server.receive(0, answer)
      for (const seat of [1, 2, 3, 4, 5]) {
        await opened.server.receive(seat, await opened.sessions[seat]!.receive(opened.pending.get(seat)!))
      }
      const outcome = await opened.server.closePhase()
      const message = new Map(outcome.done ? [] : outcome.messages).get(0)!
      // It is told of a survivor that for it never shared anything.
      await expectRefusal(opened.sessions[0]!.receive(message), {
        code: 'invalid-survivors',
        fault: 'server',
        phase: model === ACTIVE ? 'consistency-check' : 'unmasking',
        concerning: [5],
      })
      expect(opened.sessions[0]!.done).toBe(false)
    },
  )
})

describe('what surrounds a context', () => {
  const base = {
    ...CURIOUS,
    sessionId: new Uint8Array(32),
    segments: [{ length: 1, bits: 8, bound: 'modular' as const }],
  }
  const hashOf = (context: Record<string, Uint8Array>): string =>
    String(createRoundConfig({ ...base, context }).hash)

  test('names that objects have by themselves are names like others', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '0', ' ']
    const hashes = names.map((name) => hashOf({ [name]: Uint8Array.of(1) }))
    expect(new Set([...hashes, hashOf({})]).size).toBe(names.length + 1)
  })

  test('a value that changes after the round was configured changes nothing', () => {
    const context = { model: Uint8Array.of(1, 2, 3) }
    const sessionId = new Uint8Array(32).fill(5)
    const config = createRoundConfig({ ...base, sessionId, context })
    const hash = String(config.hash)
    context.model.fill(0)
    sessionId.fill(0)
    expect(String(config.hash)).toBe(hash)
    expect(config.sessionId).toEqual(new Uint8Array(32).fill(5))
  })
})

test('a session id used twice: keys of the earlier round are taken again, which is why none may be', async () => {
  // What is signed in round 0 is bound to the configuration alone, which is the same. In round 3 it is bound to the run.
  const earlier = await openedRound('share-keys', { ...ACTIVE, seed: 1, crypto: nobleCrypto() })
  const codec = publishedKeys(earlier.config)
  const later = await openedRound('share-keys', {
    ...ACTIVE,
    seed: 1,
    crypto: nobleCrypto(),
  })
  const old = codec.read(earlier.pending.get(0)!)
  const mixed = codec.read(later.pending.get(0)!).map((entry) => (entry.seat === 1 ? old[1]! : entry))
  const answer = await later.sessions[0]!.receive(codec.write(mixed))
  expect(answer.length).toBe(2 + 32 + 4 * 64)
})
