import { describe, expect, test } from 'vitest'
import { type CryptoProvider, defaultCrypto } from '../../src/crypto/index.js'
import { ClientSession, createRoundConfig, ServerSession } from '../../src/index.js'
import type { MaskPool, MaskWorker } from '../../src/workers/index.js'
import { answerRequest } from '../../src/workers/serve.js'
import { randomOf } from '../support/seeded.js'
import { poolOf, puppets } from './support.js'

const crypto = await defaultCrypto('aes')
const privateKey = new Uint8Array(32).map((_, at) => 7 * at + 1)

/** Public keys, of which the one at `lowOrder` is a point of low order. */
function keysOf(count: number, lowOrder?: number): Promise<Uint8Array[]> {
  const secretOf = (index: number): Uint8Array => new Uint8Array(32).map((_, at) => 31 * at + index)
  return Promise.all(
    Array.from({ length: count }, (_, index) =>
      index === lowOrder ? new Uint8Array(32) : crypto.x25519.publicKey(secretOf(index)),
    ),
  )
}

/** A provider that counts the agreements on this thread. */
function counting(change = (key: Uint8Array): Uint8Array => key) {
  let agreements = 0
  const sharedSecrets: CryptoProvider['x25519']['sharedSecrets'] = (own, others) => {
    agreements += others.length
    return crypto.x25519.sharedSecrets(change(own), others)
  }
  const provider: CryptoProvider = { ...crypto, x25519: { ...crypto.x25519, sharedSecrets } }
  return { provider, agreements: () => agreements }
}

/** The two agreements of the comparison between the threads and the caller's provider. */
const COMPARISON = 2

describe('a provider that agrees on secrets on threads', () => {
  test.each([
    [80, 48],
    [127, 53],
    [128, 54],
    [300, 112],
  ])('gives the same secrets, in order: %i keys, %i of them here', async (count, here) => {
    const pool = await poolOf(2)
    const { provider, agreements } = counting()
    const pooled = pool.crypto(provider)
    const keys = await keysOf(count)
    const own = Uint8Array.from(privateKey)
    const secrets = await pooled.x25519.sharedSecrets(own, keys)
    expect(secrets).toEqual(await crypto.x25519.sharedSecrets(privateKey, keys))
    expect(agreements()).toBe(COMPARISON + here)
    // The caller's keys stay where they are.
    expect([own, keys]).toEqual([privateKey, await keysOf(count)])
  })

  test('gives no secret for a point of low order', async () => {
    const pool = await poolOf(2)
    const secrets = await pool.crypto(crypto).x25519.sharedSecrets(privateKey, await keysOf(100, 70))
    expect(secrets.flatMap((secret, index) => (secret === undefined ? index : []))).toEqual([70])
  })

  test('answers many calls at once, each with its own secrets', async () => {
    const pool = await poolOf(2)
    const { sharedSecrets } = pool.crypto(crypto).x25519
    const keys = await keysOf(90)
    const owners = [1, 2, 3, 4, 5].map((owner) => new Uint8Array(32).fill(owner))
    const there = await Promise.all(owners.map((owner) => sharedSecrets(owner, keys)))
    const here = await Promise.all(owners.map((owner) => crypto.x25519.sharedSecrets(owner, keys)))
    expect(there).toEqual(here)
  })

  test('has everything else of the provider', async () => {
    const pool = await poolOf(1)
    const pooled = pool.crypto(crypto)
    expect(pooled.name).toBe(crypto.name)
    expect(Object.keys(pooled.suites)).toEqual(Object.keys(crypto.suites))
    expect(await pooled.x25519.publicKey(privateKey)).toEqual(await crypto.x25519.publicKey(privateKey))
  })

  test('refuses what is not a provider, and keys of the wrong length', async () => {
    const pool = await poolOf(1)
    const wrong = { code: 'invalid-argument', fault: 'usage' }
    expect(() => pool.crypto({} as CryptoProvider)).toThrow(expect.objectContaining(wrong))
    const { sharedSecrets } = pool.crypto(crypto).x25519
    const keys = await keysOf(80)
    // As many bytes together as there should be.
    const shifted = [new Uint8Array(31), new Uint8Array(33), ...keys.slice(2)]
    await expect(sharedSecrets(privateKey, shifted)).rejects.toMatchObject(wrong)
    await expect(sharedSecrets(new Uint8Array(31), keys)).rejects.toMatchObject(wrong)
    expect(await sharedSecrets(privateKey, keys)).toEqual(await crypto.x25519.sharedSecrets(privateKey, keys))
  })

  test('leaves no private key in a worker', async () => {
    const request = {
      type: 'agree',
      privateKey: Uint8Array.from(privateKey),
      publicKeys: new Uint8Array(64),
    } as const
    const { results, present } = await answerRequest(request, crypto)
    expect([...request.privateKey, ...results, ...present].every((byte) => byte === 0)).toBe(true)
  })
})

describe('the calling thread agrees on secrets itself', () => {
  async function expectHere(pool: MaskPool, count = 100): Promise<number> {
    const { provider, agreements } = counting()
    const keys = await keysOf(count)
    const secrets = await pool.crypto(provider).x25519.sharedSecrets(privateKey, keys)
    expect(secrets).toEqual(await crypto.x25519.sharedSecrets(privateKey, keys))
    return agreements()
  }

  test('if there are few keys', async () => {
    expect(await expectHere(await poolOf(2), 79)).toBe(79)
  })

  test('if there are no threads, or the pool is closed', async () => {
    expect(await expectHere(await poolOf(0))).toBe(100)
    const pool = await poolOf(1)
    await pool.close()
    expect(await expectHere(pool)).toBe(100)
  })

  test('if the provider derives other keys', async () => {
    const pool = await poolOf(1)
    const { provider } = counting((key) => key.map((byte) => byte ^ 8))
    const keys = await keysOf(100)
    const secrets = await pool.crypto(provider).x25519.sharedSecrets(privateKey, keys)
    expect(secrets).toEqual(await provider.x25519.sharedSecrets(privateKey, keys))
  })

  test('if the worker dies before it answers', async () => {
    const die = puppets((puppet, type) => {
      if (type === 'agree') puppet.die()
    })
    const pool = await poolOf(1, die)
    expect(await expectHere(pool)).toBe(COMPARISON + 100)
    expect(pool.threads).toBe(0)
  })

  interface Answer {
    readonly type: string
    results: Uint8Array
    present: Uint8Array
  }
  test.each<[string, (answer: Answer) => void]>([
    [
      'too few secrets',
      (answer) => {
        answer.results = answer.results.slice(32)
      },
    ],
    [
      'too many secrets',
      (answer) => {
        answer.results = new Uint8Array(answer.results.length + 32)
      },
    ],
    [
      'a list of another length',
      (answer) => {
        answer.present = answer.present.slice(1)
      },
    ],
    [
      'no bytes',
      (answer) => {
        answer.results = 'secrets' as never
      },
    ],
    [
      'another message',
      (answer) => {
        Object.assign(answer, { type: 'stopped' })
      },
    ],
  ])('if the worker answers with %s', async (_, change) => {
    const pool = await poolOf(1, answeringWrongly(change))
    expect(await expectHere(pool)).toBe(COMPARISON + 100)
    expect(pool.threads).toBe(0)
    expect(pool.failure).toMatchObject({ code: 'crypto-failure', fault: 'crypto' })
  })

  /** Starts puppets whose answers to requests are changed. */
  function answeringWrongly(change: (answer: Answer) => void): () => MaskWorker {
    const start = puppets()
    return () => {
      const puppet = start()
      const { addEventListener } = puppet
      puppet.addEventListener = (type, listener) =>
        addEventListener!(type, (event) => {
          const { data } = event as { data?: Answer }
          if (data?.type === 'answer') change(data)
          listener(event)
        })
      return puppet
    }
  }
})

describe('a client session with a pool', () => {
  const clients = 82
  const config = createRoundConfig({
    sessionId: new Uint8Array(32).fill(7),
    clients,
    adversary: 'honest-but-curious',
    segments: [{ length: 3, bits: 16, bound: 100 }],
  })

  test('sends the same bytes as without', async () => {
    const pool = await poolOf(2)
    const { provider, agreements } = counting()
    const { received, sent } = await messagesOfFirst()
    const pooled = { crypto: pool.crypto(seeded(0, provider)), maskExecutor: pool.execute }
    const session = new ClientSession({ config, seat: 0, input: Uint16Array.of(0, 1, 2), ...pooled })
    const again = [await session.start()]
    for (const bytes of received) again.push(await session.receive(bytes))
    expect(again).toEqual(sent)
    // In each of its two steps, it makes 49 of 81 agreements itself.
    expect([agreements(), pool.threads]).toEqual([COMPARISON + 2 * 49, 2])
  })

  /** What the first client receives and sends in a round in which the last one drops out after it has shared its keys. */
  async function messagesOfFirst(): Promise<{
    readonly received: Uint8Array[]
    readonly sent: Uint8Array[]
  }> {
    const sessions = Array.from(
      { length: clients },
      (_, seat) =>
        new ClientSession({ config, seat, input: Uint16Array.of(seat, 1, 2), crypto: seeded(seat, crypto) }),
    )
    const server = new ServerSession({ config })
    const [received, sent]: [Uint8Array[], Uint8Array[]] = [[], []]
    const deliver = async (seat: number, bytes: Uint8Array): Promise<void> => {
      if (seat === 0) sent.push(bytes)
      await server.receive(seat, bytes)
    }
    for (const [seat, session] of sessions.entries()) await deliver(seat, await session.start())
    for (;;) {
      const outcome = await server.closePhase()
      if (outcome.done) return { received, sent }
      for (const [seat, bytes] of outcome.messages) {
        if (outcome.phase === 'masked-input' && seat === clients - 1) continue
        if (seat === 0) received.push(Uint8Array.from(bytes))
        await deliver(seat, await sessions[seat]!.receive(bytes))
      }
    }
  }

  function seeded(seat: number, provider: CryptoProvider): CryptoProvider {
    return { ...provider, randomBytes: randomOf(seat + 1).bytes }
  }
})
