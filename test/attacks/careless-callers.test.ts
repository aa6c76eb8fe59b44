import { createRoundConfig, SecAggError, type VerifyIdentity } from 'secagg'
import { client, dangerouslyTrustAnyIdentity } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { makeCohort } from '../support/cohort.js'
import { toyCrypto } from '../support/toy-crypto.js'
import { clientStates, INPUT_DIGEST, thrownBy } from './states.js'
import {
  ACTIVE,
  CURIOUS,
  expectRefusal,
  expectRefused,
  finish,
  flipped,
  openedRound,
  publishedKeys,
  shareKeys,
} from './support.js'

describe('active: a verifier in plain JavaScript that says no with something else than undefined', () => {
  test.each([null, false, '', 0])('%j is not an identity', async (no) => {
    const { verifyIdentity: real } = await makeCohort(ACTIVE)
    const verifyIdentity = (async (claim) => (await real!(claim)) ?? no) as VerifyIdentity
    const opened = await openedRound('share-keys', { ...ACTIVE, clientOptions: () => ({ verifyIdentity }) })
    const codec = publishedKeys(opened.config)
    const forged = codec.read(opened.pending.get(0)!).map(({ seat, value }) => ({
      seat,
      value: seat === 1 ? { ...value, maskKey: flipped(value.maskKey, 3) } : value,
    }))
    const attempt = opened.sessions[0]!.receive(codec.write(forged))
    await expectRefusal(attempt, {
      code: 'invalid-signature',
      fault: 'server',
      phase: 'share-keys',
      concerning: [1],
    })
  })
})

test('active: a signature of another length, to the protocol functions, is not valid, whoever verifies it', async () => {
  const { advertised, published, capabilities } = await clientStates(ACTIVE)
  const cut = published.map((entry) =>
    entry.seat === 3 ? { ...entry, value: { ...entry.value, signature: new Uint8Array(63) } } : entry,
  )
  const trusting = { ...capabilities[0]!, verifyIdentity: dangerouslyTrustAnyIdentity() }
  await expectRefusal(client.shareKeys(advertised[0]!, cut, trusting), {
    code: 'invalid-signature',
    fault: 'server',
    phase: 'share-keys',
    concerning: [3],
  })
})

describe('arrays with holes, to the protocol functions, do not count as clients', () => {
  test('active: no signatures at all, as an array of four holes', async () => {
    const { masked, capabilities } = await clientStates(ACTIVE)
    const { state } = await client.checkConsistency(masked[0]!, [0, 1, 2, 3, 4], capabilities[0]!)
    const outcome = await client
      .unmask(state, new Array(4), capabilities[0]!)
      .catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(SecAggError)
  })

  test('nobody else in U2, as an array of four holes', async () => {
    const { shared, capabilities } = await clientStates(CURIOUS)
    const attempt = client.maskInput(shared[0]!, new Array(4), INPUT_DIGEST, capabilities[0]!)
    expect(await attempt.catch((error: unknown) => error)).toBeInstanceOf(SecAggError)
  })

  test('active: one survivor and four holes', async () => {
    const { masked, capabilities } = await clientStates(ACTIVE)
    const holes = Object.assign(new Array<number>(5), { 0: 0 })
    const attempt = client.checkConsistency(masked[0]!, holes, capabilities[0]!)
    expect(await attempt.catch((error: unknown) => error)).toBeInstanceOf(SecAggError)
  })
})

describe('a generator that gives too little', () => {
  test.each([0, 1, 8, 15])(
    '%d bytes at most: the client does not share secrets made of them',
    async (most) => {
      const crypto = toyCrypto(9)
      let broken = false
      const randomBytes = (length: number) => crypto.randomBytes(broken ? Math.min(most, length) : length)
      const opened = await openedRound('share-keys', {
        ...CURIOUS,
        clientOptions: (seat) => (seat === 0 ? { crypto: { ...crypto, randomBytes } } : {}),
      })
      broken = true
      const attempt = opened.sessions[0]!.receive(opened.pending.get(0)!)
      await expectRefusal(attempt, { code: 'no-randomness', fault: 'crypto', phase: undefined })
      broken = false
      expect(await finish(opened)).toEqual([0, 1, 2, 3, 4])
    },
  )

  test('zeros for the self-mask: the client does not share them', async () => {
    const crypto = toyCrypto(9)
    let broken = false
    const randomBytes = (length: number) => (broken ? new Uint8Array(length) : crypto.randomBytes(length))
    const opened = await openedRound('share-keys', {
      ...CURIOUS,
      clientOptions: (seat) => (seat === 0 ? { crypto: { ...crypto, randomBytes } } : {}),
    })
    broken = true
    const attempt = opened.sessions[0]!.receive(opened.pending.get(0)!)
    await expectRefusal(attempt, { code: 'no-randomness', fault: 'crypto', phase: undefined })
  })
})

describe('errors of the codec', () => {
  test('do not carry the bytes that were left over: those of an answer are shares', async () => {
    const opened = await openedRound('unmasking', CURIOUS)
    const answer = await opened.sessions[0]!.receive(opened.pending.get(0)!)
    const receipt = await opened.server.receive(0, flipped(answer, 2)) // one share more than announced
    const refused = receipt.status === 'refused' ? receipt.error : undefined
    const share = Array.from(answer.slice(-16), (byte) => byte.toString(16).padStart(2, '0')).join('')
    expect(String(refused?.cause)).not.toContain(share)
  })

  test('do not quote a key that a provider gives as something else than bytes', async () => {
    const { sha256, ...rest } = toyCrypto(11)
    const given: string[] = []
    const hkdf = async (...parts: Parameters<typeof sha256.hkdf>) => {
      const numbers = Array.from(await sha256.hkdf(...parts))
      given.push(String(numbers))
      return numbers as unknown as Uint8Array
    }
    const crypto = { ...rest, sha256: { ...sha256, hkdf } }
    const options = { crypto, save: () => {} }
    const opened = await openedRound('share-keys', {
      ...CURIOUS,
      clientOptions: (seat) => (seat === 0 ? options : {}),
    })
    const attempt = opened.sessions[0]!.receive(opened.pending.get(0)!)
    const error: unknown = await attempt.catch((error: unknown) => error)
    expect(error).toMatchObject({ name: 'SecAggError', code: 'crypto-failure', fault: 'crypto' })
    expect(given.filter((numbers) => `${error} ${(error as Error).stack}`.includes(numbers))).toEqual([])
    expect((error as Error).cause).toBeUndefined()
    expect(given).not.toEqual([])
  })

  test('do not grow with the message', async () => {
    const { server } = await makeCohort(CURIOUS)
    const huge = new Uint8Array(4_000_000)
    huge.set([1, 1])
    const receipt = await server.receive(0, huge)
    const refused = receipt.status === 'refused' ? receipt.error : undefined
    expect(String(refused?.cause).length).toBeLessThan(1000)
  })
})

test.each([5, -1, 2 ** 31, Number.NaN])(
  'a message of round 1 from seat %d, which does not exist, is of an unknown seat',
  async (seat) => {
    const opened = await openedRound('share-keys', CURIOUS)
    const message = shareKeys(4).write({ commitment: new Uint8Array(32), ciphertexts: new Uint8Array(256) })
    expectRefused(await opened.server.receive(seat, message), {
      code: 'unknown-seat',
      fault: 'peer',
      phase: 'share-keys',
      culprits: [seat],
    })
  },
)

describe('parameters that TypeScript would have refused', () => {
  const base = {
    ...CURIOUS,
    sessionId: new Uint8Array(32),
    segments: [{ length: 1, bits: 8, bound: 'modular' }],
  }
  test.each<[string, object]>([
    ['a context value that is text', { context: { model: 'abc' } }],
    ['a context value that is missing', { context: { model: undefined } }],
    ['a context name of 70000 characters', { context: { ['a'.repeat(70_000)]: Uint8Array.of(1) } }],
    ['a Map as context, which would count as none', { context: new Map([['model', Uint8Array.of(1)]]) }],
    [
      'a context on the prototype, which would count as none',
      { context: { __proto__: { model: Uint8Array.of(1) } } },
    ],
    [
      'a session id that is text, whose letters would count as zeros',
      { sessionId: 'abcdefabcdefabcdefabcdef' },
    ],
    ['segments with a hole', { segments: new Array(1) }],
    ['no segments', { segments: undefined }],
  ])('%s', (_, parameters) => {
    const thrown = thrownBy(() => createRoundConfig({ ...base, ...parameters } as never))
    expect(thrown).toMatchObject({ name: 'SecAggError', code: 'invalid-configuration', fault: 'usage' })
  })

  test.each<[string, unknown]>([
    ['text of the right length', 'a'.repeat(64)],
    ['nothing', undefined],
  ])('a signer that gives %s', async (_, signature) => {
    const signer = { sign: async () => signature as Uint8Array }
    const { sessions } = await makeCohort({ ...ACTIVE, clientOptions: () => ({ signer }) })
    const outcome = await sessions[0]!.start().catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(SecAggError)
  })
})
