import { createRoundConfig, type RoundParameters } from 'secagg'
import { describe, expect, test } from 'vitest'
import { keysStatement, survivorsStatement } from '../../src/protocol/statements.js'
import { makeCohort, runCohort } from '../support/cohort.js'
import { named } from '../support/seeded.js'
import {
  ACTIVE,
  advertiseKeys,
  CURIOUS,
  consistencyCheck,
  expectRefusal,
  expectRefused,
  finish,
  forwardedShares,
  MODELS,
  openedRound,
  publishedKeys,
  seatsBelow,
  signatures,
  survivors,
  unmasking,
} from './support.js'

/** The toy provider draws the same in both rounds: keys and seeds repeat, and only the configuration differs. */
const EARLIER = { seed: 3, sessionId: new Uint8Array(32).fill(1) }
const LATER = { seed: 3, sessionId: new Uint8Array(32).fill(2) }
const everybody = [0, 1, 2, 3, 4]

describe.each(MODELS)('$adversary: from an earlier round of the same clients with the same keys', (model) => {
  test('advertised keys are refused by the server, and the client may still send the right ones', async () => {
    const earlier = await makeCohort({ ...model, ...EARLIER })
    const later = await makeCohort({ ...model, ...LATER })
    const replayed = await earlier.sessions[1]!.start()
    expectRefused(await later.server.receive(1, replayed), {
      code: 'configuration-mismatch',
      fault: 'peer',
      phase: 'advertise-keys',
      culprits: [1],
    })
    expect(await finish(await openedRound('share-keys', later))).toEqual(everybody)
  })

  test('sealed shares do not open: each costs its owner one share and nothing else', async () => {
    const earlier = await openedRound('masked-input', { ...model, ...EARLIER })
    const later = await openedRound('masked-input', { ...model, ...LATER })
    const codec = forwardedShares(later.config, 0)
    const old = codec.read(earlier.pending.get(0)!)
    const mixed = codec.read(later.pending.get(0)!).map((entry) => (entry.seat === 1 ? old[0]! : entry))
    let revealed: readonly number[] = []
    const survived = await finish(later, {
      onServerMessage: (seat, phase, bytes) =>
        seat === 0 && phase === 'masked-input' ? codec.write(mixed) : bytes,
      onClientMessage: (seat, phase, bytes) => {
        if (seat === 0 && phase === 'unmasking') {
          revealed = unmasking(later.config, everybody)
            .read(bytes)
            .map((entry) => entry.seat)
        }
        return bytes
      },
    })
    expect(survived).toEqual(everybody)
    expect(revealed).toEqual([0, 2, 3, 4])
  })

  test('all sealed shares: the round ends without a sum', async () => {
    const earlier = await openedRound('masked-input', { ...model, ...EARLIER })
    const later = await openedRound('masked-input', { ...model, ...LATER })
    const attempt = finish(later, {
      onServerMessage: (seat, phase, bytes) =>
        phase === 'masked-input' ? earlier.pending.get(seat)! : bytes,
    })
    await expectRefusal(attempt, {
      code: 'too-few-shares',
      fault: 'peer',
      phase: 'unmasking',
      concerning: [0],
    })
  })

  test('the announcement of survivors of a larger round is malformed', async () => {
    const opened = await openedRound(model === ACTIVE ? 'consistency-check' : 'unmasking', model)
    const larger = survivors({ clients: 9, signatureLength: 0 }).write(everybody)
    await expectRefusal(opened.sessions[0]!.receive(larger), {
      code: 'malformed-message',
      fault: 'server',
      phase: model === ACTIVE ? 'consistency-check' : 'unmasking',
    })
    expect(await finish(opened)).toEqual(everybody)
  })
})

describe('active: signatures of an earlier round with the same keys', () => {
  test('over keys are refused by the server, whatever configuration the message claims', async () => {
    const earlier = await makeCohort({ ...ACTIVE, ...EARLIER })
    const later = await makeCohort({ ...ACTIVE, ...LATER })
    const codec = advertiseKeys(later.config)
    const old = codec.read(await earlier.sessions[1]!.start())
    const disguised = codec.write({ ...old, configurationHash: later.config.hash })
    expectRefused(await later.server.receive(1, disguised), {
      code: 'invalid-signature',
      fault: 'peer',
      phase: 'advertise-keys',
      culprits: [1],
    })
    expect(await finish(await openedRound('share-keys', later))).toEqual(everybody)
  })

  test('over keys are refused by a client to which the server shows them', async () => {
    const earlier = await openedRound('share-keys', { ...ACTIVE, ...EARLIER })
    const later = await openedRound('share-keys', { ...ACTIVE, ...LATER })
    const codec = publishedKeys(later.config)
    const old = codec.read(earlier.pending.get(0)!)
    const genuine = codec.read(later.pending.get(0)!)
    expect(old[1]!.value.maskKey).toEqual(genuine[1]!.value.maskKey)
    const mixed = genuine.map((entry) => (entry.seat === 1 ? old[1]! : entry))
    await expectRefusal(later.sessions[0]!.receive(codec.write(mixed)), {
      code: 'invalid-signature',
      fault: 'server',
      phase: 'share-keys',
      concerning: [1],
    })
    expect(await finish(later)).toEqual(everybody)
  })

  test('over the same survivors are refused by server and client', async () => {
    const earlier = await openedRound('unmasking', { ...ACTIVE, ...EARLIER })
    const later = await openedRound('consistency-check', { ...ACTIVE, ...LATER })
    const codec = signatures(later.config)
    const old = codec.read(earlier.pending.get(0)!)
    expectRefused(await later.server.receive(1, consistencyCheck(later.config).write(old[1]!.value)), {
      code: 'invalid-signature',
      fault: 'peer',
      phase: 'consistency-check',
      culprits: [1],
    })
    await later.sessions[0]!.receive(later.pending.get(0)!)
    const attempt = later.sessions[0]!.receive(codec.write(old))
    const refused = await attempt.catch((error) => error)
    expect(refused).toMatchObject({ code: 'invalid-signature', fault: 'server', phase: 'unmasking' })
    expect(await finish(later)).toEqual(everybody)
  })

  test('over keys do not pass for signatures over survivors', async () => {
    const opened = await openedRound('consistency-check', ACTIVE)
    const { config, signers, server } = opened
    const keys = { cipherKey: new Uint8Array(32).fill(4), maskKey: new Uint8Array(32).fill(5) }
    const signature = await signers[1]!.sign(keysStatement(config, 1, keys))
    expectRefused(await server.receive(1, consistencyCheck(config).write(signature)), {
      code: 'invalid-signature',
      fault: 'peer',
      phase: 'consistency-check',
      culprits: [1],
    })
    expect(await finish(opened)).toEqual(everybody)
  })
})

test('active: no set of survivors reads as a pair of keys, not even where both take 64 bytes', async () => {
  const { config } = await makeCohort({ clients: 512, adversary: 'active' })
  const set = seatsBelow(512).filter((seat) => seat % 3 !== 1)
  const bitmap = survivors(config).write(set).slice(2)
  expect(bitmap).toHaveLength(64)
  const keys = { cipherKey: bitmap.slice(0, 32), maskKey: bitmap.slice(32) }
  const statement = survivorsStatement(config, new Uint8Array(32), 1, set)
  expect(statement).not.toEqual(keysStatement(config, 1, keys))
})

describe('a round is told apart by everything in its configuration', () => {
  const base: RoundParameters = {
    ...ACTIVE,
    clients: 8,
    threshold: 6,
    sessionId: new Uint8Array(16).fill(1),
    segments: [{ length: 4, bits: 16, bound: 256 }],
    context: { model: Uint8Array.of(1, 2), manifest: Uint8Array.of(3) },
  }
  const others: Readonly<Record<string, Partial<RoundParameters>>> = {
    'session id': { sessionId: new Uint8Array(16).fill(2) },
    'longer session id': { sessionId: new Uint8Array(17).fill(1) },
    clients: { clients: 7 },
    threshold: { threshold: 7 },
    adversary: { adversary: 'honest-but-curious' },
    suite: { suite: 'chacha' },
    length: { segments: [{ length: 5, bits: 16, bound: 256 }] },
    bits: { segments: [{ length: 4, bits: 17, bound: 256 }] },
    bound: { segments: [{ length: 4, bits: 16, bound: 255 }] },
    modular: { segments: [{ length: 4, bits: 16, bound: 'modular' }] },
    'two segments': {
      segments: [
        { length: 2, bits: 16, bound: 256 },
        { length: 2, bits: 16, bound: 256 },
      ],
    },
    'corrupt clients': { corruptClients: 2 },
    'no corrupt clients': { corruptClients: 0 },
    'minimum cohort': { minimumCohort: 7 },
    'signature length': { signatureLength: 70 },
    'no context': { context: {} },
    'context value': { context: { model: Uint8Array.of(1, 3), manifest: Uint8Array.of(3) } },
    'context name': { context: { models: Uint8Array.of(1, 2), manifest: Uint8Array.of(3) } },
    'context boundary': { context: { model: Uint8Array.of(1), manifest: Uint8Array.of(2, 3) } },
    'context values exchanged': { context: { model: Uint8Array.of(3), manifest: Uint8Array.of(1, 2) } },
    'context name from the prototype': {
      context: { ...base.context, constructor: Uint8Array.of(1, 2) } as Record<string, Uint8Array>,
    },
  }

  test('no two of these have the same hash', () => {
    const hashes = [{}, ...Object.values(others)].map((other) =>
      String(createRoundConfig({ ...base, ...other }).hash),
    )
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  test('the order in which a context was written down does not matter', () => {
    const reordered = { manifest: Uint8Array.of(3), model: Uint8Array.of(1, 2) }
    expect(createRoundConfig({ ...base, context: reordered }).hash).toEqual(createRoundConfig(base).hash)
  })
})

test('clients that were given different models form no sum, though the server hides it from them', async () => {
  const context = (byte: number) => ({ model: new Uint8Array(100).fill(byte) })
  for (const deceived of [0, 2, 4]) {
    await named(`client ${deceived}`, async () => {
      const cohort = await makeCohort({ ...CURIOUS, context: context(1) })
      const { config } = await makeCohort({ ...CURIOUS, context: context(2) })
      const ran = await runCohort({
        ...CURIOUS,
        context: context(1),
        clientOptions: (seat) => (seat === deceived ? { config } : {}),
        onClientMessage: (_, phase, bytes) => {
          if (phase !== 'advertise-keys') return bytes
          const codec = advertiseKeys(config)
          return codec.write({ ...codec.read(bytes), configurationHash: cohort.config.hash })
        },
      })
      expect(ran.outcome).toBeUndefined()
      expect(ran.error).toMatchObject({ code: 'too-few-shares', phase: 'unmasking', concerning: [deceived] })
    })
  }
})
