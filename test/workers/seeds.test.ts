import { localPlane } from 'secagg'
import { describe, expect, test } from 'vitest'
import { type CryptoProvider, defaultCrypto } from '../../src/crypto/index.js'
import { deriveSeeds, type SeedDeriver, type SeedRequest } from '../../src/crypto/seeds.js'
import { ClientSession, createRoundConfig, ServerSession } from '../../src/index.js'
import { withPostQuantum } from '../../src/post-quantum/index.js'
import { executeMaskPlan } from '../../src/vector/mask.js'
import { answerRequest } from '../../src/workers/serve.js'
import { poolOf, puppets } from './support.js'

const crypto = await defaultCrypto('aes')

/** A request for `count` seeds, the public key at `lowOrder` being a point of low order. */
async function requestOf(count: number, lowOrder?: number): Promise<SeedRequest> {
  const key = (index: number): Uint8Array => new Uint8Array(32).map((_, at) => 31 * at + index)
  const publicKeys = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      index === lowOrder ? new Uint8Array(32) : crypto.x25519.publicKey(key(index)),
    ),
  )
  const infos = publicKeys.map((_, index) => Uint8Array.of(index, index >> 8, 3))
  return { privateKey: key(-1), publicKeys, salt: key(-2), infos, length: 16 }
}

/** A provider that counts the agreements on this thread. */
function counting(): { readonly provider: CryptoProvider; readonly agreements: () => number } {
  let agreements = 0
  const sharedSecrets: CryptoProvider['x25519']['sharedSecrets'] = (own, others) => {
    agreements += others.length
    return crypto.x25519.sharedSecrets(own, others)
  }
  return {
    provider: { ...crypto, x25519: { ...crypto.x25519, sharedSecrets } },
    agreements: () => agreements,
  }
}

/** The two agreements of the comparison between the threads and the caller's provider. */
const COMPARISON = 2

describe('seeds that a pool derives', () => {
  test.each([8, 63, 64, 65, 300])('are those of the calling thread, in order: %i keys', async (count) => {
    const pool = await poolOf(2)
    const { provider, agreements } = counting()
    const request = await requestOf(count)
    const seeds = await pool.execute.deriveSeeds!(request, provider)
    expect(seeds).toEqual(await deriveSeeds(request, crypto))
    expect(agreements()).toBe(COMPARISON)
    // The caller's secrets stay where they are.
    expect(request).toEqual(await requestOf(count))
  })

  test('are missing where a public key is a point of low order', async () => {
    const pool = await poolOf(2)
    const seeds = await pool.execute.deriveSeeds!(await requestOf(100, 70), crypto)
    expect(seeds.flatMap((seed, index) => (seed === undefined ? index : []))).toEqual([70])
  })

  test('use the second secrets of hybrid key agreement', async () => {
    const pool = await poolOf(2)
    const { provider, agreements } = counting()
    const request = await requestOf(100)
    const secrets = request.publicKeys.map((_, index) => new Uint8Array(32).fill(index))
    const seeds = await pool.execute.deriveSeeds!({ ...request, secrets }, provider)
    expect(seeds).toEqual(await deriveSeeds({ ...request, secrets }, crypto))
    expect(seeds).not.toContainEqual((await deriveSeeds(request, crypto))[0])
    expect(agreements()).toBe(COMPARISON)
    expect(secrets[99]).toEqual(new Uint8Array(32).fill(99))
  })

  test('while a plan is executed, are those of the calling thread', async () => {
    const pool = await poolOf(2)
    const segments = [{ length: 300_000, bits: 32 }]
    const plan = Array.from({ length: 40 }, (_, term) => ({
      seed: new Uint8Array(16).fill(term),
      sign: 1 as const,
    }))
    const target = [new Uint32Array(300_000)]
    const request = await requestOf(200)
    const executing = pool.execute(target, segments, plan, crypto.suites.aes!)
    const both = await Promise.all([
      pool.execute.deriveSeeds!(request, crypto),
      pool.execute.deriveSeeds!(request, crypto),
    ])
    await executing
    const expected = await deriveSeeds(request, crypto)
    expect(both).toEqual([expected, expected])
  })
})

describe('a request whose parts do not fit together is refused, by a pool and by the calling thread', () => {
  const wrong = { code: 'invalid-argument', fault: 'usage' }
  const secretsOf = (lengths: readonly number[]): Uint8Array[] =>
    lengths.map((length) => new Uint8Array(length).fill(7))
  const cases: readonly [string, (right: SeedRequest) => Partial<SeedRequest>][] = [
    ['no secrets in the list', () => ({ secrets: [] })],
    ['a secret too few', () => ({ secrets: secretsOf(Array(8).fill(32)) })],
    ['a secret too many', () => ({ secrets: secretsOf(Array(10).fill(32)) })],
    // 288 bytes together, as it should be.
    ['secrets of 31 and 33 bytes', () => ({ secrets: secretsOf([31, 33, ...Array(7).fill(32)]) })],
    ['an info too few', ({ infos }) => ({ infos: infos.slice(1) })],
    [
      'keys of 31 and 33 bytes',
      ({ publicKeys }) => ({ publicKeys: [...secretsOf([31, 33]), ...publicKeys.slice(2)] }),
    ],
  ]
  test.each(cases)('%s', async (_, change) => {
    const pool = await poolOf(2)
    const right = await requestOf(9)
    const request = { ...right, ...change(right) }
    await expect(pool.execute.deriveSeeds!(request, crypto)).rejects.toMatchObject(wrong)
    await expect(deriveSeeds(request, crypto)).rejects.toMatchObject(wrong)
    // The workers are as good as before.
    expect(await pool.execute.deriveSeeds!(right, crypto)).toEqual(await deriveSeeds(right, crypto))
    expect(pool.threads).toBe(2)
  })

  test('also by a worker', async () => {
    const right = await requestOf(9)
    const packed = {
      type: 'derive' as const,
      privateKey: Uint8Array.from(right.privateKey),
      publicKeys: Uint8Array.from(right.publicKeys.flatMap((key) => [...key])),
      salt: right.salt,
      infos: Uint8Array.from(right.infos.flatMap((info) => [...info])),
      secrets: new Uint8Array(8 * 32).fill(7),
      length: right.length,
    }
    await expect(answerRequest(packed, crypto)).rejects.toMatchObject(wrong)
    expect([...packed.privateKey, ...packed.secrets].every((byte) => byte === 0)).toBe(true)
  })
})

describe('the calling thread derives them itself', () => {
  test('if there are few', async () => {
    const pool = await poolOf(1)
    const { provider, agreements } = counting()
    const request = await requestOf(7)
    expect(await pool.execute.deriveSeeds!(request, provider)).toEqual(await deriveSeeds(request, crypto))
    expect(agreements()).toBe(7)
  })

  test.each(['x25519', 'sha256'] as const)('if the caller has another %s', async (part) => {
    const pool = await poolOf(1)
    const own: CryptoProvider = {
      ...crypto,
      x25519: {
        ...crypto.x25519,
        sharedSecrets: (key, others) =>
          crypto.x25519.sharedSecrets(part === 'x25519' ? key.map((byte) => byte ^ 8) : key, others),
      },
      sha256: {
        ...crypto.sha256,
        hkdf: (secret, salt, info, length) =>
          crypto.sha256.hkdf(secret, part === 'sha256' ? salt.map((byte) => byte ^ 1) : salt, info, length),
      },
    }
    const request = await requestOf(20)
    expect(await pool.execute.deriveSeeds!(request, own)).toEqual(await deriveSeeds(request, own))
    expect(await deriveSeeds(request, own)).not.toEqual(await deriveSeeds(request, crypto))
  })

  test('if the infos have different lengths', async () => {
    const pool = await poolOf(1)
    const request = await requestOf(20)
    const infos = request.infos.map((info, index) => info.subarray(0, index % 4))
    const seeds = await pool.execute.deriveSeeds!({ ...request, infos }, crypto)
    expect(seeds).toEqual(await deriveSeeds({ ...request, infos }, crypto))
  })

  test('if the worker dies on the way', async () => {
    const pool = await poolOf(
      1,
      puppets((puppet, type) => {
        if (type === 'derive') puppet.die()
      }),
    )
    const request = await requestOf(100)
    expect(await pool.execute.deriveSeeds!(request, crypto)).toEqual(await deriveSeeds(request, crypto))
    expect(pool.threads).toBe(0)
  })

  // A worker of a browser reports nothing when it is terminated.
  test('if the pool is closed on the way', async () => {
    const closing: Promise<void>[] = []
    const pool = await poolOf(
      2,
      puppets((_, type) => {
        if (type === 'derive') closing.push(pool.close())
      }),
    )
    const request = await requestOf(100)
    expect(await pool.execute.deriveSeeds!(request, crypto)).toEqual(await deriveSeeds(request, crypto))
    await Promise.all(closing)
    expect([closing.length, pool.threads, pool.failure]).toEqual([1, 0, undefined])
  })

  test('after the pool is closed', async () => {
    const pool = await poolOf(1)
    await pool.close()
    const request = await requestOf(20)
    expect(await pool.execute.deriveSeeds!(request, crypto)).toEqual(await deriveSeeds(request, crypto))
  })
})

describe('a server session whose executor derives seeds', () => {
  const segments = [{ length: 3, bits: 16, bound: 100 }] as const

  /** A round of four clients, the last of which drops out after it has shared its keys. */
  async function sumWith(deriver: SeedDeriver, hybrid?: CryptoProvider): Promise<number[]> {
    const provider = hybrid && { crypto: hybrid }
    const config = createRoundConfig({
      sessionId: new Uint8Array(32).fill(7),
      clients: 4,
      adversary: 'honest-but-curious',
      segments,
      ...(hybrid && { keyAgreement: 'x25519-ml-kem-768' }),
    })
    const clients = [0, 1, 2, 3].map(
      (seat) => new ClientSession({ config, seat, input: Uint16Array.of(seat, 10, 20), ...provider }),
    )
    const maskExecutor = Object.assign(
      (...plan: Parameters<typeof executeMaskPlan>) => executeMaskPlan(...plan),
      {
        deriveSeeds: deriver,
      },
    )
    const server = new ServerSession({ config, plane: localPlane({ maskExecutor }), ...provider })
    for (const [seat, client] of clients.entries()) await server.receive(seat, await client.start())
    for (;;) {
      const outcome = await server.closePhase()
      if (outcome.done) return [...(outcome.sum[0] as Uint16Array)]
      for (const [seat, bytes] of outcome.messages) {
        if (outcome.phase === 'masked-input' && seat === 3) continue
        await server.receive(seat, await clients[seat]!.receive(bytes))
      }
    }
  }

  test('asks it once for the client that dropped out, and has the sum', async () => {
    const asked: number[] = []
    const sum = await sumWith((request, provider) => {
      asked.push(request.publicKeys.length)
      return deriveSeeds(request, provider)
    })
    expect(asked).toEqual([3])
    expect(sum).toEqual([3, 30, 60])
  })

  test('asks it with hybrid key agreement only if it uses second secrets', async () => {
    const hybrid = await withPostQuantum(crypto)
    const secrets: number[] = []
    const deriver: SeedDeriver = (request, provider) => {
      secrets.push(request.secrets?.length ?? 0)
      return deriveSeeds(request, provider)
    }
    expect(await sumWith(deriver, hybrid)).toEqual([3, 30, 60])
    expect(secrets).toEqual([])
    expect(await sumWith(Object.assign(deriver, { usesSecrets: true }), hybrid)).toEqual([3, 30, 60])
    expect(secrets).toEqual([3])
  })

  test.each([
    ['too few seeds', async () => []],
    ['no list', async () => undefined as never],
  ] as const)('does not take %s for an answer', async (_, deriver) => {
    await expect(sumWith(deriver)).rejects.toMatchObject({ code: 'crypto-failure', fault: 'crypto' })
  })
})
