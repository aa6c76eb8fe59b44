import {
  ClientSession,
  type CryptoProvider,
  ed25519Signer,
  ed25519Verifier,
  SecAggError,
  ServerSession,
  type VerifyIdentity,
} from 'secagg'
import { nobleCrypto } from 'secagg/crypto'
import { describe, expect, test } from 'vitest'
import { bytesToHex } from '../../src/crypto/bytes.js'
import { toyCrypto } from '../support/toy-crypto.js'
import { ACTIVE, CURIOUS, newSessions } from './rounds.js'

const usage = expect.objectContaining({ name: 'SecAggError', code: 'invalid-argument', fault: 'usage' })

describe('the constructor, and not a later phase, refuses options that lack something for the active model', () => {
  test.each([undefined, null, {}, 'key', ['key']])('verifyIdentity %j', async (wrong) => {
    const { clientOptions, serverOptions } = await newSessions(ACTIVE)
    const verifyIdentity = wrong as never
    expect(() => new ClientSession({ ...clientOptions, verifyIdentity })).toThrow(usage)
    expect(() => new ServerSession({ ...serverOptions, verifyIdentity })).toThrow(usage)
  })

  test.each([undefined, null, {}, 'key', () => new Uint8Array(64)])('signer %j', async (wrong) => {
    const { clientOptions } = await newSessions(ACTIVE)
    expect(() => new ClientSession({ ...clientOptions, signer: wrong as never })).toThrow(usage)
  })

  test('the honest-but-curious model does not need them', async () => {
    const { clientOptions, serverOptions } = await newSessions(CURIOUS)
    const nobody = { signer: undefined, verifyIdentity: undefined }
    expect(await new ClientSession({ ...clientOptions, ...nobody }).start()).toBeInstanceOf(Uint8Array)
    expect(new ServerSession({ ...serverOptions, verifyIdentity: undefined }).phase).toBe('advertise-keys')
  })
})

describe('nobody is blamed for a broken verifier', () => {
  const { ed25519 } = toyCrypto(1)
  const enrolled = async (form: (key: Uint8Array) => unknown): Promise<VerifyIdentity> => {
    const key = await ed25519.publicKey(new Uint8Array(32))
    return ed25519Verifier(() => form(key) as never, ed25519)
  }
  const verifiers: readonly [string, () => Promise<VerifyIdentity> | VerifyIdentity][] = [
    ['an enrolment in hexadecimal', () => enrolled((key) => bytesToHex(key))],
    ['an enrolment that is asked asynchronously', () => enrolled(async (key) => key)],
    ['an enrolment of keys with a prefix', () => enrolled((key) => Uint8Array.of(0xed, ...key))],
    ['bytes instead of a name', () => (async () => new Uint8Array(32)) as never],
    ['yes instead of a name', () => (async () => true) as never],
  ]

  test.each(verifiers)('%s: the server does not refuse a client', async (_, makeVerifier) => {
    const { client, serverOptions } = await newSessions(ACTIVE)
    const server = new ServerSession({ ...serverOptions, verifyIdentity: await makeVerifier() })
    await expect(server.receive(0, await client.start())).rejects.toThrow(usage)
    expect(server.report.refused).toEqual([])
  })

  test.each(verifiers)('%s: the client does not accuse the server', async (_, makeVerifier) => {
    const { clientOptions, server, others } = await newSessions(ACTIVE)
    const client = new ClientSession({ ...clientOptions, verifyIdentity: await makeVerifier() })
    for (const [seat, session] of [client, ...others].entries()) {
      await server.receive(seat, await session.start())
    }
    await server.closePhase()
    await expect(client.receive(server.messageFor(0)!)).rejects.toThrow(usage)
  })

  test('a list of keys instead of a function is refused at once', () => {
    expect(() => ed25519Verifier([new Uint8Array(32)] as never, ed25519)).toThrow(usage)
  })

  test('a lookup that fails is a failure of cryptography, with its cause', async () => {
    const cause = new Error('the database is gone')
    const verifyIdentity = ed25519Verifier(() => {
      throw cause
    }, ed25519)
    const { client, serverOptions } = await newSessions(ACTIVE)
    const server = new ServerSession({ ...serverOptions, verifyIdentity })
    const receipt = server.receive(0, await client.start())
    await expect(receipt).rejects.toMatchObject({ code: 'crypto-failure', fault: 'crypto', cause })
  })
})

describe('a provider that the caller wrote', () => {
  const key = new Uint8Array(32).fill(1)

  test('is refused by the constructor if a part is missing, which the message names', async () => {
    const { clientOptions, serverOptions } = await newSessions(CURIOUS)
    for (const part of ['randomBytes', 'x25519', 'ed25519', 'sha256', 'suites'] as const) {
      const { [part]: _, ...rest } = nobleCrypto()
      const crypto = rest as CryptoProvider
      const missing = expect.objectContaining({
        ...{ fault: 'usage' },
        message: expect.stringContaining(part),
      })
      expect(() => new ClientSession({ ...clientOptions, crypto })).toThrow(missing)
      expect(() => new ServerSession({ ...serverOptions, crypto })).toThrow(missing)
    }
    expect(() => ed25519Signer(key, undefined as never)).toThrow(usage)
    expect(() => ed25519Verifier(() => key, {} as never)).toThrow(usage)
  })

  test.each([
    ['throws', (): never => fail()],
    ['rejects', async (): Promise<never> => fail()],
  ])('that %s causes a typed error with the cause', async (_, failing) => {
    const real = nobleCrypto()
    const broken: Record<string, CryptoProvider> = {
      x25519: { ...real, x25519: { ...real.x25519, publicKey: failing } },
      hkdf: { ...real, sha256: { ...real.sha256, hkdf: failing } },
      seal: { ...real, suites: { aes: { ...real.suites.aes!, seal: failing } } },
    }
    for (const [name, crypto] of Object.entries(broken)) {
      expect(await failureWith(crypto), name).toMatchObject({
        code: 'crypto-failure',
        fault: 'crypto',
        cause: new Error('no'),
      })
    }
  })

  test('that returns wrong values is noticed before anything is sent', async () => {
    const real = nobleCrypto()
    const broken: Record<string, CryptoProvider> = {
      'a short key': { ...real, x25519: { ...real.x25519, publicKey: async () => new Uint8Array(31) } },
      'no list of secrets': { ...real, x25519: { ...real.x25519, sharedSecrets: async () => [] } },
      'a string': { ...real, sha256: { ...real.sha256, hkdf: async () => '00' as never } },
      'no tag': { ...real, suites: { aes: { ...real.suites.aes!, seal: async (_, __, text) => text } } },
    }
    for (const [name, crypto] of Object.entries(broken)) {
      expect(await failureWith(crypto), name).toMatchObject({ code: 'crypto-failure', fault: 'crypto' })
    }
  })

  test('that does not split secrets is noticed, too', async () => {
    for (const splitSecret of [fail, async () => [], async () => [key, key, key, '']]) {
      expect(await failureWith(nobleCrypto(), splitSecret as never)).toMatchObject({
        code: 'crypto-failure',
        fault: 'crypto',
      })
    }
  })

  /** The outcome of a client's first two messages. */
  async function failureWith(crypto: CryptoProvider, splitSecret?: never): Promise<unknown> {
    const { clientOptions, server, others } = await newSessions({ ...CURIOUS, crypto: nobleCrypto() })
    const client = new ClientSession({ ...clientOptions, crypto, splitSecret })
    try {
      for (const [seat, session] of [client, ...others].entries()) {
        await server.receive(seat, await session.start())
      }
      await server.closePhase()
      await client.receive(server.messageFor(0)!)
    } catch (error) {
      expect(error).toBeInstanceOf(SecAggError)
      return error
    }
    return undefined
  }
})

function fail(): never {
  throw new Error('no')
}
