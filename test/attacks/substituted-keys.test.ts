import { executeMaskPlan, unpackVector } from 'secagg/vector'
import { describe, expect, test } from 'vitest'
import { derivePairwiseSeed, deriveSelfMaskSeed } from '../../src/protocol/keys.js'
import { keysStatement } from '../../src/protocol/statements.js'
import { interpolation } from '../../src/shamir/combine.js'
import { fieldFor } from '../../src/shamir/field.js'
import type { MaskTerm } from '../../src/vector/index.js'
import { packVector } from '../../src/vector/index.js'
import type { PublicKeys } from '../../src/wire/index.js'
import { providers } from '../crypto/providers.js'
import { makeCohort } from '../support/cohort.js'
import { encodeMaskedInput } from '../support/masked-messages.js'
import { toyCrypto } from '../support/toy-crypto.js'
import {
  ACTIVE,
  CURIOUS,
  expectRefusal,
  finish,
  MODELS,
  openedRound,
  publishedKeys,
  unmasking,
} from './support.js'

const phase = 'share-keys'
const fresh = toyCrypto(99)
const freshKey = (): Promise<Uint8Array> => fresh.x25519.publicKey(fresh.randomBytes(32))

type Substitution = (keys: PublicKeys, others: readonly PublicKeys[]) => Promise<PublicKeys>

const substitutions: readonly { what: string; substitute: Substitution }[] = [
  { what: 'another mask key', substitute: async (keys) => ({ ...keys, maskKey: await freshKey() }) },
  { what: 'another cipher key', substitute: async (keys) => ({ ...keys, cipherKey: await freshKey() }) },
  {
    what: 'its two keys exchanged',
    substitute: async (keys) => ({ ...keys, cipherKey: keys.maskKey, maskKey: keys.cipherKey }),
  },
]

describe('active: a server that substitutes keys is refused by every client', () => {
  test.each(substitutions)('$what', async ({ substitute }) => {
    const opened = await openedRound(phase, ACTIVE)
    const codec = publishedKeys(opened.config)
    for (const victim of [0, 1, 3, 4]) {
      const genuine = codec.read(opened.pending.get(victim)!)
      const keys = genuine.map(({ value }) => value)
      const forged = genuine.map((entry, seat) => (seat === 2 ? { seat, value: keys[2]! } : entry))
      forged[2] = { seat: 2, value: await substitute(keys[2]!, keys) }
      const attempt = opened.sessions[victim]!.receive(codec.write(forged))
      await expectRefusal(attempt, { code: 'invalid-signature', fault: 'server', phase, concerning: [2] })
    }
    expect(await finish(opened)).toEqual([0, 1, 2, 3, 4])
  })

  test('keys that somebody else has signed for this seat', async () => {
    const opened = await openedRound(phase, ACTIVE)
    const { config, signers } = opened
    const codec = publishedKeys(config)
    const forged = [...codec.read(opened.pending.get(0)!)]
    const keys = { cipherKey: await freshKey(), maskKey: await freshKey() }
    const signature = await signers[1]!.sign(keysStatement(config, 2, keys))
    forged[2] = { seat: 2, value: { ...keys, signature } }
    const attempt = opened.sessions[0]!.receive(codec.write(forged))
    await expectRefusal(attempt, { code: 'invalid-signature', fault: 'server', phase, concerning: [2] })
    expect(await finish(opened)).toEqual([0, 1, 2, 3, 4])
  })

  test('the signed keys of one client at the seat of another', async () => {
    const opened = await openedRound(phase, ACTIVE, [9, 9, 9, 9, 0])
    const codec = publishedKeys(opened.config)
    const genuine = codec.read(opened.pending.get(0)!)
    const moved = [...genuine.slice(0, 3), { ...genuine[3]!, seat: 4 }]
    const attempt = opened.sessions[0]!.receive(codec.write(moved))
    await expectRefusal(attempt, { code: 'invalid-signature', fault: 'server', phase, concerning: [4] })
    expect(await finish(opened)).toEqual([0, 1, 2, 3])
  })
})

describe.each(MODELS)('$adversary: a server that changes the receiver’s own entry is refused', (model) => {
  test.each(substitutions)('$what', async ({ substitute }) => {
    const opened = await openedRound(phase, model)
    const codec = publishedKeys(opened.config)
    const forged = [...codec.read(opened.pending.get(2)!)]
    forged[2] = { seat: 2, value: await substitute(forged[2]!.value, []) }
    const attempt = opened.sessions[2]!.receive(codec.write(forged))
    await expectRefusal(attempt, { code: 'own-entry-mismatch', fault: 'server', phase })
    expect(await finish(opened)).toEqual([0, 1, 2, 3, 4])
  })

  test('it is left out', async () => {
    const opened = await openedRound(phase, model)
    const codec = publishedKeys(opened.config)
    const without = codec.read(opened.pending.get(2)!).filter(({ seat }) => seat !== 2)
    const attempt = opened.sessions[2]!.receive(codec.write(without))
    await expectRefusal(attempt, { code: 'own-entry-mismatch', fault: 'server', phase })
    expect(await finish(opened)).toEqual([0, 1, 2, 3, 4])
  })
})

describe('honest-but-curious: this model does NOT protect from a server that substitutes keys', () => {
  const VICTIM = 0

  test.each(providers)('it learns one client’s input and nobody notices ($name)', async (crypto) => {
    const cohort = await makeCohort({ ...CURIOUS, clients: 3, crypto })
    const { config, inputs } = cohort
    const opened = await openedRound(phase, cohort)
    const genuine = publishedKeys(config).read(opened.pending.get(VICTIM)!)

    // The server sits between the victim and each of the others with mask keys of its own.
    const privateKeys = [crypto.randomBytes(32), crypto.randomBytes(32), crypto.randomBytes(32)]
    const forgedKeys = await Promise.all(privateKeys.map((key) => crypto.x25519.publicKey(key)))
    const seedWith = async (own: number, other: number, ownKey: Uint8Array, otherKey: Uint8Array) => {
      const [agreement] = await crypto.x25519.sharedSecrets(privateKeys[own]!, [otherKey])
      const holder = { seat: own, publicKey: ownKey }
      return derivePairwiseSeed(config, crypto, agreement!, holder, { seat: other, publicKey: otherKey })
    }
    const forVictim: MaskTerm[] = []
    const forOthers: MaskTerm[] = []
    for (const other of [1, 2]) {
      const victimKey = genuine[VICTIM]!.value.maskKey
      const otherKey = genuine[other]!.value.maskKey
      // The victim, at the lowest seat, has subtracted these; the others have added those.
      forVictim.push({ seed: await seedWith(other, VICTIM, forgedKeys[other]!, victimKey), sign: 1 })
      forOthers.push({ seed: await seedWith(VICTIM, other, forgedKeys[VICTIM]!, otherKey), sign: -1 })
    }

    let learned = unpackVector(packVector(inputs[1]!, config.segments), config.segments)
    const answers: Uint8Array[] = []
    const survived = await finish(opened, {
      onServerMessage: (seat, current, bytes) => {
        if (current !== phase) return bytes
        const forged = genuine.map((entry) => {
          const isForged = seat === VICTIM ? entry.seat !== VICTIM : entry.seat === VICTIM
          if (!isForged) return entry
          return { seat: entry.seat, value: { ...entry.value, maskKey: forgedKeys[entry.seat]! } }
        })
        return publishedKeys(config).write(forged)
      },
      onClientMessage: async (seat, current, bytes) => {
        if (current === 'unmasking') answers.push(bytes)
        if (current !== 'masked-input' || seat !== VICTIM) return bytes
        const vector = unpackVector(bytes.slice(2), config.segments)
        await executeMaskPlan(vector, config.segments, forVictim, crypto.suites.aes!)
        learned = unpackVector(packVector(vector, config.segments), config.segments)
        await executeMaskPlan(vector, config.segments, forOthers, crypto.suites.aes!)
        return encodeMaskedInput(packVector(vector, config.segments))
      },
    })
    expect(survived).toEqual([0, 1, 2])

    // What is left is the self-mask, whose shares everybody reveals as the protocol wants.
    const shares = answers.slice(0, 2).map((bytes) => unmasking(config, survived).read(bytes)[VICTIM]!.value)
    const selfMask = interpolation(fieldFor(3), [1, 2]).secret(shares)
    const seed = await deriveSelfMaskSeed(config, crypto, selfMask!, VICTIM)
    await executeMaskPlan(learned, config.segments, [{ seed, sign: -1 }], crypto.suites.aes!)
    expect(learned).toEqual(inputs[VICTIM])
  })
})
