import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StoredKey, storedKey } from '../../../docs/examples/keys/browser/key-store.js'
import { importPublicKey, p256Verifier, rosterBytes } from '../../../docs/examples/keys/p256/ecdsa.js'
import { type Keys, runRound } from '../../../docs/examples/keys/round.js'
import { expectAttacksToFail } from './attacks.js'

const DATABASE = 'test of the key store'
let stored: StoredKey[]
let keys: Keys
beforeAll(async () => {
  stored = await Promise.all([0, 1, 2, 3, 4].map((seat) => storedKey(`client-${seat}`, DATABASE)))
  const publicKeys = await Promise.all(stored.map(({ publicKey }) => importPublicKey({ spki: publicKey })))
  const roster = publicKeys.map((publicKey, seat) => ({ name: `client-${seat}`, publicKey }))
  keys = {
    signers: stored.map(({ signer }) => signer),
    verifyIdentity: p256Verifier(roster),
    roster: await rosterBytes(roster),
  }
})
afterAll(() => {
  indexedDB.deleteDatabase(DATABASE)
})

describe('identity keys in IndexedDB', () => {
  test('a round with a dropout gives the sum of the survivors', async () => {
    const { sum, survivors, refused } = await runRound(keys, { leaving: 4 })
    expect([sum, survivors, refused]).toEqual([[60, 64, 68, 72], [0, 1, 2, 3], []])
  })

  test("another seat's key, a key that is not enrolled and a replayed signature are refused", async () => {
    await expectAttacksToFail(keys, (await storedKey('stranger', DATABASE)).signer)
  })

  test('the stored private keys cannot be exported', async () => {
    const pairs = await new Promise<CryptoKeyPair[]>((resolve, reject) => {
      const request = indexedDB.open(DATABASE)
      request.onerror = () => reject(request.error)
      request.onsuccess = () => {
        const name = request.result.objectStoreNames.item(0)
        const all = request.result.transaction(name!).objectStore(name!).getAll()
        all.onsuccess = () => resolve(all.result)
        request.result.close()
      }
    })
    expect(pairs.length).toBeGreaterThanOrEqual(5)
    for (const { privateKey } of pairs) {
      expect(privateKey.extractable).toBe(false)
      for (const format of ['pkcs8', 'jwk'] as const) {
        await expect(crypto.subtle.exportKey(format, privateKey)).rejects.toThrow('not extractable')
      }
    }
  })

  test('two tabs that start at the same time get the same key', async () => {
    const both = await Promise.all([storedKey('both', DATABASE), storedKey('both', DATABASE)])
    expect(both[0].publicKey).toEqual(both[1].publicKey)
    expect(both[0].publicKey).not.toEqual(stored[0]!.publicKey)
  })
})
