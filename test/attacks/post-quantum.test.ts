import { createRoundConfig, type PhaseName, type SecAggError } from 'secagg'
import type { CryptoProvider } from 'secagg/crypto'
import { withPostQuantum } from 'secagg/post-quantum'
import { client, type ForwardedShares, secretSplitter, server } from 'secagg/protocol'
import { executeMaskPlan } from 'secagg/vector'
import { describe, expect, test } from 'vitest'
import { derivePairwiseSeed, deriveSelfMaskSeed } from '../../src/protocol/keys.js'
import { complaintCoder, encodeMessage, messageType } from '../../src/wire/index.js'
import { type CohortOptions, makeCohort, type run, runCohort } from '../support/cohort.js'
import { toyCrypto } from '../support/toy-crypto.js'
import { makeScene } from '../transport/support.js'

// What others can do to a secret for a mask that one client sends to another, with hybrid key agreement.

const keyAgreement = 'x25519-ml-kem-768'
/** A parcel: ciphertext, sealed shares; then what is sent for the mask: ciphertext, sealed secret, confirmation. */
const [PARCEL, SENT] = [1088 + 64, 1088 + 48 + 32]
const ROUND = { clients: 7, adversary: 'honest-but-curious', keyAgreement } as const

/** On the complete graph: whether `seat` sends the secret to `other`. */
const sends = (seat: number, other: number): boolean => ((seat + other) % 2 === 1) === seat < other

const provider = async (seed = 1): Promise<CryptoProvider> => withPostQuantum(toyCrypto(seed))

/** Where in its ShareKeys message the client at `sender` has what it sends to `receiver` for their mask. */
function placeOf(sender: number, receiver: number): number {
  let at = 2 + 32
  for (let peer = 0; peer < receiver; peer++) {
    if (peer !== sender) at += PARCEL + (sends(sender, peer) ? SENT : 0)
  }
  return at + PARCEL
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const changed = Uint8Array.from(bytes)
  changed[at]! ^= 1
  return changed
}

/** A provider with which what is derived under a label is wrong, though always in the same way. */
function lyingAbout(crypto: CryptoProvider, label: string): CryptoProvider {
  const marked = [...label].map((letter) => letter.charCodeAt(0))
  const isMarked = (info: Uint8Array) =>
    marked.every((byte, index) => info[index + 'xsecagg 2 '.length] === byte)
  return {
    ...crypto,
    sha256: {
      ...crypto.sha256,
      hkdf: async (secret, salt, info, length) => {
        const derived = await crypto.sha256.hkdf(secret, salt, info, length)
        return isMarked(info) ? derived.map((byte) => byte ^ 255) : derived
      },
    },
  }
}

/** Stages in which these clients vanish after they have shared their secrets. */
const vanishing = (...seats: number[]): number[] =>
  Array.from({ length: 7 }, (_, seat) => (seats.includes(seat) ? 2 : 9))

async function runWith(options: Partial<CohortOptions> & Parameters<typeof run>[1] = {}) {
  const crypto = options.crypto ?? (await provider())
  return runCohort({ ...ROUND, ...options, crypto })
}

/** Changes the bytes of one client's ShareKeys message. */
const changing =
  (seat: number, change: (bytes: Uint8Array) => Uint8Array) =>
  (from: number, phase: PhaseName, bytes: Uint8Array): Uint8Array =>
    from === seat && phase === 'share-keys' ? change(bytes) : bytes

describe('a client whose secret for a mask does not open', () => {
  test.each([
    ['the ciphertext', 5],
    ['the sealed secret', 1090],
    ['the confirmation', 1088 + 48 + 1],
  ])('is named, and the receiver sends no vector: a sender spoils %s', async (_, place) => {
    const result = await runWith({
      onClientMessage: changing(1, (bytes) => flipped(bytes, placeOf(1, 2) + place)),
    })
    expect(result.survivors).toEqual([0, 1, 3, 4, 5, 6])
    expect(result.outcome).toBeUndefined()
    expect(result.error).toMatchObject({ code: 'wrong-mask-secret', fault: 'peer', culprits: [1] })
    expect(result.sessions[2]!.done).toBe(true)
  })

  test('does not make the server repeat its work', async () => {
    const crypto = await provider()
    const keys: Uint8Array[] = []
    const { mlKem768 } = crypto
    const counting = { ...mlKem768!, publicKey: (seed: Uint8Array) => mlKem768!.publicKey(seed) }
    counting.decapsulate = (seed, ciphertexts) => {
      keys.push(seed)
      return mlKem768!.decapsulate(seed, ciphertexts)
    }
    const result = await runWith({
      crypto,
      serverOptions: { crypto: { ...crypto, mlKem768: counting } },
      onClientMessage: changing(1, (bytes) => flipped(bytes, placeOf(1, 2))),
    })
    const opened = keys.length
    expect([result.error?.code, opened]).toEqual(['wrong-mask-secret', 1])
    for (let again = 0; again < 3; again++) {
      await expect(result.server.closePhase()).rejects.toMatchObject({ culprits: [1] })
    }
    expect(keys.length).toBe(opened)
  })

  test('is named as well if the receiver drops out and never complains', async () => {
    const change = changing(1, (bytes) => flipped(bytes, placeOf(1, 2)))
    const result = await runWith({ onClientMessage: change, stages: vanishing(2) })
    expect(result.error).toMatchObject({ code: 'wrong-mask-secret', fault: 'peer', culprits: [1] })
  })

  test('ends a served round at once: the server does not wait for the client that has complained', async () => {
    const scene = await makeScene({ ...ROUND, crypto: await provider() })
    const spoiling = () => {
      const connection = scene.connect(1)()
      const change = (bytes: Uint8Array) =>
        messageType(bytes) === 'shareKeys' ? flipped(bytes, placeOf(1, 2)) : bytes
      return { ...connection, send: (bytes: Uint8Array) => connection.send(change(bytes)) }
    }
    const ends = scene.joinAll({ without: [1] })
    const sender = scene.join(1, {}, spoiling).catch((error: SecAggError) => error.code)
    const outcome = scene.round.outcome.catch((error: SecAggError) => error)
    expect(await scene.clock.until(outcome)).toMatchObject({ code: 'wrong-mask-secret', culprits: [1] })
    // Every deadline is ten seconds.
    expect(scene.clock.now).toBeLessThan(1000)
    expect(new Set((await scene.clock.until(ends)).values())).not.toContain(true)
    await scene.clock.until(sender)
  })

  test('costs the round nothing if it drops out too', async () => {
    const change = changing(1, (bytes) => flipped(bytes, placeOf(1, 2)))
    const result = await runWith({ onClientMessage: change, stages: vanishing(1) })
    expect(result.survivors).toEqual([0, 3, 4, 5, 6])
    expect(result.outcome?.sum).toEqual(result.expected)
  })

  test('is named by more complaints than there can be corrupt clients, although it has dropped out', async () => {
    const spoiled = (bytes: Uint8Array) => [2, 4].reduce((all, peer) => flipped(all, placeOf(1, peer)), bytes)
    const options = { onClientMessage: changing(1, spoiled), stages: vanishing(1), corruptClients: 1 }
    const result = await runWith(options)
    expect(result.outcome?.sum).toEqual(result.expected)
    expect(result.outcome?.report.culprits).toEqual([1])
  })
})

describe('a client that lies in what it confirms', () => {
  test('and drops out is named: its master secret gives another secret than the one that it sent', async () => {
    const crypto = await provider()
    const clientOptions = (seat: number) => (seat === 1 ? { crypto: lyingAbout(crypto, 'mask secret') } : {})
    const result = await runWith({ crypto, clientOptions, stages: vanishing(1) })
    expect(result.survivors).toEqual([0, 2, 3, 4, 5, 6])
    expect(result.error).toMatchObject({ code: 'wrong-mask-secret', culprits: [1] })
    // While it stays, nobody needs the secret.
    const staying = await runWith({ crypto, clientOptions })
    expect(staying.outcome?.sum).toEqual(staying.expected)
  })

  test('and has a KEM key that does not follow from its master secret is named, and no other shares are tried', async () => {
    const crypto = await provider()
    const clientOptions = (seat: number) => (seat === 1 ? { crypto: lyingAbout(crypto, 'mask seed') } : {})
    const result = await runWith({ crypto, clientOptions, stages: vanishing(1) })
    expect(result.error).toMatchObject({ code: 'wrong-mask-secret', culprits: [1] })
  })
})

/** A round in which all clients have shared their secrets; and the messages that they then get. */
async function atPhase2(options: Partial<CohortOptions>) {
  const cohort = await makeCohort({ ...ROUND, ...options, crypto: await provider() })
  const { server: session, sessions } = cohort
  for (const [seat, one] of sessions.entries()) await session.receive(seat, await one.start())
  const close = async () =>
    new Map(((await session.closePhase()) as { messages: Iterable<[number, Uint8Array]> }).messages)
  for (const [seat, bytes] of await close()) await session.receive(seat, await sessions[seat]!.receive(bytes))
  return { ...cohort, inbox: await close() }
}

describe('a false complaint', () => {
  const complaint = encodeMessage('complaint', complaintCoder([1, 4, 6]), [1])

  test('names its author: the server opens the secret itself, and the sum is right', async () => {
    const result = await runWith({
      onClientMessage: (seat, phase, bytes) => (seat === 2 && phase === 'masked-input' ? complaint : bytes),
    })
    expect(result.survivors).toEqual([0, 1, 3, 4, 5, 6])
    expect(result.outcome?.sum).toEqual(result.expected)
    expect(result.outcome?.report.culprits).toEqual([2])
  })

  test('says nothing about the client that it names, not even if more than n_C others lie', async () => {
    const result = await runWith({
      corruptClients: 1,
      onClientMessage: (seat, phase, bytes) => {
        if (phase !== 'masked-input') return bytes
        if (seat === 2) return complaint
        return seat === 4 ? encodeMessage('complaint', complaintCoder([1, 3, 6]), [1]) : bytes
      },
    })
    expect(result.survivors).toEqual([0, 1, 3, 5, 6])
    expect(result.outcome?.sum).toEqual(result.expected)
    expect(result.outcome?.report.culprits).toEqual([2, 4])
  })

  test('and a slice of a vector cannot both count, even if they arrive at once', async () => {
    const sliced = { segments: [{ length: 130, bits: 16, bound: 'modular' as const }], sliceLength: 64 }
    for (const complainsFirst of [false, true]) {
      const { server: session, sessions, inbox } = await atPhase2(sliced)
      const first = await sessions[2]!.receive(inbox.get(2)!)
      const both = complainsFirst ? [complaint, first] : [first, complaint]
      const receipts = await Promise.all(both.map((bytes) => session.receive(2, bytes)))
      const second = { status: 'refused', error: { code: 'conflicting-message', culprits: [2] } }
      expect(receipts).toMatchObject([{ status: 'accepted' }, second])
      for (const slice of await slicesOf(sessions[2]!)) {
        expect(await session.receive(2, slice)).toMatchObject(
          complainsFirst ? second : { status: 'accepted' },
        )
      }
      expect(session.waitingFor.includes(2)).toBe(false)
    }
  })

  test('cannot name a client that sends nothing to its author, or nobody, or come with a vector', async () => {
    const { server: session, sessions, config, inbox } = await atPhase2({})
    const refused = async (seat: number, bytes: Uint8Array) => (await session.receive(seat, bytes)) as object
    const malformed = { status: 'refused', error: { code: 'malformed-message', culprits: [2] } }
    expect(await refused(2, encodeMessage('complaint', complaintCoder([1, 4, 6]), []))).toMatchObject(
      malformed,
    )
    expect(await refused(2, Uint8Array.of(2, 14, 8))).toMatchObject(malformed)
    expect(await refused(2, complaint)).toEqual({ status: 'accepted' })
    expect(await refused(2, complaint)).toMatchObject({ status: 'duplicate' })
    const vector = await sessions[2]!.receive(inbox.get(2)!)
    const second = { status: 'refused', error: { code: 'conflicting-message' } }
    expect(await refused(2, vector)).toMatchObject(second)
    expect(session.waitingFor).toEqual([0, 1, 3, 4, 5, 6])
    expect(session.complaining).toEqual([2])
    await session.receive(3, await sessions[3]!.receive(inbox.get(3)!))
    const late = encodeMessage('complaint', complaintCoder([0, 2, 4].filter((seat) => sends(seat, 3))), [2])
    expect(await refused(3, late)).toMatchObject(second)
    expect(config.keyAgreement).toBe(keyAgreement)
  })

  test('is refused in a round without hybrid key agreement', async () => {
    const result = await runCohort({
      ...ROUND,
      keyAgreement: 'x25519',
      onClientMessage: (seat, phase, bytes) => (seat === 2 && phase === 'masked-input' ? complaint : bytes),
    })
    const refusal = result.receipts.find(({ seat, phase }) => seat === 2 && phase === 'masked-input')
    expect(refusal?.receipt).toMatchObject({ status: 'refused', error: { code: 'unexpected-message' } })
  })
})

describe('a server that alters what clients send to one victim', () => {
  const victim = 2

  /** Changes every secret for a mask that is sent to the victim. */
  function altered(bytes: Uint8Array): Uint8Array {
    let changed = bytes
    let at = 2 + 1
    for (let sender = 0; sender < 7; sender++) {
      if (sender === victim) continue
      if (sends(sender, victim)) changed = flipped(changed, at + PARCEL)
      at += PARCEL + (sends(sender, victim) ? SENT : 0)
    }
    return changed
  }

  test('gets no vector from the victim, not even if it sends the right message afterwards', async () => {
    let right: Uint8Array | undefined
    const result = await runWith({
      onServerMessage: (seat, phase, bytes) => {
        if (seat !== victim || phase !== 'masked-input') return bytes
        right = Uint8Array.from(bytes)
        return altered(bytes)
      },
    })
    expect(result.survivors).toEqual([0, 1, 3, 4, 5, 6])
    expect(result.outcome?.sum).toEqual(result.expected)
    const session = result.sessions[victim]!
    expect(session.done).toBe(true)
    const complaint = await session.resend()
    expect(complaint).toEqual(encodeMessage('complaint', complaintCoder([1, 4, 6]), [1, 4, 6]))
    await expect(session.receive(right!)).rejects.toMatchObject({
      code: 'conflicting-message',
      fault: 'server',
    })
    await expect(session.receive(Uint8Array.of(2, 6, 0))).rejects.toMatchObject({
      code: 'unexpected-message',
    })
    expect(await session.receive(altered(right!))).toEqual(complaint)
    expect([...(await slicesOf(session))]).toEqual([])
  })
})

async function slicesOf(session: { slices(): AsyncIterable<Uint8Array> }): Promise<Uint8Array[]> {
  const slices: Uint8Array[] = []
  for await (const slice of session.slices()) slices.push(slice)
  return slices
}

describe('if receivers left out masks that they cannot open', () => {
  const CLIENTS = 12
  const seats = Array.from({ length: CLIENTS }, (_, seat) => seat)
  const victim = 0
  const corrupt = 11
  /** The victim, those that send secrets to it, and a corrupt client: as many as the threshold. The others are dropped. */
  const survivors = [0, 2, 4, 6, 8, 10, 11]
  const input = Uint16Array.of(11, 22, 33, 44)

  /** The real step, as long as every secret opens. */
  type Masking = (
    state: client.ClientShared,
    inbound: ForwardedShares,
    /** The message without what the server has changed, for a copy that does not look at it. */
    unchanged: ForwardedShares,
    crypto: CryptoProvider,
  ) => Promise<client.ClientMasked | undefined>

  const DIGEST = new Uint8Array(32)

  const careful: Masking = async (state, inbound, _, crypto) => {
    try {
      return (await client.maskInput(state, inbound, DIGEST, { crypto })).state
    } catch (error) {
      expect(error).toMatchObject({ code: 'wrong-mask-secret', fault: 'server' })
      return undefined // it complains
    }
  }

  /** A copy that leaves out the masks of secrets that do not open. All its checks are the real ones. */
  const leavingOut: Masking = async (state, inbound, unchanged, crypto) => {
    const failed: readonly number[] = await client.maskInput(state, inbound, DIGEST, { crypto }).then(
      () => [],
      (error: { concerning: readonly number[] }) => error.concerning,
    )
    const { state: masked } = await client.maskInput(state, unchanged, DIGEST, { crypto })
    const plan = masked.plan.filter(
      (_, index) => index === 0 || !failed.includes(masked.sharers[index - 1]!.seat),
    )
    return { ...masked, plan }
  }

  /** The round up to the vectors, with a server that changes secrets and drops clients. */
  async function attack(mask: Masking) {
    const crypto = await provider()
    const capabilities = { crypto, splitSecret: secretSplitter(crypto) }
    const config = createRoundConfig({
      sessionId: new Uint8Array(32).fill(3),
      clients: CLIENTS,
      adversary: 'honest-but-curious',
      keyAgreement,
      segments: [{ length: 4, bits: 16, bound: 'modular' }],
    })
    expect(survivors.length).toBe(config.threshold)
    const advertised = await Promise.all(
      seats.map((seat) => client.advertiseKeys(config, seat, capabilities)),
    )
    const opened = server.openRound(config)
    const accepted = await Promise.all(
      advertised.map(({ outbound }, seat) => server.acceptAdvertisedKeys(opened, seat, outbound, { crypto })),
    )
    const sharing = server.closeAdvertiseKeys(opened, accepted, { crypto })
    const shared = await Promise.all(
      advertised.map(({ state }, seat) =>
        client.shareKeys(state, sharing.outbound.messageFor(seat), capabilities),
      ),
    )
    const masking = server.closeShareKeys(
      sharing.state,
      shared.map(({ outbound }, seat) => server.acceptSharedKeys(sharing.state, seat, outbound)),
      { crypto },
    )
    const masked = new Map<number, client.ClientMasked>()
    for (const seat of survivors) {
      const unchanged = masking.outbound.messageFor(seat)
      const inbound = unchanged.map((entry) =>
        seat === victim && entry.value.length > PARCEL
          ? { ...entry, value: flipped(entry.value, PARCEL) }
          : entry,
      )
      const state = await mask(shared[seat]!.state, inbound, unchanged, crypto)
      if (state !== undefined) masked.set(seat, state)
    }
    return { config, crypto, masking: masking.state, masked }
  }

  test('an input would come out, although every check passes', async () => {
    const { config, crypto, masking, masked } = await attack(leavingOut)
    const vector = [Uint16Array.from(input)]
    await executeMaskPlan(vector, config.segments, masked.get(victim)!.plan, crypto.suites.aes!)
    const { state: unmasking } = server.closeMaskedInput(masking, survivors, undefined, [], { crypto })
    if (unmasking.state !== 'server-unmasking') throw new Error('the model has no consistency check')
    const answers = await Promise.all(
      survivors.map(async (seat) => {
        const { outbound } = await client.unmask(masked.get(seat)!, survivors, { crypto })
        return server.acceptUnmasking(unmasking, seat, outbound)
      }),
    )
    const { state: known } = await server.reconstructSecrets(unmasking, answers, { crypto })

    // What is left on the victim's vector: its self-mask, the masks of the dropped clients, and that of the corrupt one.
    const holder = (seat: number) => {
      const { maskKey: publicKey, hybrid } = known.clients[seat]!
      return { seat, publicKey, kemDigest: hybrid!.maskKemDigest }
    }
    const { value: selfMask } = known.selfMasks.find(({ seat }) => seat === victim)!
    const self = await deriveSelfMaskSeed(config, crypto, selfMask, victim)
    const dropped = await Promise.all(
      known.maskKeys.map(async ({ seat, value: privateKey }, index) => {
        const [agreement] = await crypto.x25519.sharedSecrets(privateKey, [holder(victim).publicKey])
        const { value } = known.maskSecrets![index]! // the victim is the first survivor
        const second = { secret: value.slice(0, 32), digest: value.slice(32, 64) }
        return derivePairwiseSeed(config, crypto, agreement!, holder(seat), holder(victim), second)
      }),
    )
    const ofCorrupt = masked.get(corrupt)!.plan[1]!.seed
    const rest = [...dropped, ofCorrupt].map((seed) => ({ seed, sign: 1 as const }))
    await executeMaskPlan(vector, config.segments, [{ seed: self, sign: -1 }, ...rest], crypto.suites.aes!)
    expect(vector).toEqual([input])
  })

  test('the real client sends no vector, so there is nothing to read', async () => {
    const { masked } = await attack(careful)
    expect([...masked.keys()]).toEqual(survivors.filter((seat) => seat !== victim))
  })
})
