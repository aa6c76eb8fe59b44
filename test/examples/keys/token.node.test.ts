import { defaultCrypto, ed25519Verifier } from 'secagg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { importPublicKey, p256Verifier, rosterBytes } from '../../../docs/examples/keys/p256/ecdsa.js'
import { type Keys, runRound } from '../../../docs/examples/keys/round.js'
import { createSoftToken, type SoftToken } from '../../../docs/examples/keys/token/soft-token.js'
import { publicKeyOf, Token, type TokenKey } from '../../../docs/examples/keys/token/token.js'
import { expectAttacksToFail, impersonating } from './attacks.js'

let soft: SoftToken
let token: Token
let stranger: TokenKey
let keys: Keys
beforeAll(async () => {
  soft = createSoftToken()
  token = new Token(soft)
  const made = [0, 1, 2, 3, 4].map((seat) => token.generate(`client-${seat}`))
  stranger = token.generate('stranger')
  const { ed25519 } = await defaultCrypto()
  keys = {
    signers: made.map(({ signer }) => signer),
    verifyIdentity: ed25519Verifier((seat) => made[seat]?.publicKey, ed25519),
    roster: Buffer.concat(made.map(({ publicKey }) => publicKey)),
  }
})
afterAll(() => {
  token.close()
  soft.remove()
})

describe('identity keys in a PKCS #11 token', () => {
  test('a round with a dropout gives the sum of the survivors', async () => {
    const { sum, survivors, refused } = await runRound(keys, { leaving: 4 })
    expect([sum, survivors, refused]).toEqual([[60, 64, 68, 72], [0, 1, 2, 3], []])
  })

  test("another seat's key, a key that is not enrolled and a replayed signature are refused", async () => {
    await expectAttacksToFail(keys, stranger.signer)
  })

  test('P-256 keys in the token work, too', async () => {
    const made = [0, 1, 2, 3, 4].map((seat) => token.generate(`client-${seat}`, 'p256'))
    const publicKeys = await Promise.all(made.map(({ publicKey }) => importPublicKey({ raw: publicKey })))
    const roster = publicKeys.map((publicKey, seat) => ({ name: `client-${seat}`, publicKey }))
    const p256Keys = {
      signers: made.map(({ signer }) => signer),
      verifyIdentity: p256Verifier(roster),
      roster: await rosterBytes(roster),
    }
    const { sum, survivors } = await runRound(p256Keys)
    expect([sum, survivors]).toEqual([
      [100, 105, 110, 115],
      [0, 1, 2, 3, 4],
    ])
    await expectAttacksToFail(p256Keys, stranger.signer)
  })

  test('a key is found again by its name, and twenty signatures at once do not disturb each other', async () => {
    const again = token.key('client-0')
    expect(again.publicKey).toHaveLength(32)
    const { ed25519 } = await defaultCrypto()
    const messages = Array.from({ length: 20 }, (_, index) => new Uint8Array(1000).fill(index))
    const signatures = await Promise.all(messages.map((message) => again.signer.sign(message)))
    for (const [index, signature] of signatures.entries()) {
      expect(await ed25519.verify(again.publicKey, messages[index]!, signature)).toBe(true)
    }
    expect(() => token.key('nobody')).toThrow('0 keys')
  })

  test('after a failed signature, the key signs again', async () => {
    const { signer } = token.key('client-0')
    await expect(signer.sign(new Uint8Array(0))).rejects.toThrow('CKR_ARGUMENTS_BAD')
    expect(await signer.sign(new Uint8Array(1))).toHaveLength(64)
  })

  test('a token that fails ends its client with a typed error', async () => {
    const { signer } = token.key('client-1')
    const broken = impersonating(keys, 1, { sign: () => signer.sign(new Uint8Array(0)) })
    await expect(runRound(broken)).rejects.toMatchObject({ code: 'crypto-failure', fault: 'crypto' })
  })

  test('a wrong PIN and an unknown token are refused', () => {
    // The library can be initialized once per process.
    token.close()
    expect(() => new Token({ ...soft, pin: '4321' })).toThrow('CKR_PIN_INCORRECT')
    expect(() => new Token({ ...soft, label: 'another' })).toThrow('there is no token another')
    token = new Token(soft)
    expect(token.key('client-0').publicKey).toHaveLength(32)
  })

  test('public keys are read with and without their octet string', () => {
    const key = new Uint8Array(32).fill(4)
    expect(publicKeyOf(key, 32)).toEqual(key)
    expect(publicKeyOf(Uint8Array.of(4, 32, ...key), 32)).toEqual(key)
    expect(() => publicKeyOf(new Uint8Array(34), 32)).toThrow('34 bytes')
    expect(() => publicKeyOf(new Uint8Array(65), 32)).toThrow('65 bytes')
  })
})
