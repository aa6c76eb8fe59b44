import { generateKeyPairSync, sign } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  importPublicKey,
  p256Signer,
  p256Verifier,
  rawSignature,
  rosterBytes,
} from '../../../docs/examples/keys/p256/ecdsa.js'
import { derService, enroll, jwkService, pointService } from '../../../docs/examples/keys/p256/services.js'
import { type Keys, runRound } from '../../../docs/examples/keys/round.js'
import { expectAttacksToFail, impersonating } from './attacks.js'

const ORDER = p256.Point.Fn.ORDER
const message = Uint8Array.of(1, 2, 3)
let clients: Awaited<ReturnType<typeof enroll>>[]
let keys: Keys
beforeAll(async () => {
  const services = [derService(), derService(), jwkService(), await pointService(), jwkService()]
  clients = await Promise.all(services.map((service, seat) => enroll(`client-${seat}`, service)))
  const roster = clients.map(({ member }) => member)
  keys = {
    signers: clients.map(({ signer }) => signer),
    verifyIdentity: p256Verifier(roster),
    roster: await rosterBytes(roster),
  }
})

describe('P-256 identity keys in key management services', () => {
  test('a round with a dropout gives the sum of the survivors, whatever form the keys have', async () => {
    const { sum, survivors, refused } = await runRound(keys, { leaving: 4 })
    expect([sum, survivors, refused]).toEqual([[60, 64, 68, 72], [0, 1, 2, 3], []])
  })

  test("another seat's key, a key that is not enrolled and a replayed signature are refused", async () => {
    const { signer } = await enroll('stranger', derService())
    await expectAttacksToFail(keys, signer)
  })

  test('a service that fails, or whose signatures are not converted, ends its client with a typed error', async () => {
    const failing = p256Signer(async () => {
      throw new Error('throttled')
    }, 'der')
    await expect(runRound(impersonating(keys, 1, failing))).rejects.toMatchObject({
      code: 'crypto-failure',
      fault: 'crypto',
    })
    const wrongForm = p256Signer(derService().sign, 'raw')
    await expect(runRound(impersonating(keys, 1, wrongForm))).rejects.toMatchObject({
      code: 'invalid-argument',
      fault: 'usage',
    })
  })

  test('the larger and the smaller s are accepted, and noble accepts both only if told to', async () => {
    const signature = await keys.signers[0]!.sign(message)
    const { r, s } = p256.Signature.fromBytes(signature)
    const other = new p256.Signature(r, ORDER - s).toBytes()
    const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', clients[0]!.member.publicKey))
    const byDefault: boolean[] = []
    for (const either of [signature, other]) {
      expect(await keys.verifyIdentity({ seat: 0, message, signature: Uint8Array.from(either) })).toBe(
        'client-0',
      )
      expect(p256.verify(either, message, publicKey, { lowS: false })).toBe(true)
      byDefault.push(p256.verify(either, message, publicKey))
    }
    expect(byDefault.toSorted()).toEqual([false, true])
  })

  test('a seat that is not in the roster is nobody', async () => {
    const signature = Uint8Array.from(await keys.signers[0]!.sign(message))
    expect(await keys.verifyIdentity({ seat: 5, message, signature })).toBeUndefined()
  })
})

describe('forms', () => {
  test('signatures in DER of OpenSSL give the same r and s', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { x, y } = publicKey.export({ format: 'jwk' })
    const key = Uint8Array.of(4, ...Buffer.from(x!, 'base64url'), ...Buffer.from(y!, 'base64url'))
    for (let index = 0; index < 30; index++) {
      const data = Uint8Array.of(index)
      expect(p256.verify(rawSignature(sign('sha256', data, privateKey)), data, key, { lowS: false })).toBe(
        true,
      )
    }
  })

  test.each([1n, 127n, 128n, 255n, 256n, 2n ** 247n, 2n ** 248n, 2n ** 255n, ORDER - 1n])(
    'r = %d',
    (number) => {
      const signature = new p256.Signature(number, ORDER - number)
      expect(rawSignature(signature.toBytes('der'))).toEqual(signature.toBytes())
    },
  )

  test.each([
    ['nothing', ''],
    ['another type', '3106020101020101'],
    ['a wrong length', '3007020101020101'],
    ['bytes after it', '300602010102010100'],
    ['bytes within it', '300702010102010100'],
    ['a negative number', '3006020181020101'],
    ['a padded number', '300702020001020101'],
    ['a number without digits', '30050200020101'],
    ['one number', '3003020101'],
    ['a number that is too long', `302602210100${'00'.repeat(31)}020101`],
    ['a length beyond the end', '3006020101020201'],
  ])('%s is not a signature', (_, hex) => {
    expect(() => rawSignature(Buffer.from(hex, 'hex'))).toThrow('not a P-256 signature in DER')
  })

  test('a key of another curve is refused', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const spki = publicKey.export({ type: 'spki', format: 'der' })
    await expect(importPublicKey({ spki })).rejects.toThrow()
    await expect(importPublicKey({ raw: new Uint8Array(65).fill(4) })).rejects.toThrow()
  })
})
